//! The only room that knows OpenTelemetry: the service's own logs, traces and metrics for its operator.
//!
//! - `settings` what an operator can set
//! - `init` starts logs, traces and metrics, and stops them within 5 s; `sparing` one warning of a kind and a peer in a second
//! - `metrics` functions that the other rooms call; nearly free when nothing is exported
//! - [`partner`] what partners' own systems are sent: another plane, which shares nothing with this one
//! - `link` connects a caller's trace with ours

mod init;
mod link;
pub mod metrics;
pub mod partner;
mod settings;
mod sparing;

pub use init::{Guard, TelemetryError, check, init};
pub use link::link_to_caller;
pub use settings::{LogFormat, TelemetrySettings};
