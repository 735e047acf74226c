//! Cells out of what was counted: a value, or why there is none.

use super::model::{Absence, Cell, CellCounts, DataQuality, Figure, Reason};
use crate::domain::disclosure::TrueCount;
use crate::domain::measures::Tally;
use crate::domain::statistics::{Interval, NotComputable, difference, noise_of_share, proportion};
use crate::engine::query::Showing;

impl From<Interval> for Figure {
    fn from(interval: Interval) -> Self {
        Self { value: interval.value, limits: Some((interval.lower, interval.upper)) }
    }
}

impl Figure {
    /// A value without limits.
    pub(super) fn exact(value: f64) -> Self {
        Self { value, limits: None }
    }
}

impl Showing {
    /// What may be seen of a tally.
    pub(super) fn counts(&self, tally: Tally) -> CellCounts {
        let see = |count| self.protection.see(count);
        CellCounts {
            numerator: see(tally.numerator),
            denominator: see(tally.denominator),
            unknown: see(tally.unknown),
            not_collected: see(tally.not_collected),
            outside: see(tally.outside),
        }
    }

    /// A figure out of shares, each a part of a whole: where counts are changed before they are seen, its limits are wider.
    pub(super) fn figure(&self, found: Interval, least: f64, shares: &[(u64, u64)]) -> Figure {
        if self.protection.is_exact() {
            return found.into();
        }
        let noise = self.protection.variance();
        let variance = shares.iter().map(|share| noise_of_share(*share, noise)).sum();
        found.with_noise(variance, (least, 1.0), self.confidence).into()
    }
}

impl Cell {
    /// A figure, or why there is none, and the counts behind it.
    pub(super) fn new(figure: Result<Figure, Absence>, counts: CellCounts) -> Self {
        let behind = counts.denominator.or(counts.numerator).unwrap_or_default();
        Self { figure, counts, quality: DataQuality::default(), verdict: None, behind }
    }

    /// A count.
    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
    pub(super) fn count(count: TrueCount, showing: &Showing) -> Self {
        let numerator = showing.protection.see(count);
        let counts = CellCounts { numerator, ..CellCounts::default() };
        let figure = numerator.ok_or_else(Absence::withheld);
        Self::new(figure.map(|count| Figure::exact(count as f64)), counts)
    }

    /// A share with Wilson limits. `whom` is what is counted, in the plural.
    pub(super) fn share(tally: Tally, whom: &str, showing: &Showing) -> Self {
        Self::share_or(tally, showing, |counts| no_share(counts, whom))
    }

    /// The same with a reason of its own where there is none.
    pub(super) fn share_or(
        tally: Tally,
        showing: &Showing,
        why: impl FnOnce(&CellCounts) -> Absence,
    ) -> Self {
        let counts = showing.counts(tally);
        let Some((part, whole)) = counts.part_of_whole() else {
            return Self::new(Err(Absence::withheld()), counts);
        };
        let share = proportion(part, whole, showing.confidence);
        let figure = share.map(|share| showing.figure(share, 0.0, &[(part, whole)]));
        Self::new(figure.ok_or_else(|| why(&counts)), counts)
    }

    /// Counts that are in the base of no share.
    pub(super) fn in_no_base(tally: Tally, why: Absence, showing: &Showing) -> Self {
        Self::new(Err(why), CellCounts { denominator: None, ..showing.counts(tally) })
    }

    /// The difference of two shares, with Newcombe limits; without one, the reason of the share that is absent.
    pub(super) fn difference(of: &Self, less: &Self, showing: &Showing) -> Self {
        let pairs = [of, less].map(|cell| cell.counts.part_of_whole().unwrap_or_default());
        let found = difference(pairs[0], pairs[1], showing.confidence);
        let found = found.map(|found| showing.figure(found, -1.0, &pairs));
        let why = || [of, less].into_iter().find_map(|cell| cell.figure.clone().err());
        let no_share = || Absence::not_computable(NotComputable::NoShare.to_string());
        let figure = found.ok_or_else(|| why().unwrap_or_else(no_share));
        Self::without_counts(figure, of.behind + less.behind)
    }

    /// A figure that has no counts of its own, of so many records.
    pub(super) fn without_counts(figure: Result<Figure, Absence>, behind: u64) -> Self {
        Self { behind, ..Self::new(figure, CellCounts::default()) }
    }

    /// No figure, for this reason, and no counts.
    pub(super) fn absent(why: Absence) -> Self {
        Self::without_counts(Err(why), 0)
    }
}

/// Why a figure is absent although its records were counted. The counts alone decide the reason; `words` has the sentence for it.
pub(super) fn missing<W: Into<String>>(
    counts: &CellCounts,
    words: impl FnOnce(Reason) -> W,
) -> Absence {
    let reason = match (counts.unknown, counts.not_collected) {
        (None, _) | (_, None) => return Absence::withheld(),
        (Some(0), Some(0)) => Reason::NoData,
        (Some(0), _) => Reason::NotCollected,
        (..) => Reason::NotComputable,
    };
    Absence { reason, detail: words(reason).into() }
}

/// Why there is nobody to take a share of.
pub(super) fn no_share(counts: &CellCounts, whom: &str) -> Absence {
    missing(counts, |reason| match reason {
        // The reason says all: nobody in the row is asked.
        Reason::NoData => String::new(),
        Reason::NotCollected => {
            format!("no source of these {whom} collects it, or whether it applies to them")
        }
        Reason::NotComputable | Reason::Suppressed | Reason::Withheld | Reason::Erased => format!(
            "for none of these {whom} do we know the answer, or whether the question applies"
        ),
    })
}
