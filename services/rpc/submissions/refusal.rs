//! The status of a change that was not made.

use tonic::Status;

use crate::domain::submission::RowProblem;
use crate::engine::WriteError;
use crate::engine::intake::{BadRows, Refused};
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
        WriteError::Busy => status::overloaded(status::RETRY_OVERLOADED),
        WriteError::Store(_) => status::internal(error),
    }
}
