//! Indicators: what is counted, of what, in which unit. Data, not code.

use serde::Deserialize;

use super::collection::Dataset;

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
    /// Days.
    Days,
    /// A whole number. No indicator has it: it is the unit of counts in tables.
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

/// A condition on the people that an indicator applies to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Dimension id.
    pub dimension: String,
    /// Categories, one of which has to hold.
    pub codes: Vec<String>,
}

/// How an indicator is counted from records: one share, or the difference of two others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Count {
    /// Categories of a dimension, of others of it.
    Share {
        /// Dimension id.
        dimension: String,
        /// Categories or states that have it; all of them in `denominator` too.
        numerator: Vec<String>,
        /// Categories or states that it is a share of.
        denominator: Vec<String>,
        /// Records that it is counted from.
        #[serde(default = "access_records")]
        records: Dataset,
        /// Categories that both have too, if arriving late counts as missed.
        #[serde(default)]
        late: Vec<String>,
        /// To whom it applies.
        #[serde(default, rename = "where")]
        conditions: Vec<Condition>,
    },
    /// The first indicator's share less the second's.
    Difference {
        /// Indicator ids.
        difference: (String, String),
    },
}

fn access_records() -> Dataset {
    Dataset::DigitalAccess
}

/// An indicator.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Id: `DX-06`.
    pub id: String,
    /// Words for people.
    pub label: String,
    /// What is counted, in a sentence.
    pub numerator: String,
    /// What it is counted of.
    pub denominator: String,
    /// Unit of the value.
    pub unit: Unit,
    /// Lowest value that can be, of a score.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// Highest value that can be, of a score.
    #[serde(default)]
    pub maximum: Option<f64>,
    /// What a high value means.
    pub polarity: Polarity,
    /// Priorities that it belongs to.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Indicators that a score is made of.
    #[serde(default)]
    pub components: Vec<String>,
    /// Who defined it and where.
    pub source: String,
    /// Whether it is not to be used for targets.
    #[serde(default)]
    pub not_for_targets: bool,
    /// Whether what others publish of it stands beside a table only where its collection is named: the answers of a whole
    /// questionnaire.
    #[serde(default)]
    pub only_when_named: bool,
    /// Why there are no figures of it here, in a sentence; empty where there can be.
    #[serde(default)]
    pub unavailable: String,
    /// How it is counted from records; none: it is not, or by more than one field.
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

    /// The range that a value has to lie in.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        match self.unit {
            Unit::Ratio => (0.0, 1.0),
            Unit::Difference => (-1.0, 1.0),
            Unit::Per1000Month | Unit::Days | Unit::Count => (0.0, f64::MAX),
            Unit::Score => (self.minimum.unwrap_or(f64::MIN), self.maximum.unwrap_or(f64::MAX)),
        }
    }
}
