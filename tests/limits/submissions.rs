//! Eight submissions are taken in at once, all eight places come back from clients that break off, and the ninth is refused. Those
//! that send nothing make room for others.

use std::time::Duration;

use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use equity_indicators::proto::v1::{SubmissionHeader, SubmitConsultationsRequest};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::support::soon;
use crate::support::{TestServer, consultations, header, records};

/// A submission whose header and rows have been sent, and whose end has not.
struct Open {
    end: mpsc::Sender<SubmitConsultationsRequest>,
    answered: JoinHandle<Result<(), Status>>,
}

fn about() -> SubmissionHeader {
    header("04C", "synthetic-llr", "2020-04", &[])
}

fn open(server: &TestServer) -> Open {
    let (end, messages) = mpsc::channel(4);
    for message in consultations(about(), vec![records(&json!([{"channel": "VIDEO"}]))]) {
        end.try_send(message).unwrap();
    }
    // Each on a connection of its own: one connection has its share of the places.
    let address = format!("http://{}", server.address());
    let answered = tokio::spawn(async move {
        let mut client = SubmissionServiceClient::connect(address).await.unwrap();
        client.submit_consultations(ReceiverStream::new(messages)).await.map(drop)
    });
    Open { end, answered }
}

async fn submit(server: &TestServer) -> Result<(), Status> {
    let rows = records(&json!([{"channel": "VIDEO"}]));
    soon(server.submit(about(), rows)).await.map(drop)
}

/// Eight that have been taken in, so that the next is refused. One that came while another was looking, or before a place had come
/// back, is opened again.
async fn eight(server: &TestServer) -> Vec<Open> {
    let mut eight: Vec<_> = (0..8).map(|_| open(server)).collect();
    let taken = async {
        loop {
            let is_full = submit(server).await.is_err();
            // Whichever of them was refused knows by then.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if is_full && !eight.iter().any(|one| one.answered.is_finished()) {
                break;
            }
            for refused in eight.iter_mut().filter(|one| one.answered.is_finished()) {
                *refused = open(server);
            }
        }
    };
    soon(taken).await;
    eight
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_are_taken_in_at_once_and_the_ninth_is_refused() {
    let server = TestServer::start().await;
    // Twice: the first eight break off, the second have to find all the places.
    for one in eight(&server).await {
        one.answered.abort();
        assert!(one.answered.await.is_err(), "it was still open");
    }
    let held = eight(&server).await;
    let ninth = submit(&server).await;
    let mut refused = Vec::from_iter(ninth.err());
    for one in held {
        drop(one.end);
        refused.extend(soon(one.answered).await.unwrap().err());
    }
    // On a slow machine the ninth takes the place of one that has waited for too long.
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].code(), Code::Unavailable);
    submit(&server).await.unwrap();
}

/// Uploads that have begun and send nothing more do not keep others out: whoever comes again, as the command line does, gets in.
#[tokio::test(flavor = "multi_thread")]
async fn slow_uploads_make_room() {
    let server = TestServer::start().await;
    let held = eight(&server).await;
    let again = async {
        while let Err(refused) = submit(&server).await {
            assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    soon(again).await;
    let mut refused = 0;
    for one in held {
        drop(one.end);
        let ended = soon(one.answered).await.unwrap();
        refused += usize::from(ended.is_err_and(|status| status.code() == Code::Unavailable));
    }
    assert_eq!(refused, 1, "one place was needed");
}

/// Nor do those that send a row now and then.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_drip_make_room() {
    let server = TestServer::start().await;
    let held = eight(&server).await;
    let drips = held.iter().map(|one| {
        let rows = one.end.clone();
        tokio::spawn(async move {
            let row = records(&json!([{"channel": "VIDEO"}]));
            while rows.send(consultations(about(), vec![row.clone()]).remove(1)).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    });
    let drips: Vec<_> = drips.collect();
    let again = async {
        while let Err(refused) = submit(&server).await {
            assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    soon(again).await;
    drips.iter().for_each(JoinHandle::abort);
    let ended = held.into_iter().filter(|one| one.answered.is_finished());
    assert!(ended.count() <= 2, "no more than are in the way give way");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_has_six_of_the_eight_places() {
    let server = TestServer::start().await;
    let mut held = Vec::new();
    let mut refused = Vec::new();
    for _ in 0..7 {
        let (end, messages) = mpsc::channel(4);
        for message in consultations(about(), vec![records(&json!([{"channel": "VIDEO"}]))]) {
            end.try_send(message).unwrap();
        }
        let mut client = server.submissions();
        held.push((
            end,
            tokio::spawn(async move {
                client.submit_consultations(ReceiverStream::new(messages)).await.map(drop)
            }),
        ));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    for (end, answered) in held {
        drop(end);
        refused.extend(soon(answered).await.unwrap().err());
    }
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].code(), Code::Unavailable);
}
