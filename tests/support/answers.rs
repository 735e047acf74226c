//! Answers and refusals in a form that cases can be compared with. Every table has the same shape, so the same few helpers read all.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::{AbsenceReason, Breakdown, Cell, Column, Row};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// The codes of a row's keys, joined with `|`; the total has none.
pub(crate) fn key(row: &Row) -> String {
    row.keys.iter().map(|key| key.code.as_str()).collect::<Vec<_>>().join("|")
}

/// The row with this key.
pub(crate) fn row<'a>(table: &'a Breakdown, wanted: &str) -> &'a Row {
    let found = table.rows.iter().find(|row| key(row) == wanted);
    found.unwrap_or_else(|| panic!("no row `{wanted}` in {:?}", keys(table)))
}

/// The keys of the rows, in their order.
pub(crate) fn keys(table: &Breakdown) -> Vec<String> {
    table.rows.iter().map(key).collect()
}

/// The ids of the columns, in their order.
pub(crate) fn ids(table: &Breakdown) -> Vec<&str> {
    table.columns.iter().map(|column| column.id.as_str()).collect()
}

/// The column with this id.
pub(crate) fn column<'a>(table: &'a Breakdown, id: &str) -> &'a Column {
    let found = table.columns.iter().find(|column| column.id == id);
    found.unwrap_or_else(|| panic!("no column `{id}` in {:?}", ids(table)))
}

/// Every cell of a row with its column.
pub(crate) fn cells_of<'a>(
    table: &'a Breakdown,
    wanted: &str,
) -> impl Iterator<Item = (&'a Column, &'a Cell)> {
    let row = row(table, wanted);
    assert_eq!(row.cells.len(), table.columns.len(), "a cell for each column: {row:?}");
    table.columns.iter().zip(&row.cells)
}

/// The cell of this row and column.
pub(crate) fn cell<'a>(table: &'a Breakdown, row: &str, id: &str) -> &'a Cell {
    column(table, id);
    cells_of(table, row).find(|(column, _)| column.id == id).unwrap().1
}

/// The value of a cell that has one.
#[track_caller]
pub(crate) fn value(table: &Breakdown, row: &str, id: &str) -> f64 {
    let cell = cell(table, row, id);
    cell.value.unwrap_or_else(|| panic!("no value of {id} in `{row}`: {cell:?}"))
}

/// The count of a cell; 0 where there is nothing to count, which the cell has to say.
#[track_caller]
pub(crate) fn count(table: &Breakdown, row: &str, id: &str) -> i64 {
    counted(cell(table, row, id))
}

#[track_caller]
fn counted(cell: &Cell) -> i64 {
    cell.numerator_count.unwrap_or_else(|| {
        let why = cell.absence.as_ref().unwrap_or_else(|| panic!("no count: {cell:?}"));
        assert_ne!(why.reason(), AbsenceReason::Unspecified, "{cell:?}");
        0
    })
}

/// Numerator, denominator, unknown, not collected: all have to be there.
#[track_caller]
pub(crate) fn four(cell: &Cell) -> [i64; 4] {
    [cell.numerator_count, cell.denominator_count, cell.unknown_count, cell.not_collected_count]
        .map(|count| count.unwrap_or_else(|| panic!("a count is missing: {cell:?}")))
}

/// Why there is no value; that there is none.
#[track_caller]
pub(crate) fn why(cell: &Cell) -> AbsenceReason {
    assert_eq!(cell.value, None, "{cell:?}");
    cell.absence.as_ref().unwrap_or_else(|| panic!("no reason: {cell:?}")).reason()
}

/// Counts of one row by channel, without zeros.
pub(crate) fn counts<'a>(table: &'a Breakdown, key: &str) -> BTreeMap<&'a str, i64> {
    let shares = cells_of(table, key).filter(|(column, _)| is_share_of_a_channel(column));
    shares
        .map(|(column, cell)| (column.group[0].code.as_str(), counted(cell)))
        .filter(|(_, count)| *count != 0)
        .collect()
}

fn is_share_of_a_channel(column: &Column) -> bool {
    ["CH-01", "CH-02"].contains(&column.indicator.as_str())
}

/// How many of a row's consultations have no known channel, and of how many the shares are: every channel says the same.
pub(crate) fn unknown_and_base(table: &Breakdown, key: &str) -> (i64, i64) {
    let shares: Vec<_> =
        cells_of(table, key).filter(|(column, _)| is_share_of_a_channel(column)).collect();
    let unknown = shares[0].1.unknown_count.unwrap();
    assert!(shares.iter().all(|(_, cell)| cell.unknown_count == Some(unknown)), "{shares:?}");
    let mut bases: Vec<_> = shares.iter().filter_map(|(_, cell)| cell.denominator_count).collect();
    bases.dedup();
    assert_eq!(bases.len(), 1, "{shares:?}");
    (unknown, bases[0])
}

/// Total of each row by its key: the first column of every table.
pub(crate) fn totals(table: &Breakdown) -> BTreeMap<String, i64> {
    let total = |row: &Row| (key(row), counted(&row.cells[0]));
    let totals: BTreeMap<_, _> = table.rows.iter().map(total).collect();
    assert_eq!(totals.len(), table.rows.len(), "a key stands there twice: {table:?}");
    totals
}

/// Every count of a channel that is not zero, by the key of its row and its channel.
pub(crate) fn cells(table: &Breakdown) -> BTreeMap<(String, String), i64> {
    let rows = keys(table).into_iter();
    rows.flat_map(|key| {
        let counts = counts(table, &key).into_iter();
        counts.map(|(channel, n)| ((key.clone(), channel.to_owned()), n)).collect::<Vec<_>>()
    })
    .collect()
}

/// The dimensions of a table's rows.
pub(crate) fn dimensions(table: &Breakdown) -> Vec<&str> {
    table.dimensions.iter().map(|of| of.dimension.as_str()).collect()
}

/// The value of a named setting of the answer.
#[track_caller]
pub(crate) fn parameter<'a>(table: &'a Breakdown, name: &str) -> &'a str {
    let context = table.context.as_ref().unwrap();
    let found = context.parameters.iter().find(|of| of.name == name);
    &found.unwrap_or_else(|| panic!("no {name} in {:?}", context.parameters)).value
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
