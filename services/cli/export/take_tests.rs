//! An export from a service that breaks off again and again.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;
use crate::cli::trust::Trust;
use crate::proto::server::export_service_server::{ExportService, ExportServiceServer};

/// Messages of the whole export.
const ALL: i64 = 4;

/// Sends one message for each call and breaks off, but for the last; then says what it is told to. Keeps the cursors it was sent.
#[derive(Clone)]
struct Breaking {
    with: Code,
    gets_on: bool,
    asked: Arc<Mutex<Vec<String>>>,
}

type Answer = Result<ExportBreakdownsResponse, Status>;

#[tonic::async_trait]
impl ExportService for Breaking {
    type ExportBreakdownsStream = Pin<Box<dyn Stream<Item = Answer> + Send>>;

    async fn export_breakdowns(
        &self,
        request: Request<ExportBreakdownsRequest>,
    ) -> Result<Response<Self::ExportBreakdownsStream>, Status> {
        let cursor = request.into_inner().cursor;
        let sent: i64 = cursor.parse().unwrap_or(0);
        self.asked.lock().unwrap().push(cursor);
        let mut messages = Vec::new();
        if self.gets_on {
            let row = ExportRow { position: sent, indicator: "CH-01".into(), ..Default::default() };
            messages.push(Ok(ExportBreakdownsResponse {
                rows: vec![row],
                cursor: (sent + 1).to_string(),
                position: 71,
                done_table_count: sent + 1,
                table_count: ALL,
            }));
        }
        if sent + 1 < ALL || !self.gets_on {
            let mut details = ErrorDetails::new();
            if self.with == Code::ResourceExhausted && self.gets_on {
                details.set_retry_info(Some(Duration::from_millis(20)));
            }
            messages.push(Err(Status::with_error_details(self.with, "broken off", details)));
        }
        Ok(Response::new(Box::pin(tokio_stream::iter(messages))))
    }
}

/// What comes of it: positions of the rows, the end, and the cursors that were asked with.
async fn taken(with: Code, gets_on: bool) -> (Vec<i64>, Result<Taken, Failure>, Vec<String>) {
    taken_within(Duration::from_millis(100), with, gets_on).await
}

/// The same by a command that waits so long.
async fn taken_within(
    patience: Duration,
    with: Code,
    gets_on: bool,
) -> (Vec<i64>, Result<Taken, Failure>, Vec<String>) {
    let fake = Breaking { with, gets_on, asked: Arc::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tonic::transport::Server::builder()
        .add_service(ExportServiceServer::new(fake.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    let service = Service::connect(&address, &Trust::default()).await.unwrap().waiting(patience);
    let mut positions = Vec::new();
    let request = ExportBreakdownsRequest::default();
    let pause = Duration::from_millis(2);
    let ended = take(&service, request, &Look::PLAIN, pause, |rows| {
        positions.extend(rows.iter().map(|row| row.position));
        Ok(())
    })
    .await;
    let asked = fake.asked.lock().unwrap().clone();
    (positions, ended, asked)
}

#[tokio::test]
async fn a_broken_export_is_gone_on_with_and_no_row_comes_twice() {
    for with in [Code::Unavailable, Code::DeadlineExceeded, Code::ResourceExhausted] {
        let (positions, ended, asked) = taken(with, true).await;
        let ended = ended.unwrap();
        assert_eq!(positions, [0, 1, 2, 3]);
        assert_eq!((ended.rows, ended.tables, ended.position), (4, 4, 71));
        assert_eq!(asked, ["", "1", "2", "3"]);
    }
}

#[tokio::test]
async fn what_does_not_pass_ends_the_export() {
    let (positions, ended, asked) = taken(Code::InvalidArgument, true).await;
    assert!(ended.is_err());
    assert_eq!((positions, asked.len()), (vec![0], 1));
    // A quota says when it is free again; what does not say so stays.
    let (_, ended, asked) = taken(Code::ResourceExhausted, false).await;
    assert!(ended.is_err());
    assert_eq!(asked.len(), 1);
    // A stream that ran out of time without a message would do so again.
    let (_, ended, asked) = taken(Code::DeadlineExceeded, false).await;
    assert!(ended.is_err());
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn a_service_that_stays_away_is_not_asked_for_ever() {
    let (_, ended, asked) = taken(Code::Unavailable, false).await;
    assert!(ended.is_err());
    // Pauses of 2, 4, 8, 16 and 32 ms, and the 38 ms that are left.
    assert_eq!(asked.len(), 7);
    for gets_on in [false, true] {
        let (_, ended, asked) = taken_within(Duration::ZERO, Code::Unavailable, gets_on).await;
        assert!(ended.is_err());
        assert_eq!(asked.len(), 1, "a command that is not to wait does not ask again");
    }
}

#[test]
fn each_sentence_is_kept_once() {
    let row = |statement: &str| ExportRow { statement: statement.into(), ..Default::default() };
    let of = |rows| ExportBreakdownsResponse { rows, ..Default::default() };
    let mut taken = Taken::default();
    taken.add(&of(vec![row("b"), row(""), row("a")]));
    taken.add(&of(vec![row("b")]));
    assert_eq!(taken.statements.into_iter().collect::<Vec<_>>(), ["a", "b"]);
}
