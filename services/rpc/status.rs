//! The only maker of `tonic::Status`: one function per kind of refusal.
//!
//! Every message says what is wrong and what to do next, without internal details. The reason is in `ErrorInfo`.

mod audit;
mod details;
mod erased;
mod reason;
mod released;
mod storage;
mod token;
mod unwelcome;
mod wire;

use std::error::Error;
use std::time::Duration;

use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::proto::v1::ErrorReason;
pub use audit::{answer_not_audited, audit_stopped, change_not_audited};
use details::{MESSAGE_BYTES, TEXT_BYTES, cut, info};
pub use erased::{already_erased, person_not_found};
pub use released::{
    no_release, publication_refused, publication_under_way, release_exists, release_refused,
};
pub use storage::{
    Fate, data_damaged, reading_failed, storage_failed, storage_full, writing_stopped,
};
pub use token::{TokenProblem, token_refused};
pub use unwelcome::{
    no_identity, no_partner, no_purpose, out_of_scope, partner_changed, quota_exceeded,
};
pub use wire::{
    compression_not_named, encoding_unknown, no_method, no_service, not_grpc, not_gzip,
};

/// How long a caller is asked to wait when the service is full or stopping.
pub const RETRY_OVERLOADED: Duration = Duration::from_secs(1);
/// The trailer of gRFC A6: milliseconds to wait before the next attempt.
const PUSHBACK: &str = "grpc-retry-pushback-ms";
/// How the refusal of rows begins.
const NOTHING_STORED: &str = "nothing was stored: ";

/// A field is missing, malformed or out of range. `field` is its path, `query.period.first`; `description` says what is
/// wrong and what would be right.
#[must_use]
pub fn field_invalid(field: impl Into<String>, description: impl Into<String>) -> Status {
    fields_invalid(vec![(field.into(), description.into())])
}

/// Several fields are invalid: (path, description) of each. As many as fit are listed.
#[must_use]
pub fn fields_invalid(problems: Vec<(String, String)>) -> Status {
    let what = problems.first().map_or_else(
        || "a field is invalid".to_owned(),
        |(field, description)| format!("{}: {}", cut(field, TEXT_BYTES), cut(description, 300)),
    );
    let reason = ErrorReason::FieldInvalid;
    violations(reason, &what, problems, info(reason, []))
}

/// The refusal of a message that is a field of the request: every path in it then begins with `path`. A refusal that names no
/// field stays as it is.
#[must_use]
pub fn within(path: &str, status: Status) -> Status {
    let details = status.get_error_details();
    let field_invalid = reason::name(ErrorReason::FieldInvalid);
    let of_fields = details.error_info().is_some_and(|info| info.reason == field_invalid);
    let Some(named) = details.bad_request().filter(|_| of_fields) else { return status };
    let fields = named.field_violations.iter();
    let moved = fields.map(|one| (format!("{path}.{}", one.field), one.description.clone()));
    fields_invalid(moved.collect())
}

/// Rows have problems: (path, description) of the first of them, `records[17].person.sex`, and how many rows have any.
#[must_use]
pub fn rows_invalid(problems: Vec<(String, String)>, problem_count: u64) -> Status {
    let first = problems.first().map_or_else(String::new, |(field, description)| {
        format!("; the first is {}: {}", cut(field, TEXT_BYTES), cut(description, 250))
    });
    let rows = if problem_count == 1 { "row has" } else { "rows have" };
    let what = format!("{NOTHING_STORED}{problem_count} {rows} problems{first}");
    let reason = ErrorReason::RowsInvalid;
    let details = info(reason, [("problem_count", problem_count.to_string())]);
    violations(reason, &what, problems, details)
}

/// The stream carried no row with a value.
#[must_use]
pub fn submission_empty() -> Status {
    let message = "nothing was stored: the stream carried no row with a value; send the header, then at least one batch of rows, then \
                   half-close the stream";
    refused(ErrorReason::SubmissionEmpty, message, [])
}

/// The stream carried `received` rows where the header announced `expected`.
#[must_use]
pub fn record_count_mismatch(expected: u64, received: u64) -> Status {
    let message = format!(
        "nothing was stored: expected_record_count is {expected}, but the number of rows is {received}; send all rows again, or correct \
         expected_record_count"
    );
    let metadata = [("expected", expected.to_string()), ("received", received.to_string())];
    refused(ErrorReason::RecordCountMismatch, message, metadata)
}

/// The stream carried more rows than one submission may hold.
#[must_use]
pub fn submission_too_large(limit: u64) -> Status {
    let message = format!(
        "nothing was stored: a submission holds at most {limit} rows; join rows that are alike into one row with record_count, \
         or ask the operator to raise limits.max_submission_rows"
    );
    refused(ErrorReason::SubmissionTooLarge, message, [("limit", limit.to_string())])
}

/// Gives our reason to a message that tonic could not read: it is malformed, or too large. A refusal of ours has its reason
/// already and stays as it is, as does a status about something else than a message.
#[must_use]
pub fn unreadable(status: Status) -> Status {
    if !status.details().is_empty() {
        return status;
    }
    if status.code() == Code::Internal {
        return malformed();
    }
    if status.code() == Code::OutOfRange {
        // The last number in tonic's text is the limit.
        let mut numbers = status.message().split(' ').filter_map(|word| word.parse().ok());
        return message_too_large(numbers.next_back().unwrap_or(0));
    }
    status
}

/// The bytes are no request of the method.
#[must_use]
pub fn malformed() -> Status {
    let what = "is malformed, or no message of this method; encode it with code generated from the contract";
    field_invalid("request", what)
}

/// A message is larger than `limit` bytes.
#[must_use]
pub fn message_too_large(limit: u64) -> Status {
    let message = format!(
        "the message is larger than {limit} bytes; send fewer rows in each batch, or ask for less at once, or ask the operator \
         to raise limits.submission_message_bytes or limits.query_message_bytes"
    );
    refused(ErrorReason::MessageTooLarge, message, [("limit", limit.to_string())])
}

/// The `request_id` was used for other content.
#[must_use]
pub fn request_id_reused(request_id: &str) -> Status {
    let message = format!(
        "request_id {} was used for other content; repeat the first request unchanged, or choose a new UUID for this one",
        cut(request_id, 100)
    );
    refused(ErrorReason::RequestIdReused, message, [("request_id", request_id.to_owned())])
}

/// The `request_id` has made `submission`, and the rows that came with it now cannot be compared with what was stored then:
/// `rows_invalid` says what is wrong with them.
#[must_use]
pub fn request_id_made(request_id: &str, submission: &str, rows_invalid: &Status) -> Status {
    let reason = ErrorReason::RequestIdReused;
    let problems = rows_invalid.message().trim_start_matches(NOTHING_STORED);
    let message = format!(
        "request_id {} has made {}, which is kept; the rows that came now cannot be compared with it, because {}; \
         GetSubmission shows what is stored; choose a new UUID for other content",
        cut(request_id, 100),
        cut(submission, TEXT_BYTES),
        cut(problems, TEXT_BYTES),
    );
    let mut details = info(reason, [("request_id", request_id.to_owned())]);
    details.set_resource_info("submission", cut(submission, TEXT_BYTES), "", "");
    finish(reason, &message, details, None)
}

/// A named resource does not exist. `reason` is one of the `…_NOT_FOUND`, `resource_type` a word such as `organisation`, and
/// `resource` the name in the request. `message` says where to look, or gives the nearest name.
#[must_use]
pub fn not_found(
    reason: ErrorReason,
    resource_type: &str,
    resource: &str,
    message: impl Into<String>,
) -> Status {
    let message = message.into();
    let mut details = info(reason, []);
    let (resource, text) = (cut(resource, TEXT_BYTES), cut(&message, TEXT_BYTES));
    details.set_resource_info(cut(resource_type, TEXT_BYTES), resource, "", text);
    finish(reason, &message, details, None)
}

/// A partner that is sent no telemetry.
#[must_use]
pub fn no_subscription(partner: &str) -> Status {
    let message = format!(
        "no partner `{}` has telemetry; the operator of the service adds `telemetry` to the partner in partners.toml",
        cut(partner, 100)
    );
    not_found(ErrorReason::SubscriptionNotFound, "partner", partner, message)
}

/// Only the current version of a submission can be withdrawn.
#[must_use]
pub fn submission_not_current(submission: &str) -> Status {
    let message = format!(
        "{} was replaced by a later version, or was withdrawn; ListSubmissions names the current version, if there is one",
        cut(submission, TEXT_BYTES)
    );
    refused(ErrorReason::SubmissionNotCurrent, message, [("submission", submission.to_owned())])
}

/// A submission would lose most of what `stands`, or its caller may not know whether it would: then it has no numbers. `lost` says what, and
/// `next` what else can be done than to allow it.
#[must_use]
pub fn replacement_shrinks(
    stands: &str,
    numbers: Option<(&str, u64, u64)>,
    (lost, next): (&str, &str),
) -> Status {
    let reason = ErrorReason::ReplacementShrinks;
    let message = format!(
        "nothing was stored: {}; {next}; to replace it, set allow_shrinking (on the command line --replace)",
        cut(lost, TEXT_BYTES)
    );
    let metadata = numbers.into_iter().flat_map(|(unit, stored, submitted)| {
        let (stored, submitted) = (stored.to_string(), submitted.to_string());
        [("unit", unit.to_owned()), ("stored", stored), ("submitted", submitted)]
    });
    let mut details = info(reason, metadata);
    details.set_resource_info("submission", cut(stands, TEXT_BYTES), "", "");
    finish(reason, &message, details, None)
}

/// The page token belongs to another query, or is no token.
#[must_use]
pub fn page_token_invalid() -> Status {
    let message = "page_token is not a token of this query; start the list again without page_token, and change no other field \
                   from page to page";
    refused(ErrorReason::PageTokenInvalid, message, [])
}

/// The cursor belongs to another export, or is no cursor.
#[must_use]
pub fn cursor_invalid() -> Status {
    let message = "cursor is not a cursor of this export; start the export again without cursor, or repeat the request that \
                   gave the cursor with no other field changed";
    refused(ErrorReason::CursorInvalid, message, [])
}

/// The table would have `cells` cells, more than `limit`. `nearest`: what the nearest question that is answered asks by.
#[must_use]
pub fn breakdown_too_large(cells: u64, limit: u64, nearest: Option<&str>) -> Status {
    let asks = nearest
        .map(|nearest| format!("the nearest question that is answered asks by {nearest}; or "));
    let message = format!(
        "the table would have {cells} cells, and the limit is {limit}; {}ask for fewer or coarser dimensions, or add filters",
        asks.unwrap_or_default()
    );
    let metadata = [("cells", cells.to_string()), ("limit", limit.to_string())];
    refused(ErrorReason::BreakdownTooLarge, message, metadata)
}

/// The answer would take `bytes` or more, above the `limit` of a message.
#[must_use]
pub fn answer_too_large(bytes: usize, limit: usize) -> Status {
    let message = format!(
        "the answer would be a message of {bytes} bytes or more, and the limit is {limit}; ask for fewer dimensions, or take the answer \
         in parts with ExportService.ExportBreakdowns"
    );
    let metadata = [("bytes", bytes.to_string()), ("limit", limit.to_string())];
    refused(ErrorReason::BreakdownTooLarge, message, metadata)
}

/// The question would take `bytes` of the service's memory, more than the `limit` of one question.
#[must_use]
pub fn question_too_heavy(bytes: u64, limit: u64) -> Status {
    let message = format!(
        "the question needs {bytes} bytes of the service's memory, and the limit is {limit}; ask for fewer or coarser dimensions, or \
         take the answer in parts with ExportService.ExportBreakdowns; the operator can raise `limits.question_memory_bytes`"
    );
    let metadata = [("bytes", bytes.to_string()), ("limit", limit.to_string())];
    refused(ErrorReason::BreakdownTooLarge, message, metadata)
}

/// The question is not one that is answered; `nearest` says what would be.
#[must_use]
pub fn query_refused(nearest: impl Into<String>) -> Status {
    refused(ErrorReason::QueryRefused, nearest, [])
}

/// The requested log position is above the newest one.
#[must_use]
pub fn position_not_reached(asked: i64, reached: i64) -> Status {
    let message = format!(
        "the log has not reached position {asked}: the newest is {reached}; ask for the newest, or leave the field empty"
    );
    let metadata = [("asked", asked.to_string()), ("reached", reached.to_string())];
    refused(ErrorReason::PositionNotReached, message, metadata)
}

/// The requested time is after the service's. Both are milliseconds since 1970.
#[must_use]
pub fn time_not_reached(asked: u64, now: u64) -> Status {
    let words = |millis: u64| {
        let time =
            i64::try_from(millis).ok().and_then(|m| jiff::Timestamp::from_millisecond(m).ok());
        time.map_or_else(|| format!("{millis} ms after 1970"), |time| time.to_string())
    };
    let (asked, now) = (words(asked), words(now));
    let message = format!(
        "the time {asked} has not come: the service's time is {now}; ask for an earlier time, or leave as_of empty for the newest data"
    );
    refused(ErrorReason::PositionNotReached, message, [("asked", asked), ("reached", now)])
}

/// The service is at its limit of calls.
#[must_use]
pub fn overloaded(retry_after: Duration) -> Status {
    let message =
        "the service has reached its limit of calls; try again after the delay in RetryInfo";
    retry(ErrorReason::Overloaded, message, retry_after)
}

/// What is asked about a time depends on a change that is not applied yet.
#[must_use]
pub fn change_under_way() -> Status {
    let message = "a change of the time of as_of, or of an earlier one, is not applied yet; try again after the delay in RetryInfo, or \
                   leave as_of empty for the newest data";
    retry(ErrorReason::ChangeUnderWay, message, RETRY_OVERLOADED)
}

/// The service is stopping.
#[must_use]
pub fn stopping() -> Status {
    let message = "the service is stopping; connect again after the delay in RetryInfo, and resume from the last position or \
                   cursor that you received";
    retry(ErrorReason::Stopping, message, RETRY_OVERLOADED)
}

/// The deadline of the call has passed.
#[must_use]
pub fn deadline_exceeded() -> Status {
    let message = "the deadline has passed; ask for less, or allow more time if your own deadline is shorter than the service's";
    refused(ErrorReason::DeadlineExceeded, message, [])
}

/// The caller has sent nothing for `waited` in the middle of a stream.
#[must_use]
pub fn stream_idle(waited: Duration) -> Status {
    let message = format!(
        "nothing was stored: no message came for {} s; send the whole stream again without a pause of that length",
        waited.as_secs()
    );
    refused(ErrorReason::DeadlineExceeded, message, [])
}

/// The caller has cancelled the call, or is gone, before the end of its stream.
#[must_use]
pub fn stream_broken() -> Status {
    field_invalid(
        "stream",
        "broke off before its end, and nothing was stored; send the whole stream again",
    )
}

/// The service failed: the full error goes to the log, the caller gets an id to quote.
#[must_use]
pub fn internal(error: &dyn Error) -> Status {
    let correlation = correlation_id();
    tracing::error!(%correlation, error = %chain(error), "a call failed");
    let message = format!("the service failed; give the operator this id: {correlation}");
    let mut details = info(ErrorReason::Internal, []);
    details.set_request_info(correlation, "");
    finish(ErrorReason::Internal, &message, details, None)
}

/// A new id under which the log and the caller can speak of the same fault.
#[must_use]
pub fn correlation_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// An error with its sources, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A refusal with its reason, what to do next, and the dynamic parts of the message as metadata (at most six entries are kept).
#[must_use]
pub fn refused<const N: usize>(
    reason: ErrorReason,
    message: impl Into<String>,
    metadata: [(&str, String); N],
) -> Status {
    finish(reason, &message.into(), info(reason, metadata), None)
}

/// A refusal with `BadRequest`: as many problems as fit, and how many were left out.
fn violations(
    reason: ErrorReason,
    what: &str,
    problems: Vec<(String, String)>,
    mut details: ErrorDetails,
) -> Status {
    let (listed, number) = details::violations(problems);
    details.set_bad_request(listed);
    finish(reason, &format!("{what}{number}"), details, None)
}

/// A refusal that may be tried again after a while.
fn retry(reason: ErrorReason, message: &str, after: Duration) -> Status {
    let mut details = info(reason, []);
    details.set_retry_info(Some(after));
    finish(reason, message, details, Some(after))
}

/// A refusal that the specification of gRPC asks for. It has no reason of ours: clients know it by its code.
fn of_specification(code: Code, message: &str, details: ErrorDetails) -> Status {
    Status::with_error_details(code, cut(message, MESSAGE_BYTES), details)
}

/// Puts the parts together.
fn finish(
    reason: ErrorReason,
    message: &str,
    details: ErrorDetails,
    pushback: Option<Duration>,
) -> Status {
    let mut metadata = MetadataMap::new();
    if let Some(after) = pushback {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        metadata.insert(PUSHBACK, MetadataValue::from(millis));
    }
    let (code, message) = (reason::code(reason), cut(message, MESSAGE_BYTES));
    Status::with_error_details_and_metadata(code, message, details, metadata)
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
