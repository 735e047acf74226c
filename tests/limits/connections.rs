//! At most so many connections; silent ones are cut; old ones end without harm to their calls.

use std::time::Duration;

use equity_indicators::server::ServerSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::raw::{Raw, WORD};
use super::support::{ECHO, NAP, TestServer, soon};
use crate::support::hostile::OPENING;

#[tokio::test]
async fn the_next_connection_waits_for_a_place() {
    let settings = ServerSettings { max_connections: 2, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let (first, second) = (server.client().await, server.client().await);
    soon(first.unary(ECHO)).await.unwrap();
    soon(second.unary(ECHO)).await.unwrap();

    let third = server.client().await;
    let waiting = tokio::spawn(async move { third.unary(ECHO).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished(), "a third connection was let in, or refused");
    drop(first);
    assert_eq!(soon(waiting).await.unwrap().unwrap(), "word");
    soon(second.unary(ECHO)).await.unwrap();
}

#[tokio::test]
async fn a_silent_connection_is_cut() {
    let settings =
        ServerSettings { preface: Duration::from_millis(200), ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let talking = server.client().await;
    for opening in [&b""[..], &b"PRI * HTTP/2"[..]] {
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        silent.write_all(opening).await.unwrap();
        let mut answer = Vec::new();
        // The end of the stream, or a reset: either way it was cut.
        let _cut = soon(silent.read_to_end(&mut answer)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    soon(talking.unary(ECHO)).await.expect("who has opened HTTP/2 stays");
}

#[tokio::test]
async fn silence_after_the_preface_is_cut() {
    let settings = ServerSettings {
        keepalive_interval: Duration::from_millis(200),
        keepalive_timeout: Duration::from_millis(200),
        ..ServerSettings::default()
    };
    let server = TestServer::start(settings).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    silent.write_all(OPENING).await.unwrap();
    let mut answer = Vec::new();
    // The end of the stream, or a reset: either way it was cut.
    let _cut = soon(silent.read_to_end(&mut answer)).await;
    assert!(!answer.is_empty(), "the server did not speak HTTP/2");
}

#[tokio::test]
async fn silent_connections_give_their_places_back() {
    let settings = ServerSettings {
        max_connections: 1,
        preface: Duration::from_millis(200),
        ..ServerSettings::default()
    };
    let server = TestServer::start(settings).await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(soon(server.client().await.unary(ECHO)).await.unwrap(), "word");
    drop(silent);
}

#[tokio::test]
async fn an_old_connection_ends_without_harm() {
    let settings = ServerSettings {
        max_connection_age: Duration::from_millis(200),
        ..ServerSettings::default()
    };
    let server = TestServer::start(settings).await;
    let client = server.client().await;
    assert_eq!(soon(client.unary(NAP)).await.unwrap(), "word", "longer than the connection's age");
    assert_eq!(soon(client.unary(ECHO)).await.unwrap(), "word", "on the next connection");
    // A client that makes no connection by itself: the call that was under way has its answer, and then the connection is no more.
    let old = Raw::connect(server.address).await;
    assert_eq!(old.call(NAP, WORD).await.body, WORD);
    old.ends().await;
}

#[tokio::test]
async fn headers_have_a_limit() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    let mut request = tonic::Request::new("word".to_owned());
    request.metadata_mut().insert("x-long", "x".repeat(20_000).parse().unwrap());
    assert!(soon(client.send(ECHO, request)).await.is_err());
    let other = server.client().await;
    assert_eq!(soon(other.unary(ECHO)).await.unwrap(), "word");
}
