//! Panics and over-size messages: a status, and the server lives on.

use equity_indicators::server::ServerSettings;
use equity_indicators::telemetry::metrics;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use super::support::{ECHO, PANIC, PANIC_IN_STREAM, TestServer, drain, soon};

#[tokio::test]
async fn a_panic_is_told_counted_and_survived() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    let before = metrics::panics();

    let status = soon(client.unary(PANIC)).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    assert!(!status.get_details_request_info().unwrap().request_id.is_empty());

    let mut stream = soon(client.watch(PANIC_IN_STREAM)).await.unwrap();
    let (_, status) = soon(drain(&mut stream)).await;
    assert_eq!(status.unwrap().code(), Code::Internal);

    assert!(metrics::panics() >= before + 2, "panics are counted");
    assert_eq!(soon(client.unary(ECHO)).await.unwrap(), "word", "on the same connection");
}

/// What tonic answers when a message is larger than the handler's server allows: to be looked at again on upgrades.
#[tokio::test]
async fn an_over_size_message_is_refused() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    let fits = Request::new("x".repeat((1 << 20) - 16));
    assert!(soon(client.send(ECHO, fits)).await.is_ok());
    let too_large = Request::new("x".repeat((1 << 20) + 1));
    let status = soon(client.send(ECHO, too_large)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    assert_eq!(soon(client.unary(ECHO)).await.unwrap(), "word");
}
