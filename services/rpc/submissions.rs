//! `SubmissionService`: takes, lists and withdraws submissions.

mod kind;
mod receipt;
mod refusal;
mod stream;
mod told;

use tonic::{Request, Response, Status, Streaming};

use super::audit::Record;
use super::caller::Caller;
use super::convert::name::version_name;
use super::convert::trim::trim;
use super::convert::{header, int, query_error, store_error, submission};
use super::page::Page;
use super::{Incoming, IncomingEstimates, Service, status};
use crate::engine::WriteError;
use crate::engine::query::no_collection;
use crate::engine::submissions::{Listed, StoredVersion, VersionName};
use crate::proto::server::submission_service_server::SubmissionService;
use crate::proto::v1::{self, ErrorReason};
use kind::{CONSULTATIONS, DIGITAL_ACCESS, ESTIMATES, INDICATOR_COUNTS, POPULATIONS};
use receipt::problems_page;
pub(super) use refusal::refused;
use stream::submit;

/// Answers `SubmissionService`.
pub struct Submissions(pub Service);

impl Submissions {
    /// The submission that a field of the request names.
    async fn find(&self, field: &'static str, name: &str) -> Result<StoredVersion, Status> {
        let named = name.to_owned();
        let found = self.0.aside(move |engine| {
            let found = engine.submission(&version_name(field, &named)?);
            found.map_err(|error| store_error(&error))
        });
        found.await??.ok_or_else(|| no_submission(name))
    }

    /// The same, if the caller may read it. Who may not is not told whether there is one.
    async fn read(
        &self,
        caller: &Caller,
        field: &'static str,
        name: &str,
    ) -> Result<StoredVersion, Status> {
        self.may_read(caller, &version_name(field, name)?)?;
        self.find(field, name).await
    }

    fn may_read(&self, caller: &Caller, named: &VersionName<'_>) -> Result<(), Status> {
        self.0.may_read(caller, (named.collection, named.dataset), named.organisation)
    }
}

pub(super) fn no_submission(name: &str) -> Status {
    let message = format!("there is no submission `{name}`; ListSubmissions lists the submissions");
    status::not_found(ErrorReason::SubmissionNotFound, "submission", name, message)
}

/// A page of submissions. Goes through the submissions of all organisations.
fn list(
    (service, caller): (&Service, &Caller),
    request: &v1::ListSubmissionsRequest,
) -> Result<v1::ListSubmissionsResponse, Status> {
    let past = if request.include_past { "past" } else { "" };
    let query = ["submissions", &request.parent, &request.organisation, &request.month, past];
    let (engine, reader) = (&service.engine, caller.reader());
    let page = Page::new(&service.page_key, &query, request.page_size, &request.page_token)?;
    let reference = engine.reference();
    let collection = match request.parent.strip_prefix("collections/") {
        Some("-") => None,
        Some(id) if reference.collection(id).is_some() => {
            service.may_list(caller, id)?;
            Some(id)
        }
        Some(id) => return Err(query_error(no_collection(&reference, "parent", id))),
        None => {
            return Err(status::field_invalid(
                "parent",
                "must be `collections/{collection}`, or `collections/-` for all",
            ));
        }
    };
    let month = match request.month.as_str() {
        "" => None,
        month => Some(month.parse().map_err(|e| status::field_invalid("month", format!("{e}")))?),
    };
    let organisation = Some(request.organisation.as_str()).filter(|code| !code.is_empty());
    let listed =
        Listed { reader: &reader, collection, organisation, month, past: request.include_past };
    // Newest first: each page starts below the position where the page before ended.
    let found = engine.submissions(&listed, page.cursor, page.size + 1);
    let mut found = found.map_err(|error| store_error(&error))?;
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().map_or(0, |found| found.submission.position);
    Ok(v1::ListSubmissionsResponse {
        submissions: found.iter().map(submission::submission).collect(),
        next_page_token: if more { page.token(last) } else { String::new() },
    })
}

#[tonic::async_trait]
impl SubmissionService for Submissions {
    async fn submit_consultations(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitConsultationsResponse>, Status> {
        let receipt = Some(submit(&self.0, request, CONSULTATIONS).await?);
        Ok(Response::new(v1::SubmitConsultationsResponse { receipt }))
    }

    async fn submit_populations(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitPopulationsResponse>, Status> {
        let receipt = Some(submit(&self.0, request, POPULATIONS).await?);
        Ok(Response::new(v1::SubmitPopulationsResponse { receipt }))
    }

    async fn submit_digital_access(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitDigitalAccessResponse>, Status> {
        let receipt = Some(submit(&self.0, request, DIGITAL_ACCESS).await?);
        Ok(Response::new(v1::SubmitDigitalAccessResponse { receipt }))
    }

    async fn submit_estimates(
        &self,
        request: Request<Streaming<IncomingEstimates>>,
    ) -> Result<Response<v1::SubmitEstimatesResponse>, Status> {
        let receipt = Some(submit(&self.0, request, ESTIMATES).await?);
        Ok(Response::new(v1::SubmitEstimatesResponse { receipt }))
    }

    async fn submit_indicator_counts(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitIndicatorCountsResponse>, Status> {
        let receipt = Some(submit(&self.0, request, INDICATOR_COUNTS).await?);
        Ok(Response::new(v1::SubmitIndicatorCountsResponse { receipt }))
    }

    async fn get_submission(
        &self,
        request: Request<v1::GetSubmissionRequest>,
    ) -> Result<Response<v1::GetSubmissionResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let found = self.read(&caller, "name", &request.get_ref().name).await?;
        let submission = Some(submission::submission(&found));
        Ok(Response::new(v1::GetSubmissionResponse { submission }))
    }

    async fn list_submissions(
        &self,
        request: Request<v1::ListSubmissionsRequest>,
    ) -> Result<Response<v1::ListSubmissionsResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let (mut request, service) = (request.into_inner(), self.0.clone());
        trim([&mut request.parent, &mut request.organisation, &mut request.month]);
        let listed = self.0.aside(move |_| list((&service, &caller), &request)).await?;
        listed.map(Response::new)
    }

    async fn list_row_problems(
        &self,
        request: Request<v1::ListRowProblemsRequest>,
    ) -> Result<Response<v1::ListRowProblemsResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let request = request.into_inner();
        let named = version_name("parent", &request.parent)?;
        let (size, token) = (request.page_size, &request.page_token);
        let page = problems_page((&self.0, &caller), request.parent.trim(), size, token)?;
        // Only a receipt has a token of a further page.
        if token.is_empty() {
            self.may_read(&caller, &named)?;
        }
        let made = self.find("parent", &request.parent).await?.submission;
        let problems = self.0.work(&caller, move |engine| engine.row_problems(&made)).await?;
        let problems = problems.map_err(|error| store_error(&error))?;
        let (problems, next_page_token) = page.of(problems);
        let problems = problems.into_iter().map(submission::problem).collect();
        Ok(Response::new(v1::ListRowProblemsResponse { problems, next_page_token }))
    }

    async fn withdraw_submission(
        &self,
        request: Request<v1::WithdrawSubmissionRequest>,
    ) -> Result<Response<v1::WithdrawSubmissionResponse>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        let request = request.into_inner();
        let id = header::request_id(&request.request_id)
            .map_err(|what| status::field_invalid("request_id", what))?;
        let found = self.read(&caller, "name", &request.name).await?.submission;
        let month = found.slot.month;
        self.0.may_submit(&caller, &found.organisation, (month, month))?;
        record.intends().await?;
        let written = self.0.engine.withdraw(&found, caller.name(), &id).await;
        let position = written.map_err(|error| {
            if matches!(error, WriteError::NotCurrent) {
                return status::submission_not_current(&request.name);
            }
            refused(&error, &id)
        })?;
        record.made(position);
        let withdrawn = self.find("name", &request.name).await?;
        Ok(Response::new(v1::WithdrawSubmissionResponse {
            submission: Some(submission::submission(&withdrawn)),
            withdraw_position: int(position),
        }))
    }
}
