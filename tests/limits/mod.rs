//! Nothing waits without a bound: the door with a real listener, real connections and services that misbehave.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod admission;
mod connections;
mod deadlines;
mod faults;
mod floods;
mod good;
mod gzip;
mod largest;
mod lockouts;
mod program;
mod questions;
mod raw;
mod reflection;
mod reluctant;
mod specification;
mod stopping;
mod submissions;
mod support;
mod telemetry;
mod tls;
