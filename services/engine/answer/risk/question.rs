//! What is asked of area risk, checked against the reference content.

use crate::domain::codes::{Dimension, Source, nearest};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::reference::Reference;
use crate::domain::small_area::Edition;
use crate::engine::query::{AsOf, no_area, no_collection};
use crate::engine::{Missing, QueryError};

/// Indicator that is meant where none is named, and the score from which an area is of high risk where nothing is said.
const DEFAULT_INDICATOR: &str = "DX-10";
const DEFAULT_HIGH_RISK: f64 = 5.0;
/// Area that answers are offered for where one has no small areas.
const SUB_ICB: &str = "sub_icb";

/// What counts as high risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HighRisk {
    /// This score or more.
    Score(f64),
    /// The areas with the highest scores that hold at least this share of the people, over 0 and under 1.
    TopShare(f64),
}

/// The fields of a question as they came; empty texts mean that nothing was said.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the contract's message of the same name describes each
pub struct RiskAsked {
    pub area: String,
    pub indicator: String,
    pub score_collection: String,
    pub by: String,
    pub population_collection: String,
    pub high_risk: Option<HighRisk>,
}

/// A question about area risk.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskQuestion {
    /// Code of the area.
    pub area: String,
    /// Its name.
    pub area_name: String,
    /// Indicator of the score.
    pub indicator: String,
    /// Collection of the score, if one was named.
    pub score_collection: Option<String>,
    /// Dimension to break down by.
    pub by: Option<String>,
    /// Collection of the population, if one was named.
    pub population_collection: Option<String>,
    /// What counts as high risk.
    pub high_risk: HighRisk,
    /// State of the data.
    pub as_of: AsOf,
}

/// What a dimension is broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A characteristic that the population has.
    People(Field),
    /// Deprivation of the small area itself.
    Deprivation,
    /// What the small area lies in, or the small area.
    Residence,
    /// The sub-ICB location that the small area lies in.
    SubIcb,
}

impl By {
    pub(super) fn of(dimension: &Dimension) -> Option<Self> {
        match &dimension.source {
            Source::Field(Field::Deprivation) => Some(Self::Deprivation),
            Source::Field(Field::ResidenceLsoa) => Some(Self::Residence),
            Source::Field(field) => Some(Self::People(*field)),
            Source::ProviderArea(kind) if kind == SUB_ICB => Some(Self::SubIcb),
            Source::ProviderArea(_)
            | Source::Month
            | Source::Quarter
            | Source::FinancialYear
            | Source::CalendarYear
            | Source::Organisation => None,
        }
    }
}

fn field(name: &str, description: impl Into<String>) -> QueryError {
    QueryError::Field { field: name.to_owned(), description: description.into() }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl RiskQuestion {
    /// Checks a question.
    ///
    /// # Errors
    /// The first field that cannot be used.
    pub fn new(reference: &Reference, asked: &RiskAsked, as_of: AsOf) -> Result<Self, QueryError> {
        if asked.area.is_empty() {
            return Err(field(
                "area",
                "is required: a system, place, district or sub-ICB location",
            ));
        }
        let area = reference.areas().get(&asked.area);
        let area = area.ok_or_else(|| no_area(reference, &asked.area))?;
        let lived_in = Edition::ALL
            .iter()
            .any(|edition| lies_in(reference, *edition, &area.code).next().is_some());
        if !lived_in {
            return Err(QueryError::Refused(no_small_areas(reference, &area.code, &area.kind)));
        }
        let id = if asked.indicator.is_empty() { DEFAULT_INDICATOR } else { &asked.indicator };
        let indicator = reference.indicator(id).ok_or_else(|| no_indicator(reference, id))?;
        let score_collection = given(&asked.score_collection);
        let population_collection = given(&asked.population_collection);
        for (name, id, dataset) in [
            ("score_collection", &score_collection, Dataset::Estimates),
            ("population_collection", &population_collection, Dataset::Populations),
        ] {
            if let Some(id) = id {
                let found = reference.collection(id).ok_or_else(|| no_collection(reference, id))?;
                if !found.datasets.contains(&dataset) {
                    let what = format!("collection `{id}` takes no {}", dataset.slug());
                    return Err(field(name, what));
                }
            }
        }
        let by = given(&asked.by);
        if let Some(id) = &by {
            let found = reference.dimension(id).ok_or_else(|| no_dimension(reference, id))?;
            if By::of(found).is_none() {
                return Err(QueryError::Refused(format!(
                    "people of a small area are not told apart by `{id}`: ask by a characteristic, a deprivation dimension, `residence_place`, `residence_district`, `residence_lsoa` or `sub_icb`"
                )));
            }
        }
        let (least, most) = indicator.range();
        let high_risk = match asked.high_risk {
            None => HighRisk::Score(DEFAULT_HIGH_RISK),
            Some(HighRisk::Score(score)) if !(least..=most).contains(&score) => {
                let range = format!("a score from {least} to {most}");
                return Err(field("high_risk_score", range));
            }
            Some(HighRisk::TopShare(share)) if !(share > 0.0 && share < 1.0) => {
                return Err(field(
                    "high_risk_top_share",
                    "over 0 and under 1: 0.2 is the most exposed fifth",
                ));
            }
            Some(high) => high,
        };
        Ok(Self {
            area: area.code.clone(),
            area_name: area.name.clone(),
            indicator: indicator.id.clone(),
            score_collection,
            by,
            population_collection,
            high_risk,
            as_of,
        })
    }
}

/// The small areas of an edition that lie in an area.
pub(super) fn lies_in<'a>(
    reference: &'a Reference,
    edition: Edition,
    area: &'a str,
) -> impl Iterator<Item = &'a str> + 'a {
    let of_edition = reference.small_areas().of(edition);
    let inside = of_edition.filter(move |(_, small)| {
        small.sub_icb == area || reference.areas().ancestors(&small.district).contains(area)
    });
    inside.map(|(code, _)| code)
}

fn no_small_areas(reference: &Reference, code: &str, kind: &str) -> String {
    let around = reference.areas().ancestors(code).into_iter().find(|around| {
        Edition::ALL.iter().any(|edition| lies_in(reference, *edition, around).next().is_some())
    });
    let instead =
        around.map_or(String::new(), |around| format!(": `{around}`, which holds it, is answered"));
    format!(
        "no small area lies in {code}, a {kind}: ask for a system, place, district or sub-ICB location{instead}"
    )
}

fn no_indicator(reference: &Reference, id: &str) -> QueryError {
    let near = nearest(id, reference.indicators().map(|indicator| indicator.id.as_str()));
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!("no indicator `{id}`{hint}; ReferenceService.ListIndicators lists them");
    QueryError::NotFound { kind: Missing::Indicator, name: id.to_owned(), message }
}

fn no_dimension(reference: &Reference, id: &str) -> QueryError {
    let near = reference.nearest_dimension(id);
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!("no dimension `{id}`{hint}; ReferenceService.ListDimensions lists them");
    QueryError::NotFound { kind: Missing::Dimension, name: id.to_owned(), message }
}
