//! Starts logs, traces and metrics, and stops them within 5 s.
//!
//! Only spans and events of this crate are exported. If those of the exporter's own h2 and tonic were exported, every export
//! would cause another. Standard error shows everything that `EQUITY_LOG` selects, errors of the exporter included.

use std::io::IsTerminal as _;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::{Registry, fmt};

use super::metrics::Instruments;
use super::settings::{LogFormat, TelemetrySettings};
use super::sparing::Sparing;

/// Most time for stopping.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// Most time for one export.
const EXPORT: Duration = Duration::from_secs(3);
/// Filter if `EQUITY_LOG` is not set. Libraries warn about what clients do, and clients can do it a million times.
const DEFAULT_LOG: &str = "info,opentelemetry=warn,h2=error,hyper=error,hyper_util=error,tonic=error,tower=error,rustls=error";

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `EQUITY_LOG` is no filter.
    #[error(
        "EQUITY_LOG is no filter such as \"info\" or \"warn,equity_indicators::engine=debug\": {0}"
    )]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter refuses its settings.
    #[error("telemetry.otlp_endpoint cannot be used: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// There is no tokio runtime around the call.
    #[error("telemetry has to be started within the runtime")]
    NoRuntime,
    /// The process has a subscriber already.
    #[error("telemetry was started before in this process")]
    AlreadyStarted,
}

/// Starts telemetry for the whole process. Call it once, within the runtime, before anything is logged.
///
/// # Errors
/// The settings cannot be used, there is no runtime, or it was started before.
pub fn init(settings: &TelemetrySettings) -> Result<Guard, TelemetryError> {
    let providers = match &settings.otlp_endpoint {
        None => None,
        Some(endpoint) => {
            tokio::runtime::Handle::try_current().map_err(|_| TelemetryError::NoRuntime)?;
            Some(Providers::build(endpoint, settings)?)
        }
    };
    let traces = providers.as_ref().map(|providers| {
        tracing_opentelemetry::layer()
            .with_tracer(providers.tracer.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_our_span))
    });
    let logs = providers.as_ref().map(|providers| {
        OpenTelemetryTracingBridge::new(&providers.logger).with_filter(filter_fn(is_our_event))
    });
    let subscriber =
        Registry::default().with(traces).with(logs).with(standard_error(settings.log_format)?);
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|_| TelemetryError::AlreadyStarted)?;
    if let Some(providers) = &providers {
        Instruments::new(&providers.meter.meter(env!("CARGO_PKG_NAME"))).install();
    }
    Ok(Guard { providers })
}

/// Keeps telemetry running. [`Guard::shutdown`] sends the rest and ends it.
#[derive(Debug)]
pub struct Guard {
    providers: Option<Providers>,
}

impl Guard {
    /// Sends everything collected so far, within 5 s. False: the collector did not accept everything.
    pub async fn flush(&self) -> bool {
        let providers = self.providers.clone();
        bounded(move || providers.is_none_or(|providers| providers.flush())).await
    }

    /// Sends the rest and ends, within 5 s even if the collector never answers. False: data may be lost.
    pub async fn shutdown(mut self) -> bool {
        let providers = self.providers.take();
        bounded(move || providers.is_none_or(|providers| providers.shutdown())).await
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(providers) = self.providers.take() {
            // Providers flush when they are dropped, which may block: not on a thread of the runtime.
            std::thread::spawn(move || drop(providers));
        }
    }
}

/// Runs blocking work on a thread of its own, so that the runtime does not wait for it, even when it ends.
async fn bounded(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    let (done, finished) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more if the bound was reached.
        let _late = done.send(work());
    });
    matches!(tokio::time::timeout(SHUTDOWN, finished).await, Ok(Ok(true)))
}

/// One provider per signal.
#[derive(Debug, Clone)]
struct Providers {
    tracer: SdkTracerProvider,
    meter: SdkMeterProvider,
    logger: SdkLoggerProvider,
}

impl Providers {
    fn build(endpoint: &str, settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let resource = resource(settings.service_instance_id.as_deref());
        let spans = SpanExporter::builder().with_tonic();
        let spans = spans.with_endpoint(endpoint).with_timeout(EXPORT).build()?;
        let metrics = MetricExporter::builder().with_tonic();
        let metrics = metrics.with_endpoint(endpoint).with_timeout(EXPORT).build()?;
        let logs = LogExporter::builder().with_tonic();
        let logs = logs.with_endpoint(endpoint).with_timeout(EXPORT).build()?;
        let ratio = Sampler::TraceIdRatioBased(settings.sample_ratio);
        Ok(Self {
            tracer: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_sampler(Sampler::ParentBased(Box::new(ratio)))
                .with_batch_exporter(spans)
                .build(),
            meter: SdkMeterProvider::builder()
                .with_resource(resource.clone())
                .with_periodic_exporter(metrics)
                .build(),
            logger: SdkLoggerProvider::builder()
                .with_resource(resource)
                .with_batch_exporter(logs)
                .build(),
        })
    }

    fn flush(&self) -> bool {
        let (spans, metrics) = (self.tracer.force_flush(), self.meter.force_flush());
        let logs = self.logger.force_flush();
        spans.is_ok() && metrics.is_ok() && logs.is_ok()
    }

    fn shutdown(&self) -> bool {
        // The SDK's shutdown sends too, but counts what the collector did not take as well sent; its flush tells.
        let sent = self.flush();
        let each = SHUTDOWN / 3;
        let spans = self.tracer.shutdown_with_timeout(each);
        let logs = self.logger.shutdown_with_timeout(each);
        let metrics = self.meter.shutdown_with_timeout(each);
        sent && spans.is_ok() && metrics.is_ok() && logs.is_ok()
    }
}

/// Name, version and instance of this service, as the collector sees them.
fn resource(instance: Option<&str>) -> Resource {
    let mut attributes = vec![
        KeyValue::new("service.namespace", "uk.nhs.equity"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    attributes.extend(instance.map(|id| KeyValue::new("service.instance.id", id.to_owned())));
    Resource::builder()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .with_attributes(attributes)
        .build()
}

/// Checks the filter of the log in `EQUITY_LOG`.
///
/// # Errors
/// It is no filter.
pub fn check() -> Result<(), TelemetryError> {
    Ok(filter().map(drop)?)
}

fn filter() -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(std::env::var("EQUITY_LOG").unwrap_or_else(|_| DEFAULT_LOG.to_owned()))
}

/// The log on standard error.
fn standard_error<S>(
    format: LogFormat,
) -> Result<Box<dyn Layer<S> + Send + Sync>, tracing_subscriber::filter::ParseError>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
{
    let filter = filter()?.and(Sparing::start());
    let layer = fmt::layer().with_writer(std::io::stderr);
    Ok(match format {
        LogFormat::Text => {
            layer.with_ansi(std::io::stderr().is_terminal()).with_filter(filter).boxed()
        }
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    })
}

/// Whether a span or event comes from this crate: library or binary.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let krate = target.split("::").next();
    krate == Some("equity_indicators") || krate == Some("equity")
}

fn is_our_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && is_ours(metadata)
}

fn is_our_event(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && *metadata.level() <= Level::INFO && is_ours(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_do_not_warn_unless_an_operator_asks_for_it() {
        let logs = |filter: &str| {
            let filter = fmt::layer().with_filter(EnvFilter::new(filter));
            tracing::subscriber::with_default(Registry::default().with(filter), || {
                [
                    tracing::enabled!(target: "h2::proto::ping_pong", Level::WARN),
                    tracing::enabled!(target: "hyper::proto", Level::WARN),
                    tracing::enabled!(target: "tonic", Level::WARN),
                    tracing::enabled!(target: "h2::proto", Level::ERROR),
                    tracing::enabled!(target: "equity_indicators::server", Level::INFO),
                ]
            })
        };
        assert_eq!(logs(DEFAULT_LOG), [false, false, false, true, true]);
        assert_eq!(logs("info"), [true; 5]);
    }
}
