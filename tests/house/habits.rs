//! Habits that hold in every file of the service.

use super::code::{Code, Token};
use super::{assert_none, root, sources, tracked};

/// Ways to make a `tonic::Status`.
const MAKERS: &[&str] = &[
    "new",
    "cancelled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
    "from_error",
    "with_details",
    "with_details_and_metadata",
    "with_metadata",
    "with_error_details",
    "with_error_details_and_metadata",
    "with_error_details_vec",
    "with_error_details_vec_and_metadata",
];

/// One place makes what callers see of an error.
fn statuses(path: &str, code: &Code) -> Vec<String> {
    if path == "rpc/status.rs" {
        return Vec::new();
    }
    let makes = |segments: &[String]| {
        let last = segments.len() - 1;
        segments[last - 1] == "Status" && MAKERS.contains(&segments[last].as_str())
    };
    let found = code.paths.iter().filter(|p| p.segments.len() > 1 && makes(&p.segments));
    found
        .map(|p| format!("{path}:{}: {} outside rpc/status.rs", p.line, p.segments.join("::")))
        .collect()
}

/// A reason has words: `expect("the lock is never poisoned: nobody panics under it")`.
fn is_reason(argument: &[Token]) -> bool {
    let text = argument.first().map_or("", |t| t.text.as_str());
    text.starts_with('"') && text.len() >= 17 && text.split_whitespace().count() >= 3
}

/// Nothing panics, unless it says why it cannot happen.
fn panics(path: &str, code: &Code) -> Vec<String> {
    let mut problems = Vec::new();
    for call in ["unwrap", "unwrap_err", "unwrap_unchecked"] {
        for (line, _) in code.find(&[".", call, "("]) {
            problems.push(format!("{path}:{line}: {call}"));
        }
    }
    for call in ["expect", "expect_err"] {
        for (line, _) in code.find(&[".", call, "("]).filter(|(_, rest)| !is_reason(rest)) {
            problems.push(format!("{path}:{line}: {call} without a reason"));
        }
    }
    for name in ["panic", "todo", "unimplemented", "dbg"] {
        for (line, _) in code.find(&[name, "!"]) {
            problems.push(format!("{path}:{line}: {name}!"));
        }
    }
    for (line, _) in code.find(&["unreachable", "!", "(", ")"]) {
        problems.push(format!("{path}:{line}: unreachable! without a reason"));
    }
    problems
}

/// Only the command line talks to people.
fn prints(path: &str, code: &Code) -> Vec<String> {
    let mut problems = Vec::new();
    if !path.starts_with("cli/") {
        for name in ["println", "print", "eprintln", "eprint"] {
            for (line, _) in code.find(&[name, "!"]) {
                problems.push(format!("{path}:{line}: {name}! outside cli"));
            }
        }
    }
    problems
}

/// No test is switched off, no warning about dead code silenced.
fn silenced(path: &str, code: &Code) -> Vec<String> {
    let mut problems = Vec::new();
    for (line, _) in code.find(&["#", "[", "ignore"]) {
        problems.push(format!("{path}:{line}: an ignored test"));
    }
    for (line, rest) in code.find(&["allow", "("]).chain(code.find(&["expect", "("])) {
        let names = rest.iter().take_while(|t| t.text != ")");
        if names.into_iter().any(|t| t.text == "dead_code" || t.text.starts_with("unused")) {
            problems.push(format!("{path}:{line}: dead code silenced"));
        }
    }
    problems
}

/// Functions of numbers that statistics are made with.
const NUMERIC: &[&str] = &[
    "sqrt", "cbrt", "hypot", "ln", "ln_1p", "log2", "log10", "exp", "exp2", "exp_m1", "powi",
    "powf",
];

/// Where a formula is no statistic of an answer, and why. The score of the DQMI (`domain/measures/maturity.rs`) and the way to a target
/// (`domain/target.rs`) are definitions of their sources, of sums and products alone.
const OWN_FORMULAS: &[(&str, &str)] = &[
    ("domain/statistics/", "the room of statistics"),
    ("domain/disclosure/ptable/", "the design of noise: entropy, exponential weights, moments"),
    ("domain/cube/numbers.rs", "the size of a coding, in bits"),
    ("ingest/generate/", "synthetic people"),
    ("engine/answer/inequality/groups.rs", "the noise of a group's share, squared"),
];

/// Numeric code is in one room.
fn formulas(path: &str, code: &Code) -> Vec<String> {
    if OWN_FORMULAS.iter().any(|(begin, _)| path.starts_with(begin)) {
        return Vec::new();
    }
    let found = NUMERIC.iter().flat_map(|name| {
        let lines = |pattern: &[&str]| code.find(pattern).map(|(line, _)| line).collect::<Vec<_>>();
        let calls = lines(&[".", name, "("]).into_iter().chain(lines(&["f64", "::", name]));
        calls.map(move |line| (line, name))
    });
    found.map(|(line, name)| format!("{path}:{line}: {name} outside domain/statistics")).collect()
}

/// One idea a file: at most 500 lines.
fn long(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > 500).then(|| format!("{path}: {lines} lines"))
}

#[test]
fn services_keep_the_habits() {
    let mut problems = Vec::new();
    for source in sources() {
        for rule in [statuses, panics, prints, formulas] {
            problems.extend(rule(&source.path, &source.code));
        }
    }
    assert_none(&problems);
}

#[test]
fn no_file_is_long_and_no_test_is_off() {
    let mut problems = Vec::new();
    for file in tracked() {
        let path = file.to_string_lossy();
        let kind = file.extension().map(|e| e.to_string_lossy()).unwrap_or_default();
        if !["rs", "proto", "py"].contains(&kind.as_ref()) {
            continue;
        }
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        problems.extend(long(&path, &text));
        if kind == "rs" {
            // Tests too: `cfg(test)` is renamed so that nothing is left out.
            let code = Code::parse(&text.replace("cfg(test)", "cfg(any())")).unwrap();
            problems.extend(silenced(&path, &code));
        }
    }
    assert_none(&problems);
}

#[test]
fn offenders_are_caught() {
    let code = |text| Code::parse(text).unwrap();
    let count = |rule: fn(&str, &Code) -> Vec<String>, text| rule("rpc/a.rs", &code(text)).len();

    assert_eq!(count(statuses, "fn f() { Err(Status::internal(\"x\")) }"), 1);
    assert_eq!(count(statuses, "fn f() { tonic::Status::new(Code::Ok, \"x\") }"), 1);
    assert_eq!(count(statuses, "fn f() { Status::with_error_details(a, b, c) }"), 1);
    assert_eq!(count(statuses, "fn f(s: Status) { StatusCode::new(1); status::internal(x) }"), 0);
    assert_none(&statuses("rpc/status.rs", &code("fn f() { Status::internal(\"x\") }")));

    assert_eq!(count(panics, "fn f() { a\n  .unwrap\n() }"), 1);
    assert_eq!(count(panics, "fn f() { a.expect(\"oops\") }"), 1);
    assert_eq!(count(panics, "fn f() { a.expect(reason) }"), 1);
    assert_eq!(count(panics, "fn f() { a.expect(\"a month has at least 28 days\") }"), 0);
    assert_eq!(count(panics, "fn f() { panic!(\"x\"); todo!(); unimplemented!(); dbg!(x) }"), 4);
    assert_eq!(count(panics, "fn f() { unreachable!() }"), 1);
    assert_eq!(count(panics, "fn f() { a.unwrap_or(1); // .unwrap()\n \".unwrap()\"; }"), 0);
    assert_eq!(count(panics, "#[cfg(test)] mod tests { fn f() { a.unwrap() } }"), 0);

    assert_eq!(count(prints, "fn f() { println!(\"x\"); eprintln!() }"), 2);
    assert_none(&prints("cli/a.rs", &code("fn f() { println!(\"x\") }")));

    assert_eq!(count(formulas, "fn f(x: f64) { x.sqrt() + x\n.powi(2) + f64::ln(x) }"), 3);
    assert_eq!(count(formulas, "fn f(x: f64) { exp(x) + x.power(2) + x * x } // x.sqrt()"), 0);
    assert_none(&formulas("domain/statistics/a.rs", &code("fn f(x: f64) { x.exp() }")));

    assert_eq!(count(silenced, "#[test] #[ignore] fn f() {}"), 1);
    assert_eq!(count(silenced, "#[ignore = \"slow\"] fn f() {}"), 1);
    assert_eq!(count(silenced, "#![allow(dead_code)]"), 1);
    assert_eq!(count(silenced, "#[expect(clippy::x, unused_imports)] fn f() {}"), 1);
    assert_eq!(count(silenced, "#[allow(clippy::panic)] fn f() {}"), 0);

    assert!(long("a.rs", &"\n".repeat(501)).is_some());
    assert!(long("a.rs", &"\n".repeat(500)).is_none());
}
