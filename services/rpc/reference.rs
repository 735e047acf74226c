//! `ReferenceService`: everything that a question may name, and for which organisations and months there is data.

use std::collections::BTreeSet;
use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::caller::Caller;
use super::convert::trim::trim;
use super::convert::{int, query_error, reference as convert, store_error, submission};
use super::page::Page;
use super::{Service, status};
use crate::domain::area::Area;
use crate::domain::codes::nearest;
use crate::domain::collection::Dataset;
use crate::domain::indicator::Indicator;
use crate::domain::reference::{Organisations, Reference as Content, Search};
use crate::engine::Submission;
use crate::engine::answer::tables;
use crate::engine::query::{area_named, hint, no_collection};
use crate::proto::server::reference_service_server::ReferenceService;
use crate::proto::v1;

/// Answers `ReferenceService` from memory.
pub struct Reference(pub Service);

/// The lists.
struct Lists(Service, Caller);

impl Reference {
    /// Makes a list on a thread that may block.
    async fn list<R: Send + 'static, L: Send + 'static>(
        &self,
        request: Request<R>,
        make: fn(&Lists, &mut R) -> Result<L, Status>,
    ) -> Result<Response<L>, Status> {
        let lists = Lists(self.0.clone(), self.0.caller(&request)?);
        let mut request = request.into_inner();
        self.0.aside(move |_| make(&lists, &mut request)).await?.map(Response::new)
    }
}

/// Codes of the organisations of an area; of all organisations if `area` is empty.
fn in_area(content: &Content, area: &str) -> Result<Arc<Organisations>, Status> {
    if area.is_empty() {
        return Ok(content.everybody());
    }
    let area = area_named(content, ("area", "area"), area).map_err(query_error)?;
    Ok(content.members(&area.code))
}

/// Refuses a tag that there is not, with the nearest and all others; empty: none is asked for.
pub(super) fn known_tag(content: &Content, tag: &str) -> Result<(), Status> {
    let tags = content.tags();
    if tag.is_empty() || tags.iter().any(|known| known.id == tag) {
        return Ok(());
    }
    let names = tags.iter().flat_map(|of| [&of.id, &of.label].map(|name| (&*of.id, &**name)));
    let near = hint(nearest(tag, names));
    let all: Vec<_> = tags.iter().map(|of| of.id.as_str()).collect();
    let what = format!("no tag `{tag}`{near}; there are {}", all.join(", "));
    Err(status::field_invalid("tag", what))
}

#[tonic::async_trait]
impl ReferenceService for Reference {
    async fn list_code_lists(
        &self,
        request: Request<v1::ListCodeListsRequest>,
    ) -> Result<Response<v1::ListCodeListsResponse>, Status> {
        self.list(request, Lists::list_code_lists).await
    }

    async fn list_dimensions(
        &self,
        request: Request<v1::ListDimensionsRequest>,
    ) -> Result<Response<v1::ListDimensionsResponse>, Status> {
        self.list(request, Lists::list_dimensions).await
    }

    async fn list_indicators(
        &self,
        request: Request<v1::ListIndicatorsRequest>,
    ) -> Result<Response<v1::ListIndicatorsResponse>, Status> {
        self.list(request, Lists::list_indicators).await
    }

    async fn list_tables(
        &self,
        request: Request<v1::ListTablesRequest>,
    ) -> Result<Response<v1::ListTablesResponse>, Status> {
        self.list(request, Lists::list_tables).await
    }

    async fn list_collections(
        &self,
        request: Request<v1::ListCollectionsRequest>,
    ) -> Result<Response<v1::ListCollectionsResponse>, Status> {
        self.list(request, Lists::list_collections).await
    }

    async fn list_organisations(
        &self,
        request: Request<v1::ListOrganisationsRequest>,
    ) -> Result<Response<v1::ListOrganisationsResponse>, Status> {
        self.list(request, Lists::list_organisations).await
    }

    async fn list_areas(
        &self,
        request: Request<v1::ListAreasRequest>,
    ) -> Result<Response<v1::ListAreasResponse>, Status> {
        self.list(request, Lists::list_areas).await
    }

    async fn list_availability(
        &self,
        request: Request<v1::ListAvailabilityRequest>,
    ) -> Result<Response<v1::ListAvailabilityResponse>, Status> {
        self.list(request, Lists::list_availability).await
    }
}

impl Lists {
    fn content(&self) -> Arc<Content> {
        self.0.engine.reference()
    }

    fn page(&self, query: &[&str], size: i32, token: &str) -> Result<Page, Status> {
        Page::new(&self.0.page_key, query, size, token)
    }

    fn list_code_lists(
        &self,
        request: &mut v1::ListCodeListsRequest,
    ) -> Result<v1::ListCodeListsResponse, Status> {
        trim([&mut request.code_list]);
        let page =
            self.page(&["lists", &request.code_list], request.page_size, &request.page_token)?;
        let content = self.content();
        if !request.code_list.is_empty() && content.list(&request.code_list).is_none() {
            let ids: Vec<_> = content.lists().map(|list| list.id.as_str()).collect();
            let what = format!(
                "`{}` is not a code list; choose one of {}",
                request.code_list,
                ids.join(", ")
            );
            return Err(status::field_invalid("code_list", what));
        }
        let wanted = |id: &str| request.code_list.is_empty() || request.code_list == id;
        let lists = content.lists().filter(|list| wanted(&list.id)).collect();
        let (lists, next_page_token) = page.of(lists);
        let code_lists = lists.into_iter().map(convert::code_list).collect();
        Ok(v1::ListCodeListsResponse { code_lists, next_page_token })
    }

    fn list_dimensions(
        &self,
        request: &mut v1::ListDimensionsRequest,
    ) -> Result<v1::ListDimensionsResponse, Status> {
        let page = self.page(&["dimensions"], request.page_size, &request.page_token)?;
        let content = self.content();
        let (dimensions, next_page_token) = page.of(content.dimensions().iter().collect());
        let dimensions = dimensions.into_iter().map(convert::dimension).collect();
        Ok(v1::ListDimensionsResponse { dimensions, next_page_token })
    }

    fn list_indicators(
        &self,
        request: &mut v1::ListIndicatorsRequest,
    ) -> Result<v1::ListIndicatorsResponse, Status> {
        trim([&mut request.tag]);
        let page =
            self.page(&["indicators", &request.tag], request.page_size, &request.page_token)?;
        let content = self.content();
        known_tag(&content, &request.tag)?;
        let wanted = |indicator: &&Indicator| {
            request.tag.is_empty() || indicator.tags.contains(&request.tag)
        };
        let (indicators, next_page_token) = page.of(content.indicators().filter(wanted).collect());
        let indicators = indicators.into_iter().map(convert::indicator).collect();
        let tags = content.tags().iter().map(convert::tag).collect();
        Ok(v1::ListIndicatorsResponse { indicators, next_page_token, tags })
    }

    fn list_tables(
        &self,
        request: &mut v1::ListTablesRequest,
    ) -> Result<v1::ListTablesResponse, Status> {
        let page = self.page(&["tables"], request.page_size, &request.page_token)?;
        let (content, tables) = (self.content(), tables());
        let (found, next_page_token) = page.of(tables.iter().collect());
        let tables = found.into_iter().map(|table| convert::table(&content, table)).collect();
        Ok(v1::ListTablesResponse { tables, next_page_token })
    }

    fn list_collections(
        &self,
        request: &mut v1::ListCollectionsRequest,
    ) -> Result<v1::ListCollectionsResponse, Status> {
        let page = self.page(&["collections"], request.page_size, &request.page_token)?;
        let content = self.content();
        let (collections, next_page_token) = page.of(content.collections().collect());
        let collections = collections.into_iter().map(convert::collection).collect();
        Ok(v1::ListCollectionsResponse { collections, next_page_token })
    }

    fn list_organisations(
        &self,
        request: &mut v1::ListOrganisationsRequest,
    ) -> Result<v1::ListOrganisationsResponse, Status> {
        trim([&mut request.area, &mut request.search]);
        let query = ["organisations", &request.area, &request.search];
        let page = self.page(&query, request.page_size, &request.page_token)?;
        let content = self.content();
        let belonging = in_area(&content, &request.area)?;
        let search = Search::new(&request.search);
        let found = belonging.values().filter(|of| search.finds_organisation(of));
        let (organisations, next_page_token) = page.of(found.collect());
        let organisations = organisations.into_iter().map(|of| convert::organisation(of)).collect();
        Ok(v1::ListOrganisationsResponse { organisations, next_page_token })
    }

    fn list_areas(
        &self,
        request: &mut v1::ListAreasRequest,
    ) -> Result<v1::ListAreasResponse, Status> {
        trim([&mut request.r#type, &mut request.search]);
        let query = ["areas", &request.r#type, &request.search];
        let page = self.page(&query, request.page_size, &request.page_token)?;
        let content = self.content();
        let kinds: BTreeSet<_> = content.areas().iter().map(|area| area.kind.as_str()).collect();
        if !request.r#type.is_empty() && !kinds.contains(request.r#type.as_str()) {
            let kinds: Vec<_> = kinds.into_iter().collect();
            return Err(status::field_invalid(
                "type",
                format!("must be empty or one of {}", kinds.join(", ")),
            ));
        }
        let wanted = |kind: &str| request.r#type.is_empty() || request.r#type == kind;
        let search = Search::new(&request.search);
        let is_found = |area: &&Area| wanted(&area.kind) && search.finds_area(area);
        let mut areas: Vec<_> = content.areas().iter().filter(is_found).collect();
        areas.sort_by(|a, b| (&a.kind, &a.code).cmp(&(&b.kind, &b.code)));
        let (areas, next_page_token) = page.of(areas);
        let areas = areas.into_iter().map(|area| convert::area(&content, area)).collect();
        Ok(v1::ListAreasResponse { areas, next_page_token })
    }

    fn list_availability(
        &self,
        request: &mut v1::ListAvailabilityRequest,
    ) -> Result<v1::ListAvailabilityResponse, Status> {
        trim([&mut request.collection, &mut request.area]);
        let kind = request.dataset.to_string();
        // A token has the position that its reader gets, and no other reader may use it.
        let reader = self.1.reader();
        let of_reader = blake3::hash(&reader.key()).to_hex();
        let query = ["availability", &request.collection, &request.area, &kind, &of_reader];
        let mut page = self.page(&query, request.page_size, &request.page_token)?;
        let dataset = match v1::Dataset::try_from(request.dataset) {
            Ok(v1::Dataset::Unspecified) => None,
            Ok(v1::Dataset::Consultations) => Some(Dataset::Consultations),
            Ok(v1::Dataset::Populations) => Some(Dataset::Populations),
            Ok(v1::Dataset::DigitalAccess) => Some(Dataset::DigitalAccess),
            Ok(v1::Dataset::Estimates) => Some(Dataset::Estimates),
            Ok(v1::Dataset::IndicatorCounts) => Some(Dataset::IndicatorCounts),
            Err(_) => {
                return Err(status::field_invalid(
                    "dataset",
                    "must be a value of Dataset, or DATASET_UNSPECIFIED for all",
                ));
            }
        };
        let content = self.content();
        if content.collection(&request.collection).is_none() {
            return Err(query_error(no_collection(&content, "collection", &request.collection)));
        }
        let organisations = in_area(&content, &request.area)?;
        // Every page is read at the position of the first page, so that later submissions do not shift the pages.
        if page.cursor == 0 {
            page.position = self.0.listed_position(&self.1, &request.collection)?;
        }
        let (collection, position) = (&request.collection, page.position);
        let found = self.0.engine.availability(collection, &organisations, dataset, position);
        let found = found.map_err(|error| store_error(&error))?;
        let of = |made: &Submission| (collection.as_str(), made.slot.dataset);
        let known = |made: &Arc<Submission>| reader.knows(&content, of(made), &made.organisation);
        let (found, next_page_token) = page.of(found.into_iter().filter(known).collect());
        let reads = |made: &Submission| reader.reads(&content, of(made), &made.organisation);
        let availability = found.into_iter().map(|made| v1::Availability {
            organisation: made.organisation.to_string(),
            month: made.slot.month.to_string(),
            dataset: submission::dataset(made.slot.dataset).into(),
            version: i64::from(made.version),
            position: int(made.position),
            total_count: if reads(&made) { int(made.total_count) } else { 0 },
            total_withheld: !reads(&made),
            collected_fields: made.columns().map(|of| of.field.name().to_owned()).collect(),
        });
        let availability = availability.collect();
        Ok(v1::ListAvailabilityResponse { availability, next_page_token })
    }
}
