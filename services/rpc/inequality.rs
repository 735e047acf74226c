//! The calls of `InequalityService`.

use prost::Message as _;
use tonic::{Request, Response, Status};

use super::convert::int;
use super::encoded::Encoded;
use super::page::Page;
use super::{Service, status};
use crate::engine::answer::GAP_COUNT;
use crate::proto::server::inequality_service_server::InequalityService;
use crate::proto::v1;
use crate::proto::v1::as_of::At;
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

    async fn get_restoration(
        &self,
        request: Request<v1::GetRestorationRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::Restoration).await
    }

    async fn get_standardised_rates(
        &self,
        request: Request<v1::GetStandardisedRatesRequest>,
    ) -> Result<Response<Encoded>, Status> {
        self.0.ask(request, Table::StandardisedRates).await
    }

    async fn list_gaps(
        &self,
        mut request: Request<v1::ListGapsRequest>,
    ) -> Result<Response<Encoded>, Status> {
        let mut page = self.page(request.get_ref())?;
        let asked = request.get_mut();
        asked.page_token.clear();
        let before = usize::try_from(page.cursor).unwrap_or(usize::MAX);
        let skip = usize::try_from(asked.skip).unwrap_or_default().saturating_add(before);
        if asked.skip >= 0 {
            asked.skip = i32::try_from(skip).unwrap_or(i32::MAX);
        }
        // Every page shows the state of the first.
        if let Some(query) =
            asked.query.as_mut().filter(|of| of.as_of.is_none() && page.position > 0)
        {
            query.as_of = Some(v1::AsOf { at: Some(At::Position(int(page.position))) });
        }
        let mut answer = self.0.ask(request, Table::Gaps).await?.into_inner();
        let (count, released) = told(&answer.body)?;
        if count > skip.saturating_add(page.size) {
            if page.position == 0 && !released {
                page.position = u64::try_from(answer.position).unwrap_or_default();
            }
            let token = page.token((before + page.size) as u64);
            let mut body = answer.body.to_vec();
            prost::encoding::string::encode(NEXT_PAGE_TOKEN, &token, &mut body);
            answer.body = body.into();
        }
        Ok(Response::new(answer))
    }
}

/// Number of the field `next_page_token` of the response.
const NEXT_PAGE_TOKEN: u32 = 3;

impl Inequality {
    /// The page that is asked for; its token belongs to every other field of the request.
    fn page(&self, asked: &v1::ListGapsRequest) -> Result<Page, Status> {
        let (size, token) = (asked.page_size, asked.page_token.clone());
        let query =
            v1::ListGapsRequest { page_size: 0, page_token: String::new(), ..asked.clone() };
        let query = blake3::hash(&query.encode_to_vec()).to_hex();
        Page::new(&self.0.page_key, &["gaps", &query], size, &token)
    }
}

/// How many gaps there are on all pages, and whether a release is shown.
fn told(body: &[u8]) -> Result<(usize, bool), Status> {
    let response = v1::ListGapsResponse::decode(body).map_err(|error| status::internal(&error))?;
    let context = response.breakdown.and_then(|of| of.context).unwrap_or_default();
    let count = context.parameters.iter().find(|of| of.name == GAP_COUNT);
    let count = count.and_then(|of| of.value.parse().ok()).unwrap_or_default();
    Ok((count, !context.release.is_empty()))
}
