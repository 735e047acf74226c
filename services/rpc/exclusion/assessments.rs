//! Assessments: recorded once, listed newest first.

use tonic::{Request, Status};

use crate::engine::Engine;
use crate::engine::query::{Reader, no_organisation};
use crate::proto::v1;
use crate::rpc::audit::Record;
use crate::rpc::convert::trim::trim;
use crate::rpc::convert::{assessment, header, query_error, store_error};
use crate::rpc::page::Page;
use crate::rpc::today::today;
use crate::rpc::{Service, status, submissions};

pub(super) async fn record(
    service: &Service,
    request: Request<v1::RecordChannelAssessmentRequest>,
) -> Result<v1::RecordChannelAssessmentResponse, Status> {
    let (caller, record) = (service.caller(&request)?, Record::of(&request));
    let mut request = request.into_inner();
    let id = header::request_id(&request.request_id)
        .map_err(|what| status::field_invalid("request_id", what))?;
    let given = request.assessment.iter_mut();
    trim(given.flat_map(|given| {
        let texts = [&mut given.organisation, &mut given.owner_role, &mut given.assess_date];
        texts.into_iter().chain([&mut given.first_month, &mut given.last_month])
    }));
    let read = move |engine: &Engine| {
        assessment::read(&engine.reference(), request.assessment.as_ref(), today())
    };
    let given = service.aside(read).await??;
    service.may_submit(&caller, &given.organisation, (given.first, given.last))?;
    record.intends().await?;
    let written = service.engine.assess(given, caller.name(), &id).await;
    let written = written.map_err(|error| submissions::refused(&error, &id))?;
    record.made(written.position);
    let found = service
        .work(&caller, move |engine| engine.assessment(written.position))
        .await?
        .map_err(|error| store_error(&error))?;
    // Written, and only gone if the service is.
    let (about, said) = found.ok_or_else(status::stopping)?;
    Ok(v1::RecordChannelAssessmentResponse {
        assessment: Some(assessment::assessment(&about, said)),
        replayed: written.replayed,
    })
}

pub(super) async fn list(
    service: &Service,
    request: Request<v1::ListChannelAssessmentsRequest>,
) -> Result<v1::ListChannelAssessmentsResponse, Status> {
    let (caller, mut request) = (service.caller(&request)?, request.into_inner());
    let (reader, page_key) = (caller.reader(), service.page_key);
    trim([&mut request.parent]);
    service.work(&caller, move |engine| page(engine, &page_key, &reader, &request)).await?
}

fn page(
    engine: &Engine,
    page_key: &[u8; 32],
    reader: &Reader,
    request: &v1::ListChannelAssessmentsRequest,
) -> Result<v1::ListChannelAssessmentsResponse, Status> {
    let query = ["assessments", &request.parent];
    let page = Page::new(page_key, &query, request.page_size, &request.page_token)?;
    let reference = engine.reference();
    let organisation = match request.parent.strip_prefix("organisations/") {
        Some("-") => None,
        Some(code) => {
            let found = reference.organisation(code);
            let missing = || query_error(no_organisation(&reference, "parent", code));
            Some(found.ok_or_else(missing)?.code.clone())
        }
        None => {
            let expected = "`organisations/{organisation}`, or `organisations/-` for all";
            return Err(status::field_invalid("parent", expected));
        }
    };
    // Newest first: a page goes on below the position where the one before ended.
    let (before, size) = (page.cursor, page.size);
    let wanted = |code: &str| {
        organisation.as_ref().is_none_or(|one| one == code) && reader.hears(&reference, code)
    };
    let found = engine.list_assessments(wanted, before, size + 1);
    let mut found = found.map_err(|error| store_error(&error))?;
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().map_or(0, |(about, _)| about.position);
    let assessments = found.into_iter().map(|(about, said)| assessment::assessment(&about, said));
    Ok(v1::ListChannelAssessmentsResponse {
        assessments: assessments.collect(),
        next_page_token: if more { page.token(last) } else { String::new() },
    })
}
