//! Telemetry to partners' own systems: every fault of an endpoint, many partners of whom some are bad, and a service that is killed.

mod command;
mod faults;
mod http;
mod kept;
mod kill;
mod many;
mod measured;
mod outbox;
pub(crate) mod plane;
pub(crate) mod receiver;
mod states;
mod tls;
