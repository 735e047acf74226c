//! A page of metrics for Prometheus, on a port of its own: `GET /metrics` and nothing else, in plain text. `text` writes it.
//!
//! Metrics are collected when the page is asked for. It names no area or person, and of
//! organisations only the partners of the operator's own file, so there is no access control.

mod text;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::error::TelemetryError;
use super::settings::TelemetrySettings;

/// The one page.
const PATH: &str = "/metrics";
const TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// Longest time from a connection to its answer.
const LONGEST: Duration = Duration::from_secs(10);
/// Connections at once. The next one waits.
const AT_ONCE: usize = 16;
/// Metrics are collected for each page, and otherwise hardly ever.
const SELDOM: Duration = Duration::from_secs(24 * 60 * 60);

/// The last page that was made.
#[derive(Debug, Clone, Default)]
struct Page(Arc<Mutex<String>>);

impl PushMetricExporter for Page {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text::page(metrics);
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

/// A page that is going to be served.
pub(super) struct Prometheus {
    listener: TcpListener,
    page: Page,
}

impl Prometheus {
    /// Listens where the settings say; none: nowhere.
    pub(super) fn listen(settings: &TelemetrySettings) -> Result<Option<Self>, TelemetryError> {
        let address = settings.prometheus.filter(|_| !settings.is_disabled);
        let Some(address) = address else { return Ok(None) };
        let listen = || {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        let listener = listen().map_err(|error| TelemetryError::Page { address, error })?;
        Ok(Some(Self { listener, page: Page::default() }))
    }

    /// What collects the metrics of the page.
    pub(super) fn provider(&self, resource: &Resource) -> SdkMeterProvider {
        let reader = PeriodicReader::builder(self.page.clone()).with_interval(SELDOM).build();
        SdkMeterProvider::builder().with_resource(resource.clone()).with_reader(reader).build()
    }

    /// Serves the page until what is returned is dropped.
    pub(super) fn serve(self, provider: SdkMeterProvider) -> AbortOnDropHandle<()> {
        if let Ok(address) = self.listener.local_addr() {
            tracing::info!("metrics for Prometheus at http://{address}{PATH}");
        }
        AbortOnDropHandle::new(tokio::spawn(serve(self.listener, self.page, provider)))
    }
}

async fn serve(listener: TcpListener, page: Page, provider: SdkMeterProvider) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (page, provider) = (page.clone(), provider.clone());
                tokio::spawn(async move {
                    let answering = answer(stream, page, provider);
                    if tokio::time::timeout(LONGEST, answering).await.is_err() {
                        tracing::debug!("a reader of the page of metrics took too long");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the page of metrics cannot accept a connection");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, page: Page, provider: SdkMeterProvider) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (page, provider) = (page.clone(), provider.clone());
        async move { Ok::<_, std::convert::Infallible>(respond(&request, page, provider).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the page of metrics has ended");
    }
}

async fn respond(
    request: &Request<Incoming>,
    page: Page,
    provider: SdkMeterProvider,
) -> Response<Full<Bytes>> {
    let plain = |status: StatusCode, text: String| {
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, TYPE);
        response
    };
    if request.uri().path() != PATH {
        return plain(StatusCode::NOT_FOUND, format!("only {PATH} is served here\n"));
    }
    if request.method() != Method::GET {
        let mut response =
            plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n".to_owned());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    // Collecting blocks.
    let collected = tokio::task::spawn_blocking(move || provider.force_flush().map(|()| page));
    match collected.await {
        Ok(Ok(page)) => {
            let text = page.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            plain(StatusCode::OK, text)
        }
        Ok(Err(error)) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}
