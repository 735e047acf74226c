//! Settings of logs, traces and metrics; the table of keys in `config` fills them.

/// The service's own logs, traces and metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySettings {
    /// Collector to export to over OTLP/gRPC, `http://127.0.0.1:4317`. None: nothing is exported.
    pub otlp_endpoint: Option<String>,
    /// Share of calls that are traced, 0 to 1. Metrics count every call.
    pub sample_ratio: f64,
    /// Format of the log on standard error.
    pub log_format: LogFormat,
    /// `service.instance.id` of exported telemetry. None: not set.
    pub service_instance_id: Option<String>,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            sample_ratio: 0.1,
            log_format: LogFormat::Text,
            service_instance_id: None,
        }
    }
}

/// Format of the log on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One line for people per event.
    Text,
    /// One JSON object per line.
    Json,
}
