//! The options of `equity export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::exit::Failure;
use crate::cli::format_arg::FormatArg;
use crate::cli::questions::{AskedTable, More};
use crate::proto::v1::{BreakdownQuestion, ExportBreakdownsRequest, PeriodStep};

const COLUMNS: &str = "\
Examples:
  equity export columns
  equity export columns --format csv";

/// One subcommand for each table, and one for the columns that they share.
#[derive(Debug, Subcommand)]
pub enum ExportTable {
    /// A table.
    #[command(flatten)]
    Table(AskedTable<Taking>),
    /// List the columns of the file.
    #[command(after_help = COLUMNS)]
    Columns,
}

/// Periods, areas and file of an export.
#[derive(Debug, Clone, Args)]
pub struct Taking {
    /// Which periods get rows.
    #[arg(long, value_enum)]
    pub step: Option<Step>,
    /// Types of areas: `place`, `sub_icb`, `pcn`. Each area of these types within --area gets rows (default: --area itself).
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub area_types: Vec<String>,
    /// File, written when all rows have arrived; `-` is standard output. A pipe or device gets rows as they arrive: CSV only.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// File format, the same as --format (default: taken from the file name, otherwise CSV).
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub kind: Option<FileFormat>,
}

/// What a build without the feature `parquet` says when it is asked for Parquet.
pub(super) const NO_PARQUET: &str = "this program was built without Parquet: export to CSV (`--output FILE.csv`), or build it again \
                                     with the feature `parquet`, which is on by default";

/// Formats of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// RFC 4180, one line for each figure. An absent value is an empty cell.
    Csv,
    /// Apache Parquet with typed columns. An absent value is null. The metadata has definitions and provenance.
    Parquet,
}

impl More for Taking {
    const CHANNELS: &'static str = "\
Examples:
  equity export channels --area QK1 --from 2020-04 --output channels.csv
  equity export channels --area QK1 --area-types place,sub_icb --from 2019-03 --to 2020-12 --step month --output c.parquet
  equity export channels --area QK1 --from 2020-04 --by sex,age_band --rates --output -
      CSV on standard output

The file has the same columns whatever the table: `equity export columns`.";
    const OUTCOMES: &'static str = "\
Examples:
  equity export outcomes --area QK1 --from 2020-04 --output outcomes.csv
  equity export outcomes --organisation 04C,03W --from 2019-03 --to 2020-12 --step quarter --output outcomes.parquet";
    const EXCLUSION: &'static str = "\
Examples:
  equity export exclusion --area QK1 --from 2020-12 --by age_band,sex --output exclusion.csv
  equity export exclusion --area QK1 --area-types place --from 2020-01 --to 2020-12 --step month --output exclusion.parquet

What others published stands in rows of the table ESTIMATES: other people, other questions.";
    const PROVISION: &'static str = "\
Examples:
  equity export provision --area QK1 --from 2020-04 --output provision.csv
  equity export provision --area QK1 --area-types place --from 2020-Q2 --by ethnic_category --output provision.parquet";
    const IMPACT: &'static str = "\
Examples:
  equity export impact --area QK1 --from 2020-04 --output impact.csv
  equity export impact --area QK1 --from 2020-01 --to 2020-12 --step quarter --by imd2019_quintile --output impact.parquet";
    const RISK: &'static str = "\
Examples:
  equity export risk --area QK1 --by ethnic_group_broad --output risk.csv
  equity export risk --area QK1 --area-types district --high-risk-top 0.2 --output risk.parquet

Every row is ecological: about areas, not about the people in them.";
}

impl Taking {
    /// The format of the file. `format` is the value of `--format`.
    ///
    /// # Errors
    /// `--format` is no format of files, or contradicts `--as` or the file name.
    pub fn format(&self, format: Option<FormatArg>) -> Result<FileFormat, Failure> {
        let usage = |what: String| Err(Failure::Usage(what));
        let asked = match format {
            None => None,
            Some(FormatArg::Csv) => Some(FileFormat::Csv),
            Some(FormatArg::Parquet) => Some(FileFormat::Parquet),
            Some(FormatArg::Table | FormatArg::Json) => {
                return usage(
                    "an export is a file: use --format csv or parquet, or no --format".into(),
                );
            }
        };
        if let (Some(asked), Some(kind)) = (asked, self.kind)
            && asked != kind
        {
            return usage("--format and --as name different formats: use one of them".into());
        }
        let asked = asked.or(self.kind);
        let ending = self.output.extension().and_then(|ending| ending.to_str());
        let of_ending = ending.and_then(|ending| FileFormat::from_str(ending, false).ok());
        match (asked, of_ending, ending) {
            (Some(asked), Some(other), Some(ending)) if asked != other => usage(format!(
                "--output ends in .{ending}, which is not the requested format: change the ending of the file, or leave \
                 --format out"
            )),
            (Some(kind), ..) | (None, Some(kind), _) => Ok(kind),
            (None, None, None) => Ok(FileFormat::Csv),
            (None, None, Some(other)) => usage(format!(
                "--output ends in .{other}: use a file name that ends in .csv or .parquet, or name the format with --format"
            )),
        }
    }
}

/// Which periods get rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// --from to --to as a whole.
    Whole,
    /// Each month.
    Month,
    /// Each quarter that lies wholly in it.
    Quarter,
    /// Each financial year, April to March, that lies wholly in it.
    FinancialYear,
    /// Each calendar year that lies wholly in it.
    CalendarYear,
}

impl From<Step> for PeriodStep {
    fn from(step: Step) -> Self {
        match step {
            Step::Whole => Self::Whole,
            Step::Month => Self::Month,
            Step::Quarter => Self::Quarter,
            Step::FinancialYear => Self::FinancialYear,
            Step::CalendarYear => Self::CalendarYear,
        }
    }
}

impl ExportTable {
    /// The request of the contract, and where its rows go; none for the list of columns.
    ///
    /// # Errors
    /// The arguments contradict each other.
    pub fn request(&self) -> Result<Option<(ExportBreakdownsRequest, &Taking)>, Failure> {
        let Self::Table(table) = self else { return Ok(None) };
        let (question, taking) = table.question()?;
        let request = ExportBreakdownsRequest {
            question: Some(BreakdownQuestion { table: Some(question) }),
            area_types: taking.area_types.clone(),
            period_step: taking.step.map_or(PeriodStep::Unspecified, PeriodStep::from).into(),
            cursor: String::new(),
        };
        Ok(Some((request, taking)))
    }
}
