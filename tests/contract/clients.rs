//! What clients in other languages take from the contract: packages of generated code, and the service configuration to paste.

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use serde_json::Value;

use super::{assert_caught, assert_none, contract, ours, trial};

/// Options of a file without which generated code needs flags of its own: name and value.
fn options(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for file in ours(pool) {
        let said = file.file_descriptor_proto().options.clone().unwrap_or_default();
        for (name, expected, found) in [
            ("csharp_namespace", "Equity.V1", said.csharp_namespace()),
            ("go_package", "equity/v1;equityv1", said.go_package()),
            ("java_package", "com.equity.v1", said.java_package()),
        ] {
            if found != expected {
                problems.push(format!("{}: option {name} is not {expected:?}", file.name()));
            }
        }
        if !said.java_multiple_files() {
            problems.push(format!("{}: option java_multiple_files is not set", file.name()));
        }
    }
    problems
}

/// The configuration that `proto/README.md` gives to paste.
fn pasted() -> Value {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found = blocks.filter(|block| block.contains("methodConfig"));
    serde_json::from_str(found.last().unwrap()).unwrap()
}

/// What a client does with a method: the entry that names the method, else the one that names its service.
fn entry<'a>(config: &'a Value, method: &MethodDescriptor) -> Option<&'a Value> {
    let service = method.parent_service().full_name().to_owned();
    let names = |entry: &Value, name: Option<&str>| {
        let all = entry["name"].as_array().into_iter().flatten();
        all.clone().any(|one| {
            one["service"] == service.as_str() && one.get("method").and_then(Value::as_str) == name
        })
    };
    let entries = || config["methodConfig"].as_array().into_iter().flatten();
    let own = entries().find(|entry| names(entry, Some(method.name())));
    own.or_else(|| entries().find(|entry| names(entry, None)))
}

/// A unary call has a time limit and is tried again. A stream of rows has a longer limit, and a stream of answers none: a watch has
/// no end. No stream is tried again by the channel.
fn unfit(config: &Value, pool: &DescriptorPool) -> Vec<String> {
    let services = ours(pool).flat_map(|file| file.services().collect::<Vec<_>>());
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut problems = Vec::new();
    for method in methods {
        let kind = (method.is_client_streaming(), method.is_server_streaming());
        let (limit, tried_again) = match kind {
            (false, false) => (Some("40s"), true),
            (true, false) => (Some("600s"), false),
            (_, true) => (None, false),
        };
        let Some(entry) = entry(config, &method) else {
            problems.push(format!("{} has no entry", method.full_name()));
            continue;
        };
        if entry.get("timeout").and_then(Value::as_str) != limit {
            problems.push(format!("{}: timeout is not {limit:?}", method.full_name()));
        }
        if entry.get("retryPolicy").is_some() != tried_again {
            problems.push(format!("{}: retryPolicy: expected {tried_again}", method.full_name()));
        }
    }
    problems
}

/// Names in the configuration that the contract does not have.
fn unknown(config: &Value, pool: &DescriptorPool) -> Vec<String> {
    let mut services = BTreeMap::new();
    for service in pool.services() {
        let methods: Vec<_> = service.methods().map(|method| method.name().to_owned()).collect();
        services.insert(service.full_name().to_owned(), methods);
    }
    let entries = config["methodConfig"].as_array().into_iter().flatten();
    let names = entries.flat_map(|entry| entry["name"].as_array().into_iter().flatten());
    let is_known = |name: &&Value| {
        let methods = name["service"].as_str().and_then(|service| services.get(service));
        methods.is_some_and(|all| {
            name["method"].as_str().is_none_or(|one| all.iter().any(|m| m == one))
        })
    };
    names.filter(|name| !is_known(name)).map(|name| format!("the contract has no {name}")).collect()
}

#[test]
fn generated_code_has_a_package_in_every_language() {
    assert_none(&options(&contract()));
    let bare = trial("// A message.\nmessage M {}");
    for name in ["csharp_namespace", "go_package", "java_package", "java_multiple_files"] {
        assert_caught(&options(&bare), name);
    }
}

#[test]
fn the_service_configuration_covers_every_method_as_it_is_called() {
    let (config, pool) = (pasted(), contract());
    assert_none(&unfit(&config, &pool));
    assert_none(&unknown(&config, &pool));
}

#[test]
fn a_configuration_that_ends_a_watch_is_caught() {
    let mut config = pasted();
    let entries = config["methodConfig"].as_array_mut().unwrap();
    let all = entries[0]["name"].as_array_mut().unwrap();
    all.push(
        serde_json::json!({"service": "equity.v1.BreakdownService", "method": "WatchBreakdown"}),
    );
    all.push(serde_json::json!({"service": "equity.v1.NoService"}));
    all.retain(|name| name["service"] != "equity.v1.ReferenceService");
    assert_caught(&unfit(&config, &contract()), "WatchBreakdown: timeout");
    assert_caught(&unfit(&config, &contract()), "ReferenceService.ListAreas has no entry");
    assert_caught(&unknown(&config, &contract()), "NoService");
}
