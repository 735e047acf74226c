//! What others published about the same people: figures whose keys are views of the fields that a question breaks down by, for the
//! area asked about or the nearest area around it that has any. They stand beside counts and are never merged with them.

mod asked;
mod line;
mod list;

use std::sync::Arc;

pub use list::{EstimateList, Place};

use crate::domain::collection::Dataset;
use crate::domain::estimate::{Estimate, EstimateSource, NAMED_AREA};
use crate::domain::indicator::Unit;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::query::{AsOf, Query, taking};
use crate::engine::scope::Scope;
use crate::engine::{Engine, QueryError};
use crate::store::{Look, Submission};
use asked::EstimatesAsked;
use line::{Fit, nearest, newest};

/// Figures beside one table, at most.
const MOST: usize = 10_000;

/// A figure that somebody else published.
#[derive(Clone, Debug)]
pub struct PublishedEstimate {
    /// The figure as it was submitted.
    pub estimate: Estimate,
    /// Where it comes from: as the submission says, and not for targets where the indicator is not.
    pub source: EstimateSource,
    /// The submission that brought it.
    pub submission: Arc<Submission>,
    /// Whether the period before, in the same place and of the same people, belongs to another series or stands on another base.
    pub series_break: bool,
    /// Whether it is a score of areas, and says nothing about any one person in them.
    pub ecological: bool,
    /// Words for the area; empty where there are none.
    pub area_name: String,
}

/// Which published figures are wanted beside a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EstimatesWanted {
    /// Collections to look in; none: all, for what stands beside a table without being asked for.
    pub collections: Vec<String>,
    /// Indicators that the table was asked for; none: all.
    pub indicators: Vec<String>,
}

impl EstimatesWanted {
    /// Whether figures of an indicator are wanted: the same number is another figure of the same (DX-12 and DX-12-USED).
    fn wants(&self, reference: &Reference, id: &str) -> bool {
        let only_when_named = || reference.indicator(id).is_some_and(|found| found.only_when_named);
        let of = |asked: &String| {
            let rest = id.strip_prefix(asked.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        (self.indicators.is_empty() || self.indicators.iter().any(of))
            && !(self.collections.is_empty() && only_when_named())
    }
}

/// What others published about what a question asks.
#[derive(Clone, Debug)]
pub struct Estimates {
    /// By indicator, collection and series, in the order in which they were submitted.
    pub found: Vec<PublishedEstimate>,
    /// Position of the last change of any submission that was looked at; 0 for none.
    pub data_position: u64,
    /// The data that was looked at, for the cache.
    pub scope: Scope,
}

/// The submissions that stand at a position, and what was looked at to find them.
pub(super) struct Standing {
    pub(super) submissions: Vec<Arc<Submission>>,
    /// The last change of any of their slots.
    pub(super) data_position: u64,
    /// Everything of the collections, for the cache.
    pub(super) scope: Scope,
}

/// The ids of the collections that take a dataset.
pub(super) fn all_taking(reference: &Reference, dataset: Dataset) -> impl Iterator<Item = &str> {
    let all = reference.collections().filter(move |c| c.datasets.contains(&dataset));
    all.map(|collection| collection.id.as_str())
}

/// Submissions of some collections that stand at a position.
pub(super) fn standing<'a>(
    catalog: &Look<'_>,
    collections: impl Iterator<Item = &'a str>,
    dataset: Dataset,
    position: u64,
) -> Standing {
    let (mut submissions, mut data_position) = (Vec::new(), 0);
    let ever = (Month::FIRST, Month::LAST);
    let numbers: Vec<_> = collections.map(|id| catalog.collection(id)).collect();
    for number in numbers.iter().flatten() {
        for month in catalog.months(*number, dataset, ever, position) {
            data_position = data_position.max(month.last());
            submissions.extend(month.submissions.iter().cloned());
        }
    }
    // A collection without data has no number yet and will get one of the next.
    let to_come = if numbers.contains(&None) { catalog.numbers_to_come() } else { 0..0 };
    let numbers = numbers.into_iter().flatten().chain(to_come);
    let collections: Vec<_> = numbers.map(|number| (number, dataset)).collect();
    Standing { submissions, data_position, scope: Scope::new(&collections, &[], ever) }
}

impl Engine {
    /// What others published about what a question asks.
    ///
    /// # Errors
    /// See [`QueryError`]: a collection that is not there, or that holds no estimates.
    pub fn estimates(
        &self,
        query: &Query,
        wanted: &EstimatesWanted,
    ) -> Result<Estimates, QueryError> {
        let (reference, standing) =
            self.standing_estimates("estimate_collections", &wanted.collections, &query.as_of)?;
        let asked = EstimatesAsked::new(&reference, query);
        let read = self.read(&standing.submissions)?;
        let mut fits = Vec::new();
        for (submission, rows) in standing.submissions.iter().zip(&read) {
            let wanted = rows.iter().filter(|row| wanted.wants(&reference, &row.indicator));
            fits.extend(wanted.filter_map(|row| asked.fit(submission, row)));
        }
        let found = newest(nearest(fits)).into_iter();
        let found: Vec<_> =
            found.map(|(fit, breaks)| published(&reference, &fit, breaks)).collect();
        if found.len() > MOST {
            let (cells, limit) = (found.len() as u64, MOST as u64);
            return Err(QueryError::TooLarge { cells, limit, nearest: None });
        }
        let Standing { data_position, scope, .. } = standing;
        Ok(Estimates { found, data_position, scope })
    }

    /// The estimates that stand in the collections that a field of the question names, or in all.
    fn standing_estimates(
        &self,
        field: &str,
        asked: &[String],
        as_of: &AsOf,
    ) -> Result<(Arc<Reference>, Standing), QueryError> {
        self.look(|catalog| {
            let reference = Arc::clone(&catalog.reference);
            for id in asked {
                taking(&reference, field, id, Dataset::Estimates)?;
            }
            let wanted = |id: &&str| asked.is_empty() || asked.iter().any(|asked| asked == id);
            let ids = all_taking(&reference, Dataset::Estimates).filter(wanted);
            let standing = standing(catalog, ids, Dataset::Estimates, as_of.position(catalog)?);
            Ok((reference, standing))
        })
    }

    /// The figures of each of some submissions.
    fn read(&self, submissions: &[Arc<Submission>]) -> Result<Vec<Arc<[Estimate]>>, QueryError> {
        submissions.iter().map(|one| Ok(self.store().reader().estimates(one)?)).collect()
    }
}

fn published(reference: &Reference, fit: &Fit<'_>, series_break: bool) -> PublishedEstimate {
    let mut source = fit.submission.source.as_deref().cloned().unwrap_or_default();
    let unit = reference.indicator(&fit.row.indicator).map(|indicator| indicator.unit);
    source.not_for_targets |= reference.is_not_for_targets(&fit.row.indicator);
    PublishedEstimate {
        estimate: fit.row.clone(),
        source,
        submission: Arc::clone(fit.submission),
        series_break,
        ecological: unit == Some(Unit::Score),
        area_name: area_name(reference, &fit.row.area),
    }
}

/// Words for an area as it was given.
fn area_name(reference: &Reference, code: &str) -> String {
    if let Some(words) = code.strip_prefix(NAMED_AREA) {
        return words.trim().to_owned();
    }
    let known = reference.areas().get(code).map(|area| area.name.clone());
    let organisation = || reference.organisation(code).map(|o| o.name.clone());
    known.or_else(organisation).unwrap_or_default()
}
