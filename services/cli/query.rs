//! The options that every breakdown shares, and the query of the contract that they make.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::proto::v1::{
    AreaBasis, AsOf, BreakdownQuery, BreakdownView, Comparison, ComparisonReference, Denominator,
    Filter, Measure, PeriodRange, as_of::At,
};

/// The options that every breakdown shares.
#[derive(Debug, Clone, Args)]
pub struct QueryArgs {
    /// Area: code or name of a system, place, district, sub-ICB location or PCN (`QK1`, `Leicester`). See `equity reference areas`.
    #[arg(long, value_name = "CODE", required_unless_present = "organisation")]
    pub area: Option<String>,
    /// Organisation, instead of an area; each organisation gets its own rows. Repeat the option for more, or separate codes with commas.
    #[arg(long, value_name = "CODE", value_delimiter = ',', conflicts_with = "area")]
    pub organisation: Vec<String>,
    /// First period: month `2020-04`, quarter `2020-Q2`, financial year `2020/21` or calendar year `2020`.
    #[arg(long, value_name = "PERIOD")]
    pub from: String,
    /// Last period, included (default: the same as --from).
    #[arg(long, value_name = "PERIOD")]
    pub to: Option<String>,
    /// Dimension to break down by, at most three. Repeat the option, or separate ids with commas. See `equity reference dimensions`.
    #[arg(long, value_name = "DIM", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Condition on a dimension: `age_band=75+`. Several codes (`sex=1,2`) get one row each. Repeat the option for more dimensions.
    #[arg(long = "where", value_name = "DIM=CODE[,CODE]")]
    pub conditions: Vec<Condition>,
    /// Collection that answers (default: the area's collection for the care setting). See `equity reference collections`.
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// Care setting: `PRIMARY_CARE`, `OUTPATIENTS`, … (default: `PRIMARY_CARE`, if there is no --collection).
    #[arg(long, value_name = "CODE")]
    pub care_setting: Option<String>,
    /// Whether an area means where care is given or where people live.
    #[arg(long, value_enum, default_value = "provider")]
    pub basis: Basis,
    /// State of the data: a log position (`71`), a time (`2026-11-21T09:00:00Z`) or a release (`release:2026-11`) (default: now; if you
    /// read releases, the newest).
    #[arg(long, value_name = "POSITION|TIME|release:NAME")]
    pub as_of: Option<AsOfArg>,
    /// Confidence level of the limits: 0.95 or 0.998.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    pub confidence: f64,
    /// Compare the groups with `largest`, `least-deprived`, `best`, `whole`, `complement`, or with a group: `sex=1`. If `--by` has several
    /// dimensions of groups: `sex=largest`.
    #[arg(long, value_name = "[DIM=]REFERENCE")]
    pub compare: Option<Compare>,
}

impl QueryArgs {
    /// The query of the contract.
    pub fn query(&self) -> BreakdownQuery {
        BreakdownQuery {
            collection: self.collection.clone().unwrap_or_default(),
            care_setting: self.care_setting.clone().unwrap_or_default(),
            area: self.area.clone().unwrap_or_default(),
            organisations: self.organisation.clone(),
            area_basis: AreaBasis::from(self.basis).into(),
            period: Some(PeriodRange {
                first: self.from.clone(),
                last: self.to.clone().unwrap_or_default(),
            }),
            by: self.by.clone(),
            r#where: self.conditions.iter().map(|condition| condition.0.clone()).collect(),
            as_of: self.as_of.as_ref().map(|as_of| as_of.0.clone()),
            confidence_level: Some(self.confidence),
            view: BreakdownView::Full.into(),
            comparison: self.compare.as_ref().map(|compare| compare.0.clone()),
        }
    }
}

/// A condition: a dimension and its codes.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(pub Filter);

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("expected DIM=CODE[,CODE], for example age_band=75+, not `{text}`");
        let (dimension, codes) = text.split_once('=').ok_or_else(expected)?;
        let codes: Vec<_> = codes.split(',').map(|code| code.trim().to_owned()).collect();
        if dimension.trim().is_empty() || codes.iter().any(String::is_empty) {
            return Err(expected());
        }
        Ok(Self(Filter { dimension: dimension.trim().to_owned(), codes }))
    }
}

/// A comparison: its dimension, if it is named, and the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Compare(pub Comparison);

impl FromStr for Compare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (dimension, named) = text.split_once('=').unwrap_or(("", text));
        let (dimension, named) = (dimension.trim(), named.trim());
        let reference = match named {
            "largest" => ComparisonReference::Largest,
            "least-deprived" => ComparisonReference::LeastDeprived,
            "best" => ComparisonReference::Best,
            "whole" => ComparisonReference::Whole,
            "complement" => ComparisonReference::Complement,
            _ if dimension.is_empty() || named.is_empty() => {
                return Err(format!(
                    "expected largest, least-deprived, best, whole, complement, or a group such as sex=1, not `{text}`"
                ));
            }
            _ => ComparisonReference::Named,
        };
        let is_named = reference == ComparisonReference::Named;
        let code = if is_named { named } else { "" }.to_owned();
        let dimension = dimension.to_owned();
        Ok(Self(Comparison { reference: reference.into(), dimension, code }))
    }
}

/// A state of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct AsOfArg(pub AsOf);

impl FromStr for AsOfArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.strip_prefix("release:").map(str::trim);
        let at = if let Some(name) = named.filter(|name| !name.is_empty()) {
            At::Release(name.to_owned())
        } else if let Ok(position) = text.parse::<i64>() {
            At::Position(position)
        } else {
            let time: jiff::Timestamp = text.parse().map_err(|_| {
                format!("expected a position (71), a time with its zone (2026-11-21T09:00:00Z) or a release (release:2026-11), not `{text}`")
            })?;
            At::Time(prost_types::Timestamp {
                seconds: time.as_second(),
                nanos: time.subsec_nanosecond(),
            })
        };
        Ok(Self(AsOf { at: Some(at) }))
    }
}

/// Whether an area means where care is given or where people live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Basis {
    /// Organisations that belong to the area.
    Provider,
    /// People who live in the area.
    Residence,
}

impl From<Basis> for AreaBasis {
    fn from(basis: Basis) -> Self {
        match basis {
            Basis::Provider => Self::Provider,
            Basis::Residence => Self::Residence,
        }
    }
}

/// What a table of consultations counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MeasureArg {
    /// All consultations, attended or not.
    Contacts,
    /// Consultations that the person attended.
    Attended,
    /// Distinct persons with at least one consultation.
    Persons,
}

impl From<MeasureArg> for Measure {
    fn from(measure: MeasureArg) -> Self {
        match measure {
            MeasureArg::Contacts => Self::Contacts,
            MeasureArg::Attended => Self::AttendedContacts,
            MeasureArg::Persons => Self::Persons,
        }
    }
}

/// The denominator of the shares of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DenominatorArg {
    /// Consultations or persons whose channel is known.
    Known,
    /// Consultations or persons whose source collects the channel, known or not.
    All,
}

impl From<DenominatorArg> for Denominator {
    fn from(denominator: DenominatorArg) -> Self {
        match denominator {
            DenominatorArg::Known => Self::KnownOnly,
            DenominatorArg::All => Self::All,
        }
    }
}
