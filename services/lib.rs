//! Who reaches care, and how: consultation channels and digital exclusion by protected characteristic, over gRPC.
//!
//! # Layout
//! - [`proto`] code generated from the contract and from the format on disk
//! - [`domain`] pure: codes, records, cube, statistics; no I/O, no clock
//! - [`store`] log, sled, recovery; the only room that knows sled
//! - [`engine`] the use cases: intake, answer, cache, watch
//! - [`ingest`] files to records
//! - [`rpc`] thin: one file per gRPC service
//! - [`server`] between a socket and a handler: listener, layers
//! - [`telemetry`] the only room that knows OpenTelemetry
//! - [`config`], [`app`], [`cli`] settings, wiring, command line
#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod ingest;
pub mod proto;
pub mod rpc;
pub mod server;
pub mod store;
pub mod telemetry;

#[cfg(test)]
mod doors_tests;
#[cfg(test)]
#[path = "../tests/fuzz/mod.rs"]
mod fuzz;
