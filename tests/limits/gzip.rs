//! Messages compressed with gzip are taken like others; a small one that becomes very large is refused.

use equity_indicators::server::ServerSettings;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use super::good::goes_on_beside;
use super::raw::{Raw, WORD};
use super::support::{ECHO, SUBMIT, TestServer, soon};
use crate::support::hostile::{bomb, marked, packed};

/// Headers of a call.
type Headers<'a> = &'a [(&'a str, &'a str)];

const GZIP: Headers<'_> = &[("grpc-encoding", "gzip")];

#[tokio::test]
async fn compressed_messages_are_taken() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    assert_eq!(soon(client.packing().unary(ECHO)).await.unwrap(), "word");
    let rows = tokio_stream::iter((0..50).map(|row| format!("{row}").repeat(2_000)));
    assert_eq!(soon(client.packing().submit(rows)).await.unwrap(), "50");
    let health = HealthClient::new(client.channel.clone());
    let mut health = health.send_compressed(CompressionEncoding::Gzip);
    soon(health.check(HealthCheckRequest::default())).await.unwrap();
    // Plain and compressed messages may come one after the other.
    let raw = Raw::connect(server.address).await;
    let word = &WORD[5..];
    let mixed = [WORD, &packed(word), WORD].concat();
    let answer = raw.send("POST", SUBMIT, GZIP, &mixed).await;
    assert_eq!((answer.code(), &answer.body[5..]), (Code::Ok, &b"\x0a\x013"[..]), "{answer:?}");
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_refused() {
    let server = TestServer::start(ServerSettings::default()).await;
    let raw = Raw::connect(server.address).await;
    let word = packed(&WORD[5..]);
    let cases: [(Headers<'_>, Vec<u8>, Code, &str); 5] = [
        (
            &[("grpc-encoding", "deflate")],
            word.clone(),
            Code::Unimplemented,
            "grpc-encoding `deflate` is not supported",
        ),
        (
            &[],
            word.clone(),
            Code::Internal,
            "request: is marked as compressed, and the header grpc-encoding names no",
        ),
        (
            &[("grpc-encoding", "identity")],
            word,
            Code::Internal,
            "request: is marked as compressed",
        ),
        (
            GZIP,
            marked(b"no gzip"),
            Code::InvalidArgument,
            "request: is marked as compressed with gzip and cannot",
        ),
        (
            GZIP,
            marked(&bomb()[5..1_000]),
            Code::InvalidArgument,
            "request: is marked as compressed with gzip and cannot",
        ),
    ];
    for path in [ECHO, SUBMIT] {
        for (headers, body, code, told) in &cases {
            let answer = raw.send("POST", path, headers, body).await;
            assert_eq!(answer.code(), *code, "{path}: {answer:?}");
            assert!(answer.message().starts_with(told), "{path}: {answer:?}");
            let known =
                answer.headers.get("grpc-accept-encoding").map(|known| known.to_str().unwrap());
            let expected = (*code == Code::Unimplemented).then_some("identity,gzip");
            assert_eq!(known, expected, "{path}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_are_refused_and_keep_nobody_out() {
    let server = TestServer::start(ServerSettings::default()).await;
    let (address, bomb) = (server.address, bomb());
    assert!(bomb.len() < 80 << 10, "{}", bomb.len());
    let client = server.client().await;
    let ask = move || {
        let client = client.clone();
        async move { client.unary(ECHO).await.map(drop) }
    };
    goes_on_beside("bombs", ask, async || {
        for path in [ECHO, SUBMIT].repeat(20) {
            let raw = Raw::connect(address).await;
            let answer = raw.send("POST", path, GZIP, &bomb).await;
            let status = Status::from_header_map(&answer.headers).unwrap();
            assert_eq!(status.code(), Code::OutOfRange, "{path}: {status:?}");
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.reason, "MESSAGE_TOO_LARGE", "{path}");
            let (answer, mut sending) = raw.begin("POST", path, GZIP).await;
            sending.send_data(bomb.clone().into(), true).unwrap();
            // It may still be told.
            drop(answer.await);
            raw.ends().await;
        }
    })
    .await;
}
