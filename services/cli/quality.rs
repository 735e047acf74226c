//! `equity quality`: how good the data is. Its tables are asked and exported as all others.

use clap::{Args, Subcommand, ValueEnum};

use super::exit::Failure;
use super::query::{MeasureArg, QueryArgs};
use super::questions::Asked;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Examples for `equity quality --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity quality recording --area QK1 --from 2020-04 --collection synthetic-llr
  equity quality recording --area QK1 --from 2020-01 --to 2020-06 --by month --characteristic ethnic_category --collection synthetic-llr
  equity quality timeliness --area QK1 --from 2020-01 --to 2020-06 --by organisation --collection synthetic-llr
  equity quality matrix --area QK1 --from 2020-04 --collection synthetic-llr
  equity quality representativeness --area QK1 --from 2020-04 --by ethnic_group_broad --collection synthetic-llr
  equity quality consistency --area QK1 --from 2020-01 --to 2020-06 --collection synthetic-llr

`equity export` writes the same tables into files.";

/// A subcommand for each question about data quality. `M` is what a command asks besides the question.
#[derive(Debug, Subcommand)]
pub enum QualityTable<M: MoreOfQuality> {
    /// How completely each characteristic is recorded: known, not stated, not known, not recorded, invalid.
    #[command(after_help = M::RECORDING)]
    Recording(Box<OfQuality<RecordingAsked, M>>),
    /// When submissions were received: expected, received, late and missing ones.
    #[command(after_help = M::TIMELINESS, mut_args(|option| match option.get_id().as_str() {
        // Submissions are no groups, and no sample.
        "compare" | "confidence" => option.hide(true),
        _ => option,
    }))]
    Timeliness(Box<OfQuality<TimelinessAsked, M>>),
    /// Which organisation collects which characteristic at all.
    #[command(after_help = M::MATRIX)]
    Matrix(Box<OfQuality<MatrixAsked, M>>),
    /// Whether the people in the records are like the population: each category's share of both.
    #[command(after_help = M::REPRESENTATIVENESS, mut_args(|option| match option.get_id().as_str() {
        // The population is the reference.
        "compare" => option.hide(true),
        _ => option,
    }))]
    Representativeness(Box<OfQuality<RepresentativenessAsked, M>>),
    /// Whether the records of one person agree: the share of people with more than one value of a characteristic.
    #[command(after_help = M::CONSISTENCY)]
    Consistency(Box<OfQuality<ConsistencyAsked, M>>),
}

/// What a command asks besides the question, and its examples for each table.
pub trait MoreOfQuality: Args {
    /// Examples for the recording of characteristics.
    const RECORDING: &'static str;
    /// Examples for timeliness.
    const TIMELINESS: &'static str;
    /// Examples for the matrix.
    const MATRIX: &'static str;
    /// Examples for representativeness.
    const REPRESENTATIVENESS: &'static str;
    /// Examples for consistency.
    const CONSISTENCY: &'static str;
}

/// The options of one subcommand.
#[derive(Debug, Args)]
pub struct OfQuality<A: Asked, M: MoreOfQuality> {
    /// Options that make the question.
    #[command(flatten)]
    pub asked: A,
    /// Options of the command.
    #[command(flatten)]
    pub more: M,
}

impl<M: MoreOfQuality> QualityTable<M> {
    /// The question of the contract, and the options of the command.
    ///
    /// # Errors
    /// The arguments contradict each other.
    pub fn question(&self) -> Result<(Table, &M), Failure> {
        match self {
            Self::Recording(args) => Ok((args.asked.question()?, &args.more)),
            Self::Timeliness(args) => Ok((args.asked.question()?, &args.more)),
            Self::Matrix(args) => Ok((args.asked.question()?, &args.more)),
            Self::Representativeness(args) => Ok((args.asked.question()?, &args.more)),
            Self::Consistency(args) => Ok((args.asked.question()?, &args.more)),
        }
    }
}

/// How characteristics are recorded.
#[derive(Debug, Args)]
pub struct RecordingAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Characteristic, or another field of consultations: `ethnic_category`, `channel` (default: every characteristic of people). Repeat
    /// the option for more, or separate names with commas.
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub characteristic: Vec<String>,
    /// Indicator: `DQ-01` (default: all of the table). Repeat the option for more, or separate ids with commas.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub indicator: Vec<String>,
    /// Share of the records up to which the default code (not known) counts as valid in DQ-05, 0 to 1 (default: 0.02).
    #[arg(long, value_name = "SHARE")]
    pub default_threshold: Option<f64>,
}

impl Asked for RecordingAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Recording(v1::GetRecordingQualityRequest {
            query: Some(self.query.query()),
            characteristics: self.characteristic.clone(),
            indicators: self.indicator.clone(),
            default_threshold: self.default_threshold,
        }))
    }
}

/// The dataset whose submissions are asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // the names say it
pub enum SubmittedArg {
    #[default]
    Consultations,
    Populations,
    /// Access records.
    Access,
    /// Counts of indicators.
    Indicators,
}

/// When submissions were received.
#[derive(Debug, Args)]
pub struct TimelinessAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Days from the end of its month after which a submission is late, 0 to 3650 (default: the deadline of the collection).
    #[arg(long, value_name = "DAYS")]
    pub due_days: Option<i32>,
    /// Dataset of the submissions.
    #[arg(long, value_enum, default_value_t)]
    pub dataset: SubmittedArg,
}

impl Asked for TimelinessAsked {
    fn question(&self) -> Result<Table, Failure> {
        let (query, due_days) = (Some(self.query.query()), self.due_days);
        let dataset = match self.dataset {
            SubmittedArg::Consultations => v1::Dataset::Consultations,
            SubmittedArg::Populations => v1::Dataset::Populations,
            SubmittedArg::Access => v1::Dataset::DigitalAccess,
            SubmittedArg::Indicators => v1::Dataset::IndicatorCounts,
        };
        let dataset = dataset.into();
        Ok(Table::Timeliness(v1::GetTimelinessRequest { query, due_days, dataset }))
    }
}

/// Which organisation collects which characteristic.
#[derive(Debug, Args)]
pub struct MatrixAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Characteristic, or another field of consultations (default: every characteristic of people). Repeat the option for more, or separate
    /// names with commas.
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub characteristic: Vec<String>,
}

impl Asked for MatrixAsked {
    fn question(&self) -> Result<Table, Failure> {
        let mut query = self.query.query();
        if query.by.is_empty() {
            query.by.push("organisation".to_owned());
        }
        Ok(Table::Recording(v1::GetRecordingQualityRequest {
            query: Some(query),
            characteristics: self.characteristic.clone(),
            indicators: vec!["DQ-11".to_owned()],
            default_threshold: None,
        }))
    }
}

/// Whether the people in the records are like the population.
#[derive(Debug, Args)]
pub struct RepresentativenessAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// What is counted.
    #[arg(long, value_enum, default_value = "contacts")]
    pub measure: MeasureArg,
    /// Collection of the population (default: the one that the collection names).
    #[arg(long, value_name = "ID")]
    pub population_collection: Option<String>,
}

impl Asked for RepresentativenessAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Representativeness(v1::GetRepresentativenessRequest {
            query: Some(self.query.query()),
            measure: v1::Measure::from(self.measure).into(),
            population_collection: self.population_collection.clone().unwrap_or_default(),
        }))
    }
}

/// Whether the records of one person agree.
#[derive(Debug, Args)]
pub struct ConsistencyAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Characteristic, or another field of consultations: `ethnic_category` (default: every characteristic of people that seldom changes). Repeat
    /// the option for more, or separate names with commas.
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub characteristic: Vec<String>,
}

impl Asked for ConsistencyAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Consistency(v1::GetConsistencyRequest {
            query: Some(self.query.query()),
            characteristics: self.characteristic.clone(),
        }))
    }
}
