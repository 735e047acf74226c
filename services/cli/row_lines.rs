//! Rows of refusals, which the service numbers from 0, by the lines of their file.

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::ingest::Lines;

/// What a path of a row begins with.
const RECORDS: &str = "records[";

/// The index of the row that a path begins with, and the path within the row: 17 and `person.sex` of `records[17].person.sex`.
pub(super) fn row_of(path: &str) -> Option<(u64, &str)> {
    let (index, field) = path.strip_prefix(RECORDS)?.split_once("].")?;
    Some((index.parse().ok()?, field))
}

/// The text with the line before each row: `line 19, records[17].person.sex`. Rows of no file stay as they are.
pub(super) fn with_lines(text: &str, lines: &Lines) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(RECORDS) {
        let (before, path) = rest.split_at(at);
        told.push_str(before);
        if let Some(line) = row_of(path).and_then(|(index, _)| lines.line(index)) {
            told.push_str(&format!("line {line}, "));
        }
        told.push_str(RECORDS);
        rest = &path[RECORDS.len()..];
    }
    told + rest
}

/// Whether a refusal is about rows.
pub(super) fn is_of_rows(status: &Status) -> bool {
    let wrong = status.get_details_bad_request().map(|wrong| wrong.field_violations);
    wrong.is_some_and(|wrong| wrong.iter().any(|violation| row_of(&violation.field).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_their_lines() {
        let mut lines = Lines::of_file("april.csv");
        lines.fill(1, 2);
        lines.fill(2, 5);
        let text = "2 rows have problems; the first is records[1].sex: `Q`, and records[0].x; records[7].x, records[";
        let told = "2 rows have problems; the first is line 5, records[1].sex: `Q`, and line 2, records[0].x; records[7].x, records[";
        assert_eq!(with_lines(text, &lines), told);
        assert_eq!(with_lines(text, &Lines::default()), text);
        assert_eq!(row_of("records[17].person.sex"), Some((17, "person.sex")));
        assert_eq!(row_of("header.month"), None);
    }
}
