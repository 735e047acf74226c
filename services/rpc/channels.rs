//! `ConsultationChannelService`: questions in, encoded answers out.

use tonic::{Request, Response, Status};

use super::Service;
use super::encoded::Encoded;
use crate::proto::server::consultation_channel_service_server::ConsultationChannelService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Answers `ConsultationChannelService`.
pub struct Channels(pub Service);

#[tonic::async_trait]
impl ConsultationChannelService for Channels {
    async fn get_channel_breakdown(
        &self,
        request: Request<v1::GetChannelBreakdownRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Channels).await
    }

    async fn get_access_outcomes(
        &self,
        request: Request<v1::GetAccessOutcomesRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Outcomes).await
    }
}
