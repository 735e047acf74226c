//! What can be wrong with a file, always with the place where it is wrong.

use std::path::PathBuf;

/// Why a file could not be read into records, or records not written to a file. Line numbers count from 1, as editors do,
/// and are those of the line on which the row starts.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The file could not be opened or read.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Reading stopped in the middle: a damaged gzip stream, a failing disk.
    #[error("line {line}: the file cannot be read on: {source}")]
    Read {
        /// First line that could not be read.
        line: u64,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not UTF-8 text.
    #[error("line {line}: not UTF-8 text; save the file as CSV with UTF-8 encoding")]
    Encoding {
        /// Last line of the first row that is not UTF-8.
        line: u64,
    },
    /// A cell goes on over the end of its line.
    #[error(
        "line {line}: a quote (\") is opened in this row and not closed on its line; close it, or double it where it belongs to the cell"
    )]
    LineBreak {
        /// Line on which the row starts, or an empty one before it.
        line: u64,
    },
    /// The file has no header row.
    #[error("the file is empty: a header row with column names was expected")]
    Empty,
    /// No column of the header is known.
    #[error(
        "unknown format, the header starts with {found:?}; expected GP appointments (APPT_MODE, COUNT_OF_APPOINTMENTS, …), \
         their coverage (Patients registered at included practices, …), ONS internet users (Ethnic group, Employment status, \
         …), GP Patient Survey (chart, proportion, … or question, national_pct, …), Digital Exclusion Risk Index \
         (deri_score_national, …), Census 2021 or mid-2020 populations (lsoa21_code, total_residents, … or lsoa11_code, \
         total_population, …), or own columns (organisation, month, channel, …)"
    )]
    UnknownFormat {
        /// First column of the header.
        found: String,
    },
    /// A column that this format does not have.
    #[error("unknown column {column:?}{}", nearest.as_ref().map(|name| format!("; nearest known name: {name:?}")).unwrap_or_default())]
    UnknownColumn {
        /// The column as the file spells it.
        column: String,
        /// The known name most like it, if any is like it.
        nearest: Option<&'static str>,
    },
    /// A published file that is known, and not taken.
    #[error("this is {what}, which is not imported: {why}")]
    NotImported {
        /// What the file is.
        what: &'static str,
        /// Why it is not imported, and what is there instead.
        why: &'static str,
    },
    /// A column of one dataset in a file of another.
    #[error("column {column:?} does not belong to {holds}, which this file holds by {because:?}")]
    MixedDatasets {
        /// The column.
        column: String,
        /// What the file holds.
        holds: &'static str,
        /// The column that says so, or the rows that came first.
        because: &'static str,
    },
    /// Two columns of the same name.
    #[error("column {column:?} stands twice in the header")]
    RepeatedColumn {
        /// The column.
        column: String,
    },
    /// A column that the format cannot do without.
    #[error("column {column:?} is missing from the header")]
    MissingColumn {
        /// Name of the column.
        column: &'static str,
    },
    /// A row with more or fewer cells than the header.
    #[error("line {line}: {found} cells, but the header has {expected}")]
    Cells {
        /// Last line of the row.
        line: u64,
        /// Cells in the row.
        found: u64,
        /// Cells in the header.
        expected: u64,
    },
    /// A cell that cannot be understood.
    #[error("line {line}, column {column:?}: {value:?}; expected {expected}")]
    Value {
        /// Line of the row.
        line: u64,
        /// Name of the column.
        column: String,
        /// The cell, at most 64 characters.
        value: String,
        /// What was expected, in words.
        expected: String,
    },
    /// Two rows that say the same thing, and may say it differently.
    #[error("line {line}: the same {key} as line {first_line}")]
    DuplicateRow {
        /// Line of the second row.
        line: u64,
        /// Line of the first.
        first_line: u64,
        /// What has to be different in every row.
        key: &'static str,
    },
    /// A value that our own CSV cannot hold, because it would be read back as another.
    #[error("column {column:?}: {value:?} cannot be written to our own CSV")]
    Unwritable {
        /// Name of the column.
        column: &'static str,
        /// The value, at most 64 characters.
        value: String,
    },
    /// The output could not be written.
    #[error("writing failed: {0}")]
    Write(#[source] std::io::Error),
}

impl IngestError {
    /// A cell that cannot be understood.
    pub(super) fn value(line: u64, column: &str, value: &str, expected: impl Into<String>) -> Self {
        let (column, value) = (column.to_owned(), shortened(value));
        IngestError::Value { line, column, value, expected: expected.into() }
    }

    /// From the reader of CSV, about the row that ends on `line`.
    pub(super) fn from_csv(error: csv::Error, line: u64) -> Self {
        let kind = error.into_kind();
        if let csv::ErrorKind::Io(source) = kind {
            IngestError::Read { line, source }
        } else if let csv::ErrorKind::UnequalLengths {
            expected_len: expected, len: found, ..
        } = kind
        {
            IngestError::Cells { line, found, expected }
        } else {
            // The remaining kinds concern seeking and serde, which reading does not use.
            IngestError::Encoding { line }
        }
    }

    /// From the writer of CSV.
    pub(super) fn from_csv_written(error: csv::Error) -> Self {
        IngestError::Write(error.into())
    }
}

/// The first 64 characters, and `…` where there were more.
pub(super) fn shortened(value: &str) -> String {
    match value.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
