//! Who may import whom, and which room alone knows which crate.

use super::code::Code;
use super::{assert_none, sources};

/// Room → rooms that it may import besides itself. What is not in the list may not be imported.
/// `proto` is generated; `config` reads the settings of the server and of the telemetry.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("store", &["domain", "proto"]),
    ("ingest", &["domain", "proto"]),
    ("engine", &["domain", "store", "proto"]),
    ("rpc", &["engine", "domain", "proto"]),
    ("telemetry", &["engine", "domain", "store", "proto"]),
    ("server", &["rpc", "telemetry", "proto"]),
    ("config", &["domain", "server", "telemetry"]),
    ("cli", &["app", "ingest", "config", "proto"]),
    ("proto", &["rpc"]), // the generated servers name answers that are already encoded
    (
        "app",
        &["domain", "store", "ingest", "engine", "rpc", "server", "telemetry", "config", "proto"],
    ),
];

/// Crate → the rooms that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("opentelemetry_proto", &["telemetry"]),
    ("opentelemetry_http", &["telemetry"]),
    ("rustls_native_certs", &["telemetry"]),
    ("hyper", &["telemetry"]),
    ("opentelemetry_appender_tracing", &["telemetry"]),
    ("tracing_opentelemetry", &["telemetry"]),
    ("clap", &["cli", "config"]),
    ("microlp", &["domain"]),
    ("indicatif", &["cli"]),
    ("comfy_table", &["cli"]),
    ("anyhow", &["app", "cli", "config", "main.rs"]),
    ("mimalloc", &["main.rs"]),
];

/// What the domain, which is pure, may not name: no I/O, no protobuf, no async, no clock, no order of chance.
const IMPURE: &[&[&str]] = &[
    &["tonic"],
    &["tonic_types"],
    &["prost"],
    &["prost_types"],
    &["tokio"],
    &["tokio_stream"],
    &["tokio_util"],
    &["tower"],
    &["tracing"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["SystemTime"],
    &["Instant", "now"],
    &["jiff", "Timestamp", "now"],
    &["jiff", "Zoned", "now"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
    &["std", "collections", "HashMap"],
    &["std", "collections", "HashSet"],
    &["std", "collections", "hash_map"],
    &["HashMap"],
    &["HashSet"],
    &["uuid", "Uuid", "new_v4"],
    &["Uuid", "new_v4"],
];

/// `store/keys.rs` → `store`; `app.rs` → `app`; `main.rs` and `lib.rs`, which wire, keep their name.
pub(super) fn room(path: &str) -> &str {
    match path.split_once('/') {
        Some((room, _)) => room,
        None if ["main.rs", "lib.rs"].contains(&path) => path,
        None => path.trim_end_matches(".rs"),
    }
}

/// Number of modules between the file and the root of the crate: so many `super` lead to the root.
fn depth(path: &str) -> usize {
    path.split('/').filter(|part| *part != "mod.rs").count()
}

/// The rooms that a file imports, with the line.
fn imported(path: &str, code: &Code) -> Vec<(usize, String)> {
    let target = |named: &super::code::NamedPath| {
        let climbed = named.segments.iter().take_while(|s| *s == "super").count();
        let at_root = climbed > 0 && climbed >= depth(path);
        let skip = if at_root { climbed } else { 1 };
        let is_ours =
            at_root || ["crate", "equity_indicators"].contains(&named.segments[0].as_str());
        // `use crate::*` would import everything: it names the room `*`, which nobody may.
        is_ours.then(|| named.segments.get(skip).cloned()).flatten().map(|room| (named.line, room))
    };
    code.paths.iter().filter_map(target).collect()
}

fn imports(path: &str, code: &Code) -> Vec<String> {
    let own = room(path);
    if ["main.rs", "lib.rs"].contains(&own) {
        return Vec::new();
    }
    let Some((_, allowed)) = IMPORTS.iter().find(|(room, _)| *room == own) else {
        return vec![format!("{path}: no such room")];
    };
    let foreign = |(_, room): &(usize, String)| room != own && !allowed.contains(&room.as_str());
    let found = imported(path, code).into_iter().filter(foreign);
    found.map(|(line, room)| format!("{path}:{line}: {own} may not import {room}")).collect()
}

fn crates(path: &str, code: &Code) -> Vec<String> {
    let mut problems = Vec::new();
    for named in &code.paths {
        let name = named.segments[0].as_str();
        let rooms = CRATES.iter().find(|(krate, _)| *krate == name).map(|(_, rooms)| *rooms);
        if rooms.is_some_and(|rooms| !rooms.contains(&room(path))) {
            problems.push(format!("{path}:{}: {name} outside its room", named.line));
        }
    }
    problems
}

fn impure(path: &str, code: &Code) -> Vec<String> {
    if room(path) != "domain" {
        return Vec::new();
    }
    let is_impure = |p: &&super::code::NamedPath| IMPURE.iter().any(|impure| p.begins(impure));
    let found = code.paths.iter().filter(is_impure);
    found.map(|p| format!("{path}:{}: {} in the domain", p.line, p.segments.join("::"))).collect()
}

/// What only the operator's plane has: an exporter that waits for a partner, or a trace of the service that reaches one, would mix the two.
const OPERATORS: &[&str] = &[
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry_otlp",
    "opentelemetry_http",
    "opentelemetry_appender_tracing",
    "tracing_opentelemetry",
    "exporters",
    "init",
    "link",
    "prometheus",
    "sparing",
];

/// The plane of partners names nothing of the operator's plane.
fn planes(path: &str, code: &Code) -> Vec<String> {
    if !path.starts_with("telemetry/partner/") {
        return Vec::new();
    }
    let of_operators = |named: &&super::code::NamedPath| {
        let own =
            named.segments.iter().find(|s| !["crate", "super", "telemetry"].contains(&s.as_str()));
        own.is_some_and(|name| OPERATORS.contains(&name.as_str()))
    };
    let found = code.paths.iter().filter(of_operators);
    found
        .map(|p| format!("{path}:{}: {} in the plane of partners", p.line, p.segments.join("::")))
        .collect()
}

#[test]
fn rooms_import_only_what_they_may() {
    let check = |rule: fn(&str, &Code) -> Vec<String>| -> Vec<String> {
        sources().iter().flat_map(|s| rule(&s.path, &s.code)).collect()
    };
    assert_none(&check(imports));
    assert_none(&check(crates));
    assert_none(&check(impure));
    assert_none(&check(planes));
}

#[test]
fn offenders_are_caught() {
    let code = |text| Code::parse(text).unwrap();
    let cases = [
        (
            "domain/cube/cells.rs",
            "use crate::{domain::x, store::y};",
            "1: domain may not import store",
        ),
        ("store/log.rs", "use super::super::engine;", "1: store may not import engine"),
        ("store/mod.rs", "fn f() { super::rpc::go() }", "1: store may not import rpc"),
        ("rpc/a.rs", "\nuse crate::store;", "2: rpc may not import store"),
        ("rpc/a.rs", "use crate::*;", "1: rpc may not import *"),
        ("cellar/a.rs", "", "no such room"),
    ];
    for (path, text, expected) in cases {
        let problems = imports(path, &code(text));
        assert!(problems.len() == 1 && problems[0].ends_with(expected), "{expected}: {problems:?}");
    }
    assert_none(&imports("store/log.rs", &code("use super::keys; use super::super::domain::x;")));
    assert_none(&imports(
        "rpc/convert/a.rs",
        &code("use super::super::status; use crate::engine;"),
    ));

    assert_eq!(crates("engine/a.rs", &code("fn f(d: sled::Db) {}")).len(), 1);
    assert_eq!(crates("server/a.rs", &code("use opentelemetry::trace::Span;")).len(), 1);
    assert_none(&crates("store/a.rs", &code("use sled::Db; use tracing::info;")));

    for text in [
        "use opentelemetry_sdk::trace::SpanExporter;",
        "fn f() { opentelemetry::global::tracer(\"x\"); }",
        "use super::super::exporters;",
        "use crate::telemetry::link::trace_id;",
    ] {
        assert_eq!(planes("telemetry/partner/send.rs", &code(text)).len(), 1, "{text}");
        assert_none(&planes("telemetry/init.rs", &code(text)));
    }
    assert_none(&planes(
        "telemetry/partner/send.rs",
        &code(
            "use opentelemetry_proto::tonic; use super::super::{metrics, roots}; use super::connect;",
        ),
    ));

    for text in [
        "use std::{collections::HashMap, fmt};",
        "fn f() { let t = std::time::Instant::now(); }",
        "fn f() { jiff::Timestamp::now(); }",
        "use prost::Message;",
        "use std::fs::File;",
    ] {
        assert_eq!(impure("domain/a.rs", &code(text)).len(), 1, "{text}");
        assert_none(&impure("engine/a.rs", &code(text)));
    }
    assert_none(&impure(
        "domain/a.rs",
        &code("use std::collections::BTreeMap; use std::time::Duration;"),
    ));
}
