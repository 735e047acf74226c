//! Published figures in a row: the nearest area, the newest period, and where no line may be drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::estimate::{Estimate, EstimateKey};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::store::Submission;

/// A figure that fits a question, before the nearest area and the newest period are chosen.
pub(super) struct Fit<'a> {
    pub(super) submission: &'a Arc<Submission>,
    pub(super) row: &'a Estimate,
    /// How far out its area is; 0 is the one asked about.
    pub(super) level: usize,
    /// Last and first month: a longer period that ends alike is newer.
    pub(super) period: (Month, Month),
    /// The area by its first code.
    pub(super) area: &'a str,
    /// Which boundary of the area it is about, as the number of newer ones.
    pub(super) boundary: usize,
    keys: Vec<&'a EstimateKey>,
}

/// For each indicator of each collection, the figures of the nearest area that has any.
pub(super) fn nearest(fits: Vec<Fit<'_>>) -> Vec<Fit<'_>> {
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
/// What figures have in common that can be compared: series, base and boundary of the area.
type Comparable<'a> = (&'a str, &'a str, usize);
/// Figures that follow one another: collection, organisation, what makes them comparable, what they are about.
type Line<'a> = (&'a str, &'a str, Comparable<'a>, About<'a>);
/// Period, month and position of the submission: the newest submission of the newest period holds.
type When = ((Month, Month), Month, u64);

impl<'a> Fit<'a> {
    /// A figure of an area, as it is; first and last month are its own.
    pub(super) fn new(
        reference: &'a Reference,
        submission: &'a Arc<Submission>,
        row: &'a Estimate,
        (first, last): (Month, Month),
    ) -> Self {
        let (area, boundary) = reference.boundary(&row.area, last);
        let (period, keys) = ((last, first), row.sorted_keys());
        Self { submission, row, level: 0, period, area, boundary, keys }
    }

    fn series(&self) -> &'a str {
        self.submission.source.as_ref().map_or("", |source| source.series.as_str())
    }

    fn comparable(&self) -> Comparable<'a> {
        (self.series(), &self.row.base, self.boundary)
    }

    fn about(&self) -> About<'a> {
        (&self.row.indicator, self.area, self.keys.clone())
    }

    fn line(&self) -> Line<'a> {
        let submission = self.submission;
        (&submission.collection, &submission.organisation, self.comparable(), self.about())
    }

    fn when(&self) -> When {
        (self.period, self.submission.slot.month, self.submission.position)
    }
}

/// What was published about each thing in each period.
pub(super) struct Periods<'a>(
    BTreeMap<About<'a>, BTreeMap<(Month, Month), BTreeSet<Comparable<'a>>>>,
);

impl<'a> Periods<'a> {
    pub(super) fn of(fits: &[Fit<'a>]) -> Self {
        let mut periods: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for fit in fits {
            let of_about = periods.entry(fit.about()).or_default();
            of_about.entry(fit.period).or_default().insert(fit.comparable());
        }
        Self(periods)
    }

    /// Whether the period before has figures of the same, and none that this one could be compared with.
    pub(super) fn breaks_at(&self, fit: &Fit<'a>) -> bool {
        let before = self.0.get(&fit.about()).and_then(|of| of.range(..fit.period).next_back());
        before.is_some_and(|(_, published)| !published.contains(&fit.comparable()))
    }
}

/// The newest period of each series and base, and whether it breaks with the period before.
pub(super) fn newest(fits: Vec<Fit<'_>>) -> Vec<(Fit<'_>, bool)> {
    let periods = Periods::of(&fits);
    let mut newest: BTreeMap<Line<'_>, When> = BTreeMap::new();
    for fit in &fits {
        let latest = newest.entry(fit.line()).or_insert(fit.when());
        *latest = (*latest).max(fit.when());
    }
    let kept = fits.into_iter().filter(|fit| newest.get(&fit.line()) == Some(&fit.when()));
    let mut kept: Vec<_> = kept.map(|fit| (periods.breaks_at(&fit), fit)).collect();
    // Within a series the order of the rows stays.
    kept.sort_by_key(|(_, fit)| (&fit.row.indicator, &fit.submission.collection, fit.series()));
    kept.into_iter().map(|(series_break, fit)| (fit, series_break)).collect()
}
