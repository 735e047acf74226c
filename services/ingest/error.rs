//! The errors of reading and writing files. Each names the line or the column.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::domain::codes::ContentError;
use crate::domain::text::counted;

/// Where the files that are taken are described.
const GUIDE: &str = "see deploy/guides/submit.md, \"Files that are taken as published\"";

/// Why a file could not be read, or records could not be written. Lines count from 1, as in an editor; a row has the number of
/// the line on which it starts.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The file could not be opened or read.
    #[error("{}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// Reading stopped in the middle: a damaged gzip stream, a failing disk.
    #[error("line {line}: reading the file failed: {source}")]
    Read {
        /// First line that could not be read.
        line: u64,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file has no one encoding.
    #[error(
        "line {line}: the text is neither UTF-8 nor Windows-1252 throughout; save the file as CSV with UTF-8 encoding"
    )]
    Encoding {
        /// Last line of the first row that is not text.
        line: u64,
    },
    /// The file of another program.
    #[error(
        "this is {what}, not a CSV file; open it in its program and save the table as CSV (UTF-8)"
    )]
    NotCsv {
        /// What the file is.
        what: String,
    },
    /// A ZIP archive with no file, or with several.
    #[error(
        "a ZIP archive must hold one CSV file, and this one holds {}; unpack it and submit the CSV files",
        names(files)
    )]
    Archive {
        /// The names of its files.
        files: Vec<String>,
    },
    /// A value in a column that has no name.
    #[error(
        "line {line}: column {column} has no name in the header and holds {value:?}; give the column a name, or delete it"
    )]
    UnnamedColumn {
        /// Line of the row.
        line: u64,
        /// Number of the column, from 1.
        column: usize,
        /// The cell, at most 64 characters.
        value: String,
    },
    /// A row of nothing but a total.
    #[error(
        "line {line}: the last row has nothing but {number}, which is what the {rows} rows before it add up to, so it seems to be their total; \
         remove the row"
    )]
    TotalRow {
        /// Line of the row.
        line: u64,
        /// The number in it.
        number: u64,
        /// How many rows add up to it.
        rows: u64,
    },
    /// One of two files that make up a submission.
    #[error(
        "line {line}: practice {organisation} has rows of one sex only: males and females are published in two files; name both of the same \
         month in one command: `equity submit gp-reg-pat-prac-sing-age-male.csv gp-reg-pat-prac-sing-age-female.csv`"
    )]
    HalfOfPublication {
        /// Line of the last row of the practice.
        line: u64,
        /// The practice.
        organisation: String,
    },
    /// Files that are read as one have other columns.
    #[error(
        "the files have to have the same columns to be read as one: {second} has others than {first}"
    )]
    UnlikeParts {
        /// The first file.
        first: String,
        /// The one with other columns.
        second: String,
    },
    /// No row is of an organisation that was asked for.
    #[error(
        "no row is of {whom}: all rows are of {others}, and nothing was submitted; name another area with `--area CODE` or one organisation \
         with `--organisation CODE`, or take all rows with `--area ALL`"
    )]
    NoneOf {
        /// Which organisations were asked for, in words.
        whom: String,
        /// How many others the file has, in words.
        others: String,
    },
    /// No row is of a kind that is taken.
    #[error("the file has {rows} rows, and none that is taken: {what}; nothing was submitted")]
    NothingTaken {
        /// How many rows were left out.
        rows: u64,
        /// What they are, in words.
        what: String,
    },
    /// A quoted cell continues on the next line.
    #[error(
        "line {line}: a quote (\") opens in this row and does not close on the same line; close it, or write it twice if it is part of the text"
    )]
    LineBreak {
        /// Line on which the row starts, or an empty line before it.
        line: u64,
    },
    /// The file has no header row.
    #[error("the file is empty; the first line must hold the column names")]
    Empty,
    /// The header is that of no file that can be read: few of its columns are known, or none.
    #[error(
        "unknown file: {}. An extract of your own with other column names needs a map: `equity submit FILE --sketch-map \
         columns.toml` writes one (deploy/guides/submit.md)\nfiles that are taken as published, with some of their columns: GP \
         appointments (APPT_MODE, COUNT_OF_APPOINTMENTS); patients registered at a GP practice (EXTRACT_DATE, NUMBER_OF_PATIENTS); patients behind GP appointments (Patients registered at included \
         practices); ONS internet users (Ethnic group, Employment status); GP Patient Survey (chart, proportion; or question, \
         national_pct); POMI (report_period_end, field); NHS App (org_code, metric); indices of deprivation, File 7 (LSOA code (2021), \
         Index of Multiple Deprivation (IMD) Score); Digital Exclusion Risk Index (deri_score_national); Census 2021 (lsoa21_code, total_residents); mid-2020 \
         population (lsoa11_code, total_population)",
        what_is_known(found, known, *columns)
    )]
    UnknownFormat {
        /// First column of the header.
        found: String,
        /// Columns of the header that the service's own CSV also has.
        known: Vec<&'static str>,
        /// Number of columns of the header.
        columns: usize,
    },
    /// Columns that this kind of file does not have.
    #[error("unknown column{} {}{advice}", if columns.len() == 1 { "" } else { "s" }, unknown(columns))]
    UnknownColumns {
        /// Each column as the file spells it, and the most similar known name, if there is one.
        columns: Vec<(String, Option<&'static str>)>,
        /// What to do, if that is another thing than to correct the names.
        advice: &'static str,
    },
    /// Several errors.
    #[error("{}", several(listed, *more))]
    Several {
        /// The first error of each kind, and the number of errors of this kind.
        listed: Vec<(IngestError, u64)>,
        /// Number of errors that are not listed.
        more: u64,
    },
    /// A map of columns that cannot be used.
    #[error("{}: {}", path.display(), what.join("\n  "))]
    ColumnMap {
        /// The map.
        path: PathBuf,
        /// Everything that is wrong with it.
        what: Vec<String>,
    },
    /// A publication with other columns than it has in the edition that is taken.
    #[error("this file seems to be {what}, but {}\n{taken}; {GUIDE}", unlike(lacks, others))]
    OtherColumns {
        /// What the file seems to be.
        what: &'static str,
        /// Columns that it lacks.
        lacks: Vec<&'static str>,
        /// Columns that it has besides, and the most similar of those that it lacks, if there is one.
        others: Vec<(String, Option<&'static str>)>,
        /// Which editions are taken.
        taken: &'static str,
    },
    /// A published file that the service knows and does not take.
    #[error("this file seems to be {what}; the service does not take it: {why}\n{taken}; {GUIDE}")]
    NotImported {
        /// What the file seems to be.
        what: &'static str,
        /// Why.
        why: &'static str,
        /// What is taken in its place.
        taken: &'static str,
    },
    /// An option that the file contradicts, or that its format does not have.
    #[error(
        "{option} cannot be used with this file: {why}; leave the option out, or choose another file"
    )]
    Option {
        /// The option as it was given: `--month 2025-07`.
        option: String,
        /// Why not.
        why: String,
    },
    /// A column of percentages in which every figure is 1 or less.
    #[error(
        "column {column:?}: every figure is 1 or less, so these seem to be shares; the column takes percentages: 68, not 0.68"
    )]
    Shares {
        /// The column.
        column: &'static str,
    },
    /// A column of one dataset in a file of another.
    #[error(
        "column {column:?} is not a column of {holds}; the file holds {holds} because of: {because}; put each dataset into its own file"
    )]
    MixedDatasets {
        /// The column.
        column: String,
        /// What the file holds.
        holds: &'static str,
        /// The column that decided this, or the first submission.
        because: &'static str,
    },
    /// Two columns of the same name.
    #[error("column {column:?} appears twice in the header; remove one")]
    RepeatedColumn {
        /// The column.
        column: String,
    },
    /// A required column.
    #[error("column {column:?} is missing from the header")]
    MissingColumn {
        /// Name of the column.
        column: &'static str,
    },
    /// A row with more or fewer cells than the header.
    #[error("line {line}: the row has {}, the header has {expected}", counted(*found, "cell"))]
    Cells {
        /// Last line of the row.
        line: u64,
        /// Cells in the row.
        found: u64,
        /// Cells in the header.
        expected: u64,
    },
    /// A cell with a wrong value.
    #[error("line {line}, column {column:?}: found {value:?}, expected {expected}")]
    Value {
        /// Line of the row.
        line: u64,
        /// Name of the column.
        column: String,
        /// The cell, at most 64 characters.
        value: String,
        /// The expected value, in words.
        expected: String,
    },
    /// Two rows about the same thing: their figures may differ.
    #[error("line {line}: the same {key} as in line {first_line}; keep one of the two rows")]
    DuplicateRow {
        /// Line of the second row.
        line: u64,
        /// Line of the first.
        first_line: u64,
        /// The columns that together differ in every row.
        key: &'static str,
    },
    /// A value that CSV cannot hold: reading the file would give another value.
    #[error(
        "column {column:?}: {value:?} cannot be written as CSV: reading it again would give another value"
    )]
    Unwritable {
        /// Name of the column.
        column: &'static str,
        /// The value, at most 64 characters.
        value: String,
    },
    /// The built-in code lists cannot be used.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The output could not be written.
    #[error("writing the file failed: {0}")]
    Write(#[source] std::io::Error),
}

impl IngestError {
    /// A cell with a wrong value.
    pub(super) fn value(line: u64, column: &str, value: &str, expected: impl Into<String>) -> Self {
        let (column, value) = (column.to_owned(), shortened(value));
        IngestError::Value { line, column, value, expected: expected.into() }
    }

    /// From the CSV reader. `line` is the last line of the row.
    pub(super) fn from_csv(error: csv::Error, line: u64) -> Self {
        let kind = error.into_kind();
        if let csv::ErrorKind::Io(source) = kind {
            IngestError::Read { line, source }
        } else {
            // Other kinds of errors come from seeking, from serde and from rows that must be equally long: reading uses none.
            IngestError::Encoding { line }
        }
    }

    /// From the CSV writer.
    pub(super) fn from_csv_written(error: csv::Error) -> Self {
        IngestError::Write(error.into())
    }
}

fn what_is_known(found: &str, known: &[&str], columns: usize) -> String {
    match known {
        [] => format!("no column of the header is known; it starts with {found:?}"),
        known => {
            format!(
                "of its {}, the service has only {}: {}",
                counted(columns as u64, "column"),
                known.len(),
                known.join(", ")
            )
        }
    }
}

fn unknown(columns: &[(String, Option<&str>)]) -> String {
    let one = |(column, nearest): &(String, Option<&str>)| match nearest {
        Some(nearest) => format!("{column:?} (did you mean {nearest:?}?)"),
        None => format!("{column:?}"),
    };
    columns.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn unlike(lacks: &[&str], others: &[(String, Option<&str>)]) -> String {
    let lacks: Vec<_> = lacks.iter().map(|column| format!("{column:?}")).collect();
    let lacks = (!lacks.is_empty()).then(|| format!("it lacks columns: {}", lacks.join(", ")));
    let others = (!others.is_empty()).then(|| {
        let others = unknown(others);
        format!("it has columns that the service does not know there: {others}; a column may change what a row means, so nothing was read")
    });
    lacks.into_iter().chain(others).collect::<Vec<_>>().join("; and ")
}

fn several(listed: &[(IngestError, u64)], more: u64) -> String {
    let count = listed.iter().map(|(_, count)| count).sum::<u64>() + more;
    let mut text = format!("{count} problems:");
    for (error, count) in listed {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {error}");
        if *count > 1 {
            let _ = write!(text, " (and {} more like it)", count - 1);
        }
    }
    if more > 0 {
        let _ = write!(text, "\n  and {more} more");
    }
    text
}

/// The number of files and the first names.
fn names(files: &[String]) -> String {
    let some: Vec<_> = files.iter().take(5).map(|name| shortened(name)).collect();
    let more = if files.len() > some.len() { ", …" } else { "" };
    match some.is_empty() {
        true => "none".to_owned(),
        false => format!("{}: {}{more}", files.len(), some.join(", ")),
    }
}

/// The first 64 characters, and `…` where there were more.
pub(super) fn shortened(value: &str) -> String {
    match value.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
