//! One binary for every integration test: linked once.
#![allow(clippy::panic, reason = "a test fails by panicking")]

mod contract;
mod house;
