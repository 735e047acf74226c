//! The values of `--format`.

use clap::ValueEnum;

use super::exit::Failure;
use super::show::Format;

/// A value of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// For people: aligned columns, thousands separators, notes.
    Table,
    /// For programs: the contract's messages with their field names. Absent fields are left out.
    Json,
    /// For spreadsheets: RFC 4180, one line for each figure, with columns for codes and states.
    Csv,
    /// Apache Parquet, only for `equity export`.
    Parquet,
}

impl FormatArg {
    /// The format of an answer on standard output.
    ///
    /// # Errors
    /// Parquet is a format of files only.
    pub fn answer(self) -> Result<Format, Failure> {
        match self {
            Self::Table => Ok(Format::Table),
            Self::Json => Ok(Format::Json),
            Self::Csv => Ok(Format::Csv),
            Self::Parquet => Err(Failure::Usage(
                "only `equity export` writes Parquet: use --format table, json or csv".into(),
            )),
        }
    }
}
