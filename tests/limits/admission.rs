//! A full server refuses at once, on all connections together, and says when to come again.

use std::time::{Duration, Instant};

use equity_indicators::server::ServerSettings;
use tokio_util::task::AbortOnDropHandle;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use super::support::{Client, ECHO, SLEEP, TICK, TestServer, WATCH, soon, until_begun};

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

/// One connection with as many open calls as there are places has its share of them, a quarter. The rest is for others, who get in.
#[tokio::test]
async fn a_connection_with_256_open_calls_leaves_places_to_others() {
    const CALLS: usize = 256;
    const SHARE: usize = CALLS / 4;
    let settings = ServerSettings {
        max_in_flight: CALLS,
        max_concurrent_streams: u32::try_from(CALLS).unwrap(),
        ..ServerSettings::default()
    };
    let server = TestServer::start(settings).await;
    let begin = async |name: &str, calls: usize| {
        let client = server.client().await;
        let calls = (0..calls).map(|number| {
            let (client, word) = (client.clone(), format!("{name} has a share {number}"));
            let call = async move { client.send(SLEEP, tonic::Request::new(word)).await };
            AbortOnDropHandle::new(tokio::spawn(call))
        });
        calls.collect::<Vec<_>>()
    };
    let greedy = begin("greedy", CALLS).await;
    let ended = async |calls: &[AbortOnDropHandle<_>], count: usize| {
        let finished = || calls.iter().filter(|call| call.is_finished()).count();
        soon(async {
            while finished() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        finished()
    };
    assert_eq!(ended(&greedy, CALLS - SHARE).await, CALLS - SHARE);
    // Three others have all that they may.
    let mut others = Vec::new();
    for name in ["second", "third", "fourth"] {
        assert_eq!(soon(server.client().await.unary(ECHO)).await.unwrap(), "word");
        others.push(begin(name, SHARE).await);
        for number in 0..SHARE {
            until_begun(&format!("{name} has a share {number}")).await;
        }
    }
    let refused = soon(server.client().await.unary(ECHO)).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "OVERLOADED", "{refused:?}");
    for call in greedy {
        if call.is_finished() {
            let status = call.await.unwrap().unwrap_err();
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            assert_eq!(status.get_details_error_info().unwrap().reason, "OVERLOADED");
            assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
        }
    }
    assert!(others.iter().flatten().all(|call| !call.is_finished()), "an open call was ended");
}
