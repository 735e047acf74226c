//! One binary for every integration test: linked once.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "of descriptors and tokens, tests pick what they look at"
)]

mod api;
mod cli;
mod contract;
mod crash;
mod house;
mod ingest;
mod limits;
mod properties;
mod support;
