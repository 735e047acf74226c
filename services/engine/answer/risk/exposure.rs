//! People and scores brought together on small areas.

use std::collections::BTreeSet;

use super::asked::HighRisk;
use super::people::People;
use super::scores::PublishedScores;
use crate::domain::measures::risk::{
    ByArea, Figures, Scored, brought_forward, figures, score_of_top_share,
};
use crate::domain::reference::Reference;
use crate::domain::small_area::{Change, Edition};
use crate::engine::QueryError;
use crate::engine::answer::model::Key;
use crate::engine::answer::provenance::some_of;

/// What people are exposed to.
#[derive(Default)]
pub(in crate::engine::answer) struct Exposure {
    pub(super) total: Figures,
    pub(super) groups: Vec<(Key, Figures)>,
    /// Score from which an area is of high risk; none: nobody lives in an area with a score.
    pub(super) high_risk_score: Option<f64>,
    /// What a reader has to know.
    pub(super) notes: Vec<String>,
    /// Whether the publisher says that the score is not for targets.
    pub(super) not_for_targets: bool,
}

impl Exposure {
    /// Brings the two together.
    ///
    /// # Errors
    /// The scores are of small areas that the population cannot be brought to.
    pub(super) fn new(
        reference: &Reference,
        people: &People,
        scored: &PublishedScores,
        high_risk: HighRisk,
    ) -> Result<Self, QueryError> {
        let scores = if scored.edition == people.edition {
            &scored.scores
        } else if people.edition == Edition::Lsoa2021 {
            let groups = people.groups.iter().flat_map(|(_, people)| people);
            let lived_in = people.total.iter().chain(groups).map(|(number, _)| *number);
            let lived_in: BTreeSet<_> = lived_in.collect();
            let parents = reference.small_areas().parents();
            &brought_forward(&scored.scores, parents, lived_in.into_iter())
        } else {
            return Err(QueryError::Refused(format!(
                "the scores are of LSOA 2021 and `{}` counts people by LSOA 2011: ask with a population by LSOA 2021",
                people.provenance.collection
            )));
        };
        let exposed = || -> Vec<(u64, f64)> {
            let people = people.total.iter();
            people.filter_map(|(area, n)| Some((*n, scores.get(area)?.score))).collect()
        };
        let high_risk_score = match high_risk {
            HighRisk::Score(score) => Some(score),
            HighRisk::TopShare(share) => score_of_top_share(&exposed(), share),
        };
        let threshold = high_risk_score.unwrap_or(f64::INFINITY);
        let of = |people: &ByArea| {
            figures(people.iter().map(|(area, n)| (*n, scores.get(area))), threshold)
        };
        let groups = people.groups.iter().map(|(key, people)| (key.clone(), of(people)));
        let mut notes = vec![scored.note.clone()];
        notes.extend(people.joins.iter().cloned());
        notes.push(joined(reference, scored, people, scores));
        let highest = exposed().into_iter().map(|(_, score)| score).reduce(f64::max);
        if let Some(highest) = highest.filter(|highest| *highest < threshold) {
            notes.push(format!(
                "No small area here reaches a score of {threshold}: the highest is {highest:.2}. `high_risk_top_share` asks for the most exposed areas instead."
            ));
        }
        let (total, groups) = (of(&people.total), groups.collect());
        let not_for_targets = scored.source.not_for_targets;
        Ok(Self { total, groups, high_risk_score, notes, not_for_targets })
    }
}

/// Says how the areas of the score and those of the population met.
fn joined(
    reference: &Reference,
    scored: &PublishedScores,
    people: &People,
    scores: &Scored,
) -> String {
    let areas = reference.small_areas();
    let lived_in = || people.total.iter().map(|(number, _)| *number);
    let without = lived_in().filter(|number| !scores.contains_key(number));
    let without: Vec<_> = without.map(|number| areas.at(people.edition, number).code).collect();
    let (from, to) = (scored.edition.label(), people.edition.label());
    let met = if scored.edition == people.edition {
        format!("Scores and people are both of {to}: no area was changed.")
    } else {
        let changes = [Change::Unchanged, Change::Split, Change::Merged, Change::Irregular];
        let [unchanged, split, merged, irregular] =
            changes.map(|change| lived_in().filter(|n| areas.change(*n) == Some(change)).count());
        format!(
            "Scores of {from} were brought to {to} by the look-up of the Office for National Statistics: {unchanged} unchanged areas keep \
             their score, {split} areas of a split take the score of the whole, {merged} merged and {irregular} irregular ones take the mean \
             of their parts, weighted by the people of mid-2020."
        )
    };
    if without.is_empty() {
        return format!("{met} Every small area with people has a score.");
    }
    let (count, some) = (without.len(), some_of(&without, 5));
    format!(
        "{met} Small areas with people but without a score, which are in no mean: {count} ({some})."
    )
}
