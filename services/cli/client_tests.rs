//! The commands' ways to a service, against one that is made for it.

use std::sync::{Arc, Mutex};

use indicatif::ProgressBar;
use prost::Message as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;
use crate::cli::send::{Sending, request_id};
use crate::cli::send_all::{Sent, send_all};
use crate::cli::show::{Format, captured};
use crate::cli::submissions::{SubmissionAction, SubmissionListArgs};
use crate::ingest::{Records, SubmissionFile};
use crate::proto::server::submission_service_server::{SubmissionService, SubmissionServiceServer};
use crate::proto::v1::*;
use crate::rpc::{Incoming, IncomingEstimates};

/// Takes every submission but those of the organisation `BAD`, and lists 1,234 of them.
#[derive(Clone, Default)]
struct Fake {
    received: Arc<Mutex<Vec<(SubmissionHeader, usize)>>>,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl SubmissionService for Fake {
    async fn submit_consultations(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Answer<SubmitConsultationsResponse> {
        let mut stream = request.into_inner();
        let Some(Incoming::Header(header)) = stream.message().await? else {
            return Err(Status::invalid_argument("no header"));
        };
        if header.organisation == "BAD" {
            let mut details = ErrorDetails::new();
            details.add_bad_request_violation("records[0].channel", "no such channel");
            return Err(Status::with_error_details(
                Code::InvalidArgument,
                "1 row has problems",
                details,
            ));
        }
        if header.organisation == "FULL" {
            return Err(Status::resource_exhausted("the disk is full"));
        }
        let mut rows = 0;
        while let Some(message) = stream.message().await? {
            if let Incoming::Batch(batch) = message {
                rows += ConsultationBatch::decode(batch).unwrap().records.len();
            }
        }
        let submission = Submission {
            organisation: header.organisation.clone(),
            request_id: header.request_id.clone(),
            ..Default::default()
        };
        self.received.lock().unwrap().push((*header, rows));
        let receipt = Some(Receipt { submission: Some(submission), ..Default::default() });
        Ok(Response::new(SubmitConsultationsResponse { receipt }))
    }

    async fn submit_populations(
        &self,
        _: Request<Streaming<Incoming>>,
    ) -> Answer<SubmitPopulationsResponse> {
        Ok(Response::new(SubmitPopulationsResponse { receipt: None }))
    }

    async fn submit_digital_access(
        &self,
        _: Request<Streaming<Incoming>>,
    ) -> Answer<SubmitDigitalAccessResponse> {
        Ok(Response::new(SubmitDigitalAccessResponse { receipt: None }))
    }

    async fn submit_estimates(
        &self,
        _: Request<Streaming<IncomingEstimates>>,
    ) -> Answer<SubmitEstimatesResponse> {
        Ok(Response::new(SubmitEstimatesResponse { receipt: None }))
    }

    async fn get_submission(
        &self,
        _: Request<GetSubmissionRequest>,
    ) -> Answer<GetSubmissionResponse> {
        Err(Status::not_found("no such submission"))
    }

    async fn list_submissions(
        &self,
        request: Request<ListSubmissionsRequest>,
    ) -> Answer<ListSubmissionsResponse> {
        let request = request.into_inner();
        if request.parent == "collections/circle" {
            let next_page_token = "again".to_owned();
            return Ok(Response::new(ListSubmissionsResponse {
                submissions: vec![],
                next_page_token,
            }));
        }
        let start: i64 = request.page_token.parse().unwrap_or(0);
        let end = (start + i64::from(request.page_size)).min(1_234);
        let submissions =
            (start..end).map(|position| Submission { position, ..Default::default() }).collect();
        let next_page_token = if end < 1_234 { end.to_string() } else { String::new() };
        Ok(Response::new(ListSubmissionsResponse { submissions, next_page_token }))
    }

    async fn list_row_problems(
        &self,
        _: Request<ListRowProblemsRequest>,
    ) -> Answer<ListRowProblemsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn withdraw_submission(
        &self,
        _: Request<WithdrawSubmissionRequest>,
    ) -> Answer<WithdrawSubmissionResponse> {
        Err(Status::unimplemented(""))
    }
}

async fn serve(fake: Fake) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router =
        tonic::transport::Server::builder().add_service(SubmissionServiceServer::new(fake));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

fn parcel(organisation: &str, rows: usize) -> SubmissionFile {
    SubmissionFile {
        organisation: organisation.into(),
        collection: "practice-feed".into(),
        month: "2020-04".into(),
        code_systems: Default::default(),
        collected: vec![],
        person_key_scheme: String::new(),
        rows: Records::Consultations(vec![ConsultationRecord::default(); rows]),
    }
}

fn how() -> Sending {
    Sending { run_id: "test".into(), allow_partial: true, validate_only: false }
}

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
    crate::cli::submissions::run(SubmissionAction::List(args), &address, &mut out).await.unwrap();
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
async fn a_refused_parcel_does_not_keep_the_others_back() {
    let fake = Fake::default();
    let service = Service::connect(&serve(fake.clone()).await).await.unwrap();
    let parcels = [parcel("A", 12_000), parcel("BAD", 20_000), parcel("B", 1)];
    let (bar, mut sent) = (ProgressBar::hidden(), Sent::default());
    send_all(&service, parcels.clone().into_iter().map(Ok), &how(), &bar, &mut sent).await.unwrap();
    assert_eq!((sent.receipts.len(), sent.refusals.len()), (2, 1));
    assert_eq!(bar.position(), 32_001);
    let received = fake.received.lock().unwrap().clone();
    assert_eq!(received.iter().map(|(_, rows)| *rows).collect::<Vec<_>>(), [12_000, 1]);
    let header = &received[0].0;
    assert_eq!(header.request_id, request_id(&parcels[0], &how()));
    assert!(header.allow_partial && !header.validate_only);
    assert_eq!(header.expected_record_count, Some(12_000));
    assert_eq!(sent.verdict().unwrap_err().code(), 1);
}

#[tokio::test]
async fn a_full_disk_ends_the_sending_and_keeps_what_was_told() {
    let service = Service::connect(&serve(Fake::default()).await).await.unwrap();
    let parcels = [parcel("A", 1), parcel("FULL", 1), parcel("B", 1)].map(Ok);
    let mut sent = Sent::default();
    let result =
        send_all(&service, parcels.into_iter(), &how(), &ProgressBar::hidden(), &mut sent).await;
    assert!(matches!(result, Err(Failure::Refused(_))));
    assert_eq!(sent.receipts.len(), 1);
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
    let failure = crate::cli::submissions::run(action, &address, &mut out).await.unwrap_err();
    assert_eq!(failure.code(), 3, "{failure:?}");
}

#[tokio::test]
async fn what_the_service_refuses_is_no_lost_connection() {
    let address = serve(Fake::default()).await;
    let (mut out, answers, _) = captured::out(Format::Table);
    let action = SubmissionAction::Get { name: "x".into() };
    let failure = crate::cli::submissions::run(action, &address, &mut out).await.unwrap_err();
    assert!(matches!(&failure, Failure::Refused(status) if status.code() == Code::NotFound));
    assert_eq!((failure.code(), answers.text().as_str()), (1, ""));
}

#[test]
fn addresses_are_completed() {
    assert_eq!(url("127.0.0.1:7443").unwrap(), "http://127.0.0.1:7443");
    assert_eq!(url("http://[::1]:1").unwrap(), "http://[::1]:1");
    assert!(matches!(url("https://example.org"), Err(Failure::Usage(_))));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failure = Service::connect(&free.to_string()).await.unwrap_err();
    assert_eq!(failure.code(), 3);
    assert!(matches!(failure, Failure::Unreachable { cause, .. } if cause.contains("refused")));
}
