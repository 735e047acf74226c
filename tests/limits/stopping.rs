//! The server stops within its bound, whatever its clients do, and tells them.

use std::time::{Duration, Instant};

use equity_indicators::server::ServerSettings;
use tokio::net::TcpStream;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use super::support::{ECHO, NAP, SLEEP, TestServer, WATCH, drain, soon, until_begun};

fn drains_for(drain: Duration) -> ServerSettings {
    ServerSettings { drain, ..ServerSettings::default() }
}

fn says(word: &str) -> Request<String> {
    Request::new(word.to_owned())
}

#[tokio::test]
async fn clients_that_never_end_do_not_keep_it() {
    let mut server = TestServer::start(drains_for(Duration::from_millis(500))).await;
    let client = server.client().await;
    let sleeper = tokio::spawn(async move { client.send(SLEEP, says("never ends")).await });
    let silent = TcpStream::connect(server.address).await.unwrap();
    until_begun("never ends").await;

    let begun = Instant::now();
    server.shutdown.cancel();
    soon(&mut server.running).await.unwrap().unwrap();
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(400), "it did not wait for running calls");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let status = soon(sleeper).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "the call was cut: {status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, "STOPPING");
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    drop(silent);
}

#[tokio::test]
async fn running_calls_end_well_and_idle_clients_do_not_delay() {
    let mut server = TestServer::start(drains_for(Duration::from_secs(60))).await;
    let (busy, idle) = (server.client().await, server.client().await);
    soon(idle.unary(ECHO)).await.unwrap();
    let nap = tokio::spawn(async move { busy.send(NAP, says("ends well")).await });
    until_begun("ends well").await;
    server.shutdown.cancel();
    assert_eq!(soon(nap).await.unwrap().unwrap(), "ends well");
    soon(&mut server.running).await.unwrap().unwrap();
}

/// A question that lasts longer does not keep the service for all of its drain time; a submission has nearly all of it.
#[tokio::test]
async fn what_cannot_be_answered_in_time_is_given_up_with_a_reason() {
    let mut server = TestServer::start(drains_for(Duration::from_secs(5))).await;
    let (asking, sending) = (server.client().await, server.client().await);
    let begun = Instant::now();
    let asked = says("not in time");
    let question = tokio::spawn(async move { (asking.send(SLEEP, asked).await, Instant::now()) });
    let rows = tokio_stream::once("a row".to_owned()).chain(tokio_stream::pending());
    let submission = tokio::spawn(async move { (sending.submit(rows).await, Instant::now()) });
    until_begun("not in time").await;
    until_begun("a row").await;
    server.shutdown.cancel();
    let (asked, sent) = (soon(question).await.unwrap(), soon(submission).await.unwrap());
    for (ended, _) in [&asked, &sent] {
        let status = ended.as_ref().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(status.get_details_error_info().unwrap().reason, "STOPPING");
    }
    assert!(asked.1 < sent.1, "{:?} {:?}", asked.1 - begun, sent.1 - begun);
    soon(&mut server.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn watchers_and_health_are_told() {
    let mut server = TestServer::start(drains_for(Duration::from_secs(60))).await;
    let client = server.client().await;
    let mut watch = soon(client.watch(WATCH)).await.unwrap();
    let service = "equity.v1.ReferenceService".to_owned();
    let check = HealthCheckRequest { service };
    let mut health =
        soon(HealthClient::new(client.channel.clone()).watch(check)).await.unwrap().into_inner();
    let serving = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(serving.status(), ServingStatus::Serving);

    server.shutdown.cancel();
    let (_, status) = soon(drain(&mut watch)).await;
    assert_eq!(status.unwrap().code(), Code::Unavailable);
    let stopping = soon(health.message()).await.unwrap().unwrap();
    assert_eq!(stopping.status(), ServingStatus::NotServing);
    soon(&mut server.running).await.unwrap().unwrap();
}
