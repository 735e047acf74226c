//! The commands' ways to a service, against one that is made for it.

use tonic::Code;

use super::*;
use crate::cli::options::Reach;

fn reach(address: &str) -> Reach {
    Reach { service: address.to_owned(), wait: 0, trust: Trust::default() }
}
use crate::cli::fake_service::{Fake, serve};
use crate::cli::show::{Format, captured};
use crate::cli::submissions::{SubmissionAction, SubmissionListArgs};

async fn list(collection: &str, limit: usize) -> (Vec<serde_json::Value>, String) {
    let address = serve(Fake::default()).await;
    let (mut out, answers, remarks) = captured::out(Format::Json);
    let args = SubmissionListArgs {
        collection: Some(collection.into()),
        organisation: None,
        month: None,
        past: false,
        limit,
    };
    crate::cli::submissions::run(SubmissionAction::List(args), &reach(&address), &mut out)
        .await
        .unwrap();
    let value: serde_json::Value = serde_json::from_str(&answers.text()).unwrap();
    (value["submissions"].as_array().unwrap().clone(), remarks.text())
}

#[tokio::test]
async fn every_page_is_read_once() {
    let (all, remarks) = list("x", 10_000).await;
    let positions: Vec<_> =
        all.iter().map(|submission| submission["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, (0..1_234).collect::<Vec<_>>());
    assert_eq!(remarks, "");
    let (some, remarks) = list("x", 700).await;
    assert_eq!((some.len(), remarks.contains("--limit")), (700, true));
}

#[tokio::test]
async fn a_list_that_goes_in_a_circle_ends() {
    assert_eq!(list("circle", 10_000).await.0.len(), 0);
}

#[tokio::test]
async fn a_service_that_dies_is_unreachable() {
    // Answers the handshake of HTTP/2 by hanging up: what a service that is killed looks like.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(stream);
        }
    });
    let (mut out, _, _) = captured::out(Format::Table);
    let action = SubmissionAction::Get { name: "x".into() };
    let failure =
        crate::cli::submissions::run(action, &reach(&address), &mut out).await.unwrap_err();
    assert_eq!(failure.code(), 3, "{failure:?}");
}

#[tokio::test]
async fn what_the_service_refuses_is_no_lost_connection() {
    let address = serve(Fake::default()).await;
    let (mut out, answers, _) = captured::out(Format::Table);
    let action = SubmissionAction::Get { name: "x".into() };
    let failure =
        crate::cli::submissions::run(action, &reach(&address), &mut out).await.unwrap_err();
    assert!(matches!(&failure, Failure::Refused(status) if status.code() == Code::NotFound));
    assert_eq!((failure.code(), answers.text().as_str()), (1, ""));
}

#[test]
fn addresses_are_completed() {
    assert_eq!(url("127.0.0.1:7443", false).unwrap(), "http://127.0.0.1:7443");
    assert_eq!(url("http://[::1]:1", false).unwrap(), "http://[::1]:1");
    assert!(matches!(url("https://example.org", false), Err(Failure::Usage(_))));
    assert_eq!(url("127.0.0.1:7443", true).unwrap(), "https://127.0.0.1:7443");
    assert!(matches!(url("http://example.org", true), Err(Failure::Usage(_))));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failure = Service::connect(&free.to_string(), &Trust::default()).await.unwrap_err();
    assert_eq!(failure.code(), 3);
    assert!(matches!(failure, Failure::Unreachable { cause, .. } if cause.contains("refused")));
}

#[tokio::test]
async fn a_question_is_asked_again_as_long_as_waiting_may_help() {
    use tonic_types::{ErrorDetails, StatusExt as _};

    let address = serve(Fake::default()).await;
    let cases = [
        (Code::Unavailable, 10, Duration::from_secs(1), Some(3)),
        (Code::Unavailable, 10, Duration::ZERO, None),
        (Code::Unavailable, 600, Duration::from_millis(900), None),
        (Code::InvalidArgument, 10, Duration::from_secs(1), None),
    ];
    for (code, millis, patience, expected) in cases {
        let service =
            Service::connect(&address, &Trust::default()).await.unwrap().waiting(patience);
        let tries = std::cell::Cell::new(0);
        let answer = service.patiently(|| {
            tries.set(tries.get() + 1);
            let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(millis)));
            let is_over = tries.get() == 3;
            async move {
                if is_over { Ok(3) } else { Err(Status::with_error_details(code, "", details)) }
            }
        });
        assert_eq!(answer.await.ok(), expected, "{code:?}, {millis} ms, {patience:?}");
        // Two waits of 600 ms are longer than 900 ms.
        let asked = expected.unwrap_or(if millis == 600 { 2 } else { 1 });
        assert_eq!(tries.get(), asked, "{code:?}, {millis} ms, {patience:?}");
    }
}
