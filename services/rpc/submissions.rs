//! `SubmissionService`: streams of rows in, receipts out.

mod kind;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use super::convert::{self, Unreadable, header, int, name, submission};
use super::page::Page;
use super::status::Fate;
use super::{CALLER, Incoming, IncomingEstimates, Service, status};
use crate::domain::submission::{Draft, Header};
use crate::engine::{
    Catalog, Engine, Outcome, Prepared, Slot, Submission, Version, WriteError, Written,
};
use crate::proto::server::submission_service_server::SubmissionService;
use crate::proto::store;
use crate::proto::v1::{self, ErrorReason};
use kind::{CONSULTATIONS, DIGITAL_ACCESS, ESTIMATES, Kind, POPULATIONS, Taker};

/// The service.
pub struct Submissions(pub Service);

/// Batches that may wait to be coded while the next ones are decoded.
const AHEAD: usize = 4;
/// Row problems that an error names.
const NAMED: usize = 20;
const RETRY: Duration = Duration::from_secs(1);

/// What coding a stream came to.
struct Coded {
    header: Header,
    draft: Draft,
    /// Rows that came.
    rows: u64,
    /// Ready to be written, if it is to be.
    prepared: Option<Prepared>,
}

/// Why a stream was not coded to its end.
enum Broken {
    /// It broke off.
    Off,
    /// A batch is none.
    Batch(Unreadable),
    /// There are more rows than are taken.
    TooLarge,
}

impl Submissions {
    async fn submit<H: Message + Default + 'static, T: Taker>(
        &self,
        mut stream: Streaming<Incoming<H>>,
        kind: Kind<H, T>,
    ) -> Result<v1::Receipt, Status> {
        let submitting = Arc::clone(&self.0.submitting);
        let _permit = submitting.try_acquire_owned().map_err(|_| status::overloaded(RETRY))?;
        let first = stream.message().await.map_err(status::unreadable)?;
        let first = first.ok_or_else(status::submission_empty)?;
        let Incoming::Header(given) = first else {
            return Err(status::field_invalid("header", "comes first, before any batch"));
        };
        let engine = Arc::clone(&self.0.engine);
        let reference = Arc::clone(&engine.store().catalog().reference);
        let builder = (kind.start)(&engine, &reference, &given)?;

        // Rows are read and coded on a thread of their own, while the next ones come in here.
        let (batches, waiting) = mpsc::channel::<Option<Bytes>>(AHEAD);
        let most = engine.most_rows(kind.dataset);
        let coding = tokio::task::spawn_blocking(move || code(builder, waiting, kind.take, most));
        while let Some(message) = stream.message().await.map_err(status::unreadable)? {
            match message {
                Incoming::Batch(batch) => {
                    if batches.send(Some(batch.freeze())).await.is_err() {
                        // It has ended, and says why.
                        break;
                    }
                }
                Incoming::Header(_) => {
                    return Err(status::field_invalid("header", "comes once, first"));
                }
                Incoming::Nothing => {
                    return Err(status::field_invalid(
                        "part",
                        "a message carries a header or a batch",
                    ));
                }
            }
        }
        // Nobody waits for the end any more where coding has ended already.
        drop(batches.send(None).await);
        let coded = coding.await.map_err(|error| status::internal(&error))?;
        let coded = coded.map_err(|broken| match broken {
            Broken::Off => status::stopping(),
            Broken::Batch(error) => status::field_invalid("batch", format!("is none: {error}")),
            Broken::TooLarge => status::submission_too_large(most),
        })?;
        self.finish(coded).await
    }

    async fn finish(&self, coded: Coded) -> Result<v1::Receipt, Status> {
        let Coded { header, draft, rows, prepared } = coded;
        if let Some(expected) = header.expected_record_count.filter(|expected| *expected != rows) {
            return Err(status::record_count_mismatch(expected, rows));
        }
        if rows == 0 {
            return Err(status::submission_empty());
        }
        if header.validate_only {
            return Ok(submission::checked(&header, &draft));
        }
        let Some(prepared) = prepared else {
            return Err(self.not_taken(&header, rows_invalid(&draft)).await);
        };
        let written = self
            .0
            .engine
            .write(prepared)
            .await
            .map_err(|error| refused(&error, &header.request_id))?;
        self.receipt(&written, &header).await
    }

    /// The refusal of rows, unless their request id is known: then something was stored, and the caller is told what. Rows
    /// that were taken once may be refused later, when a code has left its list.
    async fn not_taken(&self, header: &Header, refusal: Status) -> Status {
        let id = header.request_id.clone();
        let used = self.0.work(move |engine| engine.store().reader().used(CALLER, &id)).await;
        let position = match used.map(|used| used.map_err(|error| convert::store_error(&error))) {
            Ok(Ok(Some(position))) => position,
            Ok(Ok(None)) => return refusal,
            Ok(Err(status)) | Err(status) => return status,
        };
        let catalog = self.0.engine.store().catalog();
        let mut versions = catalog.slots().flat_map(|(_, versions)| versions);
        match versions.find(|version| version.submission.position == position) {
            Some(made) => {
                let name = name::of(&made.submission);
                status::request_id_made(&header.request_id, &name, &refusal)
            }
            None => status::request_id_reused(&header.request_id),
        }
    }

    /// The problems that are kept of a submission.
    async fn problems(&self, made: &Arc<Submission>) -> Result<Vec<store::RowProblem>, Status> {
        if made.rejected_count == 0 {
            return Ok(Vec::new());
        }
        let made = Arc::clone(made);
        let read = self.0.work(move |engine| engine.store().reader().problems(&made)).await?;
        read.map_err(|error| convert::store_error(&error))
    }

    async fn receipt(&self, written: &Written, header: &Header) -> Result<v1::Receipt, Status> {
        let Some(made) = &written.submission else { return Err(status::stopping()) };
        let problems = self.problems(made).await?;
        let catalog = self.0.engine.store().catalog();
        let found = version(&catalog, made.slot, made.version);
        let (version, is_last) = found.ok_or_else(|| no_submission(&header.request_id))?;
        let name = name::of(made);
        let page = Page::new(&self.0.page_key, &["problems", &name], 0, "")?;
        let more = problems.len() > submission::IN_RECEIPT;
        Ok(v1::Receipt {
            submission: Some(submission::submission(version, is_last)),
            problems: problems
                .into_iter()
                .take(submission::IN_RECEIPT)
                .map(submission::stored_problem)
                .collect(),
            next_page_token: if more {
                page.token(submission::IN_RECEIPT as u64)
            } else {
                String::new()
            },
            replayed: written.replayed,
            validated_only: false,
        })
    }
}

/// Codes batches until the end of the stream.
fn code<T: Taker>(
    mut builder: T,
    mut batches: mpsc::Receiver<Option<Bytes>>,
    take: fn(&mut T, &[u8]) -> Result<(), Unreadable>,
    most: u64,
) -> Result<Coded, Broken> {
    while let Some(batch) = batches.blocking_recv().ok_or(Broken::Off)? {
        take(&mut builder, &batch).map_err(Broken::Batch)?;
        if builder.rows_seen() > most {
            return Err(Broken::TooLarge);
        }
    }
    let rows = builder.rows_seen();
    let header = builder.header().clone();
    let draft = builder.finish();
    let whole = draft.rejected_count == 0 || (header.allow_partial && draft.accepted_count > 0);
    let wanted = whole && draft.accepted_count > 0 && !header.validate_only;
    let prepared = wanted.then(|| Engine::prepare(CALLER, &header, &draft));
    Ok(Coded { header, draft, rows, prepared })
}

/// The refusal of a draft whose rows have problems.
fn rows_invalid(draft: &Draft) -> Status {
    let problems = draft.problems.iter().take(NAMED).map(|problem| {
        let value = match problem.value.as_str() {
            "" => String::new(),
            value => format!("`{value}`: "),
        };
        let nearest = match problem.nearest.as_str() {
            "" => String::new(),
            nearest => format!("; nearest `{nearest}`"),
        };
        let description = format!("{value}expected {}{nearest}", problem.expected);
        (format!("records[{}].{}", problem.row_index, problem.field), description)
    });
    status::rows_invalid(problems.collect(), draft.rejected_count)
}

pub(super) fn refused(error: &WriteError, request_id: &str) -> Status {
    match error {
        WriteError::RequestIdReused => status::request_id_reused(request_id),
        WriteError::NotCurrent => status::submission_not_current("the submission"),
        WriteError::Full(why) => {
            tracing::warn!(why, "a change was refused: the disk is too full");
            status::storage_full(Fate::NotStored)
        }
        WriteError::Stopped(why) => {
            tracing::warn!(why, "a change was refused: writing has stopped");
            status::writing_stopped(Fate::NotStored)
        }
        WriteError::Unsure(why) => {
            tracing::warn!(%why, "a change may have been kept, and its caller could not be told so");
            if matches!(**why, WriteError::Full(_)) {
                status::storage_full(Fate::NotKnown)
            } else {
                status::writing_stopped(Fate::NotKnown)
            }
        }
        WriteError::Busy => status::overloaded(RETRY),
        WriteError::Store(_) => status::internal(error),
    }
}

fn outcome(result: &Result<v1::Receipt, Status>) -> Outcome {
    match result {
        Ok(receipt) if receipt.replayed => Outcome::Repeated,
        Ok(receipt) if receipt.validated_only => Outcome::Validated,
        Ok(_) => Outcome::Stored,
        Err(status) if is_of_the_content(status) => Outcome::Refused,
        Err(_) => Outcome::Failed,
    }
}

fn is_of_the_content(status: &Status) -> bool {
    use tonic::Code;
    matches!(
        status.code(),
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::OutOfRange
    )
}

fn version(catalog: &Catalog, slot: Slot, number: u32) -> Option<(&Version, bool)> {
    let versions = catalog.versions(&slot);
    let place = versions.iter().position(|version| version.submission.version == number)?;
    Some((&versions[place], place + 1 == versions.len()))
}

fn no_submission(name: &str) -> Status {
    let message = format!("no submission `{name}`; ListSubmissions lists them");
    status::not_found(ErrorReason::SubmissionNotFound, "submission", name, message)
}

fn find<'a>(catalog: &'a Catalog, field: &str, name: &str) -> Result<(&'a Version, bool), Status> {
    let parsed = name::SubmissionName::parse(field, name)?;
    let name::SubmissionName { collection, organisation, dataset, month, version: number } = parsed;
    let found = catalog.find(collection, organisation, dataset, month, number);
    found
        .and_then(|found| version(catalog, found.submission.slot, number))
        .ok_or_else(|| no_submission(name))
}

#[tonic::async_trait]
impl SubmissionService for Submissions {
    async fn submit_consultations(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitConsultationsResponse>, Status> {
        let result = self.submit(request.into_inner(), CONSULTATIONS).await;
        self.0.engine.counts().submission(outcome(&result));
        Ok(Response::new(v1::SubmitConsultationsResponse { receipt: Some(result?) }))
    }

    async fn submit_populations(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitPopulationsResponse>, Status> {
        let result = self.submit(request.into_inner(), POPULATIONS).await;
        self.0.engine.counts().submission(outcome(&result));
        Ok(Response::new(v1::SubmitPopulationsResponse { receipt: Some(result?) }))
    }

    async fn submit_digital_access(
        &self,
        request: Request<Streaming<Incoming>>,
    ) -> Result<Response<v1::SubmitDigitalAccessResponse>, Status> {
        let result = self.submit(request.into_inner(), DIGITAL_ACCESS).await;
        self.0.engine.counts().submission(outcome(&result));
        Ok(Response::new(v1::SubmitDigitalAccessResponse { receipt: Some(result?) }))
    }

    async fn submit_estimates(
        &self,
        request: Request<Streaming<IncomingEstimates>>,
    ) -> Result<Response<v1::SubmitEstimatesResponse>, Status> {
        let result = self.submit(request.into_inner(), ESTIMATES).await;
        self.0.engine.counts().submission(outcome(&result));
        Ok(Response::new(v1::SubmitEstimatesResponse { receipt: Some(result?) }))
    }

    async fn get_submission(
        &self,
        request: Request<v1::GetSubmissionRequest>,
    ) -> Result<Response<v1::GetSubmissionResponse>, Status> {
        let catalog = self.0.engine.store().catalog();
        let (version, is_last) = find(&catalog, "name", &request.get_ref().name)?;
        let submission = Some(submission::submission(version, is_last));
        Ok(Response::new(v1::GetSubmissionResponse { submission }))
    }

    async fn list_submissions(
        &self,
        request: Request<v1::ListSubmissionsRequest>,
    ) -> Result<Response<v1::ListSubmissionsResponse>, Status> {
        let request = request.into_inner();
        let past = if request.include_past { "past" } else { "" };
        let query = ["submissions", &request.parent, &request.organisation, &request.month, past];
        let page = Page::new(&self.0.page_key, &query, request.page_size, &request.page_token)?;
        let catalog = self.0.engine.store().catalog();
        let collection = match request.parent.strip_prefix("collections/") {
            Some("-") => None,
            Some(id) if catalog.reference.collection(id).is_some() => Some(id),
            Some(id) => {
                let error = crate::engine::query::no_collection(&catalog.reference, id);
                return Err(convert::query_error(error));
            }
            None => {
                return Err(status::field_invalid(
                    "parent",
                    "`collections/{collection}`, or `collections/-` for all",
                ));
            }
        };
        let month = match request.month.as_str() {
            "" => None,
            month => {
                Some(month.parse().map_err(|e| status::field_invalid("month", format!("{e}")))?)
            }
        };
        let mut found = Vec::new();
        for (slot, versions) in
            catalog.slots().filter(|(slot, _)| month.is_none_or(|m| slot.month == m))
        {
            for version in versions {
                let of = &version.submission;
                let wanted = collection.is_none_or(|id| *of.collection == *id)
                    && (request.organisation.is_empty() || *of.organisation == *request.organisation)
                    // Newest first; a page goes on below the position where the one before ended.
                    && (page.cursor == 0 || of.position < page.cursor);
                let is_current = version.withdrawn.is_none()
                    && catalog.at(slot, u64::MAX).is_some_and(|s| s.version == of.version);
                if wanted && (request.include_past || is_current) {
                    let is_last =
                        versions.last().is_some_and(|last| last.submission.version == of.version);
                    found.push((of.position, version, is_last));
                }
            }
        }
        found.sort_unstable_by_key(|(position, _, _)| std::cmp::Reverse(*position));
        let more = found.len() > page.size;
        found.truncate(page.size);
        let last = found.last().map_or(0, |(position, _, _)| *position);
        let submissions =
            found.into_iter().map(|(_, version, is_last)| submission::submission(version, is_last));
        Ok(Response::new(v1::ListSubmissionsResponse {
            submissions: submissions.collect(),
            next_page_token: if more { page.token(last) } else { String::new() },
        }))
    }

    async fn list_row_problems(
        &self,
        request: Request<v1::ListRowProblemsRequest>,
    ) -> Result<Response<v1::ListRowProblemsResponse>, Status> {
        let request = request.into_inner();
        let made = {
            let catalog = self.0.engine.store().catalog();
            Arc::clone(&find(&catalog, "parent", &request.parent)?.0.submission)
        };
        let name = name::of(&made);
        let page = Page::new(
            &self.0.page_key,
            &["problems", &name],
            request.page_size,
            &request.page_token,
        )?;
        let problems = self.problems(&made).await?;
        let (problems, next_page_token) = page.of(problems);
        let problems = problems.into_iter().map(submission::stored_problem).collect();
        Ok(Response::new(v1::ListRowProblemsResponse { problems, next_page_token }))
    }

    async fn withdraw_submission(
        &self,
        request: Request<v1::WithdrawSubmissionRequest>,
    ) -> Result<Response<v1::WithdrawSubmissionResponse>, Status> {
        let request = request.into_inner();
        let id = header::request_id(&request.request_id)
            .map_err(|what| status::field_invalid("request_id", what))?;
        let (slot, number) = {
            let catalog = self.0.engine.store().catalog();
            let (version, _) = find(&catalog, "name", &request.name)?;
            (version.submission.slot, version.submission.version)
        };
        let store = self.0.engine.store();
        let written = store.withdraw(slot, number, CALLER, &id).await;
        let written = written.map_err(|error| {
            if matches!(error, WriteError::NotCurrent) {
                return status::submission_not_current(&request.name);
            }
            refused(&error, &id)
        })?;
        let catalog = store.catalog();
        let (version, is_last) =
            version(&catalog, slot, number).ok_or_else(|| no_submission(&request.name))?;
        Ok(Response::new(v1::WithdrawSubmissionResponse {
            submission: Some(submission::submission(version, is_last)),
            withdraw_position: int(written.position),
        }))
    }
}
