//! A receiver of OTLP over gRPC that answers as a script says, and over HTTP one that answers any bytes.

use std::collections::VecDeque;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1 as logs;
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// How a call of gRPC is answered. After the script every call is taken.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(Code, Option<Duration>, &'static str),
    Partial(i64),
    Hang,
    /// Taken, after a while.
    Slow(Duration),
}

/// A log record as it came, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) partner: String,
    pub(crate) record: LogRecord,
    pub(crate) at: Instant,
}

impl Got {
    /// A text attribute, without `nhs.equity.`; empty: there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        text(&self.record.attributes, &format!("nhs.equity.{name}"))
    }

    pub(crate) fn whole(&self, name: &str) -> Option<i64> {
        match value(&self.record.attributes, &format!("nhs.equity.{name}"))? {
            any_value::Value::IntValue(whole) => Some(whole),
            _ => None,
        }
    }

    pub(crate) fn sequence(&self) -> i64 {
        self.whole("sequence").unwrap()
    }
}

pub(crate) fn value(attributes: &[KeyValue], name: &str) -> Option<any_value::Value> {
    attributes.iter().find(|of| of.key == name)?.value.clone()?.value
}

pub(crate) fn text(attributes: &[KeyValue], name: &str) -> String {
    match value(attributes, name) {
        Some(any_value::Value::StringValue(text)) => text,
        _ => String::new(),
    }
}

/// What was received.
#[derive(Clone, Default)]
pub(crate) struct Received(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    script: VecDeque<Answer>,
    attempts: usize,
    /// Calls that are being answered, and the most of them there were at a time.
    running: usize,
    most: usize,
    logs: Vec<Got>,
    metrics: Vec<Metric>,
    headers: Vec<http::HeaderMap>,
    bytes: Vec<Vec<u8>>,
}

impl Received {
    pub(crate) fn logs(&self) -> Vec<Got> {
        self.0.lock().unwrap().logs.clone()
    }

    pub(crate) fn of(&self, partner: &str) -> Vec<Got> {
        self.logs().into_iter().filter(|got| got.partner == partner).collect()
    }

    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.0.lock().unwrap().metrics.clone()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.0.lock().unwrap().attempts
    }

    /// The most calls that were being answered at a time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.0.lock().unwrap().most
    }

    /// How many log records there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().logs.len()
    }

    pub(crate) fn headers(&self) -> Vec<http::HeaderMap> {
        self.0.lock().unwrap().headers.clone()
    }

    /// Every request as it was before packing.
    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().bytes.clone()
    }

    fn next(&self, headers: http::HeaderMap) -> Option<Answer> {
        let mut inner = self.0.lock().unwrap();
        inner.attempts += 1;
        inner.running += 1;
        inner.most = inner.most.max(inner.running);
        inner.headers.push(headers);
        inner.script.pop_front()
    }

    fn take_logs(&self, request: logs::ExportLogsServiceRequest) {
        let mut inner = self.0.lock().unwrap();
        inner.bytes.push(request.encode_to_vec());
        for resource in request.resource_logs {
            let of = resource.resource.unwrap_or_default();
            let partner = text(&of.attributes, "nhs.equity.recipient.partner");
            for record in resource.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
                inner.logs.push(Got { partner: partner.clone(), record, at: Instant::now() });
            }
        }
    }

    fn take_metrics(&self, request: metrics::ExportMetricsServiceRequest) {
        let mut inner = self.0.lock().unwrap();
        inner.bytes.push(request.encode_to_vec());
        let scopes = request.resource_metrics.into_iter().flat_map(|of| of.scope_metrics);
        inner.metrics.extend(scopes.flat_map(|scope| scope.metrics));
    }

    /// A receiver of gRPC on a free port; its address.
    pub(crate) async fn start(script: Vec<Answer>) -> (Self, String) {
        Self::start_at("127.0.0.1:0", script).await
    }

    pub(crate) async fn start_at(address: &str, script: Vec<Answer>) -> (Self, String) {
        let received = Self::default();
        received.0.lock().unwrap().script = script.into();
        let listener = TcpListener::bind(address).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let logs = logs::logs_service_server::LogsServiceServer::new(received.clone())
            .accept_compressed(CompressionEncoding::Gzip);
        let metrics = metrics::metrics_service_server::MetricsServiceServer::new(received.clone())
            .accept_compressed(CompressionEncoding::Gzip);
        let server = tonic::transport::Server::builder()
            .add_service(logs)
            .add_service(metrics)
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        (received, endpoint)
    }
}

/// A call that is being answered.
struct Running<'a>(&'a Received);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().running -= 1;
    }
}

fn status(code: Code, retry: Option<Duration>, message: &str) -> Status {
    match retry {
        None => Status::new(code, message),
        Some(retry) => {
            Status::with_error_details(code, message, ErrorDetails::with_retry_info(Some(retry)))
        }
    }
}

#[tonic::async_trait]
impl logs::logs_service_server::LogsService for Received {
    async fn export(
        &self,
        request: Request<logs::ExportLogsServiceRequest>,
    ) -> Result<Response<logs::ExportLogsServiceResponse>, Status> {
        let headers = request.metadata().clone().into_headers();
        let mut answer = logs::ExportLogsServiceResponse::default();
        let next = self.next(headers);
        let _running = Running(self);
        match next {
            None => {}
            Some(Answer::Status(code, retry, message)) => return Err(status(code, retry, message)),
            Some(Answer::Partial(rejected_log_records)) => {
                let error_message = "some were malformed".to_owned();
                answer.partial_success =
                    Some(logs::ExportLogsPartialSuccess { rejected_log_records, error_message });
            }
            Some(Answer::Hang) => std::future::pending().await,
            Some(Answer::Slow(time)) => tokio::time::sleep(time).await,
        }
        self.take_logs(request.into_inner());
        Ok(Response::new(answer))
    }
}

#[tonic::async_trait]
impl metrics::metrics_service_server::MetricsService for Received {
    async fn export(
        &self,
        request: Request<metrics::ExportMetricsServiceRequest>,
    ) -> Result<Response<metrics::ExportMetricsServiceResponse>, Status> {
        self.take_metrics(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

/// How a request over HTTP is answered: these bytes, or nothing and the connection is cut, or bytes without end.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    Bytes(String),
    Cut,
    Endless,
    Hang,
}

/// What an endpoint says that takes everything.
pub(crate) const TAKEN: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";

/// A receiver of HTTP on a free port.
pub(crate) async fn http(script: Vec<Raw>) -> (Received, String) {
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (inner, script) = (received.clone(), Arc::new(Mutex::new(VecDeque::from(script))));
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let (inner, script) = (inner.clone(), Arc::clone(&script));
            tokio::spawn(async move { drop(serve(stream, inner, script).await) });
        }
    });
    (received, endpoint)
}

async fn serve(
    mut stream: TcpStream,
    received: Received,
    script: Arc<Mutex<VecDeque<Raw>>>,
) -> std::io::Result<()> {
    loop {
        let Some((head, body)) = request(&mut stream).await? else { return Ok(()) };
        let answer = script.lock().unwrap().pop_front();
        received.next(headers(&head));
        match answer {
            None => {
                take(&received, &head, &body);
                stream.write_all(TAKEN.as_bytes()).await?;
            }
            Some(Raw::Bytes(bytes)) => {
                if bytes.starts_with("HTTP/1.1 200") {
                    take(&received, &head, &body);
                }
                stream.write_all(bytes.as_bytes()).await?;
            }
            Some(Raw::Cut) => {
                stream.set_zero_linger()?;
                return Ok(());
            }
            Some(Raw::Endless) => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\r\n")
                    .await?;
                loop {
                    stream.write_all(&[b'x'; 65_536]).await?;
                }
            }
            Some(Raw::Hang) => std::future::pending::<()>().await,
        }
    }
}

async fn request(stream: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let mut more = [0; 4_096];
        match stream.read(&mut more).await? {
            0 => return Ok(None),
            count => read.extend_from_slice(&more[..count]),
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let length = headers(&head).get("content-length").unwrap().to_str().unwrap().parse::<usize>();
    let length = length.unwrap();
    let mut body = read.split_off(end);
    while body.len() < length {
        let mut more = vec![0; length - body.len()];
        let count = stream.read(&mut more).await?;
        body.extend_from_slice(&more[..count]);
    }
    Ok(Some((head, body)))
}

fn headers(head: &str) -> http::HeaderMap {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, value)| {
            (name.parse::<http::HeaderName>().unwrap(), value.trim().parse().unwrap())
        })
        .collect()
}

fn take(received: &Received, head: &str, body: &[u8]) {
    let mut unpacked = Vec::new();
    if headers(head).get("content-encoding").is_some_and(|of| of == "gzip") {
        GzDecoder::new(body).read_to_end(&mut unpacked).unwrap();
    } else {
        unpacked.extend_from_slice(body);
    }
    if head.starts_with("POST /v1/metrics") || head.contains("/v1/metrics ") {
        received.take_metrics(Message::decode(unpacked.as_slice()).unwrap());
    } else {
        assert!(head.contains("/v1/logs HTTP/1.1"), "{head}");
        received.take_logs(Message::decode(unpacked.as_slice()).unwrap());
    }
}
