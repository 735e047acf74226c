//! Settings of logs, traces and metrics. The table of keys and the variables of OpenTelemetry (`OTEL_…`) in `config` fill them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The service's own logs, traces and metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySettings {
    /// The collector, for all signals.
    pub otlp: Otlp,
    /// What differs for one signal.
    pub signals: Signals,
    /// Whether nothing is exported or measured, whatever else is set: `OTEL_SDK_DISABLED`.
    pub is_disabled: bool,
    /// Where a page of metrics for Prometheus is served. None: nowhere.
    pub prometheus: Option<SocketAddr>,
    /// Share of calls that are traced, 0 to 1. Metrics count every call.
    pub sample_ratio: f64,
    /// Calls that take longer are logged.
    pub slow_call: Duration,
    /// Format of the log on standard error.
    pub log_format: LogFormat,
    /// `service.instance.id` of exported telemetry. None: not set.
    pub service_instance_id: Option<String>,
}

/// How a collector is reached. What is not set of one signal is as for all signals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Otlp {
    /// Its address, `http://127.0.0.1:4317` or `https://…`. None: nothing is exported.
    pub endpoint: Option<String>,
    /// None: gRPC.
    pub protocol: Option<OtlpProtocol>,
    /// Longest time for one export. None: 3 s.
    pub timeout: Option<Duration>,
    /// The authorities that its certificate may be from, PEM. None: those that the system trusts.
    pub authorities_file: Option<PathBuf>,
}

/// How telemetry is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP with protobuf.
    Http,
}

/// What differs for one signal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signals {
    /// Of traces.
    pub traces: Signal,
    /// Of metrics.
    pub metrics: Signal,
    /// Of logs.
    pub logs: Signal,
}

/// A signal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signal {
    /// Whether it is not exported: its `OTEL_…_EXPORTER` is `none`.
    pub is_off: bool,
    /// Longest time for one export, where that of `otlp` is longer. None: that of `otlp`.
    pub longest: Option<Duration>,
    /// How its collector is reached, where that differs.
    pub otlp: Otlp,
}

/// Where a signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) endpoint: String,
    pub(super) protocol: OtlpProtocol,
    pub(super) timeout: Duration,
    pub(super) authorities_file: Option<PathBuf>,
}

/// Longest time for one export, unless it is set.
const EXPORT: Duration = Duration::from_secs(3);

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            otlp: Otlp::default(),
            signals: Signals::default(),
            is_disabled: false,
            prometheus: None,
            sample_ratio: 0.1,
            slow_call: Duration::from_secs(1),
            log_format: LogFormat::Text,
            service_instance_id: None,
        }
    }
}

impl TelemetrySettings {
    /// Where a signal goes; `path` is its own over HTTP. None: it is not exported.
    pub(super) fn target(&self, signal: &Signal, path: &str) -> Option<Target> {
        if self.is_disabled || signal.is_off {
            return None;
        }
        let (own, all) = (&signal.otlp, &self.otlp);
        let protocol = own.protocol.or(all.protocol).unwrap_or(OtlpProtocol::Grpc);
        let endpoint = match (&own.endpoint, &all.endpoint, protocol) {
            // The endpoint of one signal is the whole address; that of all signals is without the path.
            (Some(endpoint), _, _) | (None, Some(endpoint), OtlpProtocol::Grpc) => endpoint.clone(),
            (None, Some(endpoint), OtlpProtocol::Http) => {
                format!("{}{path}", endpoint.trim_end_matches('/'))
            }
            (None, None, _) => return None,
        };
        let timeout = own.timeout.or(all.timeout).unwrap_or(EXPORT);
        let timeout = signal.longest.map_or(timeout, |longest| timeout.min(longest));
        let authorities_file = own.authorities_file.as_ref().or(all.authorities_file.as_ref());
        Some(Target { endpoint, protocol, timeout, authorities_file: authorities_file.cloned() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_for_one_signal_comes_before_what_is_set_for_all() {
        let mut settings = TelemetrySettings::default();
        let target =
            |settings: &TelemetrySettings| settings.target(&settings.signals.traces, "/v1/traces");
        assert_eq!(target(&settings), None);
        settings.otlp.endpoint = Some("http://all:4317/".to_owned());
        let grpc = target(&settings).unwrap();
        assert_eq!((&*grpc.endpoint, grpc.protocol), ("http://all:4317/", OtlpProtocol::Grpc));
        settings.otlp.protocol = Some(OtlpProtocol::Http);
        assert_eq!(target(&settings).unwrap().endpoint, "http://all:4317/v1/traces");
        settings.signals.traces.otlp = Otlp {
            endpoint: Some("http://one/x".to_owned()),
            timeout: Some(Duration::from_secs(1)),
            ..Otlp::default()
        };
        let own = target(&settings).unwrap();
        assert_eq!((&*own.endpoint, own.timeout), ("http://one/x", Duration::from_secs(1)));
        settings.signals.traces.longest = Some(Duration::from_millis(300));
        assert_eq!(target(&settings).unwrap().timeout, Duration::from_millis(300));
        settings.signals.traces.is_off = true;
        assert_eq!(target(&settings), None);
    }
}
