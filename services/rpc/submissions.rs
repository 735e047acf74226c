//! `SubmissionService`: streams of rows in, receipts out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use super::convert::{self, header, int, name, record, submission};
use super::page::Page;
use super::{CALLER, Context, status};
use crate::domain::collection::Dataset;
use crate::domain::submission::{Builder, Draft, Header};
use crate::engine::{Catalog, Engine, Outcome, Prepared, Slot, Version, WriteError, Written};
use crate::proto::server::submission_service_server::SubmissionService;
use crate::proto::v1::{self, ErrorReason};

/// The service.
pub struct Submissions(pub Context);

/// Batches that may wait to be coded while the next ones are decoded.
const AHEAD: usize = 4;
/// Row problems that an error names.
const NAMED: usize = 20;
const RETRY: Duration = Duration::from_secs(1);

/// A message of a submission: the header, then batches.
enum Incoming<B> {
    Header(Box<v1::SubmissionHeader>),
    Batch(B),
    Nothing,
}

/// One kind of submission stream.
struct Kind<M, B> {
    dataset: Dataset,
    read: fn(M) -> Incoming<B>,
    rows: fn(&B) -> usize,
    take: fn(&mut Builder, &B),
}

/// The streams of rows differ in their messages' names alone.
macro_rules! kind {
    ($name:ident, $request:ident, $part:ident, $batch:ident, $dataset:ident, $take:path) => {
        const $name: Kind<v1::$request, v1::$batch> = Kind {
            dataset: Dataset::$dataset,
            read: |message| match message.part {
                Some(v1::$part::Part::Header(header)) => Incoming::Header(Box::new(header)),
                Some(v1::$part::Part::Batch(batch)) => Incoming::Batch(batch),
                None => Incoming::Nothing,
            },
            rows: |batch| batch.records.len(),
            take: |builder, batch| batch.records.iter().for_each(|row| $take(builder, row)),
        };
    };
}

kind!(
    CONSULTATIONS,
    SubmitConsultationsRequest,
    submit_consultations_request,
    ConsultationBatch,
    Consultations,
    record::consultation
);
kind!(
    POPULATIONS,
    SubmitPopulationsRequest,
    submit_populations_request,
    PopulationBatch,
    Populations,
    record::population
);
kind!(
    DIGITAL_ACCESS,
    SubmitDigitalAccessRequest,
    submit_digital_access_request,
    AccessBatch,
    DigitalAccess,
    record::access
);

/// What coding a stream came to.
struct Coded {
    header: Header,
    draft: Draft,
    /// Ready to be written, if it is to be.
    prepared: Option<Prepared>,
}

impl Submissions {
    async fn submit<M, B>(
        &self,
        mut stream: Streaming<M>,
        kind: Kind<M, B>,
    ) -> Result<v1::Receipt, Status>
    where
        M: Send + 'static,
        B: Send + 'static,
    {
        let submitting = Arc::clone(&self.0.submitting);
        let _permit = submitting.try_acquire_owned().map_err(|_| status::overloaded(RETRY))?;
        let first = stream.message().await?.ok_or_else(status::submission_empty)?;
        let Incoming::Header(given) = (kind.read)(first) else {
            return Err(status::field_invalid("header", "comes first, before any batch"));
        };
        let engine = Arc::clone(&self.0.engine);
        let reference = Arc::clone(&engine.store().catalog().reference);
        let header = header::header(&reference, kind.dataset, &given)?;
        let builder = engine.builder(header);

        // Rows are coded on a thread of their own, while the next ones are decoded here.
        let (batches, coded) = mpsc::channel::<Option<B>>(AHEAD);
        let take = kind.take;
        let coding = tokio::task::spawn_blocking(move || code(builder, coded, take));
        let (most, mut rows) = (engine.max_rows(), 0u64);
        while let Some(message) = stream.message().await? {
            match (kind.read)(message) {
                Incoming::Batch(batch) => {
                    rows += (kind.rows)(&batch) as u64;
                    if rows > most {
                        return Err(status::submission_too_large(most));
                    }
                    batches.send(Some(batch)).await.map_err(|error| status::internal(&error))?;
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
        batches.send(None).await.map_err(|error| status::internal(&error))?;
        let coded = coding.await.map_err(|error| status::internal(&error))?;
        let coded = coded.ok_or_else(status::stopping)?;
        self.finish(coded, rows).await
    }

    async fn finish(&self, coded: Coded, rows: u64) -> Result<v1::Receipt, Status> {
        let Coded { header, draft, prepared } = coded;
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
            let problems = draft.problems.iter().take(NAMED).map(|problem| {
                let value = if problem.value.is_empty() {
                    String::new()
                } else {
                    format!("`{}`: ", problem.value)
                };
                let nearest = if problem.nearest.is_empty() {
                    String::new()
                } else {
                    format!("; nearest `{}`", problem.nearest)
                };
                let description = format!("{value}expected {}{nearest}", problem.expected);
                (format!("records[{}].{}", problem.row_index, problem.field), description)
            });
            return Err(status::rows_invalid(problems.collect(), draft.rejected_count));
        };
        let written = self
            .0
            .engine
            .write(prepared)
            .await
            .map_err(|error| refused(&error, &header.request_id))?;
        self.receipt(&written, &header)
    }

    fn receipt(&self, written: &Written, header: &Header) -> Result<v1::Receipt, Status> {
        let engine = &self.0.engine;
        let Some(made) = &written.submission else { return Err(status::stopping()) };
        let problems =
            engine.store().reader().problems(made).map_err(|e| convert::store_error(&e))?;
        let catalog = engine.store().catalog();
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

/// Codes batches until the end of the stream. `None` if the stream broke off.
fn code<B>(
    mut builder: Builder,
    mut batches: mpsc::Receiver<Option<B>>,
    take: fn(&mut Builder, &B),
) -> Option<Coded> {
    while let Some(batch) = batches.blocking_recv()? {
        take(&mut builder, &batch);
    }
    let header = builder.header().clone();
    let draft = builder.finish();
    let whole = draft.rejected_count == 0 || (header.allow_partial && draft.accepted_count > 0);
    let wanted = whole && draft.accepted_count > 0 && !header.validate_only;
    let prepared = wanted.then(|| Engine::prepare(CALLER, &header, &draft));
    Some(Coded { header, draft, prepared })
}

pub(super) fn refused(error: &WriteError, request_id: &str) -> Status {
    match error {
        WriteError::RequestIdReused => status::request_id_reused(request_id),
        WriteError::NotCurrent => status::submission_not_current("the submission"),
        WriteError::Full(why) => {
            tracing::warn!(why, "a change was refused: the disk is too full");
            status::storage_full()
        }
        WriteError::Stopped(why) => {
            tracing::warn!(why, "a change was refused: writing has stopped");
            status::writing_stopped()
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
        request: Request<Streaming<v1::SubmitConsultationsRequest>>,
    ) -> Result<Response<v1::SubmitConsultationsResponse>, Status> {
        let result = self.submit(request.into_inner(), CONSULTATIONS).await;
        self.0.engine.counts().submission(outcome(&result));
        Ok(Response::new(v1::SubmitConsultationsResponse { receipt: Some(result?) }))
    }

    async fn submit_populations(
        &self,
        request: Request<Streaming<v1::SubmitPopulationsRequest>>,
    ) -> Result<Response<v1::SubmitPopulationsResponse>, Status> {
        let result = self.submit(request.into_inner(), POPULATIONS).await;
        self.0.engine.counts().submission(outcome(&result));
        Ok(Response::new(v1::SubmitPopulationsResponse { receipt: Some(result?) }))
    }

    async fn submit_digital_access(
        &self,
        request: Request<Streaming<v1::SubmitDigitalAccessRequest>>,
    ) -> Result<Response<v1::SubmitDigitalAccessResponse>, Status> {
        let result = self.submit(request.into_inner(), DIGITAL_ACCESS).await;
        self.0.engine.counts().submission(outcome(&result));
        Ok(Response::new(v1::SubmitDigitalAccessResponse { receipt: Some(result?) }))
    }

    async fn submit_estimates(
        &self,
        _request: Request<Streaming<v1::SubmitEstimatesRequest>>,
    ) -> Result<Response<v1::SubmitEstimatesResponse>, Status> {
        Err(status::overloaded(RETRY))
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
        let problems =
            self.0.engine.store().reader().problems(&made).map_err(|e| convert::store_error(&e))?;
        let (problems, next_page_token) = page.of(problems);
        let problems = problems.into_iter().map(submission::stored_problem).collect();
        Ok(Response::new(v1::ListRowProblemsResponse { problems, next_page_token }))
    }

    async fn withdraw_submission(
        &self,
        request: Request<v1::WithdrawSubmissionRequest>,
    ) -> Result<Response<v1::WithdrawSubmissionResponse>, Status> {
        let request = request.into_inner();
        header::request_id(&request.request_id)
            .map_err(|what| status::field_invalid("request_id", what))?;
        let (slot, number) = {
            let catalog = self.0.engine.store().catalog();
            let (version, _) = find(&catalog, "name", &request.name)?;
            (version.submission.slot, version.submission.version)
        };
        let store = self.0.engine.store();
        let written = store.withdraw(slot, number, CALLER, &request.request_id).await;
        let written = written.map_err(|error| {
            if matches!(error, WriteError::NotCurrent) {
                return status::submission_not_current(&request.name);
            }
            refused(&error, &request.request_id)
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
