//! What is asked of area risk, checked against the reference content.

use crate::domain::codes::{Dimension, Source};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::indicator::{Indicator, Unit};
use crate::domain::reference::Reference;
use crate::domain::small_area::Edition;
use crate::engine::query::{AsOf, no_area, no_collection, no_indicator, too_wide};
use crate::engine::{Missing, QueryError};

/// Indicator that is meant where none is named, and the score from which an area is of high risk where nothing is said and the
/// indicator can have it.
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
        if area.is_wider() {
            return Err(too_wide(reference, area));
        }
        let lived_in = Edition::ALL
            .iter()
            .any(|edition| lies_in(reference, *edition, &area.code).next().is_some());
        if !lived_in {
            return Err(QueryError::Refused(no_small_areas(reference, &area.code, &area.kind)));
        }
        let id = if asked.indicator.is_empty() { DEFAULT_INDICATOR } else { &asked.indicator };
        let indicator = reference.indicator(id).ok_or_else(|| no_indicator(reference, id))?;
        if indicator.unit != Unit::Score {
            return Err(QueryError::Refused(no_score(reference, indicator)));
        }
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
        let high_risk = high_risk(indicator, asked.high_risk)?;
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

/// What counts as high risk: what was asked for, or the usual score where it is one of this indicator.
fn high_risk(indicator: &Indicator, asked: Option<HighRisk>) -> Result<HighRisk, QueryError> {
    let (least, most) = indicator.range();
    let can_be = |score: f64| (least..=most).contains(&score);
    match asked {
        None if can_be(DEFAULT_HIGH_RISK) => Ok(HighRisk::Score(DEFAULT_HIGH_RISK)),
        None => Err(field(
            "high_risk_score",
            format!(
                "is required, or `high_risk_top_share`: {} has no usual one; a score from {least} to {most}",
                indicator.id
            ),
        )),
        Some(HighRisk::Score(score)) if !can_be(score) => {
            Err(field("high_risk_score", format!("a score from {least} to {most}")))
        }
        Some(HighRisk::TopShare(share)) if !(share > 0.0 && share < 1.0) => {
            Err(field("high_risk_top_share", "over 0 and under 1: 0.2 is the most exposed fifth"))
        }
        Some(high) => Ok(high),
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
    let areas = reference.areas();
    let around = areas.ancestors(code).into_iter().find(|around| {
        areas.get(around).is_some_and(|area| !area.is_wider())
            && Edition::ALL
                .iter()
                .any(|edition| lies_in(reference, *edition, around).next().is_some())
    });
    let instead =
        around.map_or(String::new(), |around| format!(": `{around}`, which holds it, is answered"));
    format!(
        "no small area lies in {code}, a {kind}: ask for a system, place, district or sub-ICB location{instead}"
    )
}

fn no_score(reference: &Reference, indicator: &Indicator) -> String {
    let scores = reference.indicators().filter(|other| other.unit == Unit::Score);
    let scores: Vec<_> = scores.map(|score| score.id.as_str()).collect();
    format!(
        "{} is a {}, no score of small areas: ask for one of {}",
        indicator.id,
        indicator.unit.name(),
        scores.join(", ")
    )
}

fn no_dimension(reference: &Reference, id: &str) -> QueryError {
    let near = reference.nearest_dimension(id);
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!("no dimension `{id}`{hint}; ReferenceService.ListDimensions lists them");
    QueryError::NotFound { kind: Missing::Dimension, name: id.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;

    fn asked(
        reference: &Reference,
        indicator: &str,
        high_risk: Option<HighRisk>,
    ) -> Result<HighRisk, QueryError> {
        let (area, indicator) = ("QK1".to_owned(), indicator.to_owned());
        let asked = RiskAsked { area, indicator, high_risk, ..Default::default() };
        RiskQuestion::new(reference, &asked, AsOf::Head).map(|question| question.high_risk)
    }

    #[test]
    fn the_usual_score_is_that_of_indicators_that_can_have_it() {
        let name = "indicators.toml";
        let embedded = Content::embedded();
        let narrow = embedded.file(name).unwrap().replacen("maximum = 10.0", "maximum = 4.5", 1);
        let reference = Reference::new(&Content::with([(name.to_owned(), narrow)])).unwrap();
        assert_eq!(asked(&reference, "DX-10-BROADBAND", None).unwrap(), HighRisk::Score(5.0));
        let Err(QueryError::Field { field, description }) = asked(&reference, "DX-10", None) else {
            panic!("5 is no score of it")
        };
        assert_eq!(field, "high_risk_score");
        assert!(description.contains("0 to 4.5"), "{description}");
        for high in [HighRisk::Score(4.5), HighRisk::TopShare(0.2)] {
            assert_eq!(asked(&reference, "DX-10", Some(high)).unwrap(), high);
        }
    }

    #[test]
    fn what_is_no_score_is_refused_whatever_threshold_it_has() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        for high in [None, Some(HighRisk::Score(0.5)), Some(HighRisk::TopShare(0.2))] {
            let refused = asked(&reference, "DX-06", high);
            assert!(matches!(refused, Err(QueryError::Refused(why)) if why.contains("DX-10, ")));
        }
    }
}
