//! The partner plane: what partners' own systems are sent. It shares nothing with the operator's plane: no exporter, no queue, no trace.
//! Its attempts are counted in the operator's metrics, and nothing else.
//!
//! - [`encode`] an event as an OTLP log record or metric, [`show`] what it says; `request` several of them as one request
//! - `connect` a connection to an endpoint: the address is checked where it is connected to; `tls`, `headers` what the files of a partner say
//! - `send` one request and what came of it, over gRPC and over HTTP
//! - `task` what a worker works on; `worker` one stream, one request at a time; [`workers`] a worker for each stream

mod connect;
mod encode;
mod headers;
mod request;
mod send;
mod show;
mod task;
mod tls;
mod worker;
mod workers;

pub use encode::encode;
pub use show::show;
pub use task::{Identity, ScopeOf};
pub use workers::Workers;
