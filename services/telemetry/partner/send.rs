//! One request, and what came of it.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use bytes::{BufMut as _, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER, TE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message as _;
use tonic_types::StatusExt as _;

use super::connect::{Connection, Sender, connect};
use super::{headers, tls};
use crate::domain::delivery::{Protocol, Reply, Signal, Subscription, Trouble};

/// From the first byte of the request to the last of the answer.
const REQUEST: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const ANSWER_BYTES: usize = 4 << 20;
/// Most characters of what an endpoint says that are kept.
const SAID: usize = 200;
/// Bytes before a gRPC message: whether it is packed, and its length.
const FRAME: usize = 5;

/// Sends requests of one signal to one endpoint, over one connection for as long as that lives.
pub(super) struct Client {
    connection: Option<Connection>,
}

impl Client {
    pub(super) fn new() -> Self {
        Self { connection: None }
    }

    /// Sends an encoded request.
    pub(super) async fn send(&mut self, of: &Subscription, signal: Signal, body: &[u8]) -> Reply {
        let sent = async {
            let connection = match self.connection.take() {
                Some(connection) => connection,
                None => connect(of).await?,
            };
            Ok::<_, (Trouble, String)>(connection)
        };
        let mut connection = match sent.await {
            Ok(connection) => connection,
            Err((trouble, why)) => return Reply::None(trouble, said(&why)),
        };
        let request = match request(of, signal, body) {
            Ok(request) => request,
            Err((trouble, why)) => return Reply::None(trouble, said(&why)),
        };
        let asked = tokio::time::timeout(REQUEST, ask(&mut connection, request, of, signal));
        let reply = match asked.await {
            Ok(Ok(reply)) => reply,
            Ok(Err((trouble, why))) => return Reply::None(trouble, said(&why)),
            Err(_) => {
                return Reply::None(Trouble::TimedOut, format!("no answer within {REQUEST:?}"));
            }
        };
        if lives(&connection) {
            self.connection = Some(connection);
        }
        reply
    }
}

fn lives(connection: &Connection) -> bool {
    match &connection.sender {
        Sender::Http(sender) => !sender.is_closed(),
        Sender::Grpc(sender) => !sender.is_closed(),
    }
}

/// What is kept of a text that an endpoint sent: its beginning, without characters that change a terminal.
fn said(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SAID).collect()
}

fn path(signal: Signal, protocol: Protocol) -> &'static str {
    match (protocol, signal) {
        (Protocol::Grpc, Signal::Logs) => {
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
        }
        (Protocol::Grpc, Signal::Metrics) => {
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
        }
        (Protocol::Http, Signal::Logs) => "/v1/logs",
        (Protocol::Http, Signal::Metrics) => "/v1/metrics",
    }
}

fn packed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(body)?;
    packer.finish()
}

fn request(
    of: &Subscription,
    signal: Signal,
    body: &[u8],
) -> Result<Request<Full<Bytes>>, (Trouble, String)> {
    let wrong = |why: String| (Trouble::Settings, why);
    let body = if of.gzip {
        packed(body).map_err(|error| wrong(error.to_string()))?
    } else {
        body.to_vec()
    };
    let path = path(signal, of.protocol);
    let (uri, body, kind, encoding) = match of.protocol {
        Protocol::Http => (
            format!("{}{path}", of.endpoint.path),
            body,
            "application/x-protobuf",
            CONTENT_ENCODING,
        ),
        Protocol::Grpc => {
            let mut framed = BytesMut::with_capacity(FRAME + body.len());
            framed.put_u8(of.gzip.into());
            framed.put_u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
            framed.extend_from_slice(&body);
            let scheme = if of.endpoint.secure { "https" } else { "http" };
            let uri = format!("{scheme}://{}{path}", of.endpoint.authority());
            let encoding = http::HeaderName::from_static("grpc-encoding");
            (uri, framed.to_vec(), "application/grpc", encoding)
        }
    };
    let mut request = Request::post(uri).body(Full::new(Bytes::from(body)));
    if let Ok(request) = &mut request {
        let given = match &of.headers_file {
            Some(file) => headers::read(file)?,
            None => HeaderMap::new(),
        };
        let headers = request.headers_mut();
        headers.extend(given);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let agent = concat!("equity-indicators/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        if of.gzip {
            headers.insert(encoding, HeaderValue::from_static("gzip"));
        }
        match of.protocol {
            Protocol::Http => {
                let host = HeaderValue::try_from(of.endpoint.authority());
                headers.insert(HOST, host.map_err(|error| wrong(error.to_string()))?);
            }
            Protocol::Grpc => {
                headers.insert(TE, HeaderValue::from_static("trailers"));
                headers.insert("grpc-timeout", HeaderValue::from_static("10S"));
            }
        }
    }
    request.map_err(|error| wrong(error.to_string()))
}

async fn ask(
    connection: &mut Connection,
    request: Request<Full<Bytes>>,
    of: &Subscription,
    signal: Signal,
) -> Result<Reply, (Trouble, String)> {
    let failed = |error: hyper::Error| {
        let trouble = if tls::is_of_tls(&error) {
            Trouble::Tls
        } else if error.is_parse() || error.is_parse_too_large() {
            Trouble::Unreadable
        } else {
            Trouble::Disconnected
        };
        (trouble, tls::in_full(&error))
    };
    let response = match &mut connection.sender {
        Sender::Http(sender) => {
            sender.ready().await.map_err(failed)?;
            sender.send_request(request).await
        }
        Sender::Grpc(sender) => {
            sender.ready().await.map_err(failed)?;
            sender.send_request(request).await
        }
    };
    let (head, body) = response.map_err(failed)?.into_parts();
    let (body, trailers) = read(body).await?;
    match of.protocol {
        Protocol::Http => http_reply(head.status, &head.headers, signal, &body),
        Protocol::Grpc => {
            grpc_reply((head.status, &head.headers), trailers.as_ref(), signal, &body)
        }
    }
}

/// The body of an answer and what follows it, as far as an answer may go.
async fn read(body: Incoming) -> Result<(Bytes, Option<HeaderMap>), (Trouble, String)> {
    let collected = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            (Trouble::TooLarge, format!("the answer has more than {ANSWER_BYTES} bytes"))
        } else if tls::is_of_tls(&*error) {
            (Trouble::Tls, tls::in_full(&*error))
        } else {
            (Trouble::Disconnected, tls::in_full(&*error))
        }
    })?;
    let trailers = collected.trailers().cloned();
    Ok((collected.to_bytes(), trailers))
}

/// How many records a response rejects, and what it says.
fn taken(signal: Signal, body: &[u8]) -> Result<Reply, (Trouble, String)> {
    let unreadable = |error: prost::DecodeError| (Trouble::Unreadable, error.to_string());
    let (rejected, message) = match signal {
        Signal::Logs => {
            let response = ExportLogsServiceResponse::decode(body).map_err(unreadable)?;
            let partial = response.partial_success.unwrap_or_default();
            (partial.rejected_log_records, partial.error_message)
        }
        Signal::Metrics => {
            let response = ExportMetricsServiceResponse::decode(body).map_err(unreadable)?;
            let partial = response.partial_success.unwrap_or_default();
            (partial.rejected_data_points, partial.error_message)
        }
    };
    Ok(Reply::Taken { rejected, message: said(&message) })
}

fn http_reply(
    status: StatusCode,
    headers: &HeaderMap,
    signal: Signal,
    body: &[u8],
) -> Result<Reply, (Trouble, String)> {
    if status == StatusCode::OK {
        return taken(signal, body);
    }
    if status.is_success() {
        // Not what the specification asks for, and taken all the same.
        return Ok(Reply::Taken { rejected: 0, message: String::new() });
    }
    let retry = headers.get(RETRY_AFTER).and_then(|value| after(value.to_str().ok()?));
    // A failure has a google.rpc.Status, if the endpoint keeps to the specification.
    let told = tonic_types::pb::Status::decode(body).map(|status| status.message);
    let message = told.unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned());
    Ok(Reply::Http { status: status.as_u16(), retry, message: said(&message) })
}

/// `Retry-After`: seconds, or a date.
fn after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    let until = SystemTime::from(until);
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

fn grpc_reply(
    (status, headers): (StatusCode, &HeaderMap),
    trailers: Option<&HeaderMap>,
    signal: Signal,
    body: &[u8],
) -> Result<Reply, (Trouble, String)> {
    let status_of = |headers: &HeaderMap| tonic::Status::from_header_map(headers);
    let Some(found) = trailers.and_then(status_of).or_else(|| status_of(headers)) else {
        if status == StatusCode::OK {
            let what = "the answer has no grpc-status".to_owned();
            return Err((Trouble::Unreadable, what));
        }
        // Not a gRPC server, or something before it.
        let message = said(&String::from_utf8_lossy(body));
        return Ok(Reply::Http { status: status.as_u16(), retry: None, message });
    };
    if found.code() == tonic::Code::Ok {
        let whole = body.get(..FRAME).filter(|frame| frame[0] == 0);
        let unreadable = || (Trouble::Unreadable, "the answer is no message".to_owned());
        return taken(signal, whole.map(|_| &body[FRAME..]).ok_or_else(unreadable)?);
    }
    let retry = found.get_details_retry_info().and_then(|info| info.retry_delay);
    let code = i32::from(found.code());
    Ok(Reply::Grpc { code, retry, message: said(found.message()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let far = after("Fri, 21 Oct 2095 07:28:00 GMT").unwrap();
        assert!(far > Duration::from_secs(3_600 * 24 * 365));
        for bad in ["", "soon", "-1", "7.5"] {
            assert_eq!(after(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_rejected_is_counted_of_either_signal() {
        use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
        use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
        let error_message = || "some were\nmalformed".to_owned();
        let logs =
            ExportLogsPartialSuccess { rejected_log_records: 3, error_message: error_message() };
        let logs = ExportLogsServiceResponse { partial_success: Some(logs) }.encode_to_vec();
        let points =
            ExportMetricsPartialSuccess { rejected_data_points: 7, error_message: error_message() };
        let points = ExportMetricsServiceResponse { partial_success: Some(points) }.encode_to_vec();
        for (signal, body, expected) in [(Signal::Logs, logs, 3), (Signal::Metrics, points, 7)] {
            let reply = taken(signal, &body).unwrap();
            let message = "some weremalformed".to_owned();
            assert_eq!(reply, Reply::Taken { rejected: expected, message });
            assert_eq!(taken(signal, b"").unwrap().name(), "OK");
            assert_eq!(taken(signal, b"\xff").unwrap_err().0, Trouble::Unreadable);
        }
    }

    #[test]
    fn nothing_that_an_endpoint_says_changes_a_terminal_or_fills_the_store() {
        assert_eq!(said("a\u{1b}[31mb\r\nc"), "a[31mbc");
        assert_eq!(said(&"x".repeat(10_000)).len(), SAID);
    }
}
