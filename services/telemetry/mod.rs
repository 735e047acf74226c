//! The only room that knows OpenTelemetry: the service's own logs, traces and metrics for its operator.
//!
//! - `settings` what can be chosen
//! - `init` starts everything, and stops it within a bound
//! - `metrics` functions that the other rooms call; they cost next to nothing when nothing is exported
//! - `link` ties a caller's trace to ours

mod init;
mod link;
pub mod metrics;
mod settings;

pub use init::{Guard, TelemetryError, init};
pub use link::link_to_caller;
pub use settings::{LogFormat, TelemetrySettings};
