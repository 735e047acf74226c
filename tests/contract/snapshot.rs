//! The contract, flattened to lines, against a reviewed file: what is removed, renamed, renumbered or retyped shows as a line that
//! is gone, and breaks partners' programs.
//!
//! `UPDATE_CONTRACT=1 cargo contract` adds what has come to the file; the difference is for the reviewer. It writes nothing while a
//! line is gone, unless `BREAK_CONTRACT=1` says that the break is meant.

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

/// What somebody said of a difference by the environment.
#[derive(Clone, Copy)]
struct Said {
    /// The file is to be written.
    update: bool,
    /// A break is meant.
    breaks: bool,
}

/// Whether the file is to be written, or what is wrong. The file always has to be the contract in the end.
fn judge(reviewed: &str, now: &str, said: Said) -> Result<bool, String> {
    if reviewed == now {
        return Ok(false);
    }
    let lines = difference(reviewed, now);
    let is_break = lines.iter().any(|line| line.starts_with("- "));
    let what = match (is_break, said) {
        (false, Said { update: true, .. }) | (true, Said { update: true, breaks: true }) => {
            return Ok(true);
        }
        (true, _) => {
            "the contract lost lines that were reviewed: programs of partners would break. Put them \
             back; if the break is meant, run with UPDATE_CONTRACT=1 and BREAK_CONTRACT=1 and have \
             the difference reviewed"
        }
        (false, _) => {
            "the contract has more than was reviewed: run with UPDATE_CONTRACT=1 and have the \
             difference reviewed"
        }
    };
    Err(format!("{what}:\n  {}", lines.join("\n  ")))
}

#[test]
fn the_contract_is_as_reviewed() {
    let now = flatten(&contract());
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let said = Said { update: is_set("UPDATE_CONTRACT"), breaks: is_set("BREAK_CONTRACT") };
    let reviewed = std::fs::read_to_string(REVIEWED).unwrap_or_default();
    match judge(&reviewed, &now, said) {
        Ok(true) => std::fs::write(REVIEWED, &now).unwrap(),
        Ok(false) => {}
        Err(problem) => panic!("{problem}"),
    }
}

#[test]
fn what_is_gone_is_refused_also_where_the_file_is_written() {
    let [neither, update, breaks, both] =
        [(false, false), (true, false), (false, true), (true, true)]
            .map(|(update, breaks)| Said { update, breaks });
    let body = "message Thing { string name = 1; int64 size = 2; } enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }
        service Things { rpc GetThing(Thing) returns (Thing); }";
    let before = flatten(&trial(body));
    assert_eq!(judge(&before, &before, neither), Ok(false));
    let more = body.replace("int64 size = 2;", "int64 size = 2; int64 more = 3;");
    let more = flatten(&trial(&more));
    assert_eq!(judge(&before, &more, update), Ok(true));
    for said in [neither, breaks] {
        assert!(judge(&before, &more, said).unwrap_err().contains("more than was reviewed"));
    }
    for (what, old, new) in [
        ("removed field", "int64 size = 2;", ""),
        ("renumbered field", "size = 2", "size = 3"),
        ("renamed field", "int64 size", "int64 length"),
        ("retyped field", "int64 size", "int32 size"),
        ("repeated field", "int64 size", "repeated int64 size"),
        ("optional field", "int64 size", "optional int64 size"),
        ("removed value", "KIND_A = 1;", ""),
        ("renumbered value", "KIND_A = 1;", "KIND_A = 2;"),
        ("renamed value", "KIND_A", "KIND_B"),
        ("removed call", "rpc GetThing(Thing) returns (Thing);", ""),
        ("streaming call", "returns (Thing)", "returns (stream Thing)"),
        ("renamed service", "service Things", "service Others"),
        ("removed enum", "enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }", ""),
    ] {
        let after = body.replacen(old, new, 1);
        assert_ne!(after, body, "{what}");
        let after = flatten(&trial(&after));
        for said in [neither, update, breaks] {
            let problem = judge(&before, &after, said).unwrap_err();
            assert!(problem.contains("would break"), "{what}: {problem}");
        }
        assert_eq!(judge(&before, &after, both), Ok(true), "{what}");
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
