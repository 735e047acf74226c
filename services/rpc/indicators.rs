//! `IndicatorService`: questions in, encoded answers out.

use tonic::{Request, Response, Status};

use super::Service;
use super::encoded::Encoded;
use crate::proto::server::indicator_service_server::IndicatorService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Answers `IndicatorService`.
pub struct Indicators(pub Service);

#[tonic::async_trait]
impl IndicatorService for Indicators {
    async fn get_indicator_breakdown(
        &self,
        request: Request<v1::GetIndicatorBreakdownRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Indicators).await
    }
}
