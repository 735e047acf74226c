//! The calls of `DigitalExclusionService`: tables, assessments, estimates.

use tonic::{Request, Response, Status};

use super::{assessments, estimates};
use crate::proto::server::digital_exclusion_service_server::DigitalExclusionService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::rpc::Service;
use crate::rpc::encoded::Encoded;

/// Answers `DigitalExclusionService`.
pub struct Exclusion(pub Service);

#[tonic::async_trait]
impl DigitalExclusionService for Exclusion {
    async fn get_digital_exclusion_breakdown(
        &self,
        request: Request<v1::GetDigitalExclusionBreakdownRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Exclusion).await
    }

    async fn get_face_to_face_provision(
        &self,
        request: Request<v1::GetFaceToFaceProvisionRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Provision).await
    }

    async fn get_channel_impact(
        &self,
        request: Request<v1::GetChannelImpactRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Impact).await
    }

    async fn get_area_risk(
        &self,
        request: Request<v1::GetAreaRiskRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Risk).await
    }

    async fn record_channel_assessment(
        &self,
        request: Request<v1::RecordChannelAssessmentRequest>,
    ) -> Result<Response<v1::RecordChannelAssessmentResponse>, Status> {
        assessments::record(&self.0, request).await.map(Response::new)
    }

    async fn list_channel_assessments(
        &self,
        request: Request<v1::ListChannelAssessmentsRequest>,
    ) -> Result<Response<v1::ListChannelAssessmentsResponse>, Status> {
        assessments::list(&self.0, request).await.map(Response::new)
    }

    async fn list_estimates(
        &self,
        request: Request<v1::ListEstimatesRequest>,
    ) -> Result<Response<v1::ListEstimatesResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let listed = estimates::list((&self.0, &caller), request.into_inner());
        listed.await.map(Response::new)
    }
}
