//! What others published about the same people: figures whose keys are views of the fields that a question breaks down by, for the
//! area asked about or the nearest area around it that has any. They stand beside counts and are never merged with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::plan::position;
use crate::domain::codes::{Dimension, State, Value};
use crate::domain::collection::Dataset;
use crate::domain::estimate::{Estimate, EstimateKey, MEASURED, NAMED_AREA};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::cache::Scope;
use crate::engine::query::{Filter, Query, Where, no_collection};
use crate::engine::{Engine, QueryError};
use crate::store::{Catalog, Submission};

/// Areas around every area that is known here, from near to far: surveys are seldom published for less.
const AROUND: [(&str, &str); 4] = [
    ("E92000001", "England"),
    ("K04000001", "England and Wales"),
    ("K03000001", "Great Britain"),
    ("K02000001", "United Kingdom"),
];
/// Figures beside one table, at most.
const MOST: usize = 10_000;

/// A figure that somebody else published.
#[derive(Clone, Debug)]
pub struct PublishedEstimate {
    /// The figure as it was submitted.
    pub estimate: Estimate,
    /// The submission that brought it; its `source` says where it comes from.
    pub submission: Arc<Submission>,
    /// Whether the period before, in the same place and of the same people, belongs to another series.
    pub series_break: bool,
    /// Words for the area; empty where there are none.
    pub area_name: String,
}

/// What others published about what a question asks.
#[derive(Clone, Debug, Default)]
pub struct Estimates {
    /// By indicator, collection and series, in the order in which they were submitted.
    pub found: Vec<PublishedEstimate>,
    /// Position of the last change of any submission that was looked at; 0 for none.
    pub data_position: u64,
    /// The data that was looked at, for the cache; none if nothing was.
    pub scope: Option<Scope>,
}

/// The submissions of estimates that stand at a position, and the last change of any of their slots.
pub(super) struct Standing {
    pub(super) submissions: Vec<Arc<Submission>>,
    pub(super) data_position: u64,
}

/// Submissions of some collections that stand at a position.
pub(super) fn standing<'a>(
    catalog: &Catalog,
    collections: impl Iterator<Item = &'a str>,
    dataset: Dataset,
    position: u64,
) -> Standing {
    let (mut submissions, mut data_position) = (Vec::new(), 0);
    for number in collections.filter_map(|id| catalog.collection(id)) {
        for (slot, _) in catalog.slots_of(number, dataset) {
            data_position = data_position.max(catalog.changed(slot, position));
            submissions.extend(catalog.at(slot, position).cloned());
        }
    }
    Standing { submissions, data_position }
}

/// Everything of some collections, for the cache. One without data has no number yet and will get one of the next.
pub(super) fn everything<'a>(
    catalog: &Catalog,
    collections: impl Iterator<Item = &'a str>,
    dataset: Dataset,
) -> Scope {
    let numbers: Vec<_> = collections.map(|id| catalog.collection(id)).collect();
    let to_come = if numbers.contains(&None) { catalog.numbers_to_come() } else { 0..0 };
    let numbers = numbers.into_iter().flatten().chain(to_come);
    Scope {
        collections: numbers.map(|number| (number, dataset)).collect(),
        organisations: Vec::new(),
        first: Month::FIRST,
        last: Month::LAST,
    }
}

/// A figure that fits a question, before the nearest area and the newest period are chosen.
struct Fit<'a> {
    submission: &'a Arc<Submission>,
    row: &'a Estimate,
    /// How far out its area is; 0 is the one asked about.
    level: usize,
    /// Last and first month: a longer period that ends alike is newer.
    period: (Month, Month),
    /// The area by its first code.
    area: &'a str,
    keys: Vec<&'a EstimateKey>,
}

impl Engine {
    /// What others published about what a question asks, in these collections; none: in all that hold estimates; `-`: nowhere.
    ///
    /// # Errors
    /// See [`QueryError`]: a collection that is not there, or that holds no estimates.
    pub fn estimates(
        &self,
        query: &Query,
        collections: &[String],
    ) -> Result<Estimates, QueryError> {
        if collections == ["-"] {
            return Ok(Estimates::default());
        }
        let (reference, standing, scope) = {
            let catalog = self.store().catalog();
            let reference = Arc::clone(&catalog.reference);
            let ids = holding_estimates(&reference, collections)?;
            let position = position(&catalog, &query.as_of)?;
            let ids = || ids.iter().map(String::as_str);
            let standing = standing(&catalog, ids(), Dataset::Estimates, position);
            (reference, standing, everything(&catalog, ids(), Dataset::Estimates))
        };
        let mut read = Vec::new();
        for submission in &standing.submissions {
            read.push((submission, self.store().reader().estimates(submission)?));
        }
        let asked = Asked::new(&reference, query);
        let mut fits = Vec::new();
        for (submission, rows) in &read {
            fits.extend(rows.iter().filter_map(|row| asked.fit(submission, row)));
        }
        let found = newest(nearest(fits))
            .into_iter()
            .map(|(fit, series_break)| PublishedEstimate {
                estimate: fit.row.clone(),
                submission: Arc::clone(fit.submission),
                series_break,
                area_name: area_name(&reference, &fit.row.area),
            })
            .collect::<Vec<_>>();
        if found.len() > MOST {
            return Err(QueryError::TooLarge { cells: found.len() as u64, limit: MOST as u64 });
        }
        Ok(Estimates { found, data_position: standing.data_position, scope: Some(scope) })
    }
}

/// The collections to look in.
fn holding_estimates(reference: &Reference, asked: &[String]) -> Result<Vec<String>, QueryError> {
    let holding = || reference.collections().filter(|c| c.datasets.contains(&Dataset::Estimates));
    if asked.is_empty() {
        return Ok(holding().map(|collection| collection.id.clone()).collect());
    }
    let mut ids: Vec<String> = Vec::new();
    for id in asked {
        let found = reference.collection(id).ok_or_else(|| no_collection(reference, id))?;
        if !found.datasets.contains(&Dataset::Estimates) {
            let all: Vec<_> = holding().map(|collection| collection.id.as_str()).collect();
            return Err(QueryError::Field {
                field: "estimate_collections".into(),
                description: format!("`{id}` holds no estimates; there are {}", all.join(", ")),
            });
        }
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    Ok(ids)
}

/// What a question wants of a figure.
struct Asked<'a> {
    reference: &'a Reference,
    /// Fields that it is broken down by or that conditions name.
    fields: BTreeSet<Field>,
    /// Conditions on fields.
    filters: Vec<&'a Filter>,
    /// Areas, from near to far.
    levels: Vec<BTreeSet<String>>,
    last: Month,
}

impl<'a> Asked<'a> {
    fn new(reference: &'a Reference, query: &'a Query) -> Self {
        let field = |id: &str| reference.dimension(id).and_then(Dimension::field);
        let conditions =
            || query.filters.iter().filter(|filter| field(&filter.dimension).is_some());
        let named = query.by.iter().chain(conditions().map(|filter| &filter.dimension));
        Self {
            reference,
            fields: named.filter_map(|id| field(id)).collect(),
            filters: conditions().collect(),
            levels: levels(reference, &query.place),
            last: query.months.1,
        }
    }

    fn fit<'r>(&self, submission: &'r Arc<Submission>, row: &'r Estimate) -> Option<Fit<'r>>
    where
        'a: 'r,
    {
        let (first, last) = row.months()?;
        if first > self.last || !self.is_about(row) {
            return None;
        }
        let area = self.reference.areas().get(&row.area).map_or(row.area.as_str(), |a| &a.code);
        let level = self.levels.iter().position(|level| level.contains(area))?;
        Some(Fit { submission, row, level, period: (last, first), area, keys: row.sorted_keys() })
    }

    /// Whether the figure is about categories of exactly the fields asked for, and of those that the conditions leave.
    fn is_about(&self, row: &Estimate) -> bool {
        let mut fields = BTreeSet::new();
        for key in row.keys.iter().filter(|key| !MEASURED.contains(&key.dimension.as_str())) {
            let dimension = self.reference.dimension(&key.dimension);
            let Some((dimension, field)) = dimension.and_then(|d| Some((d, d.field()?))) else {
                return false;
            };
            fields.insert(field);
            let of_field = self.filters.iter().filter(|filter| {
                let on = self.reference.dimension(&filter.dimension);
                on.and_then(Dimension::field) == Some(field)
            });
            if !of_field.into_iter().all(|filter| self.leaves(filter, &dimension.id, &key.code)) {
                return false;
            }
        }
        fields == self.fields
    }

    /// Whether a condition leaves a category of the same field, of the same view or another.
    fn leaves(&self, filter: &Filter, dimension: &str, code: &str) -> bool {
        if filter.dimension == dimension || State::from_name(code).is_some() {
            return filter.codes.iter().any(|wanted| wanted == code);
        }
        let Some(on) = self.reference.dimension(&filter.dimension) else { return false };
        let places = self.reference.places(on, &Value::Codes(vec![code.to_owned()]));
        let wanted = filter.codes.iter().filter_map(|code| on.place_of(code));
        wanted.into_iter().any(|place| places.contains(&place))
    }
}

/// The areas of a question, those that hold them, those that hold these, and so on.
fn levels(reference: &Reference, place: &Where) -> Vec<BTreeSet<String>> {
    let mut levels: Vec<BTreeSet<String>> = Vec::new();
    let mut next: BTreeSet<String> = match place {
        Where::Provider(area) | Where::Residence(area) => [area.clone()].into(),
        Where::Organisations(codes) => {
            if let [only] = codes.as_slice() {
                levels.push([only.clone()].into());
            }
            let areas = |code: &String| -> BTreeSet<String> {
                let found = reference.organisation(code);
                found.map(|o| o.areas.iter().cloned().collect()).unwrap_or_default()
            };
            // What holds all of them. Of nested areas the inner ones come first.
            let mut shared = codes.iter().map(areas);
            let first = shared.next().unwrap_or_default();
            let shared = shared.fold(first, |all, areas| &all & &areas);
            let outer: BTreeSet<String> =
                shared.iter().flat_map(|code| parents(reference, code)).collect();
            shared.difference(&outer).cloned().collect()
        }
    };
    while !next.is_empty() {
        let seen = |code: &String| levels.iter().any(|level| level.contains(code));
        next.retain(|code| !seen(code));
        let after = next.iter().flat_map(|code| parents(reference, code)).collect();
        if !next.is_empty() {
            levels.push(next);
        }
        next = after;
    }
    levels.extend(AROUND.map(|(code, _)| [code.to_owned()].into()));
    levels
}

fn parents(reference: &Reference, code: &str) -> Vec<String> {
    reference.areas().get(code).map(|area| area.parents.clone()).unwrap_or_default()
}

/// For each indicator of each collection, the figures of the nearest area that has any.
fn nearest(fits: Vec<Fit<'_>>) -> Vec<Fit<'_>> {
    let mut levels: BTreeMap<(String, String), usize> = BTreeMap::new();
    let what = |fit: &Fit<'_>| (fit.row.indicator.clone(), fit.submission.collection.to_string());
    for fit in &fits {
        let level = levels.entry(what(fit)).or_insert(fit.level);
        *level = (*level).min(fit.level);
    }
    fits.into_iter().filter(|fit| levels.get(&what(fit)) == Some(&fit.level)).collect()
}

/// What a figure is about, apart from when: indicator, area, keys.
type About<'a> = (&'a str, &'a str, Vec<&'a EstimateKey>);
/// Figures that follow one another: collection, organisation, series, what they are about.
type Line<'a> = (&'a str, &'a str, &'a str, About<'a>);
/// Period, month and position of the submission: the newest submission of the newest period holds.
type When = ((Month, Month), Month, u64);

impl<'a> Fit<'a> {
    fn series(&self) -> &'a str {
        self.submission.source.as_ref().map_or("", |source| source.series.as_str())
    }

    fn about(&self) -> About<'a> {
        (&self.row.indicator, self.area, self.keys.clone())
    }

    fn line(&self) -> Line<'a> {
        let submission = self.submission;
        (&submission.collection, &submission.organisation, self.series(), self.about())
    }

    fn when(&self) -> When {
        (self.period, self.submission.slot.month, self.submission.position)
    }
}

/// The newest period of each series, and whether the period before belongs to another.
fn newest(fits: Vec<Fit<'_>>) -> Vec<(Fit<'_>, bool)> {
    let mut newest: BTreeMap<Line<'_>, When> = BTreeMap::new();
    let mut periods: BTreeMap<About<'_>, BTreeMap<(Month, Month), BTreeSet<&str>>> =
        BTreeMap::new();
    for fit in &fits {
        let latest = newest.entry(fit.line()).or_insert(fit.when());
        *latest = (*latest).max(fit.when());
        let of_period = periods.entry(fit.about()).or_default().entry(fit.period).or_default();
        of_period.insert(fit.series());
    }
    let mut kept = Vec::new();
    for fit in fits.into_iter().filter(|fit| newest.get(&fit.line()) == Some(&fit.when())) {
        let before = periods[&fit.about()].range(..fit.period).next_back();
        let series_break = before.is_some_and(|(_, series)| !series.contains(fit.series()));
        kept.push((fit, series_break));
    }
    // Within a series the order of the rows stays.
    kept.sort_by_key(|(fit, _)| (&fit.row.indicator, &fit.submission.collection, fit.series()));
    kept
}

/// Words for an area as it was given.
fn area_name(reference: &Reference, code: &str) -> String {
    if let Some(words) = code.strip_prefix(NAMED_AREA) {
        return words.trim().to_owned();
    }
    let known = reference.areas().get(code).map(|area| area.name.clone());
    let organisation = || reference.organisation(code).map(|o| o.name.clone());
    let around = || AROUND.iter().find(|(around, _)| *around == code).map(|(_, n)| (*n).to_owned());
    known.or_else(organisation).or_else(around).unwrap_or_default()
}
