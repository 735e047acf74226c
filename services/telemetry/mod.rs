//! The only room that knows OpenTelemetry: the service's own logs, traces and metrics for its operator.
//!
//! - `settings` what an operator can set
//! - `init` starts logs, traces and metrics, and stops them within 5 s (`error` why it does not); `sparing` one warning of a kind and a peer in a second
//! - `exporters` the way to a collector; `http` OTLP over HTTP; `roots` the authorities that it may be from
//! - `prometheus` a page of metrics, the alternative to a collector
//! - [`metrics`] functions that the other rooms call; nearly free when nothing is exported
//! - [`partner`] what partners' own systems are sent: another plane, which shares nothing with this one
//! - `link` connects a caller's trace with ours

mod error;
mod exporters;
mod http;
mod init;
mod link;
pub mod metrics;
pub mod partner;
mod prometheus;
mod roots;
mod settings;
mod sparing;

pub use error::TelemetryError;
pub use init::{Guard, check, init};
pub use link::{link_to_caller, trace_id};
pub use settings::{LogFormat, Otlp, OtlpProtocol, Signal, Signals, TelemetrySettings};
