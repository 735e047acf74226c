//! Rows of refusals, which the service numbers from 0, by the lines of their file.

use tonic::Status;
use tonic_types::{FieldViolation, StatusExt as _};

use crate::ingest::Lines;

/// The index of the row that a path begins with, and the path within the row: 17 and `person.sex` of `records[17].person.sex`.
pub(super) fn row_of(path: &str) -> Option<(u64, &str)> {
    let (index, field) = path.strip_prefix("records[")?.split_once("].")?;
    Some((index.parse().ok()?, field))
}

/// The path with its line: `line 19, records[17].person.sex`. As it is, if it is of no row or the row is of no file.
fn with_line(path: &str, lines: &Lines) -> String {
    match row_of(path).and_then(|(index, _)| lines.line(index)) {
        Some(line) => format!("line {line}, {path}"),
        None => path.to_owned(),
    }
}

/// A refusal whose message and violations name the line of each row.
pub(super) fn with_lines(status: &Status, lines: &Lines) -> Status {
    let mut details = status.get_error_details();
    let mut message = status.message().to_owned();
    let Some(wrong) = details.bad_request() else { return status.clone() };
    let mut wrong = wrong.field_violations.clone();
    for FieldViolation { field, .. } in &mut wrong {
        let found = with_line(field, lines);
        message = message.replacen(&format!("{field}: "), &format!("{found}: "), 1);
        *field = found;
    }
    details.set_bad_request(wrong);
    let metadata = status.metadata().clone();
    Status::with_error_details_and_metadata(status.code(), message, details, metadata)
}

/// Whether a refusal is about rows.
pub(super) fn is_of_rows(status: &Status) -> bool {
    let wrong = status.get_details_bad_request().map(|wrong| wrong.field_violations);
    wrong.is_some_and(|wrong| wrong.iter().any(|violation| row_of(&violation.field).is_some()))
}
