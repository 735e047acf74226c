//! Cells out of what was counted: a value, or why there is none.

use super::model::{Absence, Cell, CellCounts, DataQuality, Figure, Reason};
use crate::domain::measures::Tally;
use crate::domain::statistics::{Confidence, Interval, difference, proportion};

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

impl From<Tally> for CellCounts {
    fn from(tally: Tally) -> Self {
        Self {
            numerator: Some(tally.numerator),
            denominator: Some(tally.denominator),
            unknown: Some(tally.unknown),
            not_collected: Some(tally.not_collected),
            outside: Some(tally.outside),
        }
    }
}

impl Cell {
    /// A figure, or why there is none, and the counts behind it.
    pub(super) fn new(figure: Result<Figure, Absence>, counts: CellCounts) -> Self {
        let behind = counts.denominator.or(counts.numerator).unwrap_or_default();
        Self { figure, counts, quality: DataQuality::default(), behind }
    }

    /// A count.
    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
    pub(super) fn count(count: u64) -> Self {
        let counts = CellCounts { numerator: Some(count), ..CellCounts::default() };
        Self::new(Ok(Figure::exact(count as f64)), counts)
    }

    /// A share with Wilson limits. `whom` is what is counted, in the plural.
    pub(super) fn share(tally: Tally, whom: &str, confidence: Confidence) -> Self {
        Self::share_or(tally, confidence, |tally| no_share(tally, whom))
    }

    /// The same with a reason of its own where there is none.
    pub(super) fn share_or(
        tally: Tally,
        confidence: Confidence,
        why: impl FnOnce(Tally) -> Absence,
    ) -> Self {
        let share = proportion(tally.numerator, tally.denominator, confidence);
        Self::new(share.map(Figure::from).ok_or_else(|| why(tally)), tally.into())
    }

    /// Counts that are in the base of no share.
    pub(super) fn in_no_base(tally: Tally, why: Absence) -> Self {
        Self::new(Err(why), CellCounts { denominator: None, ..tally.into() })
    }

    /// The difference of two shares, with Newcombe limits; without one, the reason of the share that is absent.
    pub(super) fn difference(of: &Self, less: &Self, confidence: Confidence) -> Self {
        let [of_pair, less_pair] = [of, less].map(|cell| {
            let counts = cell.counts;
            (counts.numerator.unwrap_or_default(), counts.denominator.unwrap_or_default())
        });
        let found = difference(of_pair, less_pair, confidence).map(Figure::from);
        let why = || [of, less].into_iter().find_map(|cell| cell.figure.clone().err());
        let figure = found.ok_or_else(|| why().unwrap_or_else(|| Absence::not_computable("")));
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
pub(super) fn missing<W: Into<String>>(tally: Tally, words: impl FnOnce(Reason) -> W) -> Absence {
    let reason = match (tally.unknown, tally.not_collected) {
        (0, 0) => Reason::NoData,
        (0, _) => Reason::NotCollected,
        (..) => Reason::NotComputable,
    };
    Absence { reason, detail: words(reason).into() }
}

/// Why there is nobody to take a share of.
pub(super) fn no_share(tally: Tally, whom: &str) -> Absence {
    missing(tally, |reason| match reason {
        // The reason says all: nobody in the row is asked.
        Reason::NoData => String::new(),
        Reason::NotCollected => {
            format!("no source of these {whom} collects it, or whether it applies to them")
        }
        Reason::NotComputable | Reason::Suppressed => format!(
            "for none of these {whom} do we know the answer, or whether the question applies"
        ),
    })
}
