//! `ReleaseService`: lists and makes releases.

use tonic::{Request, Response, Status};

use super::audit::Record;
use super::convert::trim::trim;
use super::convert::{header, query_error, release as convert};
use super::page::Page;
use super::{Service, status, submissions};
use crate::engine::releases::{NotReleased, WantedRelease, release_id};
use crate::engine::{Engine, ReleaseReason};
use crate::proto::server::release_service_server::ReleaseService;
use crate::proto::v1;

/// Answers `ReleaseService`.
pub struct Releases(pub Service);

/// A page of releases, newest first: each page goes on below the position where the one before ended.
fn list(
    engine: &Engine,
    page_key: &[u8; 32],
    request: &v1::ListReleasesRequest,
) -> Result<v1::ListReleasesResponse, Status> {
    let page = Page::new(page_key, &["releases"], request.page_size, &request.page_token)?;
    let mut found = engine.releases(page.cursor, page.size + 1);
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().filter(|_| more).map(|last| page.token(last.position));
    let releases = found.iter().map(|found| convert::release(found)).collect();
    Ok(v1::ListReleasesResponse { releases, next_page_token: last.unwrap_or_default() })
}

/// The status of a release that was not made.
fn not_released(why: NotReleased, name: &str, request_id: &str) -> Status {
    let said = why.to_string();
    match why {
        NotReleased::HeldUp { areas, least, .. } => {
            status::release_refused(&said, areas.len(), least)
        }
        NotReleased::Empty => status::release_refused(&said, 0, 0),
        NotReleased::Exists => status::release_exists(name),
        NotReleased::Write(error) => submissions::refused(&error, request_id),
        NotReleased::Query(error) => query_error(error),
    }
}

#[tonic::async_trait]
impl ReleaseService for Releases {
    async fn list_releases(
        &self,
        request: Request<v1::ListReleasesRequest>,
    ) -> Result<Response<v1::ListReleasesResponse>, Status> {
        let (request, page_key) = (request.into_inner(), self.0.page_key);
        let listed = self.0.aside(move |engine| list(engine, &page_key, &request)).await?;
        listed.map(Response::new)
    }

    async fn get_release(
        &self,
        request: Request<v1::GetReleaseRequest>,
    ) -> Result<Response<v1::GetReleaseResponse>, Status> {
        let mut name = request.into_inner().name;
        trim([&mut name]);
        let found = self.0.aside(move |engine| convert::named(engine, &name, "name")).await??;
        let release = Some(convert::release(&found));
        Ok(Response::new(v1::GetReleaseResponse { release }))
    }

    async fn create_release(
        &self,
        request: Request<v1::CreateReleaseRequest>,
    ) -> Result<Response<v1::CreateReleaseResponse>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        self.0.may_release(&caller)?;
        let v1::CreateReleaseRequest { release_id: mut id, request_id, validate_only } =
            request.into_inner();
        trim([&mut id]);
        let checked = (release_id(&id), header::request_id(&request_id));
        let (Ok(_), Ok(request_id)) = checked else {
            let (name, request) = (checked.0.err(), checked.1.err());
            let wrong =
                [name.map(|what| ("release_id", what)), request.map(|what| ("request_id", what))];
            let wrong = wrong.into_iter().flatten().map(|(field, what)| (field.to_owned(), what));
            return Err(status::fields_invalid(wrong.collect()));
        };
        let (name, now) = (convert::name(&id), self.0.engine.store().now());
        let wanted = WantedRelease { id, reason: ReleaseReason::Operator, now };
        let refused = |why| not_released(why, &name, &request_id);
        if validate_only {
            let foresee = move |engine: &Engine| engine.foreseen_release(&wanted);
            let foreseen = self.0.work(&caller, foresee).await?;
            let release = Some(convert::foreseen(&foreseen.map_err(refused)?));
            return Ok(Response::new(v1::CreateReleaseResponse { release, replayed: false }));
        }
        record.intends().await?;
        let made = self.0.engine.make_release(&wanted, caller.name(), &request_id).await;
        let made = made.map_err(refused)?;
        record.made(made.release.position);
        let release = Some(convert::release(&made.release));
        Ok(Response::new(v1::CreateReleaseResponse { release, replayed: made.replayed }))
    }
}
