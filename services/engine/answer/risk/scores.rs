//! The score of each small area, out of what was published.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::asked::RiskQuestion;
use super::people::{Found, nobody_has};
use crate::domain::collection::Dataset;
use crate::domain::estimate::{Estimate, EstimateSource};
use crate::domain::measures::risk::{Scored, Scores};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::small_area::Edition;
use crate::engine::answer::estimates::{all_taking, standing};
use crate::engine::{Engine, QueryError};
use crate::store::{Look, Submission};

/// Scores by small area.
pub(super) struct PublishedScores {
    pub(super) scores: Scored,
    pub(super) edition: Edition,
    pub(super) source: EstimateSource,
    /// Which scores of which areas, in a sentence.
    pub(super) note: String,
}

impl Engine {
    /// The scores of the newest period.
    pub(super) fn scores_by_small_area(
        &self,
        question: &RiskQuestion,
        position: u64,
    ) -> Result<Found<PublishedScores>, QueryError> {
        let reference = self.reference();
        let named = question.score_collection.as_str();
        let asked = |id: &&str| named.is_empty() || named == *id;
        let ids = || all_taking(&reference, Dataset::Estimates).filter(asked);
        let look = |catalog: &Look<'_>| standing(catalog, ids(), Dataset::Estimates, position);
        let standing = self.store().look(look)?;
        let (id, looked_at) = (&question.indicator, (standing.data_position, standing.scope));
        // The newest table, by the last and first month of its figures, then by month and position of its submission.
        let mut newest: Option<(_, &Submission, Arc<[Estimate]>)> = None;
        let mut collections = BTreeSet::new();
        for submission in &standing.submissions {
            let rows = self.store().reader().estimates(submission)?;
            let scored = by_period(&rows).filter(|(_, rows)| {
                rows.iter().any(|row| is_score(row, id) && is_of_small_area(&reference, row))
            });
            let Some(period) = scored.map(|(period, _)| period).max() else { continue };
            collections.insert(submission.collection.as_ref());
            let when = (period, submission.slot.month, submission.position);
            if newest.as_ref().is_none_or(|(earlier, ..)| *earlier < when) {
                newest = Some((when, submission, rows));
            }
        }
        if collections.len() > 1 {
            let ids = Vec::from_iter(collections).join("` and `");
            return Err(QueryError::Refused(format!(
                "{id} is scored by small area in `{ids}`: name one in `score_collection`"
            )));
        }
        let Some(((period, ..), submission, rows)) = newest else {
            let what = format!("scores of {id} by small area here; SubmitEstimates takes them");
            return Ok((Err(nobody_has(named, &what)), looked_at));
        };
        let scored = read(&reference, question, submission, &rows, period)?;
        Ok((Ok(scored), looked_at))
    }
}

/// Runs of rows of one period, with its last month and its first: what ends later is newer.
fn by_period(rows: &[Estimate]) -> impl Iterator<Item = ((Month, Month), &[Estimate])> {
    rows.chunk_by(|a, b| a.period == b.period).filter_map(|run| {
        let (first, last) = run[0].months()?;
        Some(((last, first), run))
    })
}

/// Whether a figure is one of everybody in its area.
fn is_score(row: &Estimate, indicator: &str) -> bool {
    row.indicator == indicator && row.keys.is_empty()
}

/// Whether the area is a small area that is known here.
fn is_of_small_area(reference: &Reference, row: &Estimate) -> bool {
    let areas = reference.small_areas();
    Edition::ALL.iter().any(|edition| areas.number(*edition, &row.area).is_some())
}

fn read(
    reference: &Reference,
    question: &RiskQuestion,
    submission: &Submission,
    rows: &[Estimate],
    newest: (Month, Month),
) -> Result<PublishedScores, QueryError> {
    let rows = by_period(rows).filter(|(period, _)| *period == newest);
    let rows: Vec<_> = rows.flat_map(|(_, run)| run).filter(|row| row.keys.is_empty()).collect();
    let id = &question.indicator;
    let found = rows.iter().copied().filter(|row| is_score(row, id));
    let found: Vec<_> = found.filter(|row| is_of_small_area(reference, row)).collect();
    let bases: BTreeSet<&str> = found.iter().map(|row| row.base.as_str()).collect();
    if bases.len() > 1 {
        return Err(QueryError::Refused(format!(
            "{id} in `{}` stands on several bases, which are not comparable: submit one of them alone",
            submission.collection
        )));
    }
    let (edition, told) = edition(reference, &found, bases.first().copied().unwrap_or_default())?;
    let components = reference.indicator(id).map_or(&[][..], |known| &known.components);
    let areas = reference.small_areas();
    let by_area = |rows: &mut dyn Iterator<Item = &&Estimate>| {
        let valued = rows.filter_map(|row| Some((areas.number(edition, &row.area)?, row.value?)));
        valued.collect::<BTreeMap<_, _>>()
    };
    let of_component = |id: &String| by_area(&mut rows.iter().filter(|row| row.indicator == *id));
    let components: Vec<_> = components.iter().map(of_component).collect();
    let scores = by_area(&mut found.iter()).into_iter().map(|(number, score)| {
        let components = components.iter().map(|values| values.get(&number).copied());
        (number, Scores { score, components: components.collect() })
    });
    let scores: Scored = scores.collect();
    let period = found.first().map_or("", |row| row.period.as_str());
    let (label, count) = (edition.label(), scores.len());
    let note =
        format!("Scores of {id}, {period}, {label}: {count} of the small areas known here. {told}");
    let mut source = submission.source.as_deref().cloned().unwrap_or_default();
    source.not_for_targets |= reference.is_not_for_targets(id);
    Ok(PublishedScores { scores, edition, source, note })
}

/// The edition of the small areas, and how it is known: said in the figures' base, or told by codes that one edition alone has.
fn edition(
    reference: &Reference,
    rows: &[&Estimate],
    base: &str,
) -> Result<(Edition, &'static str), QueryError> {
    let codes = rows.iter().map(|row| row.area.as_str());
    let told = reference.small_areas().edition_of(codes, Edition::Lsoa2021);
    let told = told.map_err(|(old, new)| {
        QueryError::Refused(format!(
            "the scores mix small areas of 2011 (`{old}`) and of 2021 (`{new}`): submit one edition in a submission"
        ))
    })?;
    let Some(said) = Edition::from_id(base) else {
        let how =
            "Codes that one edition alone has tell which they are of; what both have is unchanged.";
        return Ok((told, how));
    };
    let is_foreign = |row: &&&Estimate| reference.small_areas().get(said, &row.area).is_none();
    if let Some(row) = rows.iter().find(is_foreign) {
        let (label, area, right) = (said.label(), &row.area, told.id());
        return Err(QueryError::Refused(format!(
            "the scores say that they are of {label}, which has no `{area}`: submit them with the base `{right}`"
        )));
    }
    Ok((said, "Their base says which edition they are of."))
}
