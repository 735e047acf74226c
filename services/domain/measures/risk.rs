//! Risk scores of small areas, summed over the people who live there: indicators DX-10 and DX-11. Always ecological: the figures
//! say where people live and nothing about a single person.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::small_area::Parents;

/// People by number of the small area where they live, in order, without zeros.
pub type ByArea = Vec<(usize, u64)>;

/// Statement that has to appear with every figure.
pub const STATEMENT: &str = "ECOLOGICAL: these figures say where people live, not what they can do. A group that lives in areas of \
    high risk is not shown to be digitally excluded itself, and a difference between groups here says nothing about the people in \
    them.";

/// The score of a small area and of its components.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// Composite score, in the indicator's unit.
    pub score: f64,
    /// Component scores, in the order of the indicator's components; none if a component has no estimate. An area that keeps its
    /// scores shares them.
    pub components: Arc<[Option<f64>]>,
}

/// Scores that the people of a row are exposed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// People who live in small areas with a score.
    pub people: u64,
    /// People who live in small areas without a score.
    pub unmatched: u64,
    /// Small areas with a score in which at least one of them lives.
    pub areas: usize,
    /// Mean score, weighted by the people of each small area; none if nobody lives in an area with a score.
    pub mean: Option<f64>,
    /// Mean score in which every small area counts once.
    pub unweighted_mean: Option<f64>,
    /// People who live in areas of high risk.
    pub high_risk: u64,
    /// Mean of each component, weighted by the people of the areas that have it.
    pub components: Vec<Option<f64>>,
}

/// The scores of the small areas that have them, by number of the small area.
pub type Scored = BTreeMap<usize, Scores>;

/// Exposure of people, from the number of people and the scores of each small area.
#[allow(clippy::cast_precision_loss)] // people are below 2^53
pub fn figures<'a>(
    areas: impl Iterator<Item = (u64, Option<&'a Scores>)>,
    high_risk_score: f64,
) -> Figures {
    let mut figures = Figures::default();
    let (mut weighted, mut plain) = (0.0, 0.0);
    let mut components: Vec<(f64, u64)> = Vec::new();
    for (people, scores) in areas.filter(|(people, _)| *people > 0) {
        let Some(scores) = scores else {
            figures.unmatched += people;
            continue;
        };
        figures.people += people;
        figures.areas += 1;
        weighted += scores.score * people as f64;
        plain += scores.score;
        if scores.score >= high_risk_score {
            figures.high_risk += people;
        }
        components.resize(components.len().max(scores.components.len()), (0.0, 0));
        for ((sum, of), component) in components.iter_mut().zip(scores.components.iter()) {
            if let Some(component) = component {
                *sum += component * people as f64;
                *of += people;
            }
        }
    }
    let mean = |sum: f64, of: u64| (of > 0).then(|| sum / of as f64);
    figures.mean = mean(weighted, figures.people);
    figures.unweighted_mean = mean(plain, figures.areas as u64);
    figures.components = components.into_iter().map(|(sum, of)| mean(sum, of)).collect();
    figures
}

/// Scores of small areas of 2011, converted to some areas of 2021. An area formed from one area has its score; an area formed from
/// several has their mean, weighted by residents. If one of these has no score, the area has none.
#[must_use]
pub fn brought_forward(
    scores: &Scored,
    parents: &Parents,
    to: impl Iterator<Item = usize>,
) -> Scored {
    let of_parents = |number: usize| {
        let parents = parents.of(number);
        let found = parents.map(|(old, people)| Some((scores.get(&old)?, people)));
        mean_of(&found.collect::<Option<Vec<_>>>()?)
    };
    to.filter_map(|number| Some((number, of_parents(number)?))).collect()
}

/// Weighted mean of scores; the plain mean if nobody lives there.
#[allow(clippy::cast_precision_loss)] // people are below 2^53
fn mean_of(scores: &[(&Scores, u64)]) -> Option<Scores> {
    if let [(only, _)] = scores {
        return Some((*only).clone());
    }
    let all: u64 = scores.iter().map(|(_, people)| people).sum();
    let weight = |people: u64| {
        if all > 0 { people as f64 / all as f64 } else { 1.0 / scores.len() as f64 }
    };
    let (first, _) = scores.first()?;
    let score = scores.iter().map(|(one, people)| one.score * weight(*people)).sum();
    let component = |place: usize| {
        let of = scores.iter().map(|(one, people)| {
            let value = one.components.get(place).copied().flatten()?;
            Some(value * weight(*people))
        });
        of.sum()
    };
    let components = (0..first.components.len()).map(component).collect();
    Some(Scores { score, components })
}

/// People of small areas of 2021, converted to areas of 2011. The people of a merged area are distributed over its parts in
/// proportion to their residents, as whole numbers with the same sum.
#[must_use]
pub fn people_brought_back(people: &ByArea, parents: &Parents) -> ByArea {
    let mut back = BTreeMap::new();
    for (new, count) in people {
        let weights: Vec<u64> = parents.of(*new).map(|(_, people)| people).collect();
        for ((old, _), share) in parents.of(*new).zip(shared_out(*count, &weights)) {
            *back.entry(old).or_insert(0) += share;
        }
    }
    back.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Distributes a count in proportion to weights: whole parts first, then one more for each of the largest remainders.
fn shared_out(count: u64, weights: &[u64]) -> Vec<u64> {
    let all: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if all == 0 {
        let equal = vec![1; weights.len()];
        return if weights.is_empty() { Vec::new() } else { shared_out(count, &equal) };
    }
    let exact = weights.iter().map(|weight| u128::from(count) * u128::from(*weight));
    let (mut shares, mut remainders) = (Vec::new(), Vec::new());
    for (place, exact) in exact.enumerate() {
        shares.push(u64::try_from(exact / all).unwrap_or(u64::MAX));
        remainders.push((exact % all, place));
    }
    let given: u64 = shares.iter().sum();
    remainders.sort_by_key(|(remainder, place)| (std::cmp::Reverse(*remainder), *place));
    let left = usize::try_from(count - given).unwrap_or(usize::MAX);
    for (_, place) in remainders.into_iter().take(left) {
        shares[place] += 1;
    }
    shares
}

/// The lowest score of the areas with the highest scores that together have at least this share of the people. Areas with the
/// same score are included together. None if nobody lives in an area with a score.
#[must_use]
#[allow(clippy::cast_precision_loss)] // people are below 2^53
pub fn score_of_top_share(areas: &[(u64, f64)], share: f64) -> Option<f64> {
    let all: u64 = areas.iter().map(|(people, _)| people).sum();
    let mut by_score: Vec<_> = areas.iter().filter(|(people, _)| *people > 0).collect();
    by_score.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut held = 0;
    let enough = by_score.into_iter().find(|(people, _)| {
        held += people;
        held as f64 >= share * all as f64
    });
    enough.map(|(_, score)| *score)
}

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
