//! `DigitalExclusionService`: one file for each table.

mod assessments;
mod breakdown;
mod estimates;
mod impact;
mod provision;
mod risk;

use tonic::{Request, Response, Status};

use super::Service;
use super::cached_answers::Watched;
use super::encoded::Encoded;
use crate::proto::server::digital_exclusion_service_server::DigitalExclusionService;
use crate::proto::v1;

/// The service.
pub struct Exclusion(pub Service);

#[tonic::async_trait]
impl DigitalExclusionService for Exclusion {
    async fn get_digital_exclusion_breakdown(
        &self,
        request: Request<v1::GetDigitalExclusionBreakdownRequest>,
    ) -> Result<Response<Encoded>, Status> {
        breakdown::get(&self.0, &request.into_inner()).await
    }

    async fn get_face_to_face_provision(
        &self,
        request: Request<v1::GetFaceToFaceProvisionRequest>,
    ) -> Result<Response<Encoded>, Status> {
        provision::get(&self.0, &request.into_inner()).await
    }

    async fn get_channel_impact(
        &self,
        request: Request<v1::GetChannelImpactRequest>,
    ) -> Result<Response<Encoded>, Status> {
        impact::get(&self.0, &request.into_inner()).await
    }

    async fn get_area_risk(
        &self,
        request: Request<v1::GetAreaRiskRequest>,
    ) -> Result<Response<Encoded>, Status> {
        risk::get(&self.0, &request.into_inner()).await
    }

    async fn record_channel_assessment(
        &self,
        request: Request<v1::RecordChannelAssessmentRequest>,
    ) -> Result<Response<v1::RecordChannelAssessmentResponse>, Status> {
        assessments::record(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn list_channel_assessments(
        &self,
        request: Request<v1::ListChannelAssessmentsRequest>,
    ) -> Result<Response<v1::ListChannelAssessmentsResponse>, Status> {
        assessments::list(&self.0, &request.into_inner()).await.map(Response::new)
    }

    async fn list_estimates(
        &self,
        request: Request<v1::ListEstimatesRequest>,
    ) -> Result<Response<v1::ListEstimatesResponse>, Status> {
        estimates::list(&self.0, request.into_inner()).await.map(Response::new)
    }

    type WatchDigitalExclusionBreakdownStream = Watched;

    async fn watch_digital_exclusion_breakdown(
        &self,
        request: Request<v1::WatchDigitalExclusionBreakdownRequest>,
    ) -> Result<Response<Watched>, Status> {
        breakdown::watch(&self.0, &request.into_inner())
    }

    type WatchFaceToFaceProvisionStream = Watched;

    async fn watch_face_to_face_provision(
        &self,
        request: Request<v1::WatchFaceToFaceProvisionRequest>,
    ) -> Result<Response<Watched>, Status> {
        provision::watch(&self.0, &request.into_inner())
    }

    type WatchChannelImpactStream = Watched;

    async fn watch_channel_impact(
        &self,
        request: Request<v1::WatchChannelImpactRequest>,
    ) -> Result<Response<Watched>, Status> {
        impact::watch(&self.0, &request.into_inner())
    }

    type WatchAreaRiskStream = Watched;

    async fn watch_area_risk(
        &self,
        request: Request<v1::WatchAreaRiskRequest>,
    ) -> Result<Response<Watched>, Status> {
        risk::watch(&self.0, &request.into_inner())
    }
}
