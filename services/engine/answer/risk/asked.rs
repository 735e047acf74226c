//! What is asked of area risk, checked against the reference content.

use crate::domain::codes::{Dimension, Source};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::indicator::{Indicator, Unit};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::small_area::Edition;
use crate::domain::statistics::Confidence;
use crate::engine::QueryError;
use crate::engine::query::invalid as field;
use crate::engine::query::{
    AsOf, Asked, Basis, Query, Reader, Showing, TableKind, Where, Wrong, area_named, no_dimension,
    no_indicator, taking, too_wide,
};

/// Indicator that is meant where none is named.
const DEFAULT_INDICATOR: &str = "DX-10";
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

/// A question about area risk.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskQuestion {
    /// What is asked about: residents of an area, by one dimension at most, at any time.
    pub query: Query,
    /// Indicator of the score.
    pub indicator: String,
    /// Collection of the score; empty: none was named.
    pub score_collection: String,
    /// What counts as high risk.
    pub high_risk: HighRisk,
}

/// The characteristic of people that a dimension tells apart; none: it tells small areas apart, as a whole.
pub(super) fn characteristic(dimension: &Dimension) -> Option<Field> {
    dimension.field().filter(|field| ![Field::Deprivation, Field::ResidenceLsoa].contains(field))
}

impl RiskQuestion {
    /// Checks a question. Empty texts mean that nothing was said.
    ///
    /// # Errors
    /// Every field that cannot be used.
    pub fn new(
        reference: &Reference,
        reader: &Reader,
        (query, as_of): (&Asked, AsOf),
        indicator: &str,
        score_collection: &str,
        high: Option<HighRisk>,
    ) -> Result<Self, QueryError> {
        let mut wrong = Wrong::default();
        let area = wrong.take(area(reference, query));
        let id = if indicator.is_empty() { DEFAULT_INDICATOR } else { indicator };
        let indicator = wrong.take(score(reference, id));
        for (field, id, dataset) in [
            ("score_collection", score_collection, Dataset::Estimates),
            ("query.collection", &query.collection, Dataset::Populations),
        ] {
            if !id.is_empty() {
                wrong.take(taking(reference, field, id, dataset));
            }
        }
        if query.comparison.is_some() {
            let why = "must be absent: figures of area risk are about areas, and have no limits to compare by";
            wrong.take::<()>(Err(field("query.comparison", why)));
        }
        let by = match query.by.as_slice() {
            [] => Some(Vec::new()),
            [id] => wrong.take(dimension(reference, id)).map(|id| vec![id]),
            _ => wrong.take(Err(field("query.by", "one dimension at most"))),
        };
        let high_risk = indicator.and_then(|indicator| wrong.take(high_risk(indicator, high)));
        let question = || {
            let query = Query {
                table: TableKind::Population,
                collection: query.collection.clone(),
                care_setting: None,
                place: Where::Residence(area?),
                given_area: query.area.clone(),
                months: (Month::FIRST, Month::LAST),
                by: by?,
                filters: Vec::new(),
                as_of,
                showing: Showing {
                    confidence: Confidence::default(),
                    protection: reader.sees(reference),
                },
                reader: reader.clone(),
                comparison: None,
                only_listed: false,
                suppressed: false,
            };
            let indicator = indicator?.id.clone();
            let (score_collection, high_risk) = (score_collection.to_owned(), high_risk?);
            Some(Self { query, indicator, score_collection, high_risk })
        };
        wrong.unless(question())
    }

    /// Code of the area whose residents are asked about.
    pub(super) fn area(&self) -> &str {
        match &self.query.place {
            Where::Residence(area) | Where::Provider(area) => area,
            Where::Organisations(_) => "",
        }
    }
}

/// The area whose residents are asked about. What has no meaning for residents at any time is refused by name.
fn area(reference: &Reference, query: &Asked) -> Result<String, QueryError> {
    let mut wrong = Wrong::default();
    let has_period = !(query.first.is_empty() && query.last.is_empty());
    let provider = query.basis == Some(Basis::Provider);
    for (name, given, why) in [
        ("period", has_period, "area risk has no period: leave it out"),
        (
            "organisations",
            !query.organisations.is_empty(),
            "area risk is of the people of an area: give `area`",
        ),
        ("where", !query.filters.is_empty(), "area risk has no conditions: leave it out"),
        (
            "care_setting",
            !query.care_setting.is_empty(),
            "people are counted, not care: leave it out",
        ),
        (
            "confidence_level",
            query.confidence_level.is_some(),
            "a census is no sample and has no limits: leave it out",
        ),
        ("area_basis", provider, "people are counted where they live: leave it out"),
    ] {
        wrong.take(if given { Err(field(&format!("query.{name}"), why)) } else { Ok(()) });
    }
    let area = wrong.take(area_with_people(reference, &query.area));
    wrong.unless(area)
}

/// The area of this code, if it has small areas.
fn area_with_people(reference: &Reference, code: &str) -> Result<String, QueryError> {
    if code.is_empty() {
        let required = "is required: a system, place, district or sub-ICB location";
        return Err(field("query.area", required));
    }
    let area = area_named(reference, ("query.area", "query.area"), code)?;
    if area.is_wider() {
        return Err(too_wide(reference, area));
    }
    if !is_lived_in(reference, &area.code) {
        return Err(QueryError::Refused(no_small_areas(reference, &area.code, &area.kind)));
    }
    Ok(area.code.clone())
}

/// The indicator of this id, which has to be a score.
fn score<'a>(reference: &'a Reference, id: &str) -> Result<&'a Indicator, QueryError> {
    let unknown = || no_indicator(reference, "indicator", id);
    let indicator = reference.indicator(id).ok_or_else(unknown)?;
    if indicator.unit != Unit::Score {
        return Err(QueryError::Refused(no_score(reference, indicator)));
    }
    Ok(indicator)
}

/// The id of a dimension that people of a small area can be broken down by.
fn dimension(reference: &Reference, id: &str) -> Result<String, QueryError> {
    let found = reference.dimension(id).ok_or_else(|| no_dimension(reference, "query.by", id))?;
    let sub_icb = Source::ProviderArea(SUB_ICB.to_owned());
    if found.field().is_none() && found.source != sub_icb {
        return Err(QueryError::Refused(format!(
            "people of a small area are not told apart by `{id}`: ask by a characteristic, a deprivation dimension, `residence_place`, `residence_district`, `residence_lsoa` or `sub_icb`"
        )));
    }
    Ok(found.id.clone())
}

/// What counts as high risk: what was asked for, or the usual score where it is one of this indicator.
fn high_risk(indicator: &Indicator, asked: Option<HighRisk>) -> Result<HighRisk, QueryError> {
    let (least, most) = indicator.range();
    let can_be = |score: f64| (least..=most).contains(&score);
    let usual = indicator.high_risk.filter(|score| can_be(*score));
    match asked.or(usual.map(HighRisk::Score)) {
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

/// Whether small areas of any edition lie in an area.
fn is_lived_in(reference: &Reference, area: &str) -> bool {
    Edition::ALL.iter().any(|edition| reference.lie_in(*edition, area).contains(&true))
}

fn no_small_areas(reference: &Reference, code: &str, kind: &str) -> String {
    let areas = reference.areas();
    let around = areas.ancestors(code).into_iter().find(|around| {
        areas.get(around).is_some_and(|area| !area.is_wider()) && is_lived_in(reference, around)
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
    let (id, unit, scores) = (&indicator.id, indicator.unit.name(), scores.join(", "));
    format!("{id} is a {unit}, no score of small areas: ask for one of {scores}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;
    use crate::domain::disclosure::ProfileName;

    fn asked(
        reference: &Reference,
        indicator: &str,
        high_risk: Option<HighRisk>,
    ) -> Result<HighRisk, QueryError> {
        let query = Asked { area: "QK1".into(), ..Default::default() };
        let reader = Reader::of(ProfileName::Internal);
        let asked = (&query, AsOf::Head);
        let question = RiskQuestion::new(reference, &reader, asked, indicator, "", high_risk);
        question.map(|question| question.high_risk)
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
