//! One binary for every integration test: linked once.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
