//! One binary for every integration test: linked once.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "of descriptors and tokens, tests pick what they look at"
)]
#![allow(
    clippy::too_many_lines,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    clippy::cloned_ref_to_slice_refs,
    clippy::semicolon_if_nothing_returned,
    clippy::disallowed_methods,
    reason = "tables of cases are long, their numbers small, and files of a test are there or not"
)]

mod api;
mod cli;
mod conformance;
mod contract;
mod crash;
mod delivery;
mod doors;
mod house;
mod ingest;
mod kit;
mod limits;
mod properties;
mod support;
