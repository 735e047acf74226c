//! Only what is protected reaches a door. The compiler keeps most of it: a true count has no number that other rooms can read, and an answer leaves
//! the engine as a `Protected` alone. These tests keep what would undo that without an error.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use equity_indicators::domain::disclosure::TrueCount;
use equity_indicators::domain::measures::Tally;

use super::code::Code;
use super::rooms::room;
use super::{assert_none, sources};

/// Rooms that count. All others get what is protected.
const COUNTING: [&str; 2] = ["domain", "engine"];
/// What counts are held in.
const COUNTED: [&str; 4] = ["TrueCount", "Tally", "Crosstab", "InnerCounts"];
/// Files that may name exactness: the profile and openness decide it, suppressed counts are a publisher's, an attack compares, answers name it.
const EXACT: [&str; 7] = [
    "app/attack/mod.rs",
    "domain/reference/profiles.rs",
    "engine/answer/planning.rs",
    "engine/answer/provision/question.rs",
    "engine/answer/rates.rs",
    "engine/answer/representativeness.rs",
    "rpc/convert/breakdown.rs",
];

trait Without {
    fn has(&self) -> bool {
        false
    }
}

/// One type has a trait, and the others lack it: a method of its own is found before that of the trait `Without`.
macro_rules! lacks {
    ($trait:path: $has:ty; $($of:ty),+) => {{
        struct With<T>(PhantomData<T>);
        impl<T> Without for With<T> {}
        impl<T: $trait> With<T> {
            fn has(&self) -> bool {
                true
            }
        }
        assert!(With::<$has>(PhantomData).has());
        $(assert!(!With::<$of>(PhantomData).has(), "{}", stringify!($of: $trait));)+
    }};
}

#[test]
fn true_counts_can_neither_be_printed_nor_sent() {
    // A tally of what may be seen can be printed.
    lacks!(Debug: Tally<u64>; TrueCount, Tally<TrueCount>);
    lacks!(Display: u64; TrueCount, Tally<TrueCount>);
    lacks!(serde::Serialize: u64; TrueCount, Tally<TrueCount>);
    lacks!(Into<u64>: u8; TrueCount, Tally<TrueCount>);
}

fn counted(path: &str, code: &Code) -> Vec<String> {
    let named = COUNTED.iter().filter(|name| code.names.contains(**name));
    let imported = code.paths.iter().flat_map(|path| &path.segments);
    let imported = COUNTED.iter().filter(|name| imported.clone().any(|segment| segment == **name));
    let is_door = !COUNTING.contains(&room(path));
    let all = named.chain(imported).filter(|_| is_door);
    all.map(|name| format!("{path}: {name} is counted and not protected")).collect()
}

fn exact(path: &str, code: &Code) -> Vec<String> {
    let found = code.find(&["Protection", "::", "Exact"]);
    let found = found.filter(|_| !EXACT.contains(&path));
    found.map(|(line, _)| format!("{path}:{line}: shows true counts to somebody")).collect()
}

#[test]
fn doors_know_no_true_counts() {
    let all: Vec<_> = sources().iter().flat_map(|of| counted(&of.path, &of.code)).collect();
    assert_none(&all);
    let offender = Code::parse("use crate::domain::measures::Tally;").unwrap();
    assert_eq!(counted("rpc/convert/cell.rs", &offender).len(), 1);
    assert_eq!(counted("engine/answer/cell.rs", &offender).len(), 0);
}

#[test]
fn few_places_show_true_counts_as_they_are() {
    let all: Vec<_> = sources().iter().flat_map(|of| exact(&of.path, &of.code)).collect();
    assert_none(&all);
    let offender = Code::parse("fn f() { let seen = Protection::Exact.see(count); }").unwrap();
    assert_eq!(exact("engine/answer/quality.rs", &offender).len(), 1);
    let used = |file: &&str| {
        sources().iter().any(|of| {
            of.path == **file && of.code.find(&["Protection", "::", "Exact"]).next().is_some()
        })
    };
    let unused: Vec<_> = EXACT.iter().filter(|file| !used(file)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
