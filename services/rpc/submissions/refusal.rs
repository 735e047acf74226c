//! The status of a change that was not made.

use std::collections::BTreeMap;

use tonic::Status;

use crate::domain::collection::Dataset;
use crate::domain::submission::{Loss, RowProblem};
use crate::engine::intake::{BadRows, Refused};
use crate::engine::{Submission, WriteError};
use crate::rpc::convert::{name, store_error};
use crate::rpc::status::{self, Fate};

/// Most kinds of row problems in a status.
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
        Refused::Stands(stands) => stands_unread(&stands),
        Refused::Write(error) => refused(&error, request_id),
        Refused::Store(error) => store_error(&error),
        Refused::Stopping => status::stopping(),
        Refused::Fault(error) => status::internal(&error),
    }
}

/// The status of rows that have problems. A wrong value is named once, with the number of other rows that have it in the same field,
/// and every field has its turn before one has a second.
fn rows_invalid(rows: &BadRows) -> Status {
    let mut kinds: BTreeMap<(&str, &str), (&RowProblem, usize)> = BTreeMap::new();
    for problem in &rows.problems {
        kinds.entry((&problem.field, &problem.value)).or_insert((problem, 0)).1 += 1;
    }
    let mut found: Vec<_> = kinds.into_values().collect();
    found.sort_by_key(|(problem, _)| problem.row_index);
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    let mut in_turn: Vec<_> = found
        .into_iter()
        .map(|kind| {
            let turn = turns.entry(&kind.0.field).or_default();
            *turn += 1;
            (*turn, kind)
        })
        .collect();
    in_turn.sort_by_key(|(turn, _)| *turn);
    in_turn.truncate(NAMED);
    in_turn.sort_by_key(|(_, (problem, _))| problem.row_index);
    let problem = |(_, (problem, count)): (usize, (&RowProblem, usize))| {
        let value = match problem.value.as_str() {
            "" => String::new(),
            value => format!("`{value}`: "),
        };
        let nearest = match problem.nearest.as_str() {
            "" => String::new(),
            nearest => format!("; nearest `{nearest}`"),
        };
        let others = match count - 1 {
            0 => String::new(),
            1 => "; another row has the same problem".to_owned(),
            others => format!("; {others} other rows have the same problem"),
        };
        let description = format!("{value}expected {}{nearest}{others}", problem.expected);
        (format!("records[{}].{}", problem.row_index, problem.field), description)
    };
    status::rows_invalid(in_turn.into_iter().map(problem).collect(), rows.count)
}

/// The status of a submission that would lose most of what stands.
fn shrinks(stands: &Submission, loss: &Loss) -> Status {
    let (unit, stored, submitted) = match loss {
        Loss::Total { stored, submitted } => {
            let unit = match stands.slot.dataset {
                Dataset::Consultations => "consultations",
                Dataset::Populations | Dataset::DigitalAccess | Dataset::IndicatorCounts => {
                    "people"
                }
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
    status::replacement_shrinks(&name, Some((unit, stored, submitted)), (&lost, &next))
}

/// The status of a submission in the place of one that its caller may not know.
fn stands_unread(stands: &Submission) -> Status {
    let (organisation, month) = (&stands.organisation, stands.slot.month);
    let stored = format!("{organisation} has data in {month} of {}", stands.collection);
    let lost = format!(
        "{stored}, and your disclosure profile does not tell how much this submission would leave of it"
    );
    let next = "if it is a part of the data, send all of the month in one submission";
    status::replacement_shrinks(&name::of(stands), None, (&lost, next))
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
        WriteError::Disk(why) => {
            tracing::error!(why, "a change was refused: the disk or the system failed");
            status::storage_failed(Fate::NotStored)
        }
        WriteError::Stopped(why) => {
            tracing::warn!(why, "a change was refused: writing has stopped");
            status::writing_stopped(Fate::NotStored)
        }
        WriteError::Unsure(why) => {
            tracing::warn!(%why, "a change may be in the log, and its caller does not know: it is told when it repeats the request");
            if matches!(**why, WriteError::Full(_)) {
                status::storage_full(Fate::NotKnown)
            } else if matches!(**why, WriteError::Disk(_)) {
                status::storage_failed(Fate::NotKnown)
            } else {
                status::writing_stopped(Fate::NotKnown)
            }
        }
        WriteError::AlreadyErased => status::already_erased("the submission"),
        WriteError::NoSuchPerson => status::person_not_found(),
        WriteError::ReleaseExists => status::release_exists("the release"),
        WriteError::Busy | WriteError::Overtaken => status::overloaded(status::RETRY_OVERLOADED),
        WriteError::Store(_) => status::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    #[test]
    fn a_wrong_value_is_named_once_and_every_field_has_its_turn() {
        let problem = |row_index, field: &str, value: String| RowProblem {
            row_index,
            field: field.into(),
            value,
            expected: "a code".into(),
            nearest: String::new(),
        };
        let mut problems: Vec<_> =
            (0..50).map(|row| problem(row, "channel", format!("X{}", row % 30))).collect();
        problems.push(problem(70, "person.sex", "Q".into()));
        problems.extend((71..74).map(|row| problem(row, "person.sex", "Q".into())));
        let status = rows_invalid(&BadRows { problems, count: 54, by_code: BTreeMap::new() });
        let details = status.get_error_details();
        let named = &details.bad_request().unwrap().field_violations;
        assert_eq!(named.len(), NAMED);
        assert_eq!(named[0].field, "records[0].channel");
        assert_eq!(named[0].description, "`X0`: expected a code; another row has the same problem");
        let last = &named[NAMED - 1];
        assert_eq!(last.field, "records[70].person.sex");
        assert!(last.description.ends_with("3 other rows have the same problem"), "{last:?}");
    }
}
