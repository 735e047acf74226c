//! What the specification of gRPC asks of a server, on a real port: content types, other protocols, health, unknown methods, stopping.

use std::time::Duration;

use bytes::Bytes;
use equity_indicators::server::ServerSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, ServiceUnknown, Serving};
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use super::raw::{Raw, WORD};
use super::support::{ECHO, SLEEP, TestServer, soon};

const WITHDRAW: &str = "/equity.v1.SubmissionService/WithdrawSubmission";

#[tokio::test]
async fn only_post_with_the_content_type_of_grpc_is_a_call() {
    let server = TestServer::start(ServerSettings::default()).await;
    let raw = Raw::connect(server.address).await;
    let foreign = [
        ("POST", "text/plain"),
        ("POST", "application/x-www-form-urlencoded"),
        ("POST", "multipart/form-data; boundary=application/grpc"),
        ("POST", "application/json"),
        ("POST", ""),
        ("GET", ""),
        ("GET", "application/grpc"),
        ("PUT", "application/grpc+proto"),
        ("POST", "application/grpc-web"),
        ("POST", "application/grpc+json"),
        ("POST", "application/grpcs"),
    ];
    for path in [ECHO, WITHDRAW, "/", "/nothing"] {
        for (method, content) in foreign {
            let answer = raw.send(method, path, &[("content-type", content)], WORD).await;
            let about = format!("{method} {content}: {answer:?}");
            assert_eq!(answer.http, 415, "{about}");
            assert_eq!(answer.code(), Code::InvalidArgument, "{about}");
            let is_grpc = content.starts_with("application/grpc");
            let said = if is_grpc { answer.message() } else { answer.text() };
            assert!(said.contains("takes POST with `application/grpc` alone"), "{about}");
            assert_eq!(answer.body.is_empty(), is_grpc, "{about}");
        }
    }
    for content in ["application/grpc", "application/grpc+proto", "Application/gRPC; charset=utf-8"]
    {
        let answer = raw.send("POST", ECHO, &[("content-type", content)], WORD).await;
        assert_eq!((answer.http, answer.code()), (200, Code::Ok), "{content}: {answer:?}");
        assert_eq!(answer.body, WORD, "{content}");
    }
}

#[tokio::test]
async fn a_client_of_http_1_gets_a_sentence() {
    let server = TestServer::start(ServerSettings::default()).await;
    let long = format!("POST /x HTTP/1.1\r\ncontent-length: 50000\r\n\r\n{}", "x".repeat(50_000));
    for request in ["GET / HTTP/1.1\r\nHost: equity\r\n\r\n", "PRI / HTTP/1.1\r\n\r\n", &long] {
        for size in [1, 5, usize::MAX].into_iter().filter(|size| *size > 1 || request.len() < 100) {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            for part in request.as_bytes().chunks(size) {
                stream.write_all(part).await.unwrap();
            }
            let mut answer = String::new();
            soon(stream.read_to_string(&mut answer)).await.unwrap();
            let (head, text) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 505 HTTP Version Not Supported\r\n"), "{answer}");
            assert!(head.contains(&format!("content-length: {}\r\n", text.len())), "{answer}");
            assert!(text.starts_with("This is a gRPC service"), "{answer}");
        }
    }
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\0").await.unwrap();
    let mut answer = Vec::new();
    // The end of the stream, or a reset.
    let _closed = soon(stream.read_to_end(&mut answer)).await;
    assert!(answer.is_empty(), "who speaks neither gets nothing: {answer:?}");
}

#[tokio::test]
async fn http_2_may_open_byte_by_byte() {
    let server = TestServer::start(ServerSettings::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
        let said = tokio::time::timeout(Duration::from_millis(1), stream.readable()).await;
        assert!(said.is_err(), "nothing is sent before HTTP/2 is open");
        stream.write_all(&[*byte]).await.unwrap();
    }
    let mut head = [0; 9];
    soon(stream.read_exact(&mut head)).await.unwrap();
    assert_eq!(head[3], 4, "settings come first");
}

#[tokio::test]
async fn health_answers_for_each_service() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = HealthClient::new(server.client().await.channel);
    let about = |service: &str| HealthCheckRequest { service: service.to_owned() };
    let check = async |service: &str| {
        let answer = soon(client.clone().check(about(service))).await;
        answer.map(|answer| answer.into_inner().status())
    };
    let (changes, questions) = ("equity.v1.SubmissionService", "equity.v1.BreakdownService");
    for service in ["", changes, questions] {
        assert_eq!(check(service).await.unwrap(), Serving, "{service}");
    }
    let unknown = check("equity.v1.SubmisionService").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert!(
        unknown.message().contains("the nearest is `equity.v1.SubmissionService`"),
        "{unknown:?}"
    );

    let watch = async |service: &str| {
        soon(client.clone().watch(about(service))).await.unwrap().into_inner()
    };
    let (mut of_changes, mut of_questions) = (watch(changes).await, watch(questions).await);
    let mut of_nothing = watch("no.such.Service").await;
    assert_eq!(soon(of_nothing.message()).await.unwrap().unwrap().status(), ServiceUnknown);
    assert_eq!(soon(of_changes.message()).await.unwrap().unwrap().status(), Serving);
    assert_eq!(soon(of_questions.message()).await.unwrap().unwrap().status(), Serving);

    server.health.takes_changes(false);
    assert_eq!(soon(of_changes.message()).await.unwrap().unwrap().status(), NotServing);
    assert_eq!(check(changes).await.unwrap(), NotServing);
    for service in ["", questions] {
        assert_eq!(check(service).await.unwrap(), Serving, "{service}");
    }
    let silent = |what| format!("{what} has no news, and its watch stays open");
    let moment = Duration::from_millis(300);
    for mut open in [of_nothing, of_questions] {
        tokio::time::timeout(moment, open.message()).await.expect_err(&silent("a service"));
    }
    server.health.takes_changes(true);
    assert_eq!(soon(of_changes.message()).await.unwrap().unwrap().status(), Serving);
}

#[tokio::test]
async fn an_unknown_method_is_told_by_name() {
    let server = TestServer::start(ServerSettings::default()).await;
    let raw = Raw::connect(server.address).await;
    for (path, told) in [
        (
            "/no.such.Service/ListAreas",
            "no method `no.such.Service/ListAreas`; the nearest is `equity.v1.ReferenceService/ListAreas`",
        ),
        (
            "/grpc.health.v1.Health/Chek",
            "no method `grpc.health.v1.Health/Chek`; the nearest is `grpc.health.v1.Health/Check`",
        ),
        (
            "/equity.v1.ReferenceService/Nonsense",
            "no method `equity.v1.ReferenceService/Nonsense`; proto/README.md lists",
        ),
        ("/nonsense", "no method `nonsense`; proto/README.md lists the methods"),
        ("/", "no method ``; proto/README.md lists the methods"),
    ] {
        let answer = raw.call(path, WORD).await;
        assert_eq!((answer.http, answer.code()), (200, Code::Unimplemented), "{path}: {answer:?}");
        assert!(answer.message().starts_with(told), "{path}: {answer:?}");
    }
}

/// A caller of a full service should wait; a caller of one that stops should go to another replica.
#[tokio::test]
async fn stopping_is_told_apart_from_overloaded() {
    let settings = ServerSettings {
        max_in_flight: 1,
        drain: Duration::from_secs(4),
        ..ServerSettings::default()
    };
    let server = TestServer::start(settings).await;
    let raw = Raw::connect(server.address).await;
    let (_working, mut body) = raw.begin("POST", SLEEP, &[]).await;
    body.send_data(Bytes::from_static(WORD), true).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let full = soon(server.client().await.unary(ECHO)).await.unwrap_err();
    assert_eq!(full.get_details_error_info().unwrap().reason, "OVERLOADED");

    let (late, mut body) = raw.begin("POST", ECHO, &[]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(200)).await;
    body.send_data(Bytes::from_static(WORD), true).unwrap();
    let stopping = raw.answer(late).await;
    assert_eq!(stopping.code(), Code::Unavailable, "{stopping:?}");
    assert!(stopping.message().contains("is stopping"), "{stopping:?}");
}
