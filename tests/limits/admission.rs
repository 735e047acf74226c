//! A full server refuses at once, on all connections together, and says when to come again.

use std::time::{Duration, Instant};

use equity_indicators::server::ServerSettings;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use super::support::{Client, ECHO, SLEEP, TICK, TestServer, WATCH, soon};

/// Keeps asking until the answer is as wanted.
async fn until(client: &Client, wanted: impl Fn(&Result<String, tonic::Status>) -> bool) {
    soon(async {
        while !wanted(&client.unary(ECHO).await) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_next_call_is_refused_at_once() {
    let settings = ServerSettings { max_in_flight: 2, max_watches: 1, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let mut sleepers = Vec::new();
    for _ in 0..2 {
        let client = server.client().await;
        sleepers.push(tokio::spawn(async move { client.unary(SLEEP).await }));
    }
    let client = server.client().await;
    until(&client, Result::is_err).await;

    let mut quickest = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        let status = soon(client.unary(ECHO)).await.unwrap_err();
        quickest = quickest.min(begun.elapsed());
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.get_details_error_info().unwrap().reason, "OVERLOADED");
        assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
        assert!(status.metadata().get("grpc-retry-pushback-ms").is_some());
    }
    assert!(quickest < Duration::from_millis(50), "refused after {quickest:?}");

    let check = HealthCheckRequest { service: String::new() };
    let health = HealthClient::new(client.channel.clone()).check(check).await;
    assert!(health.is_ok(), "health is asked for when the server is full: {health:?}");
    let mut watch = soon(client.watch(WATCH)).await.expect("watches have seats of their own");
    assert_eq!(soon(watch.message()).await.unwrap().unwrap(), "word");
    let second = soon(client.watch(WATCH)).await.unwrap_err();
    assert_eq!(second.code(), Code::Unavailable);

    for sleeper in sleepers {
        sleeper.abort();
    }
    until(&client, Result::is_ok).await;
}

#[tokio::test]
async fn a_stream_keeps_its_seat_until_it_ends() {
    let settings = ServerSettings { max_in_flight: 1, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let client = server.client().await;
    let mut stream = soon(client.watch(TICK)).await.unwrap();
    assert!(soon(stream.message()).await.unwrap().is_some());
    assert_eq!(soon(client.unary(ECHO)).await.unwrap_err().code(), Code::Unavailable);
    drop(stream);
    until(&client, Result::is_ok).await;
}
