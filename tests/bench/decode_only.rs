//! The limit of ingest: a tonic server that decodes every row as the generated code does, and keeps none.

use equity_indicators::proto::server::submission_service_server::SubmissionService;
use equity_indicators::proto::v1;
use equity_indicators::rpc::{Incoming, IncomingEstimates};
use prost::Message as _;
use tonic::{Request, Response, Status, Streaming};

/// Decodes and counts.
pub struct DecodeOnly;

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("decodes only"))
}

#[tonic::async_trait]
impl SubmissionService for DecodeOnly {
    async fn submit_consultations(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitConsultationsResponse>, Status> {
        let mut stream = request.into_inner();
        let mut accepted_count = 0;
        while let Some(message) = stream.message().await? {
            if let Incoming::Batch(batch) = message {
                let batch = v1::ConsultationBatch::decode(batch)
                    .map_err(|error| Status::invalid_argument(error.to_string()))?;
                accepted_count += i64::try_from(batch.records.len()).unwrap_or(i64::MAX);
            }
        }
        let submission = Some(v1::Submission { accepted_count, ..v1::Submission::default() });
        let receipt = Some(v1::Receipt { submission, ..v1::Receipt::default() });
        Ok(Response::new(v1::SubmitConsultationsResponse { receipt }))
    }

    async fn submit_populations(
        &self,
        _: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitPopulationsResponse>, Status> {
        not_here()
    }

    async fn submit_digital_access(
        &self,
        _: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitDigitalAccessResponse>, Status> {
        not_here()
    }

    async fn submit_estimates(
        &self,
        _: Request<Streaming<IncomingEstimates>>,
    ) -> Result<Response<v1::SubmitEstimatesResponse>, Status> {
        not_here()
    }

    async fn submit_indicator_counts(
        &self,
        _: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitIndicatorCountsResponse>, Status> {
        not_here()
    }

    async fn get_submission(
        &self,
        _: Request<v1::GetSubmissionRequest>,
    ) -> Result<Response<v1::GetSubmissionResponse>, Status> {
        not_here()
    }

    async fn list_submissions(
        &self,
        _: Request<v1::ListSubmissionsRequest>,
    ) -> Result<Response<v1::ListSubmissionsResponse>, Status> {
        not_here()
    }

    async fn list_row_problems(
        &self,
        _: Request<v1::ListRowProblemsRequest>,
    ) -> Result<Response<v1::ListRowProblemsResponse>, Status> {
        not_here()
    }

    async fn withdraw_submission(
        &self,
        _: Request<v1::WithdrawSubmissionRequest>,
    ) -> Result<Response<v1::WithdrawSubmissionResponse>, Status> {
        not_here()
    }
}
