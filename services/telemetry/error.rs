//! Why telemetry cannot start.

use std::net::SocketAddr;

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `EQUITY_LOG` is no filter.
    #[error(
        "EQUITY_LOG is no filter such as \"info\" or \"warn,equity_indicators::engine=debug\": {0}"
    )]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter refuses its settings.
    #[error("the OpenTelemetry collector cannot be used: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The settings of a collector cannot be used.
    #[error("the OpenTelemetry collector {to} cannot be used: {why}")]
    Collector {
        /// Its address.
        to: String,
        /// What is wrong.
        why: String,
    },
    /// The page of metrics cannot be served.
    #[error("telemetry.prometheus: cannot listen on {address}: {error}")]
    Page {
        /// Its address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// There is no tokio runtime around it.
    #[error("telemetry has to be started within the runtime")]
    NoRuntime,
    /// The process has a subscriber already.
    #[error("telemetry was started before in this process")]
    AlreadyStarted,
}
