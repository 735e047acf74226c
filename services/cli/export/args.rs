//! The options of `equity export`.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};

use super::columns::names;
use crate::cli::exit::Failure;
use crate::cli::options::Shape;
use crate::cli::quality::{MoreOfQuality, QualityTable};
use crate::cli::questions::{AskedTable, More};
use crate::cli::show::Format;
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
    /// A table of data quality.
    #[command(flatten)]
    Quality(QualityTable<Taking>),
    /// List the columns of the file.
    #[command(after_help = COLUMNS)]
    Columns(Shape),
}

/// Periods, areas, columns and file of an export.
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
    /// File format (default: the ending of the file name; CSV for a name without an ending).
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FileFormat>,
    /// Columns of the file, in this order (default: all). Separate names with commas. See `equity export columns`.
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "lean")]
    #[arg(value_parser = PossibleValuesParser::new(names()), hide_possible_values = true)]
    pub columns: Vec<String>,
    /// Leave out columns that are empty in every row, and write sources, notes and statements once instead of in every row: for CSV
    /// to a file that ends in `.about.json`. An Excel file is always lean.
    #[arg(long)]
    pub lean: bool,
    /// CSV: keep codes such as `01` and `05-10` as they are when Excel opens the file, by writing them as `="05-10"`.
    #[arg(long)]
    pub excel_safe: bool,
    /// Write a folder with a file for each value of these columns, `area=QK1/first_month=2020-04/data.csv`. --output names a new
    /// folder.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    #[arg(value_parser = PossibleValuesParser::new(names()), hide_possible_values = true)]
    pub partition_by: Vec<String>,
    /// Only tables in which a figure has changed after this log position, each table whole. An export ends by naming its position.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    pub since: Option<i64>,
}

/// What a build without a format's feature says when it is asked for the format.
pub(super) const MISSING: &str = "this program was built without this format: export to CSV (`--output FILE.csv`), or build it again \
                                  with the features `parquet` and `xlsx`, which are on by default";

/// Formats of an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// RFC 4180, one line for each figure. An absent value is an empty cell.
    #[value(name = "csv")]
    Csv,
    /// The same, gzipped.
    #[value(name = "csv.gz")]
    CsvGz,
    /// Excel: a sheet of figures, and a sheet of what was asked and how to read it.
    #[value(name = "xlsx")]
    Xlsx,
    /// Apache Parquet with typed columns. An absent value is null. The metadata has definitions and provenance.
    #[value(name = "parquet")]
    Parquet,
}

impl FileFormat {
    /// The name of the format, and how the name of its files ends.
    pub(in crate::cli) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether lines are text, which a pipe can take as they come.
    pub(super) fn is_csv(self) -> bool {
        matches!(self, Self::Csv | Self::CsvGz)
    }

    /// Whether this program was built with it.
    fn is_built_in(self) -> bool {
        match self {
            Self::Csv | Self::CsvGz => true,
            Self::Xlsx => cfg!(feature = "xlsx"),
            Self::Parquet => cfg!(feature = "parquet"),
        }
    }
}

impl More for Taking {
    const CHANNELS: &'static str = "\
Examples:
  equity export channels --area QK1 --from 2020-04 --output channels.csv
  equity export channels --area QK1 --area-types place,sub_icb --from 2019-03 --to 2020-12 --step month --output c.parquet
  equity export channels --area QK1 --from 2020-04 --by sex,age_band --rates --output -
      CSV on standard output
  equity export channels --area QK1 --from 2019-03 --to 2020-12 --step month --output channels.xlsx
      for Excel: a sheet of figures, and a sheet of what was asked and how to read it
  equity export channels --area QK1 --from 2019-03 --to 2020-12 --step month --partition-by first_month --output channels
      a folder with a file for each month
  equity export channels --area QK1 --from 2019-03 --to 2020-12 --step month --since 71 --output changes.csv
      only the months in which a figure has changed after position 71

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
    const INDICATORS: &'static str = "\
Examples:
  equity export indicators --indicator C20-SMI --area QK1 --from 2020-06 --by imd2025_quintile --collection synthetic-llr --output smi.csv
  equity export indicators --indicator FSL --area QK1 --from 2020-01 --to 2020-06 --step month --collection synthetic-llr --output fsl.parquet";
    const STANDARDISED: &'static str = "\
Examples:
  equity export standardised --area QK1 --from 2020-04 --to 2020-06 --by imd2025_quintile --collection synthetic-llr --output s.csv
  equity export standardised --area QK1 --from 2020-04 --by sex --measure attended --collection synthetic-llr --output s.parquet";
    const RESTORATION: &'static str = "\
Examples:
  equity export restoration --area QK1 --from 2020-04 --to 2020-06 --by organisation --collection gpad-regional --output r.csv
  equity export restoration --area QK1 --from 2020-05 --baseline-from 2020-02 --by ethnic_group_broad --collection synthetic-llr --output r.parquet";
}

impl MoreOfQuality for Taking {
    const RECORDING: &'static str = "\
Examples:
  equity export recording --area QK1 --from 2020-04 --collection synthetic-llr --output recording.csv
  equity export recording --area QK1 --from 2020-01 --to 2020-06 --step month --by organisation --indicator DQ-01 --output r.parquet";
    const TIMELINESS: &'static str = "\
Examples:
  equity export timeliness --area QK1 --from 2020-01 --to 2020-06 --by organisation --output timeliness.csv
  equity export timeliness --area QK1 --from 2020-01 --to 2020-06 --step month --due-days 14 --output timeliness.parquet";
    const MATRIX: &'static str = "\
Examples:
  equity export matrix --area QK1 --from 2020-04 --collection synthetic-llr --output matrix.csv
  equity export matrix --area QK1 --from 2020-01 --to 2020-06 --characteristic ethnic_category --output matrix.parquet";
    const REPRESENTATIVENESS: &'static str = "\
Examples:
  equity export representativeness --area QK1 --from 2020-04 --by ethnic_group_broad --collection synthetic-llr --output r.csv
  equity export representativeness --area QK1 --from 2020-01 --to 2020-06 --step month --by sex --measure persons --output r.parquet";
    const CONSISTENCY: &'static str = "\
Examples:
  equity export consistency --area QK1 --from 2020-01 --to 2020-06 --collection synthetic-llr --output c.csv
  equity export consistency --area QK1 --from 2020-01 --to 2020-06 --by organisation --characteristic ethnic_category --output c.parquet";
}

impl Taking {
    /// The format of the file.
    ///
    /// # Errors
    /// The options contradict each other, or this program was built without the format.
    pub fn format(&self) -> Result<FileFormat, Failure> {
        let usage = |what: &str| Err(Failure::Usage(what.to_owned()));
        let format = self.named_format()?;
        if !format.is_built_in() {
            return usage(MISSING);
        }
        if self.excel_safe && format != FileFormat::Csv {
            return usage(
                "--excel-safe is for CSV files that Excel opens: leave it out, or export to .csv",
            );
        }
        let folder = !self.partition_by.is_empty();
        if folder && self.to_output() {
            return usage("--partition-by writes a folder: use --output FOLDER");
        }
        if folder
            && !self.columns.is_empty()
            && self.columns.iter().all(|of| self.partition_by.contains(of))
        {
            return usage(
                "--partition-by leaves no column for the files: name more with --columns",
            );
        }
        if self.to_output() && !format.is_csv() {
            return usage("this format needs a file, not standard output: use --output FILE");
        }
        Ok(format)
    }

    /// The format that the options or the name of the file say.
    fn named_format(&self) -> Result<FileFormat, Failure> {
        let name = self.output.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ends = |format: &FileFormat| name.ends_with(&format!(".{}", format.name()));
        let of_name = FileFormat::value_variants().iter().copied().find(ends);
        if !self.partition_by.is_empty() {
            return Ok(self.format.or(of_name).unwrap_or(FileFormat::Csv));
        }
        match (self.format, of_name) {
            (Some(asked), Some(other)) if asked != other => Err(Failure::Usage(format!(
                "--output ends in .{}, which is not the requested format: change the ending of the file, or leave --format out",
                other.name()
            ))),
            (Some(format), _) | (None, Some(format)) => Ok(format),
            (None, None) if self.output.extension().is_none() => Ok(FileFormat::Csv),
            (None, None) => Err(Failure::Usage(format!(
                "--output is {name}: use a file name that ends in .csv, .csv.gz, .xlsx or .parquet, or name the format with --format"
            ))),
        }
    }

    /// Whether rows go to standard output.
    pub(super) fn to_output(&self) -> bool {
        self.output == Path::new("-")
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
        let (question, taking) = match self {
            Self::Table(table) => table.question()?,
            Self::Quality(table) => table.question()?,
            Self::Columns(_) => return Ok(None),
        };
        let request = ExportBreakdownsRequest {
            question: Some(BreakdownQuestion { table: Some(question) }),
            area_types: taking.area_types.clone(),
            period_step: taking.step.map_or(PeriodStep::Unspecified, PeriodStep::from).into(),
            cursor: String::new(),
            since_position: taking.since.unwrap_or_default(),
        };
        Ok(Some((request, taking)))
    }

    /// The format of what is printed: of the list of columns. Tables are files.
    pub fn printed(&self) -> Format {
        match self {
            Self::Columns(shape) => shape.format,
            Self::Table(_) | Self::Quality(_) => Format::Table,
        }
    }
}
