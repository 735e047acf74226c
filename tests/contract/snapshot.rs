//! The contract, flattened to lines, against a reviewed file. `equity.v1` only grows: what is removed, renumbered, renamed or of
//! another type is refused.
//!
//! `UPDATE_CONTRACT=1 cargo contract` writes what was added to the file; the difference is for the reviewer. There is no switch for
//! a change that breaks clients: it would be a new package, `equity.v2`.

use std::fmt::Write as _;

use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind};

use super::behaviour::field_behaviours;
use super::{contract, enums, messages, ours, trial};

const REVIEWED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/equity.v1.txt");

fn kind_name(kind: &Kind) -> String {
    let name = match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(kind) => kind.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    name.strip_prefix("equity.v1.").map_or(name.clone(), str::to_owned)
}

fn field_line(pool: &DescriptorPool, field: &FieldDescriptor) -> String {
    let mut kind = kind_name(&field.kind());
    if let Some(entry) = field.kind().as_message().filter(|_| field.is_map()) {
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        kind = format!("map<{}, {}>", kind_name(&key.kind()), kind_name(&value.kind()));
    } else if field.cardinality() == Cardinality::Repeated {
        kind = format!("repeated {kind}");
    }
    let mut line = format!("  {} {} {kind}", field.number(), field.name());
    match field.containing_oneof() {
        Some(oneof) if oneof.is_synthetic() => line.push_str(" optional"),
        Some(oneof) => _ = write!(line, " oneof {}", oneof.name()),
        None => {}
    }
    for said in field_behaviours(pool, field) {
        _ = write!(line, " {said}");
    }
    for option in ["max_bytes", "max_entries", "has_lines", "holds_rows"] {
        // A contract of a test may have no limits.
        let Some(option) = pool.get_extension_by_name(&format!("equity.v1.{option}")) else {
            continue;
        };
        if field.options().has_extension(&option) {
            let value = field.options().get_extension(&option).into_owned();
            _ = write!(line, " {} {value}", option.name());
        }
    }
    line
}

/// One line for each element, in the order of names, so that moving things about in files changes nothing.
fn flatten(pool: &DescriptorPool) -> String {
    let mut blocks = Vec::new();
    for file in ours(pool) {
        for message in messages(&file) {
            let mut block = format!("message {}\n", kind_name(&Kind::Message(message.clone())));
            for field in message.fields() {
                _ = writeln!(block, "{}", field_line(pool, &field));
            }
            blocks.push(block);
        }
        for kind in enums(&file) {
            let mut block = format!("enum {}\n", kind_name(&Kind::Enum(kind.clone())));
            for value in kind.values() {
                _ = writeln!(block, "  {} {}", value.number(), value.name());
            }
            blocks.push(block);
        }
        for service in file.services() {
            let mut block = format!("service {}\n", service.full_name());
            for rpc in service.methods() {
                let stream = |is_stream| if is_stream { "stream " } else { "" };
                let options = rpc.method_descriptor_proto().options.clone().unwrap_or_default();
                _ = writeln!(
                    block,
                    "  {}({}{}) returns ({}{}) {}",
                    rpc.name(),
                    stream(rpc.is_client_streaming()),
                    rpc.input().name(),
                    stream(rpc.is_server_streaming()),
                    rpc.output().name(),
                    options.idempotency_level().as_str_name(),
                );
            }
            blocks.push(block);
        }
    }
    blocks.sort();
    blocks.join("\n")
}

/// The lines that one text has and the other has not, `-` reviewed, `+` now.
fn difference(reviewed: &str, now: &str) -> Vec<String> {
    // With the block's head before each line: `1 name string` alone occurs everywhere.
    let lines = |text: &str| {
        let mut head = String::new();
        let mut all = Vec::new();
        for line in text.lines().filter(|l| !l.is_empty()) {
            if line.starts_with(' ') {
                all.push(format!("{head}:{line}"));
            } else {
                line.clone_into(&mut head);
                all.push(line.to_owned());
            }
        }
        all
    };
    let (reviewed, now) = (lines(reviewed), lines(now));
    let gone = reviewed.iter().filter(|l| !now.contains(l)).map(|l| format!("- {l}"));
    let come = now.iter().filter(|l| !reviewed.contains(l)).map(|l| format!("+ {l}"));
    gone.chain(come).collect()
}

/// What clients of the reviewed contract would miss.
fn broken(reviewed: &str, now: &str) -> Vec<String> {
    difference(reviewed, now).into_iter().filter(|line| line.starts_with('-')).collect()
}

#[test]
fn the_contract_only_grows() {
    let now = flatten(&contract());
    let mut reviewed = std::fs::read_to_string(REVIEWED).unwrap();
    let broken = broken(&reviewed, &now);
    assert!(
        broken.is_empty(),
        "equity.v1 only grows, and clients would miss this; add a new element beside the old one:\n  {}",
        broken.join("\n  ")
    );
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(REVIEWED, &now).unwrap();
        reviewed.clone_from(&now);
    }
    assert!(
        reviewed == now,
        "the contract has grown; run with UPDATE_CONTRACT=1 and have the additions reviewed:\n  {}",
        difference(&reviewed, &now).join("\n  ")
    );
}

#[test]
fn what_is_removed_renumbered_or_renamed_is_refused_and_what_is_added_is_not() {
    let body = "message Thing { string name = 1; } enum Kind { KIND_UNSPECIFIED = 0; }";
    let before = flatten(&trial(body));
    let after = |from: &str, to: &str| {
        let changed = body.replace(from, to);
        assert_ne!(changed, body);
        broken(&before, &flatten(&trial(&changed)))
    };
    assert_eq!(after("name = 1;", "name = 1; string more = 2;"), [""; 0]);
    assert_eq!(after("message", "message More {} message"), [""; 0]);
    for (from, to) in [
        ("string name = 1;", ""),
        ("name = 1", "name = 2"),
        ("name = 1", "label = 1"),
        ("string name", "repeated string name"),
        ("string name", "int64 name"),
        ("message Thing", "message Thought"),
        ("KIND_UNSPECIFIED", "KIND_NONE"),
    ] {
        assert!(!after(from, to).is_empty(), "{from} -> {to}");
    }
}

#[test]
fn a_change_shows_as_a_line() {
    let before = flatten(&trial("message Thing { string name = 1; optional int64 size = 2; }"));
    let after = flatten(&trial("message Thing { string name = 3; int64 size = 2; }"));
    assert_eq!(
        difference(&before, &after),
        [
            "- message Thing:  1 name string",
            "- message Thing:  2 size int64 optional",
            "+ message Thing:  2 size int64",
            "+ message Thing:  3 name string",
        ]
    );
}
