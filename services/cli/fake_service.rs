//! A service for tests of sending: a script says how each submission is answered.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use prost::Message as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

use crate::proto::server::submission_service_server::{SubmissionService, SubmissionServiceServer};
use crate::proto::v1::*;
use crate::rpc::{Incoming, IncomingEstimates};

/// What the service does with a submission before it gives the receipt.
pub(super) type Script = dyn Fn(SubmissionHeader) -> Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>
    + Send
    + Sync;

/// Takes every submission for which the script has no error, and lists 1,234 of them.
#[derive(Clone)]
pub(super) struct Fake {
    /// Header and rows of each submission with a receipt, in the order of the receipts.
    pub(super) received: Arc<Mutex<Vec<(SubmissionHeader, usize)>>>,
    script: Arc<Script>,
}

impl Fake {
    pub(super) fn new<F>(script: impl Fn(SubmissionHeader) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Status>> + Send + 'static,
    {
        let script: Arc<Script> = Arc::new(move |header| Box::pin(script(header)));
        Self { received: Arc::default(), script }
    }

    /// Organisations with a receipt, in the order of the receipts.
    pub(super) fn organisations(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received.iter().map(|(header, _)| header.organisation.clone()).collect()
    }
}

impl Default for Fake {
    fn default() -> Self {
        Self::new(|_| async { Ok(()) })
    }
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
        (self.script)(header.as_ref().clone()).await?;
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

    async fn submit_indicator_counts(
        &self,
        _: Request<Streaming<Incoming>>,
    ) -> Answer<crate::proto::v1::SubmitIndicatorCountsResponse> {
        Ok(Response::new(crate::proto::v1::SubmitIndicatorCountsResponse { receipt: None }))
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

/// Serves it on a free port until the test ends; the address.
pub(super) async fn serve(fake: Fake) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router =
        tonic::transport::Server::builder().add_service(SubmissionServiceServer::new(fake));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}
