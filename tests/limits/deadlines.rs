//! Deadlines end calls and streams with `DEADLINE_EXCEEDED`; watches go on.

use std::time::Duration;

use equity_indicators::server::ServerSettings;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::support::{ECHO, FLOOD, SLEEP, TICK, TestServer, WATCH, drain, soon};

fn short() -> ServerSettings {
    ServerSettings {
        request_deadline: Duration::from_millis(300),
        submission_deadline: Duration::from_millis(800),
        stream_idle: Duration::from_millis(250),
        ..ServerSettings::default()
    }
}

#[tokio::test]
async fn a_call_that_never_answers() {
    let server = TestServer::start(short()).await;
    let client = server.client().await;
    let status = soon(client.unary(SLEEP)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_EXCEEDED");
    assert_eq!(soon(client.unary(ECHO)).await.unwrap(), "word");
}

#[tokio::test]
async fn a_stream_that_never_ends() {
    let server = TestServer::start(short()).await;
    for path in [TICK, FLOOD] {
        let mut stream = soon(server.client().await.watch(path)).await.unwrap();
        let (words, status) = soon(drain(&mut stream)).await;
        assert!(words > 0, "{path}");
        assert_eq!(status.unwrap().code(), Code::DeadlineExceeded, "{path}");
    }
}

#[tokio::test]
async fn a_watch_has_no_deadline() {
    let server = TestServer::start(short()).await;
    let mut stream = soon(server.client().await.watch(WATCH)).await.unwrap();
    assert_eq!(soon(stream.message()).await.unwrap().unwrap(), "word");
    let after_the_deadline = Duration::from_millis(900);
    let next = tokio::time::timeout(after_the_deadline, stream.message()).await;
    assert!(next.is_err(), "the watch ended: {next:?}");
}

#[tokio::test]
async fn a_submission_has_its_own_deadline_and_no_long_pauses() {
    let server = TestServer::start(short()).await;
    let client = server.client().await;
    let row = || "row".to_owned();

    let steady =
        || tokio_stream::iter(std::iter::repeat_with(row)).throttle(Duration::from_millis(50));
    let received = soon(client.submit(steady().take(10))).await.unwrap();
    assert_eq!(received, "10", "longer than a query's deadline, shorter than a submission's");

    let status = soon(client.submit(steady())).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("deadline"), "{status:?}");

    let pausing = tokio_stream::once(row()).chain(tokio_stream::pending());
    let status = soon(client.submit(pausing)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().contains("no message came"), "{status:?}");
}
