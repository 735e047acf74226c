//! What can follow `--format`: how answers are written, and kinds of files.

use clap::ValueEnum;

use super::exit::Failure;
use super::show::Format;

/// What can follow `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// For people: aligned columns, thousands separators, notes.
    Table,
    /// For programs: the contract's messages with their field names; what is absent is absent.
    Json,
    /// For spreadsheets: RFC 4180, one line for each figure, codes and states in columns of their own.
    Csv,
    /// A kind of file that `equity export` writes, and nothing else.
    Parquet,
}

impl FormatArg {
    /// How an answer is written.
    ///
    /// # Errors
    /// It is a kind of file.
    pub fn answer(self) -> Result<Format, Failure> {
        match self {
            Self::Table => Ok(Format::Table),
            Self::Json => Ok(Format::Json),
            Self::Csv => Ok(Format::Csv),
            Self::Parquet => Err(Failure::Usage(
                "--format parquet is a kind of file that `equity export` writes: give table, json or csv".into(),
            )),
        }
    }
}
