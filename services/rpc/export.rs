//! `ExportService`: STUB, to be written.

use std::pin::Pin;

use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::Context;
use crate::proto::server::export_service_server::ExportService;
use crate::proto::v1;

/// The service.
pub struct Export(pub Context);

type Exported = Pin<Box<dyn Stream<Item = Result<v1::ExportBreakdownsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ExportService for Export {
    type ExportBreakdownsStream = Exported;

    async fn export_breakdowns(
        &self,
        _: Request<v1::ExportBreakdownsRequest>,
    ) -> Result<Response<Exported>, Status> {
        let _ = &self.0;
        Err(Status::unimplemented("stub"))
    }
}
