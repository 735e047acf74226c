//! What can be asked for with `equity export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::FormatArg;
use crate::cli::exclusion::{ExclusionAsked, ProvisionAsked, RiskAsked};
use crate::cli::exit::Failure;
use crate::cli::query::{DenominatorArg, MeasureArg, QueryArgs};
use crate::proto::v1::export_breakdowns_request::Table as Asked;
use crate::proto::v1::{self, Denominator, ExportBreakdownsRequest, Measure, PeriodStep};

const CHANNELS: &str = "\
Examples:
  equity export channels --area QK1 --from 2020-04 --output channels.csv
  equity export channels --area QK1 --area-types place,sub_icb --from 2019-03 --to 2020-12 --step month --output c.parquet
  equity export channels --area QK1 --from 2020-04 --by sex,age_band --rates --output -
      CSV on standard output

The file has the same columns whatever the table: `equity export columns`.";

const OUTCOMES: &str = "\
Examples:
  equity export outcomes --area QK1 --from 2020-04 --output outcomes.csv
  equity export outcomes --organisation 04C,03W --from 2019-03 --to 2020-12 --step quarter --output outcomes.parquet";

const EXCLUSION: &str = "\
Examples:
  equity export exclusion --area QK1 --from 2020-12 --by age_band,sex --output exclusion.csv
  equity export exclusion --area QK1 --area-types place --from 2020-01 --to 2020-12 --step month --output exclusion.parquet

What others published stands in rows of the table ESTIMATES: other people, other questions.";

const PROVISION: &str = "\
Examples:
  equity export provision --area QK1 --from 2020-04 --output provision.csv
  equity export provision --area QK1 --area-types place --from 2020-Q2 --by ethnic_category --output provision.parquet";

const IMPACT: &str = "\
Examples:
  equity export impact --area QK1 --from 2020-04 --output impact.csv
  equity export impact --area QK1 --from 2020-01 --to 2020-12 --step quarter --by imd2019_quintile --output impact.parquet";

const RISK: &str = "\
Examples:
  equity export risk --area QK1 --by ethnic_group_broad --output risk.csv
  equity export risk --area QK1 --area-types district --high-risk-top 0.2 --output risk.parquet

Every row is ecological: about areas, not about the people in them.";

const COLUMNS: &str = "\
Examples:
  equity export columns
  equity export columns --format csv";

/// The tables.
#[derive(Debug, Subcommand)]
pub enum Table {
    /// How consultations reached people.
    #[command(after_help = CHANNELS)]
    Channels(Box<ChannelsArgs>),
    /// Missed appointments and days from booking to appointment.
    #[command(after_help = OUTCOMES)]
    Outcomes(Box<LateArgs>),
    /// Who is digitally excluded, and what others published of it.
    #[command(after_help = EXCLUSION)]
    Exclusion(Box<ExclusionArgs>),
    /// Whether face to face is there for those who need it.
    #[command(after_help = PROVISION)]
    Provision(Box<ProvisionArgs>),
    /// What channels do to access, remote against in person.
    #[command(after_help = IMPACT)]
    Impact(Box<LateArgs>),
    /// How a score of small areas falls on the people who live there.
    #[command(after_help = RISK)]
    Risk(Box<RiskArgs>),
    /// List the columns of the file.
    #[command(after_help = COLUMNS)]
    Columns,
}

/// Of which areas, and where the rows go.
#[derive(Debug, Clone, Args)]
pub struct Taking {
    /// Types of areas, each area of which that lies in --area gets rows: `place`, `sub_icb`, `pcn`. Left out: --area itself.
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub area_types: Vec<String>,
    /// File that is written when everything has come; `-` is standard output. What exists and is no file, a pipe say, is written to
    /// as rows come: CSV only.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// What kind of file, as --format says it too. Left out: by the file's ending, otherwise CSV.
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub kind: Option<FileFormat>,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// RFC 4180, one line for each figure; nothing is an empty cell.
    Csv,
    /// Apache Parquet with real types; nothing is null; definitions and provenance in its metadata.
    Parquet,
}

impl Taking {
    /// What kind of file is written; `format` is what was asked of every answer.
    ///
    /// # Errors
    /// No kind of file is asked for, or two, or one that the file's ending is not of.
    pub fn format(&self, format: Option<FormatArg>) -> Result<FileFormat, Failure> {
        let usage = |what: String| Err(Failure::Usage(what));
        let asked = match format {
            None => None,
            Some(FormatArg::Csv) => Some(FileFormat::Csv),
            Some(FormatArg::Parquet) => Some(FileFormat::Parquet),
            Some(FormatArg::Table | FormatArg::Json) => {
                return usage(
                    "an export is a file: give --format csv or parquet, or leave it out".into(),
                );
            }
        };
        if let (Some(asked), Some(kind)) = (asked, self.kind)
            && asked != kind
        {
            return usage("--format and --as name two kinds of files: leave --as out".into());
        }
        let asked = asked.or(self.kind);
        let ending = self.output.extension().and_then(|ending| ending.to_str());
        let of_ending = match ending {
            Some("csv") => Some(FileFormat::Csv),
            Some("parquet") => Some(FileFormat::Parquet),
            _ => None,
        };
        match (asked, of_ending, ending) {
            (Some(asked), Some(other), Some(ending)) if asked != other => usage(format!(
                "--output ends in .{ending}, which is another kind of file than was asked for: give it the other ending, or leave \
                 --format out"
            )),
            (Some(kind), ..) | (None, Some(kind), _) => Ok(kind),
            (None, None, None) => Ok(FileFormat::Csv),
            (None, None, Some(other)) => usage(format!(
                "--output ends in .{other}: give a file that ends in .csv or .parquet, or say which with --format"
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

/// What every table with a period is asked with.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// What is asked about.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Which periods get rows.
    #[arg(long, value_enum, default_value = "whole")]
    pub step: Step,
    /// Of which areas, and where the rows go.
    #[command(flatten)]
    pub taking: Taking,
}

/// `equity export channels`.
#[derive(Debug, Args)]
pub struct ChannelsArgs {
    /// What every table is asked with.
    #[command(flatten)]
    pub common: Common,
    /// What is counted.
    #[arg(long, value_enum, default_value = "contacts")]
    pub measure: MeasureArg,
    /// What shares are shares of.
    #[arg(long, value_enum, default_value = "known")]
    pub denominator: DenominatorArg,
    /// Rates per 1,000 of the matching population a month as well. Not with `--measure persons`.
    #[arg(long)]
    pub rates: bool,
    /// Collection of the population of the rates. Left out: the one that the collection names.
    #[arg(long, value_name = "ID", requires = "rates")]
    pub population_collection: Option<String>,
}

/// `equity export outcomes` and `equity export impact`.
#[derive(Debug, Args)]
pub struct LateArgs {
    /// What every table is asked with.
    #[command(flatten)]
    pub common: Common,
    /// Count people who arrived too late to be seen as not attending.
    #[arg(long, visible_alias = "late-as-missed")]
    pub late_counts_as_missed: bool,
}

/// `equity export exclusion`.
#[derive(Debug, Args)]
pub struct ExclusionArgs {
    /// What every table is asked with.
    #[command(flatten)]
    pub common: Common,
    /// What is asked besides.
    #[command(flatten)]
    pub asked: ExclusionAsked,
}

/// `equity export provision`.
#[derive(Debug, Args)]
pub struct ProvisionArgs {
    /// What every table is asked with.
    #[command(flatten)]
    pub common: Common,
    /// What is asked besides.
    #[command(flatten)]
    pub asked: ProvisionAsked,
}

/// `equity export risk`.
#[derive(Debug, Args)]
pub struct RiskArgs {
    /// What is asked about.
    #[command(flatten)]
    pub asked: RiskAsked,
    /// Of which areas, and where the rows go.
    #[command(flatten)]
    pub taking: Taking,
}

impl Table {
    /// The request of the contract, and where its rows go; none for the list of columns.
    ///
    /// # Errors
    /// What is asked contradicts itself.
    pub fn request(&self) -> Result<Option<(ExportBreakdownsRequest, &Taking)>, Failure> {
        let query = |common: &Common| Some(common.query.query());
        let (table, common) = match self {
            Self::Columns => return Ok(None),
            Self::Risk(args) => {
                let request = ExportBreakdownsRequest {
                    table: Some(Asked::Risk(args.asked.request())),
                    area_types: args.taking.area_types.clone(),
                    ..Default::default()
                };
                return Ok(Some((request, &args.taking)));
            }
            Self::Channels(args) => (
                Asked::Channels(v1::GetChannelBreakdownRequest {
                    query: query(&args.common),
                    measure: Measure::from(args.measure).into(),
                    denominator: Denominator::from(args.denominator).into(),
                    include_rates: args.rates,
                    population_collection: args.population_collection.clone().unwrap_or_default(),
                }),
                &args.common,
            ),
            Self::Outcomes(args) => (
                Asked::Outcomes(v1::GetAccessOutcomesRequest {
                    query: query(&args.common),
                    late_counts_as_missed: args.late_counts_as_missed,
                }),
                &args.common,
            ),
            Self::Exclusion(args) => {
                (Asked::Exclusion(args.asked.request(&args.common.query)?), &args.common)
            }
            Self::Provision(args) => {
                (Asked::Provision(args.asked.request(&args.common.query)), &args.common)
            }
            Self::Impact(args) => (
                Asked::Impact(v1::GetChannelImpactRequest {
                    query: query(&args.common),
                    late_counts_as_missed: args.late_counts_as_missed,
                }),
                &args.common,
            ),
        };
        let request = ExportBreakdownsRequest {
            table: Some(table),
            area_types: common.taking.area_types.clone(),
            period_step: PeriodStep::from(common.step).into(),
            cursor: String::new(),
        };
        Ok(Some((request, &common.taking)))
    }
}
