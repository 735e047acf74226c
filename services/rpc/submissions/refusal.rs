//! The status of a change that was not made.

use tonic::Status;

use crate::domain::collection::Dataset;
use crate::domain::submission::{Loss, RowProblem};
use crate::engine::intake::{BadRows, Refused};
use crate::engine::{Submission, WriteError};
use crate::rpc::convert::{name, store_error};
use crate::rpc::status::{self, Fate};

/// Most row problems in a status.
const NAMED: usize = 20;

/// The status of a submission that was not stored.
pub(super) fn not_stored(why: Refused, request_id: &str) -> Status {
    match why {
        Refused::RecordCount { expected, received } => {
            status::record_count_mismatch(expected, received)
        }
        Refused::Empty => status::submission_empty(),
        Refused::TooLarge { most } => status::submission_too_large(most),
        Refused::Rows(rows) => rows_invalid(&rows),
        Refused::StoredBefore(made, rows) => {
            status::request_id_made(request_id, &name::of(&made), &rows_invalid(&rows))
        }
        Refused::Shrinks(stands, loss) => shrinks(&stands, &loss),
        Refused::Write(error) => refused(&error, request_id),
        Refused::Store(error) => store_error(&error),
        Refused::Stopping => status::stopping(),
        Refused::Fault(error) => status::internal(&error),
    }
}

/// The status of rows that have problems.
fn rows_invalid(rows: &BadRows) -> Status {
    let problem = |problem: &RowProblem| {
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
    };
    status::rows_invalid(rows.problems.iter().take(NAMED).map(problem).collect(), rows.count)
}

/// The status of a submission that would lose most of what stands.
fn shrinks(stands: &Submission, loss: &Loss) -> Status {
    let (unit, stored, submitted) = match loss {
        Loss::Total { stored, submitted } => {
            let unit = match stands.slot.dataset {
                Dataset::Consultations => "consultations",
                Dataset::Populations | Dataset::DigitalAccess => "people",
                Dataset::Estimates => "estimates",
            };
            (unit, *stored, *submitted)
        }
        Loss::Areas { stored, kept, .. } => ("areas", *stored as u64, *kept as u64),
    };
    let (organisation, month) = (&stands.organisation, stands.slot.month);
    let has = format!("{organisation} has {stored} {unit} in {month} of {}", stands.collection);
    let (lost, next) = match loss {
        Loss::Total { .. } => (
            format!("{has}, and this submission would leave {submitted}"),
            "if it is a part of the data, send all of the month in one submission".to_owned(),
        ),
        Loss::Areas { lost, .. } => (
            format!("{has}, and this submission has {submitted} of them; {lost} is one that it lacks"),
            "to keep both, put the rows of both into one submission, or give each a collection of its own".to_owned(),
        ),
    };
    let name = name::of(stands);
    status::replacement_shrinks(&name, (unit, stored, submitted), (&lost, &next))
}

/// The status of a change that was not written.
pub(in crate::rpc) fn refused(error: &WriteError, request_id: &str) -> Status {
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
            tracing::warn!(%why, "a change may be in the log, and its caller does not know: it is told when it repeats the request");
            if matches!(**why, WriteError::Full(_)) {
                status::storage_full(Fate::NotKnown)
            } else {
                status::writing_stopped(Fate::NotKnown)
            }
        }
        WriteError::Busy | WriteError::Overtaken => status::overloaded(status::RETRY_OVERLOADED),
        WriteError::Store(_) => status::internal(error),
    }
}
