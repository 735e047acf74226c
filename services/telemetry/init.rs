//! Starts logs, traces and metrics, and stops them within 5 s.
//!
//! Only spans and events of this crate are exported. If those of the exporter's own h2 and tonic were exported, every export
//! would cause another. Standard error shows everything that `EQUITY_LOG` selects, errors of the exporter included.

use std::io::{ErrorKind, IsTerminal as _};
use std::thread::Builder;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio_util::task::AbortOnDropHandle;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, dynamic_filter_fn, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::{Registry, fmt};

use super::error::TelemetryError;
use super::exporters::Exporters;
use super::metrics::{Instruments, install};
use super::prometheus::Prometheus;
use super::settings::{LogFormat, TelemetrySettings};
use super::sparing::Sparing;

const NAME: &str = env!("CARGO_PKG_NAME");
/// Name of the span of a call.
const CALL: &str = "call";
/// Most time for stopping.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// Filter if `EQUITY_LOG` is not set. Libraries warn about what clients do, and clients can do it a million times.
/// OpenTelemetry warns of the operator's collector alone, and of one kind at most once a second.
const DEFAULT_LOG: &str = "error,equity=info,equity_indicators=info,opentelemetry=warn";

/// Starts telemetry for the whole process. Call it once, within the runtime, before anything is logged.
///
/// # Errors
/// The settings cannot be used, there is no runtime, or it was started before.
pub fn init(settings: &TelemetrySettings) -> Result<Guard, TelemetryError> {
    let shown = standard_error(settings.log_format)?;
    let Exporters { spans, metrics, logs } = Exporters::build(settings)?;
    let page = Prometheus::listen(settings)?;
    let resource = resource(settings.service_instance_id.as_deref());
    let ratio = Sampler::TraceIdRatioBased(settings.sample_ratio);
    let providers = Providers {
        tracer: spans.map(|spans| {
            let tracer = SdkTracerProvider::builder().with_resource(resource.clone());
            let tracer = tracer.with_sampler(Sampler::ParentBased(Box::new(ratio)));
            tracer.with_batch_exporter(spans).build()
        }),
        meter: metrics.map(|metrics| {
            let meter = SdkMeterProvider::builder().with_resource(resource.clone());
            meter.with_periodic_exporter(metrics).build()
        }),
        logger: logs.map(|logs| {
            let logger = SdkLoggerProvider::builder().with_resource(resource.clone());
            logger.with_batch_exporter(logs).build()
        }),
        page: page.as_ref().map(|page| page.provider(&resource)),
    };
    let traces = providers.tracer.as_ref().map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer.tracer(NAME))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(
                // A call is the only root: what the service does by itself is no trace of anybody.
                dynamic_filter_fn(|metadata, context| {
                    is_our_span(metadata)
                        && (metadata.name() == CALL || context.lookup_current().is_some())
                })
                .with_max_level_hint(Level::DEBUG),
            )
    });
    let logs = providers.logger.as_ref().map(|logger| {
        let events = filter_fn(is_our_event).with_max_level_hint(Level::INFO);
        // The same rule as on standard error: one client could fill the disk of the collector, too.
        OpenTelemetryTracingBridge::new(logger).with_filter(events.and(Sparing::start()))
    });
    let subscriber = Registry::default().with(traces).with(logs).with(shown);
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|_| TelemetryError::AlreadyStarted)?;
    let meters = providers.meter.iter().chain(&providers.page);
    install(meters.map(|meter| Instruments::new(&meter.meter(NAME))).collect());
    let page = page.zip(providers.page.clone()).map(|(page, provider)| page.serve(provider));
    Ok(Guard { providers: Some(providers), _page: page })
}

/// Keeps telemetry running. [`Guard::shutdown`] sends the rest and ends it.
#[derive(Debug)]
pub struct Guard {
    providers: Option<Providers>,
    _page: Option<AbortOnDropHandle<()>>,
}

impl Guard {
    /// Sends everything collected so far, within 5 s. False: the collector did not accept everything.
    pub async fn flush(&self) -> bool {
        let Some(providers) = self.providers.clone() else { return true };
        bounded(move || providers.flush()).await
    }

    /// Sends the rest and ends, within 5 s even if the collector never answers. False: data may be lost.
    pub async fn shutdown(mut self) -> bool {
        let Some(providers) = self.providers.take() else { return true };
        bounded(move || providers.shutdown()).await
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(providers) = self.providers.take() {
            // Providers flush when they are dropped, which may block: not on a thread of the runtime, if there can be another.
            let _no_thread = Builder::new().spawn(move || drop(providers));
        }
    }
}

/// Runs blocking work on a thread of its own, so that the runtime does not wait for it, even when it ends.
async fn bounded(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    let (done, finished) = tokio::sync::oneshot::channel();
    let begun = Builder::new().spawn(move || {
        // Nobody listens any more if the bound was reached.
        let _late = done.send(work());
    });
    begun.is_ok() && matches!(tokio::time::timeout(SHUTDOWN, finished).await, Ok(Ok(true)))
}

/// One provider per signal that is exported, and one for the page of metrics.
#[derive(Debug, Clone)]
struct Providers {
    tracer: Option<SdkTracerProvider>,
    meter: Option<SdkMeterProvider>,
    logger: Option<SdkLoggerProvider>,
    page: Option<SdkMeterProvider>,
}

impl Providers {
    fn flush(&self) -> bool {
        let spans = self.tracer.as_ref().map(SdkTracerProvider::force_flush);
        let metrics = self.meter.as_ref().map(SdkMeterProvider::force_flush);
        let logs = self.logger.as_ref().map(SdkLoggerProvider::force_flush);
        [spans, metrics, logs].into_iter().flatten().all(|sent| sent.is_ok())
    }

    fn shutdown(&self) -> bool {
        // The SDK's shutdown sends too, but counts what the collector did not take as well sent; its flush tells.
        let sent = self.flush();
        let each = SHUTDOWN / 3;
        let spans = self.tracer.as_ref().map(|spans| spans.shutdown_with_timeout(each));
        let logs = self.logger.as_ref().map(|logs| logs.shutdown_with_timeout(each));
        let metrics = self.meter.iter().chain(&self.page);
        let metrics = metrics.map(|metrics| metrics.shutdown_with_timeout(each));
        sent & spans.into_iter().chain(logs).chain(metrics).all(|ended| ended.is_ok())
    }
}

/// Name, version and instance of this service, as the collector sees them. What `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say comes first.
fn resource(instance: Option<&str>) -> Resource {
    let own = [
        KeyValue::new("service.name", NAME),
        KeyValue::new("service.namespace", "uk.nhs.equity"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let name = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    let set = name.map(|name| KeyValue::new("service.name", name));
    let instance = instance.map(|id| KeyValue::new("service.instance.id", id.to_owned()));
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(own)
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attributes(set.into_iter().chain(instance))
        .build()
}

/// Checks the filter of the log in `EQUITY_LOG`, the collector's settings and the address of the page of metrics. Returns what no start refuses: that
/// the address is in use now, maybe by the service that runs.
///
/// # Errors
/// A start would refuse them.
pub fn check(settings: &TelemetrySettings) -> Result<Option<String>, TelemetryError> {
    filter()?;
    Exporters::build(settings)?;
    match Prometheus::listen(settings) {
        Err(TelemetryError::Page { address, error }) if error.kind() == ErrorKind::AddrInUse => {
            Ok(Some(format!("telemetry.prometheus: {address} is in use now")))
        }
        listened => listened.map(|_| None),
    }
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
