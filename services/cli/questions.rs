//! The options of each table, the same for `equity breakdown` and `equity export`.

use clap::{Args, Subcommand};

use super::exit::Failure;
use super::query::{AsOfArg, DenominatorArg, MeasureArg, QueryArgs};
use crate::proto::v1::breakdown_question::Table;
use crate::proto::v1::get_area_risk_request::HighRisk;
use crate::proto::v1::{self, BreakdownQuery, Denominator, Measure};

/// A subcommand for each table. `M` is what a command asks besides the question.
#[derive(Debug, Subcommand)]
pub enum AskedTable<M: More> {
    /// How consultations reached people: face to face, by telephone, by video, online.
    #[command(after_help = M::CHANNELS)]
    Channels(Box<Asking<ChannelsAsked, M>>),
    /// Missed appointments and days from booking to appointment.
    #[command(after_help = M::OUTCOMES)]
    Outcomes(Box<Asking<OutcomesAsked, M>>),
    /// Who is digitally excluded, and why, with published estimates.
    #[command(after_help = M::EXCLUSION, mut_arg("care_setting", |refused| refused.hide(true)))]
    Exclusion(Box<Asking<ExclusionAsked, M>>),
    /// Whether people who cannot use remote care, need an interpreter or accessible information are seen face to face.
    #[command(after_help = M::PROVISION)]
    Provision(Box<Asking<ProvisionAsked, M>>),
    /// What channels do to access: remote compared with in person, within each group of people.
    #[command(after_help = M::IMPACT)]
    Impact(Box<Asking<ImpactAsked, M>>),
    /// How a score of small areas falls on the people who live there.
    #[command(after_help = M::RISK, mut_args(|option| match option.get_id().as_str() {
        // Refused by name: area risk has no period.
        "step" => option.hide(true),
        _ => option,
    }))]
    Risk(Box<Asking<RiskAsked, M>>),
    /// An indicator whose numerator and denominator partners submit: health checks, screening, vaccination, waiting lists.
    #[command(after_help = M::INDICATORS, mut_arg("care_setting", |refused| refused.hide(true)))]
    Indicators(Box<Asking<IndicatorsAsked, M>>),
    /// How much of its earlier activity each group has again: consultations attended, beside those before the pandemic.
    #[command(after_help = M::RESTORATION, mut_args(|option| match option.get_id().as_str() {
        // Refused by name: each group is compared with all others.
        "compare" => option.hide(true),
        _ => option,
    }))]
    Restoration(Box<Asking<RestorationAsked, M>>),
    /// Age-standardised rates: consultations per 1,000 people a month, as if every group had the same ages.
    #[command(after_help = M::STANDARDISED, mut_args(|option| match option.get_id().as_str() {
        // Refused by name: standardised rates are not compared.
        "compare" => option.hide(true),
        _ => option,
    }))]
    Standardised(Box<Asking<StandardisedAsked, M>>),
}

/// What a command asks besides the question, and its examples for each table.
pub trait More: Args {
    /// Examples for the table of channels.
    const CHANNELS: &'static str;
    /// Examples for access outcomes.
    const OUTCOMES: &'static str;
    /// Examples for digital exclusion.
    const EXCLUSION: &'static str;
    /// Examples for face-to-face provision.
    const PROVISION: &'static str;
    /// Examples for the impact of channels.
    const IMPACT: &'static str;
    /// Examples for area risk.
    const RISK: &'static str;
    /// Examples for a submitted indicator.
    const INDICATORS: &'static str;
    /// Examples for restored activity.
    const RESTORATION: &'static str;
    /// Examples for age-standardised rates.
    const STANDARDISED: &'static str;
}

/// The options of one subcommand.
#[derive(Debug, Args)]
pub struct Asking<A: Asked, M: More> {
    /// Options that make the question.
    #[command(flatten)]
    pub asked: A,
    /// Options of the command.
    #[command(flatten)]
    pub more: M,
}

impl<M: More> AskedTable<M> {
    /// The question of the contract, and the options of the command.
    ///
    /// # Errors
    /// The arguments contradict each other.
    pub fn question(&self) -> Result<(Table, &M), Failure> {
        fn of<A: Asked, M: More>(args: &Asking<A, M>) -> Result<(Table, &M), Failure> {
            Ok((args.asked.question()?, &args.more))
        }
        match self {
            Self::Channels(args) => of(args),
            Self::Outcomes(args) => of(args),
            Self::Exclusion(args) => of(args),
            Self::Provision(args) => of(args),
            Self::Impact(args) => of(args),
            Self::Risk(args) => of(args),
            Self::Indicators(args) => of(args),
            Self::Restoration(args) => of(args),
            Self::Standardised(args) => of(args),
        }
    }
}

/// Arguments that make a question to a table.
pub trait Asked: Args {
    /// The question of the contract.
    ///
    /// # Errors
    /// The arguments contradict each other.
    fn question(&self) -> Result<Table, Failure>;
}

/// How consultations reached people.
#[derive(Debug, Args)]
pub struct ChannelsAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// What the table counts.
    #[arg(long, value_enum, default_value = "contacts")]
    pub measure: MeasureArg,
    /// Denominator of the shares of channels.
    #[arg(long, value_enum, default_value = "known")]
    pub denominator: DenominatorArg,
    /// Add rates: consultations per 1,000 people of the matching population a month. Not with `--measure persons`.
    #[arg(long)]
    pub rates: bool,
    /// Collection of the population for rates (default: the one that the collection names).
    #[arg(long, value_name = "ID", requires = "rates")]
    pub population_collection: Option<String>,
}

impl Asked for ChannelsAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Channels(v1::GetChannelBreakdownRequest {
            query: Some(self.query.query()),
            measure: Measure::from(self.measure).into(),
            denominator: Denominator::from(self.denominator).into(),
            include_rates: self.rates,
            population_collection: self.population_collection.clone().unwrap_or_default(),
        }))
    }
}

/// Whether people who arrived too late to be seen count as not attending.
#[derive(Debug, Args)]
pub struct LateArgs {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Count people who arrived too late to be seen as not attending.
    #[arg(long)]
    pub late_counts_as_missed: bool,
}

/// Missed appointments and days from booking.
#[derive(Debug, Args)]
pub struct OutcomesAsked {
    /// The options of the question.
    #[command(flatten)]
    pub late: LateArgs,
}

impl Asked for OutcomesAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Outcomes(v1::GetAccessOutcomesRequest {
            query: Some(self.late.query.query()),
            late_counts_as_missed: self.late.late_counts_as_missed,
        }))
    }
}

/// What channels do to access.
#[derive(Debug, Args)]
pub struct ImpactAsked {
    /// The options of the question.
    #[command(flatten)]
    pub late: LateArgs,
}

impl Asked for ImpactAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Impact(v1::GetChannelImpactRequest {
            query: Some(self.late.query.query()),
            late_counts_as_missed: self.late.late_counts_as_missed,
        }))
    }
}

/// Who is digitally excluded.
#[derive(Debug, Args)]
pub struct ExclusionAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Indicator (default: all that access records give). Repeat the option for more, or separate ids with commas. See `equity reference
    /// indicators`.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub indicator: Vec<String>,
    /// Collection of published estimates; several as with --indicator; `none`: no estimates (default: all, except answers to whole
    /// questionnaires).
    #[arg(long, value_name = "ID|none", value_delimiter = ',')]
    pub estimates: Vec<String>,
}

impl Asked for ExclusionAsked {
    fn question(&self) -> Result<Table, Failure> {
        let none = self.estimates.iter().any(|id| id == "none");
        if none && self.estimates.len() > 1 {
            let why = "--estimates: give `none` alone, or the collections to look in";
            return Err(Failure::Usage(why.to_owned()));
        }
        Ok(Table::Exclusion(v1::GetDigitalExclusionBreakdownRequest {
            query: Some(self.query.query()),
            indicators: self.indicator.clone(),
            estimate_collections: if none { vec!["-".to_owned()] } else { self.estimates.clone() },
        }))
    }
}

/// Whether people who need face to face get it.
#[derive(Debug, Args)]
pub struct ProvisionAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Collection of the access snapshots, of the same data class. They say what people need if consultations do not (default: the one
    /// that the collection names).
    #[arg(long, value_name = "ID")]
    pub access_collection: Option<String>,
    /// Days from booking within which a request for face to face counts as met, 1 to 3650 (default: 14).
    #[arg(long, value_name = "DAYS")]
    pub request_met_days: Option<i32>,
}

impl Asked for ProvisionAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Provision(v1::GetFaceToFaceProvisionRequest {
            query: Some(self.query.query()),
            access_collection: self.access_collection.clone().unwrap_or_default(),
            request_met_days: self.request_met_days.unwrap_or_default(),
        }))
    }
}

/// How a score of small areas falls on the people who live there.
#[derive(Debug, Args)]
pub struct RiskAsked {
    /// Area whose residents are asked about: a system, place, district or sub-ICB location.
    #[arg(long, value_name = "CODE")]
    pub area: String,
    /// Dimension to break down by: a characteristic with a population by small area, deprivation, or residence (default: the total
    /// only).
    #[arg(long, value_name = "DIM")]
    pub by: Option<String>,
    /// Indicator of the score (default: DX-10, the Digital Exclusion Risk Index).
    #[arg(long, value_name = "ID")]
    pub indicator: Option<String>,
    /// Collection of the score (default: the only one that has the indicator).
    #[arg(long, value_name = "ID")]
    pub score_collection: Option<String>,
    /// Collection of the population (default: the one that has the dimension by small area).
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// Score from which an area is of high risk (default: 5 for DX-10 and its components; other scores have none).
    #[arg(long, value_name = "SCORE", conflicts_with = "high_risk_top")]
    pub high_risk: Option<f64>,
    /// Instead of a score: the areas with the highest scores that hold at least this share of the people, over 0 and under 1.
    #[arg(long, value_name = "SHARE")]
    pub high_risk_top: Option<f64>,
    /// State of the data: a log position (`71`), a time (`2026-11-21T09:00:00Z`) or a release (`release:2026-11`) (default: now; if you
    /// read releases, the newest).
    #[arg(long, value_name = "POSITION|TIME|release:NAME")]
    pub as_of: Option<AsOfArg>,
}

impl Asked for RiskAsked {
    fn question(&self) -> Result<Table, Failure> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let score = self.high_risk.map(HighRisk::HighRiskScore);
        Ok(Table::Risk(v1::GetAreaRiskRequest {
            query: Some(BreakdownQuery {
                collection: text(&self.collection),
                area: self.area.clone(),
                by: self.by.iter().cloned().collect(),
                as_of: self.as_of.as_ref().map(|as_of| as_of.0.clone()),
                ..Default::default()
            }),
            indicator: text(&self.indicator),
            score_collection: text(&self.score_collection),
            high_risk: score.or(self.high_risk_top.map(HighRisk::HighRiskTopShare)),
        }))
    }
}

/// An indicator that partners submit.
#[derive(Debug, Args)]
pub struct IndicatorsAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Indicator. `equity reference code-lists --list indicator` lists those that partners submit.
    #[arg(long, value_name = "ID")]
    pub indicator: String,
}

impl Asked for IndicatorsAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::Indicators(v1::GetIndicatorBreakdownRequest {
            query: Some(self.query.query()),
            indicator: self.indicator.clone(),
        }))
    }
}

/// How much of its earlier activity each group has again.
#[derive(Debug, Args)]
pub struct RestorationAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// First month of the baseline, or a quarter or year (default: the same months, the latest that end by March 2020).
    #[arg(long, value_name = "PERIOD")]
    pub baseline_from: Option<String>,
    /// Last month of the baseline (default: the period of --baseline-from alone).
    #[arg(long, value_name = "PERIOD", requires = "baseline_from")]
    pub baseline_to: Option<String>,
}

impl Asked for RestorationAsked {
    fn question(&self) -> Result<Table, Failure> {
        let baseline = self.baseline_from.clone().map(|first| v1::PeriodRange {
            first,
            last: self.baseline_to.clone().unwrap_or_default(),
        });
        Ok(Table::Restoration(v1::GetRestorationRequest {
            query: Some(self.query.query()),
            baseline,
        }))
    }
}

/// Age-standardised rates.
#[derive(Debug, Args)]
pub struct StandardisedAsked {
    /// Place, period, dimensions and conditions.
    #[command(flatten)]
    pub query: QueryArgs,
    /// What is counted: rates are of consultations, not of persons.
    #[arg(long, value_enum, default_value = "contacts")]
    pub measure: MeasureArg,
    /// Collection of the population (default: the one that the collection names).
    #[arg(long, value_name = "ID")]
    pub population_collection: Option<String>,
}

impl Asked for StandardisedAsked {
    fn question(&self) -> Result<Table, Failure> {
        Ok(Table::StandardisedRates(v1::GetStandardisedRatesRequest {
            query: Some(self.query.query()),
            measure: Measure::from(self.measure).into(),
            population_collection: self.population_collection.clone().unwrap_or_default(),
        }))
    }
}
