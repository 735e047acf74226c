//! A collector in this process: it receives what an operator would see of a service.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::logs::v1 as logs;
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::collector::trace::v1 as trace;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Identity, ServerTlsConfig};
use tonic::{Request, Response, Status};

use super::certificates::Certificates;

/// Everything that was exported.
#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Received>>);

#[derive(Default)]
struct Received {
    spans: Vec<trace::ExportTraceServiceRequest>,
    metrics: Vec<metrics::ExportMetricsServiceRequest>,
    logs: Vec<logs::ExportLogsServiceRequest>,
    /// What requests have in their header `tenant`.
    tenants: Vec<String>,
    /// How requests are packed, each way once.
    encodings: BTreeSet<&'static str>,
}

#[tonic::async_trait]
impl trace::trace_service_server::TraceService for Collector {
    async fn export(
        &self,
        request: Request<trace::ExportTraceServiceRequest>,
    ) -> Result<Response<trace::ExportTraceServiceResponse>, Status> {
        self.tenant(request.metadata().as_ref());
        self.0.lock().unwrap().spans.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl metrics::metrics_service_server::MetricsService for Collector {
    async fn export(
        &self,
        request: Request<metrics::ExportMetricsServiceRequest>,
    ) -> Result<Response<metrics::ExportMetricsServiceResponse>, Status> {
        self.tenant(request.metadata().as_ref());
        self.0.lock().unwrap().metrics.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl logs::logs_service_server::LogsService for Collector {
    async fn export(
        &self,
        request: Request<logs::ExportLogsServiceRequest>,
    ) -> Result<Response<logs::ExportLogsServiceResponse>, Status> {
        self.tenant(request.metadata().as_ref());
        self.0.lock().unwrap().logs.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

impl Collector {
    /// A collector on a free port, and its address.
    pub(crate) async fn start() -> (Self, String) {
        Self::start_grpc(None).await
    }

    /// The same with TLS, if there are certificates.
    pub(crate) async fn start_grpc(tls: Option<&Certificates>) -> (Self, String) {
        let collector = Self::default();
        let mut server = tonic::transport::Server::builder();
        if let Some(certificates) = tls {
            let files = certificates.files();
            let [cert, key] =
                [files.certificate, files.key].map(|file| std::fs::read(file).unwrap());
            let tls = ServerTlsConfig::new().identity(Identity::from_pem(cert, key));
            server = server.tls_config(tls).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = endpoint(&listener, tls.is_some());
        let gzip = CompressionEncoding::Gzip;
        let spans = trace::trace_service_server::TraceServiceServer::new(collector.clone());
        let metrics = metrics::metrics_service_server::MetricsServiceServer::new(collector.clone());
        let logs = logs::logs_service_server::LogsServiceServer::new(collector.clone());
        let server = server
            .add_service(spans.accept_compressed(gzip))
            .add_service(metrics.accept_compressed(gzip))
            .add_service(logs.accept_compressed(gzip))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        (collector, endpoint)
    }

    /// A collector over HTTP on a free port, with TLS if there are certificates, and its address.
    pub(crate) async fn start_http(tls: Option<&Certificates>) -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = endpoint(&listener, tls.is_some());
        let (acceptor, received) = (tls.map(acceptor), collector.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, received) = (acceptor.clone(), received.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => received.answer(stream).await,
                        // Who does not trust the certificate ends the handshake.
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                received.answer(stream).await;
                            }
                        }
                    }
                });
            }
        });
        (collector, endpoint)
    }

    async fn answer(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let collector = self.clone();
            async move {
                collector.tenant(request.headers());
                assert_eq!(request.headers()["content-type"], "application/x-protobuf");
                let path = request.uri().path().to_owned();
                let is_packed = request.headers().contains_key("content-encoding");
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let body = if is_packed { unpacked(&body) } else { body };
                let mut received = collector.0.lock().unwrap();
                match path.as_str() {
                    "/v1/traces" => received.spans.push(Message::decode(body).unwrap()),
                    "/v1/metrics" => received.metrics.push(Message::decode(body).unwrap()),
                    "/v1/logs" => received.logs.push(Message::decode(body).unwrap()),
                    other => panic!("{other}"),
                }
                Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::default()))
            }
        });
        // The client closes the connection when it has the answer.
        let _closed = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    fn tenant(&self, headers: &http::HeaderMap) {
        for name in ["grpc-encoding", "content-encoding"] {
            match headers.get(name).map(|how| how.to_str().unwrap()) {
                Some("gzip") => drop(self.0.lock().unwrap().encodings.insert("gzip")),
                other => assert!(matches!(other, None | Some("identity")), "{other:?}"),
            }
        }
        let tenant = headers.get("tenant").map(|tenant| tenant.to_str().unwrap().to_owned());
        self.0.lock().unwrap().tenants.extend(tenant);
    }

    /// What requests had in their header `tenant`.
    pub(crate) fn tenants(&self) -> Vec<String> {
        self.0.lock().unwrap().tenants.clone()
    }

    /// How requests were packed, each way once.
    pub(crate) fn encodings(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().encodings.iter().copied().collect()
    }

    /// All spans.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let received = self.0.lock().unwrap();
        let resources = received.spans.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// How many batches of log records came.
    pub(crate) fn log_count(&self) -> usize {
        self.0.lock().unwrap().logs.len()
    }

    /// All log records.
    pub(crate) fn log_records(&self) -> Vec<LogRecord> {
        let received = self.0.lock().unwrap();
        let resources = received.logs.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records.clone()).collect()
    }

    /// The metrics of every export.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let received = self.0.lock().unwrap();
        let resources = received.metrics.iter().flat_map(|request| &request.resource_metrics);
        let scopes = resources.flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.clone()).collect()
    }

    /// The last export of metrics, which counts from the start.
    pub(crate) fn last_metrics(&self) -> Option<metrics::ExportMetricsServiceRequest> {
        self.0.lock().unwrap().metrics.last().cloned()
    }
}

fn unpacked(body: &[u8]) -> Bytes {
    let mut all = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut all).unwrap();
    all.into()
}

fn endpoint(listener: &TcpListener, is_secure: bool) -> String {
    let port = listener.local_addr().unwrap().port();
    if is_secure { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") }
}

fn acceptor(certificates: &Certificates) -> TlsAcceptor {
    let files = certificates.files();
    let chain = CertificateDer::pem_file_iter(files.certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(files.key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
