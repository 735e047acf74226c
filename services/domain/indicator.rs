//! Indicators: numerator, denominator and unit. Read from `indicators.toml`.

use serde::Deserialize;

use super::collection::Dataset;
use super::period::Month;

/// Unit of an indicator's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Unit {
    /// A share, 0 to 1.
    Ratio,
    /// Per 1,000 people a month.
    #[serde(rename = "PER_1000_MONTH")]
    Per1000Month,
    /// A score between the indicator's minimum and maximum.
    Score,
    /// A difference of shares, -1 to 1.
    Difference,
    /// Days, with a fraction.
    Days,
    /// One value divided by another: 1 is no difference.
    Times,
    /// A number without unit: 0 is no inequality.
    Index,
    /// A part of the mean, in percent.
    Percent,
    /// A whole number: of counts in tables, and of published counts that nobody says how many people stand behind.
    Count,
}

impl Unit {
    /// Name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "RATIO",
            Self::Per1000Month => "PER_1000_MONTH",
            Self::Score => "SCORE",
            Self::Difference => "DIFFERENCE",
            Self::Days => "DAYS",
            Self::Times => "TIMES",
            Self::Index => "INDEX",
            Self::Percent => "PERCENT",
            Self::Count => "COUNT",
        }
    }
}

/// What a high value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // the names say it
pub enum Polarity {
    HigherIsBetter,
    LowerIsBetter,
    Neither,
}

impl Polarity {
    /// Name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HigherIsBetter => "HIGHER_IS_BETTER",
            Self::LowerIsBetter => "LOWER_IS_BETTER",
            Self::Neither => "NEITHER",
        }
    }
}

/// What an indicator is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Whether people reach care, and by what way.
    Access,
    /// How people find their care.
    Experience,
    /// What became of people's health.
    Outcome,
    /// What people and areas are like, whatever care they get: deprivation, the risk of digital exclusion.
    Context,
    /// How organisations work: data, leadership, workforce.
    Process,
}

impl Kind {
    /// Name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "ACCESS",
            Self::Experience => "EXPERIENCE",
            Self::Outcome => "OUTCOME",
            Self::Context => "CONTEXT",
            Self::Process => "PROCESS",
        }
    }
}

/// What the submitted counts of one month are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Submitted {
    /// The people of the indicator at the end of the month. Months are never added: the last one counts.
    Snapshot,
    /// What happened in the month. Months are added.
    Events,
}

impl Submitted {
    /// Name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "SNAPSHOT",
            Self::Events => "EVENTS",
        }
    }
}

/// A month from which the values of an indicator cannot be compared with those before.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesBreak {
    /// First month of the new series.
    pub month: Month,
    /// What changed, in a sentence.
    pub reason: String,
}

/// A group of indicators: a priority of national policy, or a theme.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Id in the contract: `NHS-2122-P2`.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// Document that names it; empty for a theme.
    #[serde(default)]
    pub source: String,
}

/// A condition that limits an indicator to some people, or a question to some records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Dimension id, `age_band`; of an indicator, with one value per record.
    pub dimension: String,
    /// Codes of categories or names of states, one of which has to hold.
    pub codes: Vec<String>,
}

impl Condition {
    /// A condition that a dimension is one category.
    #[must_use]
    pub fn only(dimension: &str, code: &str) -> Self {
        Self { dimension: dimension.into(), codes: vec![code.into()] }
    }
}

/// How an indicator is counted from records: a share, or the difference of two other indicators.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Count {
    /// Share of some categories of a dimension among others.
    Share {
        /// Id of a dimension with one value per record.
        dimension: String,
        /// Categories or states of the numerator; `denominator` has to contain all of them.
        numerator: Vec<String>,
        /// Categories or states of the denominator.
        denominator: Vec<String>,
        /// Records that it is counted from.
        #[serde(default = "access_records")]
        records: Dataset,
        /// Categories that both have too, if arriving late counts as missed.
        #[serde(default)]
        late: Vec<String>,
        /// Conditions on the person, all of which have to hold.
        #[serde(default, rename = "where")]
        conditions: Vec<Condition>,
    },
    /// The first indicator's share less the second's.
    Difference {
        /// Ids of the two indicators, in this order.
        difference: (String, String),
    },
}

fn access_records() -> Dataset {
    Dataset::DigitalAccess
}

/// An indicator as `indicators.toml` defines it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Stable id in the contract: `DX-06`.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// Numerator, in a sentence for people.
    pub numerator: String,
    /// Denominator, in a sentence for people.
    pub denominator: String,
    /// Unit of the value.
    pub unit: Unit,
    /// Least possible value of a score.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// Greatest possible value of a score.
    #[serde(default)]
    pub maximum: Option<f64>,
    /// Score from which an area is usually said to be of high risk; none: there is no usual one.
    #[serde(default)]
    pub high_risk: Option<f64>,
    /// What a high value means.
    pub polarity: Polarity,
    /// What it is about; none: not said.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Id of its theme: `MATERNITY`; empty: none.
    #[serde(default)]
    pub theme: String,
    /// Ids of the priorities of national policy that the indicator belongs to.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Months from which values cannot be compared with those before.
    #[serde(default)]
    pub series_breaks: Vec<SeriesBreak>,
    /// What its submitted counts are; none: no counts of it are submitted.
    #[serde(default)]
    pub submitted: Option<Submitted>,
    /// Ids of the indicators that a score is computed from.
    #[serde(default)]
    pub components: Vec<String>,
    /// Who defined the indicator, and where.
    pub source: String,
    /// Whether the indicator must not be used for targets.
    #[serde(default)]
    pub not_for_targets: bool,
    /// Whether its published estimates appear with a table only if the question names their collection. For questionnaires with
    /// many answers.
    #[serde(default)]
    pub only_when_named: bool,
    /// Why the service cannot have figures of it, in a sentence; empty if it can.
    #[serde(default)]
    pub unavailable: String,
    /// How to count it from records; none if it is not counted, or by more than one field.
    #[serde(default)]
    pub count: Option<Count>,
}

impl Indicator {
    /// Whether it is counted from access records alone.
    #[must_use]
    pub fn is_of_access_records(&self) -> bool {
        match &self.count {
            Some(Count::Share { records, .. }) => *records == Dataset::DigitalAccess,
            Some(Count::Difference { .. }) => true,
            None => false,
        }
    }

    /// Least and greatest valid value.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        match self.unit {
            Unit::Ratio => (0.0, 1.0),
            Unit::Difference => (-1.0, 1.0),
            Unit::Per1000Month | Unit::Days | Unit::Count | Unit::Times => (0.0, f64::MAX),
            Unit::Index | Unit::Percent => (f64::MIN, f64::MAX),
            Unit::Score => (self.minimum.unwrap_or(f64::MIN), self.maximum.unwrap_or(f64::MAX)),
        }
    }
}
