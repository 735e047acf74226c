//! The exporters of the three signals: over gRPC or HTTP, in plain text or with TLS. Headers, compression and what else OpenTelemetry's variables
//! say, the exporters read themselves; `config` has checked it.

use opentelemetry_otlp::{
    LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _, WithTonicConfig as _,
};
use tokio::runtime::Handle;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use super::error::TelemetryError;
use super::http::Client;
use super::roots;
use super::settings::{OtlpProtocol, Signal, Target, TelemetrySettings};

/// The exporters; none: a signal is not exported.
#[derive(Debug)]
pub(super) struct Exporters {
    pub(super) spans: Option<SpanExporter>,
    pub(super) metrics: Option<MetricExporter>,
    pub(super) logs: Option<LogExporter>,
}

/// An exporter of one kind for where it sends to.
macro_rules! exporter {
    ($exporter:ident, $settings:expr, $signal:expr, $path:literal) => {
        match Route::new($settings, $signal, $path)? {
            None => None,
            Some(Route::Grpc(channel, to)) => Some(
                $exporter::builder()
                    .with_tonic()
                    .with_channel(channel)
                    .with_timeout(to.timeout)
                    .build()?,
            ),
            Some(Route::Http(client, to)) => Some(
                $exporter::builder()
                    .with_http()
                    .with_http_client(client)
                    .with_protocol(Protocol::HttpBinary)
                    .with_endpoint(to.endpoint)
                    .with_timeout(to.timeout)
                    .build()?,
            ),
        }
    };
}

impl Exporters {
    /// Makes the exporters. Nothing is connected to.
    pub(super) fn build(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let signals = &settings.signals;
        Ok(Self {
            spans: exporter!(SpanExporter, settings, &signals.traces, "/v1/traces"),
            metrics: exporter!(MetricExporter, settings, &signals.metrics, "/v1/metrics"),
            logs: exporter!(LogExporter, settings, &signals.logs, "/v1/logs"),
        })
    }
}

/// How a signal gets to its collector.
enum Route {
    Grpc(Channel, Target),
    Http(Client, Target),
}

impl Route {
    fn new(
        settings: &TelemetrySettings,
        signal: &Signal,
        path: &str,
    ) -> Result<Option<Self>, TelemetryError> {
        let Some(to) = settings.target(signal, path) else { return Ok(None) };
        let wrong = |why: String| TelemetryError::Collector { to: to.endpoint.clone(), why };
        let endpoint = Endpoint::from_shared(to.endpoint.clone());
        let endpoint = endpoint.map_err(|error| wrong(error.to_string()))?.timeout(to.timeout);
        let roots = match (endpoint.uri().scheme_str(), &to.authorities_file) {
            (Some("https"), Some(file)) => Some(roots::of_file(file)),
            (Some("https"), None) => Some(roots::of_system()),
            _ => None,
        };
        let roots = roots.transpose().map_err(wrong)?;
        let runtime = Handle::try_current().map_err(|_| TelemetryError::NoRuntime)?;
        Ok(Some(match to.protocol {
            OtlpProtocol::Http => {
                let client = Client::new(roots, to.timeout, runtime);
                Self::Http(client.map_err(|error| wrong(error.to_string()))?, to)
            }
            OtlpProtocol::Grpc => {
                let endpoint = match roots {
                    None => endpoint,
                    Some(roots) => endpoint
                        .tls_config(ClientTlsConfig::new().trust_anchors(roots.roots))
                        .map_err(|error| wrong(error.to_string()))?,
                };
                Self::Grpc(endpoint.connect_lazy(), to)
            }
        }))
    }
}
