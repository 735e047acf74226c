//! The reasons of errors: those that RPCs document exist, say their gRPC code, and are given by somebody.

use std::collections::BTreeMap;

use prost_reflect::DescriptorPool;

use super::{assert_caught, assert_none, comments, contract, ours, trial};
use crate::house::code::Code;

const PREFIX: &str = "ERROR_REASON_";
const CODES: &[&str] = &[
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "OUT_OF_RANGE",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "DATA_LOSS",
    "INTERNAL",
];

/// Reason without its prefix → its comment.
fn reasons(pool: &DescriptorPool) -> BTreeMap<String, String> {
    let Some(kind) = pool.get_enum_by_name("equity.v1.ErrorReason") else {
        return BTreeMap::new();
    };
    let said = comments::by_path(&kind.parent_file());
    let entry = |value: prost_reflect::EnumValueDescriptor| {
        let name = value.name().strip_prefix(PREFIX)?.to_owned();
        Some((name, said.get(value.path()).cloned().unwrap_or_default()))
    };
    kind.values().filter(|v| v.number() != 0).filter_map(entry).collect()
}

/// The words in capitals of a text: `FIELD_INVALID`.
fn capitals(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|w| w.len() > 3 && w.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// Each RPC says which errors it gives (`Errors: …`, or `As `Other`.`), in words that exist.
fn documented(pool: &DescriptorPool) -> Vec<String> {
    let known = reasons(pool);
    let mut problems = Vec::new();
    for file in ours(pool) {
        let said = comments::by_path(&file);
        for rpc in file.services().flat_map(|s| s.methods().collect::<Vec<_>>()) {
            let comment = said.get(rpc.path()).map_or("", String::as_str);
            let errors = comment.split_once("Errors:").map(|(_, errors)| errors);
            let as_other = rpc.parent_service().methods().any(|other| {
                comment.to_lowercase().contains(&format!("as `{}`", other.name().to_lowercase()))
            });
            if errors.is_none_or(|e| capitals(e).next().is_none()) && !as_other {
                problems.push(format!("{}: no errors documented", rpc.full_name()));
            }
            for word in capitals(errors.unwrap_or_default()) {
                if !known.contains_key(word) && !CODES.contains(&word) {
                    problems.push(format!("{}: no reason {word}", rpc.full_name()));
                }
            }
        }
    }
    problems
}

/// Each reason says with which gRPC code it comes, and fits `ErrorInfo` (at most 63 characters).
fn explained(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, comment) in reasons(pool) {
        if !CODES.iter().any(|code| comment.contains(code)) {
            problems.push(format!("{name}: no gRPC code in its comment"));
        }
        if name.len() > 63 {
            problems.push(format!("{name}: too long"));
        }
    }
    problems
}

/// `FIELD_INVALID` → `FieldInvalid`, as the generated enum has it.
fn variant(reason: &str) -> String {
    let word = |w: &str| w[..1].to_owned() + &w[1..].to_lowercase();
    reason.split('_').map(word).collect()
}

/// Reasons that no code gives: named once at most, where its gRPC code is looked up.
fn never_given(pool: &DescriptorPool, sources: &[Code]) -> Vec<String> {
    let paths = || sources.iter().flat_map(|code| &code.paths);
    let names = |reason: &str| {
        let variant = variant(reason);
        paths()
            .filter(|p| p.segments.ends_with(&["ErrorReason".to_owned(), variant.clone()]))
            .count()
    };
    reasons(pool).into_keys().filter(|reason| names(reason) < 2).collect()
}

#[test]
fn errors_are_documented_in_words_that_exist() {
    let pool = contract();
    assert!(reasons(&pool).len() > 20);
    assert_none(&documented(&pool));
    assert_none(&explained(&pool));
}

#[test]
fn every_reason_is_given_somewhere() {
    let sources: Vec<_> = crate::house::sources().into_iter().map(|s| s.code).collect();
    assert_none(&never_given(&contract(), &sources));
}

#[test]
fn offenders_are_caught() {
    let pool = trial(
        "enum ErrorReason { ERROR_REASON_UNSPECIFIED = 0;
           // No code.
           ERROR_REASON_LOST = 1;
           // NOT_FOUND.
           ERROR_REASON_LOST_AGAIN = 2; }
         message Thing {}
         service ThingService {
           // Does. Errors: LOST, GONE_AWAY; UNAVAILABLE.
           rpc First(Thing) returns (Thing);
           // As `First`.
           rpc Second(Thing) returns (Thing);
           // Says nothing.
           rpc Third(Thing) returns (Thing);
         }",
    );
    assert_caught(&documented(&pool), "First: no reason GONE_AWAY");
    assert_caught(&documented(&pool), "Third: no errors documented");
    assert_eq!(documented(&pool).len(), 2, "{:?}", documented(&pool));
    assert_eq!(explained(&pool), ["LOST: no gRPC code in its comment"]);
    let text = "fn code() { ErrorReason::Lost; v1::ErrorReason::LostAgain }
                fn gives() { ErrorReason::LostAgain.into(); AbsenceReason::Lost }";
    assert_eq!(never_given(&pool, &[Code::parse(text).unwrap()]), ["LOST"]);
}
