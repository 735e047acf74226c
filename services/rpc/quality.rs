//! The calls of `DataQualityService`.

use tonic::{Request, Response, Status};

use super::Service;
use super::encoded::Encoded;
use crate::proto::server::data_quality_service_server::DataQualityService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Answers `DataQualityService`.
pub struct DataQuality(pub Service);

#[tonic::async_trait]
impl DataQualityService for DataQuality {
    async fn get_recording_quality(
        &self,
        request: Request<v1::GetRecordingQualityRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Recording).await
    }

    async fn get_timeliness(
        &self,
        request: Request<v1::GetTimelinessRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Timeliness).await
    }

    async fn get_consistency(
        &self,
        request: Request<v1::GetConsistencyRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Consistency).await
    }

    async fn get_representativeness(
        &self,
        request: Request<v1::GetRepresentativenessRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Representativeness).await
    }
}
