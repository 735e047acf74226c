//! `TargetService`: lists targets, and answers how indicators compare with them.

use tonic::{Request, Response, Status};

use super::Service;
use super::convert::target as convert;
use super::convert::trim::trim;
use super::encoded::Encoded;
use super::page::Page;
use super::reference::known_tag;
use crate::domain::target::Target;
use crate::engine::Engine;
use crate::proto::server::target_service_server::TargetService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Answers `TargetService`.
pub struct Targets(pub Service);

fn list(
    engine: &Engine,
    page_key: &[u8; 32],
    request: &mut v1::ListTargetsRequest,
) -> Result<v1::ListTargetsResponse, Status> {
    trim([&mut request.tag]);
    let tag = request.tag.as_str();
    let page = Page::new(page_key, &["targets", tag], request.page_size, &request.page_token)?;
    let reference = engine.reference();
    known_tag(&reference, tag)?;
    let wanted = |target: &&Target| tag.is_empty() || target.tags.iter().any(|of| of == tag);
    let (targets, next_page_token) = page.of(reference.targets().filter(wanted).collect());
    let targets = targets.into_iter().map(convert::target).collect();
    Ok(v1::ListTargetsResponse { targets, next_page_token })
}

#[tonic::async_trait]
impl TargetService for Targets {
    async fn list_targets(
        &self,
        request: Request<v1::ListTargetsRequest>,
    ) -> Result<Response<v1::ListTargetsResponse>, Status> {
        let (mut request, page_key) = (request.into_inner(), self.0.page_key);
        let listed = self.0.aside(move |engine| list(engine, &page_key, &mut request)).await?;
        listed.map(Response::new)
    }

    async fn get_target_status(
        &self,
        request: Request<v1::GetTargetStatusRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::TargetStatus).await
    }
}
