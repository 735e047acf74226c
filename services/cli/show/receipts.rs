//! Submissions, their receipts, and their row problems.

use super::sheet::{Cell, Sheet};
use super::words;
use crate::ingest::Lines;
use crate::proto::v1::{Dataset, Receipt, RowProblem, Submission, SubmissionState};

/// One line for each submission.
pub fn submissions<'a>(all: impl IntoIterator<Item = &'a Submission>) -> Sheet {
    let mut sheet = Sheet::new([
        "organisation",
        "collection",
        "dataset",
        "month",
        "version",
        "state",
        "accepted_count",
        "rejected_count",
        "total_count",
        "position",
        "accept_time",
        "name",
    ]);
    for submission in all {
        sheet.push(vec![
            (&submission.organisation).into(),
            (&submission.collection).into(),
            words::name(submission.dataset, Dataset::as_str_name).into(),
            (&submission.month).into(),
            submission.version.into(),
            words::name(submission.state, SubmissionState::as_str_name).into(),
            submission.accepted_count.into(),
            submission.rejected_count.into(),
            submission.total_count.into(),
            submission.position.into(),
            time(submission.accept_time.as_ref()),
            (&submission.name).into(),
        ]);
    }
    sheet
}

/// One line for each receipt. `outcome` says whether it was stored.
pub fn receipts<'a>(all: impl IntoIterator<Item = &'a Receipt>) -> Sheet {
    let mut sheet = Sheet::new([
        "organisation",
        "month",
        "dataset",
        "outcome",
        "version",
        "accepted_count",
        "rejected_count",
        "total_count",
        "position",
        "name",
    ]);
    sheet.for_programs = 1;
    for receipt in all {
        let submission = receipt.submission.clone().unwrap_or_default();
        // What was only checked has neither version nor position.
        let stored = |number: i64| (!receipt.validated_only).then_some(number);
        sheet.push(vec![
            (&submission.organisation).into(),
            (&submission.month).into(),
            words::name(submission.dataset, Dataset::as_str_name).into(),
            outcome(receipt).into(),
            stored(submission.version).into(),
            submission.accepted_count.into(),
            submission.rejected_count.into(),
            submission.total_count.into(),
            stored(submission.position).into(),
            (&submission.name).into(),
        ]);
    }
    sheet
}

/// The outcome of a submission, in words.
fn outcome(receipt: &Receipt) -> &'static str {
    if receipt.would_be_refused {
        "would be refused"
    } else if receipt.validated_only && receipt.unchanged {
        "checked only: unchanged"
    } else if receipt.validated_only {
        "checked only"
    } else if receipt.unchanged {
        "unchanged"
    } else if receipt.replayed {
        "stored before"
    } else {
        "stored"
    }
}

/// One line for each row problem: line of the file if it is known, index of the row, field, value, what was expected, the nearest
/// valid code.
pub fn problems<'a>(all: impl IntoIterator<Item = &'a RowProblem>, lines: Option<&Lines>) -> Sheet {
    let line = lines.map(|_| "line");
    let columns = ["row_index", "field", "value", "expected", "nearest"];
    let mut sheet = Sheet::new(line.into_iter().chain(columns));
    for problem in all {
        let line = lines.map(|lines| line_of(problem, lines).map_or(Cell::Empty, Cell::Count));
        let cells = [
            problem.row_index.into(),
            (&problem.field).into(),
            (&problem.value).into(),
            (&problem.expected).into(),
            (&problem.nearest).into(),
        ];
        sheet.push(line.into_iter().chain(cells).collect());
    }
    sheet
}

/// The line of a row with a problem.
pub(super) fn line_of(problem: &RowProblem, lines: &Lines) -> Option<i64> {
    lines.line(u64::try_from(problem.row_index).ok()?)?.try_into().ok()
}

pub(super) fn time(at: Option<&prost_types::Timestamp>) -> Cell {
    let Some(at) = at else { return Cell::Empty };
    match jiff::Timestamp::new(at.seconds, at.nanos) {
        // Always to the millisecond, so that columns do not depend on it.
        Ok(at) => format!("{at:.3}").into(),
        Err(_) => Cell::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::show::Look;
    use crate::proto::v1::{Dataset, SubmissionState};

    fn submission() -> Submission {
        Submission {
            name:
                "collections/x/organisations/04C/datasets/consultations/months/2020-04/versions/2"
                    .into(),
            organisation: "04C".into(),
            collection: "x".into(),
            dataset: Dataset::Consultations.into(),
            month: "2020-04".into(),
            version: 2,
            position: 71,
            accept_time: Some(prost_types::Timestamp { seconds: 1_600_000_000, nanos: 0 }),
            accepted_count: 1_234,
            rejected_count: 1,
            total_count: 99_000,
            state: SubmissionState::Current.into(),
            ..Default::default()
        }
    }

    #[test]
    fn what_was_only_checked_has_no_version() {
        let receipt = Receipt {
            submission: Some(Submission {
                version: 0,
                position: 0,
                name: String::new(),
                ..submission()
            }),
            validated_only: true,
            ..Default::default()
        };
        let csv = receipts([&receipt]).csv();
        assert!(
            csv.ends_with("04C,2020-04,CONSULTATIONS,checked only,,1234,1,99000,,\r\n"),
            "{csv}"
        );
    }

    #[test]
    fn a_replay_says_so() {
        let receipt =
            Receipt { submission: Some(submission()), replayed: true, ..Default::default() };
        let table = receipts([&receipt]).table(&Look::PLAIN);
        assert!(table.contains("stored before") && table.contains("99,000"), "{table}");
    }

    #[test]
    fn times_are_shown_in_utc() {
        assert!(submissions([&submission()]).csv().contains("2020-09-13T12:26:40.000Z"));
    }

    #[test]
    fn problems_name_row_field_value_and_nearest() {
        let problem = RowProblem {
            row_index: 17,
            field: "person.ethnic_category".into(),
            value: "Q, q".into(),
            expected: "a code of ethnic_category_2001".into(),
            nearest: "P".into(),
        };
        assert_eq!(
            problems([&problem], None).csv(),
            "row_index,field,value,expected,nearest\r\n\
             17,person.ethnic_category,\"Q, q\",a code of ethnic_category_2001,P\r\n"
        );
    }
}
