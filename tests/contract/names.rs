//! Names: what buf's STANDARD set asks, so that those without buf are held to it too.

use std::collections::BTreeSet;

use prost_reflect::DescriptorPool;

use super::{assert_caught, assert_none, contract, enums, messages, ours, trial};

/// `GetThing` → `GET_THING`.
fn upper_snake(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

fn is_lower_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.contains("__")
        && !name.ends_with('_')
}

/// Package = folder, with a version.
fn packages(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for file in ours(pool) {
        let folder = file.name().rsplit_once('/').map_or("", |(folder, _)| folder);
        if file.package_name().replace('.', "/") != folder {
            problems.push(format!("{}: package {}", file.name(), file.package_name()));
        }
        let version = file.package_name().rsplit('.').next().unwrap_or_default();
        if version.strip_prefix('v').is_none_or(|n| n.parse::<u32>().is_err()) {
            problems.push(format!("{}: package without a version", file.name()));
        }
    }
    problems
}

/// `Service` suffix; each request and response named after its RPC, and so used once.
fn services(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for service in ours(pool).flat_map(|f| f.services().collect::<Vec<_>>()) {
        if !service.name().ends_with("Service") {
            problems.push(format!("{}: no suffix Service", service.full_name()));
        }
        for rpc in service.methods() {
            for (message, suffix) in [(rpc.input(), "Request"), (rpc.output(), "Response")] {
                if message.name() != format!("{}{suffix}", rpc.name()) {
                    problems.push(format!("{}: {} is {}", rpc.full_name(), suffix, message.name()));
                }
                if !used.insert(message.full_name().to_owned()) {
                    problems.push(format!("{}: {} used twice", rpc.full_name(), message.name()));
                }
            }
        }
    }
    problems
}

/// Values carry the name of their enum; the zero value says nothing.
fn enum_values(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for kind in ours(pool).flat_map(|f| enums(&f)) {
        let prefix = format!("{}_", upper_snake(kind.name()));
        for value in kind.values() {
            if !value.name().starts_with(&prefix) {
                problems.push(format!("{}: no prefix {prefix}", value.full_name()));
            }
        }
        let zero = kind.get_value(0).map(|v| v.name().to_owned());
        if zero.as_deref() != Some(&format!("{prefix}UNSPECIFIED")) {
            problems.push(format!("{}: zero value is {zero:?}", kind.full_name()));
        }
    }
    problems
}

/// Fields and oneofs in `lower_snake`.
fn fields(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for message in ours(pool).flat_map(|f| messages(&f)) {
        let names = message.fields().map(|f| f.name().to_owned());
        let names = names.chain(message.oneofs().map(|o| o.name().to_owned()));
        // `_age_years` is what the compiler calls the oneof of `optional age_years`.
        for name in names.filter(|n| !is_lower_snake(n.strip_prefix('_').unwrap_or(n))) {
            problems.push(format!("{}.{name}: not lower_snake", message.full_name()));
        }
    }
    problems
}

#[test]
fn names_follow_the_rules() {
    let pool = contract();
    assert_none(&packages(&pool));
    assert_none(&services(&pool));
    assert_none(&enum_values(&pool));
    assert_none(&fields(&pool));
}

#[test]
fn every_file_of_the_contract_is_served() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/equity/v1");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("equity/v1/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    let served: BTreeSet<String> = ours(&contract()).map(|f| f.name().to_owned()).collect();
    assert_eq!(there, served);
}

#[test]
fn offenders_are_caught() {
    let pool = trial(
        "message Ask { string badName = 1; string trailing_ = 2; }
         message GetThingRequest {}
         enum Colour { RED = 0; COLOUR_BLUE = 1; }
         service Things {
           rpc GetThing(GetThingRequest) returns (Ask);
           rpc SeeThing(GetThingRequest) returns (Ask);
         }",
    );
    assert_caught(&services(&pool), "Things: no suffix Service");
    assert_caught(&services(&pool), "GetThing: Response is Ask");
    assert_caught(&services(&pool), "SeeThing: GetThingRequest used twice");
    assert_caught(&enum_values(&pool), "RED: no prefix COLOUR_");
    assert_caught(&enum_values(&pool), "Colour: zero value is Some(\"RED\")");
    assert_caught(&fields(&pool), "badName: not lower_snake");
    assert_caught(&fields(&pool), "trailing_: not lower_snake");
    assert_none(&packages(&pool));
}

#[test]
fn a_package_in_the_wrong_folder_is_caught() {
    let mut file = trial("message Thing {}").get_file_by_name("equity/v1/trial.proto").unwrap();
    let mut proto = file.file_descriptor_proto().clone();
    proto.name = Some("other/trial.proto".to_owned());
    proto.package = Some("equity.things".to_owned());
    proto.dependency.clear();
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(proto).unwrap();
    file = pool.get_file_by_name("other/trial.proto").unwrap();
    assert_eq!(file.package_name(), "equity.things");
    assert_caught(&packages(&pool), "other/trial.proto: package equity.things");
    assert_caught(&packages(&pool), "package without a version");
}
