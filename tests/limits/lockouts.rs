//! Cheap ways to keep others out: calls whose messages never come, answers that nobody takes, connections that say nothing. A client
//! that asks every 100 ms sees no error beside any of them.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use equity_indicators::server::ServerSettings;
use h2::client::SendRequest;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::good::goes_on_beside;
use super::raw::Raw;
use super::support::{Client, ECHO, TestServer, WATCH, soon};
use crate::support::hostile::OPENING;

/// So many connections with so many calls each fill every seat.
const CONNECTIONS: usize = 4;
const CALLS: usize = 64;

type Asked = Pin<Box<dyn Future<Output = Result<(), tonic::Status>> + Send>>;

async fn connect(address: SocketAddr, window: u32) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut client = h2::client::Builder::new();
    client.initial_window_size(window);
    let (requests, connection) = client.handshake(stream).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    requests
}

/// Begins a call. The result keeps it open.
async fn begin(
    requests: &SendRequest<Bytes>,
    path: &str,
    header: &str,
) -> Option<(h2::client::ResponseFuture, h2::SendStream<Bytes>)> {
    let request = http::Request::post(format!("http://equity{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("x-long", header)
        .body(())
        .unwrap();
    // A connection that was cut takes no more calls.
    let mut ready = requests.clone().ready().await.ok()?;
    ready.send_request(request, false).ok()
}

/// A message of gRPC: the text `word`.
fn word() -> Bytes {
    Bytes::from_static(b"\0\0\0\0\x06\x0a\x04word")
}

/// How the good client asks: on its connection, and whoever comes anew gets one.
fn asks(server: &TestServer, client: Client) -> impl Fn() -> Asked + Clone + use<> {
    let address = server.address;
    move || {
        let client = client.clone();
        Box::pin(async move {
            client.unary(ECHO).await?;
            let stream = TcpStream::connect(address).await;
            stream.map(drop).map_err(|error| tonic::Status::unavailable(error.to_string()))
        })
    }
}

/// What comes of a message, and a header: a part, nothing at all, and headers as large as they may be.
pub(super) fn unfinished() -> [(Option<Bytes>, String); 3] {
    let long = "x".repeat(7_000);
    [(Some(Bytes::from_static(b"\0\0\0")), String::new()), (None, String::new()), (None, long)]
}

/// Calls that fill every seat, and of whose messages no more comes than this.
pub(super) async fn messages_that_never_come(
    address: SocketAddr,
    path: &str,
    (part, header): &(Option<Bytes>, String),
) {
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        let requests = connect(address, 1 << 16).await;
        for _ in 0..CALLS {
            let Some((answer, mut body)) = soon(begin(&requests, path, header)).await else {
                break;
            };
            if let Some(part) = part {
                body.send_data(part.clone(), false).unwrap();
            }
            open.push((answer, body));
        }
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
}

/// As many calls with a whole message, whose answers are not read.
pub(super) async fn answers_that_nobody_takes(address: SocketAddr, path: &str, message: &Bytes) {
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        let requests = connect(address, 0).await;
        for _ in 0..CALLS {
            let Some((answer, mut body)) = soon(begin(&requests, path, "")).await else {
                break;
            };
            body.send_data(message.clone(), true).unwrap();
            open.push(answer);
        }
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
}

/// Connections that say this and nothing more.
pub(super) async fn silence(address: SocketAddr, said: &[u8]) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said).await.unwrap();
        silent.push(stream);
    }
    silent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_never_come_keep_nobody_out() {
    let server = TestServer::start(ServerSettings::default()).await;
    let ask = asks(&server, server.client().await);
    for part in &unfinished() {
        let send = async || messages_that_never_come(server.address, ECHO, part).await;
        goes_on_beside("messages that never come", ask.clone(), send).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_takes_keep_nobody_out() {
    let server = TestServer::start(ServerSettings::default()).await;
    let ask = asks(&server, server.client().await);
    for path in [ECHO, WATCH] {
        let read_nothing = async || answers_that_nobody_takes(server.address, path, &word()).await;
        goes_on_beside("answers that nobody takes", ask.clone(), read_nothing).await;
    }
}

/// Watches that nobody reads make room for one that is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_that_nobody_reads_make_room() {
    let settings = ServerSettings { max_watches: 8, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let requests = connect(server.address, 0).await;
        for _ in 0..2 {
            let (answer, mut body) = soon(begin(&requests, WATCH, "")).await.unwrap();
            body.send_data(word(), true).unwrap();
            open.push(soon(answer).await.unwrap());
        }
    }
    let client = server.client().await;
    let again = async {
        loop {
            match client.watch(WATCH).await {
                Ok(mut watch) => break watch.message().await.unwrap(),
                Err(refused) => assert_eq!(refused.code(), tonic::Code::Unavailable),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    assert_eq!(soon(again).await.as_deref(), Some("word"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_say_nothing_keep_nobody_out() {
    let settings = ServerSettings { max_connections: 32, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let ask = asks(&server, server.client().await);
    let beside = async |said: &[u8]| {
        let silent = silence(server.address, said).await;
        // Whoever comes now waits until the silent ones have made room, and no longer.
        let late = server.client().await;
        assert_eq!(soon(late.unary(ECHO)).await.unwrap(), "word");
        drop(silent);
    };
    for said in [&b""[..], OPENING] {
        goes_on_beside("connections that say nothing", ask.clone(), async || beside(said).await)
            .await;
    }
}

/// Health may be watched without end and by anybody: whoever does nothing else is as quiet as who never calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_only_watch_health_keep_nobody_out() {
    let settings = ServerSettings { max_connections: 8, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        let requests = connect(server.address, 1 << 16).await;
        let (answer, mut body) =
            soon(begin(&requests, "/grpc.health.v1.Health/Watch", "")).await.unwrap();
        body.send_data(Bytes::from_static(b"\0\0\0\0\0"), true).unwrap();
        open.push(soon(answer).await.unwrap());
    }
    let late = server.client().await;
    assert_eq!(soon(late.unary(ECHO)).await.unwrap(), "word");
}

/// Whether the service serves, and what it has, may be asked by anybody: whoever asks nothing else again and again is as quiet as who never calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_only_ask_about_the_service_keep_nobody_out() {
    let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    for path in ["/grpc.health.v1.Health/Check", reflection] {
        let settings = ServerSettings { max_connections: 8, ..ServerSettings::default() };
        let server = TestServer::start(settings).await;
        let mut asking = Vec::new();
        for _ in 0..8 {
            let raw = Raw::connect(server.address).await;
            assert_eq!(raw.call(path, b"\0\0\0\0\0").await.http, 200);
            asking.push(AbortOnDropHandle::new(tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    // A connection that is cut ends this task.
                    raw.call(path, b"\0\0\0\0\0").await;
                }
            })));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(asking.iter().all(|one| !one.is_finished()), "{path}: a place was free");
        let late = server.client().await;
        assert_eq!(soon(late.unary(ECHO)).await.unwrap(), "word", "{path}");
        // Who asks for data stays.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(soon(late.unary(ECHO)).await.unwrap(), "word", "{path}");
    }
}
