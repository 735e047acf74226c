//! The row that a spreadsheet leaves below a table: nothing but what all rows before it add up to. Read as a record it would double the data.

use super::cells::whole;
use super::error::IngestError;
use super::open::line_of;

/// Looks for such a row at the end of a file.
pub(super) struct TotalRow {
    /// The only column of figures; none: rows do not add up to one number.
    column: Option<usize>,
    sum: u64,
    rows: u64,
    /// Line and number of the last row, if it has nothing else, and how many rows add up to that number.
    last: Option<(u64, u64, u64)>,
}

impl TotalRow {
    pub(super) fn new(figures: &[usize]) -> Self {
        let column = if let [column] = figures { Some(*column) } else { None };
        Self { column, sum: 0, rows: 0, last: None }
    }

    pub(super) fn see(&mut self, row: &csv::StringRecord) {
        let Some(column) = self.column else { return };
        let number = whole(&row[column]).parse().unwrap_or(0);
        let is_alone = |(place, cell): (usize, &str)| place == column || cell.trim().is_empty();
        let is_total = self.rows > 1 && number == self.sum && row.iter().enumerate().all(is_alone);
        self.last = is_total.then(|| (line_of(row), number, self.rows));
        self.sum = self.sum.saturating_add(number);
        self.rows += 1;
    }

    /// An error if the last row is one.
    pub(super) fn verdict(&self) -> Result<(), IngestError> {
        match self.last {
            Some((line, number, rows)) => Err(IngestError::TotalRow { line, number, rows }),
            None => Ok(()),
        }
    }
}
