//! Answers and refusals in a form that cases can be compared with.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::{Absence, Breakdown, CategoryKey, Cell, Row};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A row of an answer, read by column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) answer: &'a Breakdown,
    pub(crate) row: &'a Row,
}

impl<'a> View<'a> {
    /// The keys of the row.
    pub(crate) fn keys(&self) -> &'a [CategoryKey] {
        &self.row.keys
    }

    /// The codes of the keys, joined with `|`; the total has none.
    pub(crate) fn key(&self) -> String {
        self.row.keys.iter().map(|key| key.code.as_str()).collect::<Vec<_>>().join("|")
    }

    /// The cell of a column, if the answer has the column.
    pub(crate) fn find(&self, id: &str) -> Option<&'a Cell> {
        let place = self.answer.columns.iter().position(|column| column.id == id)?;
        Some(&self.row.cells[place])
    }

    /// The cell of a column.
    #[track_caller]
    pub(crate) fn cell(&self, id: &str) -> &'a Cell {
        let ids = || self.answer.columns.iter().map(|column| &column.id).collect::<Vec<_>>();
        self.find(id).unwrap_or_else(|| panic!("no column `{id}` in {:?}", ids()))
    }

    /// The value of a column; none: it is absent.
    #[track_caller]
    pub(crate) fn value(&self, id: &str) -> Option<f64> {
        self.cell(id).value
    }

    /// The numerator of a column; of a column that counts its count.
    #[track_caller]
    pub(crate) fn count(&self, id: &str) -> i64 {
        let cell = self.cell(id);
        cell.numerator_count.unwrap_or_else(|| panic!("`{id}` has no count: {cell:?}"))
    }

    /// Numerator, denominator, unknown, not collected, outside.
    #[track_caller]
    pub(crate) fn counts(&self, id: &str) -> [i64; 5] {
        let cell = self.cell(id);
        let counts = [
            cell.numerator_count,
            cell.denominator_count,
            cell.unknown_count,
            cell.not_collected_count,
            cell.outside_count,
        ];
        counts.map(|count| count.unwrap_or_else(|| panic!("`{id}` lacks counts: {cell:?}")))
    }

    /// Why a column has no figure.
    #[track_caller]
    pub(crate) fn absence(&self, id: &str) -> &'a Absence {
        let cell = self.cell(id);
        cell.absence.as_ref().unwrap_or_else(|| panic!("`{id}` has a figure: {cell:?}"))
    }

    /// The cells of an indicator by the codes of their groups, joined with `/`.
    pub(crate) fn of(&self, indicator: &str) -> BTreeMap<String, &'a Cell> {
        let columns = self.answer.columns.iter().zip(&self.row.cells);
        let own = columns.filter(|(column, _)| column.indicator == indicator);
        own.map(|(column, cell)| {
            let codes: Vec<_> = column.group.iter().map(|key| key.code.as_str()).collect();
            (codes.join("/"), cell)
        })
        .collect()
    }
}

/// The rows of an answer, whose keys are all different.
pub(crate) fn rows(answer: &Breakdown) -> Vec<View<'_>> {
    let rows: Vec<_> = answer.rows.iter().map(|row| View { answer, row }).collect();
    let keys: std::collections::BTreeSet<_> = rows.iter().map(View::key).collect();
    assert_eq!(keys.len(), rows.len(), "a key is there twice: {answer:?}");
    assert!(rows.iter().all(|row| row.row.cells.len() == answer.columns.len()), "{answer:?}");
    rows
}

/// The row with this key, joined with `|`; the total has the empty one.
#[track_caller]
pub(crate) fn row<'a>(answer: &'a Breakdown, wanted: &str) -> View<'a> {
    let found = rows(answer).into_iter().find(|row| row.key() == wanted);
    found.unwrap_or_else(|| panic!("no row `{wanted}` in {:?}", totals(answer)))
}

/// Counts of one row by channel, without zeros.
pub(crate) fn counts(row: View<'_>) -> BTreeMap<String, i64> {
    let shares = [row.of("CH-01"), row.of("CH-02")].into_iter().flatten();
    let counted = shares.map(|(code, cell)| (code, cell.numerator_count.unwrap()));
    counted.filter(|(_, count)| *count != 0).collect()
}

/// Total of each row by its key: the first column counts everybody.
pub(crate) fn totals(answer: &Breakdown) -> BTreeMap<String, i64> {
    let all = rows(answer).into_iter();
    all.map(|row| (row.key(), row.row.cells[0].numerator_count.unwrap())).collect()
}

/// Every channel that is not zero, by the key of its row and its code.
pub(crate) fn cells(answer: &Breakdown) -> BTreeMap<(String, String), i64> {
    let of_row = |row: View<'_>| {
        let counts = counts(row).into_iter();
        counts.map(|(channel, n)| ((row.key(), channel), n)).collect::<Vec<_>>()
    };
    rows(answer).into_iter().flat_map(of_row).collect()
}

/// What a refusal says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Field and description of each violation.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Refusal {
    /// Reads a status, which has to carry our details.
    pub(crate) fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().unwrap_or_else(|| panic!("no reason: {status:?}"));
        assert_eq!(info.domain, "equity-indicators");
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice());
        Self {
            code: status.code(),
            reason: info.reason.clone(),
            message: status.message().to_owned(),
            fields: violations
                .unwrap_or_default()
                .iter()
                .map(|violation| (violation.field.clone(), violation.description.clone()))
                .collect(),
            metadata: info.metadata.clone().into_iter().collect(),
        }
    }

    /// The reason and the first field, for comparing.
    pub(crate) fn short(&self) -> (&str, &str) {
        (&self.reason, self.fields.first().map_or("", |(field, _)| field))
    }
}
