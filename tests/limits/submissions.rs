//! Eight submissions are taken in at once, all eight places come back from clients that break off, and the ninth is refused.

use std::time::Duration;

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
    let mut client = server.submissions();
    let answered = tokio::spawn(async move {
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
    assert_eq!(submit(&server).await.unwrap_err().code(), Code::Unavailable);
    for one in held {
        drop(one.end);
        soon(one.answered).await.unwrap().unwrap();
    }
    submit(&server).await.unwrap();
}
