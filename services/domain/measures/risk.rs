//! How a score of small areas falls on the people who live there: indicators DX-10 and DX-11. Always ecological: it says where people
//! live, and nothing about any one of them.

use std::collections::BTreeMap;

use crate::domain::small_area::Parents;

/// What has to stand beside every figure.
pub const STATEMENT: &str = "ECOLOGICAL: these figures say where people live, not what they can do. A group that lives in areas of \
    high risk is not shown to be digitally excluded itself, and a difference between groups here says nothing about the people in \
    them.";

/// The score of a small area and of its components.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The score.
    pub score: f64,
    /// The components, in order; none where one has no figure.
    pub components: Vec<Option<f64>>,
}

/// What the people of a row are exposed to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// People who live in small areas with a score.
    pub people: u64,
    /// People who live in small areas without one.
    pub unmatched: u64,
    /// Small areas with a score in which at least one of them lives.
    pub areas: usize,
    /// Mean of the score, weighted by where they live; none if nobody lives in an area with a score.
    pub mean: Option<f64>,
    /// Mean over the small areas, each once.
    pub unweighted_mean: Option<f64>,
    /// People who live in areas of high risk.
    pub high_risk: u64,
    /// Weighted means of the components, over those of the people of whose area there is one.
    pub components: Vec<Option<f64>>,
}

/// The figures of people by small area: how many live there, and its scores.
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
        for ((sum, of), component) in components.iter_mut().zip(&scores.components) {
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

/// Scores of small areas of 2011 brought to those of 2021: an area that comes of one takes its score, one that comes of several
/// their mean, weighted by their people. One of whose parents any has no score has none.
#[must_use]
pub fn brought_forward(
    scores: &BTreeMap<String, Scores>,
    parents: &Parents,
) -> BTreeMap<String, Scores> {
    let of_parents = |parents: &[(String, u64)]| {
        let found = parents.iter().map(|(code, people)| Some((scores.get(code)?, *people)));
        mean_of(&found.collect::<Option<Vec<_>>>()?)
    };
    let brought = parents.iter().filter_map(|(to, from)| Some((to.clone(), of_parents(from)?)));
    brought.collect()
}

/// The weighted mean of scores; where nobody lives, each counts alike.
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

/// People of small areas of 2021 brought back to those of 2011: those of a merged area are shared out as its parts had people, to
/// whole persons, so that none is lost and none is made.
#[must_use]
pub fn people_brought_back(
    people: &BTreeMap<String, u64>,
    parents: &Parents,
) -> BTreeMap<String, u64> {
    let mut back = BTreeMap::new();
    for (code, count) in people {
        let Some(parents) = parents.get(code) else { continue };
        let weights: Vec<u64> = parents.iter().map(|(_, people)| *people).collect();
        for ((parent, _), share) in parents.iter().zip(shared_out(*count, &weights)) {
            *back.entry(parent.clone()).or_insert(0) += share;
        }
    }
    back
}

/// Shares a count out in proportion to weights: whole parts first, then one more for each of the largest remainders.
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

/// The score from which the areas with the highest scores hold at least this share of the people; areas of the same score stand
/// together. None where nobody lives in an area with a score.
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
