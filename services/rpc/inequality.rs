//! The calls of `InequalityService`.

use tonic::{Request, Response, Status};

use super::Service;
use super::encoded::Encoded;
use crate::proto::server::inequality_service_server::InequalityService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Answers `InequalityService`.
pub struct Inequality(pub Service);

#[tonic::async_trait]
impl InequalityService for Inequality {
    async fn get_inequality_summary(
        &self,
        request: Request<v1::GetInequalitySummaryRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Inequality).await
    }

    async fn get_gap_trend(
        &self,
        request: Request<v1::GetGapTrendRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::GapTrend).await
    }

    async fn list_gaps(
        &self,
        request: Request<v1::ListGapsRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Gaps).await
    }
}
