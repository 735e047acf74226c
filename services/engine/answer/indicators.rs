//! A tally as the cell of an indicator: its share, or why there is none.

use std::sync::Arc;

use super::context::{Absence, Reason};
use super::places::PlacesOf;
use super::plan::{On, PlanAxis};
use crate::domain::codes::State;
use crate::domain::measures::{Answer, Tally};
use crate::domain::statistics::{Confidence, Interval, proportion};

/// A share, or a difference of shares, and its limits where it has any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The value.
    pub value: f64,
    /// Lower and upper limit.
    pub limits: Option<(f64, f64)>,
}

impl From<Interval> for Share {
    fn from(interval: Interval) -> Self {
        Self { value: interval.value, limits: Some((interval.lower, interval.upper)) }
    }
}

/// One indicator of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorCell {
    /// Indicator id.
    pub indicator: String,
    /// What it is made of; nothing for a difference.
    pub tally: Tally,
    /// The share, or why there is none.
    pub share: Result<Share, Absence>,
}

impl IndicatorCell {
    /// The cell of a share. `whom` is what is counted, in the plural.
    pub(super) fn new(indicator: &str, tally: Tally, whom: &str, confidence: Confidence) -> Self {
        let share = proportion(tally.numerator, tally.denominator, confidence);
        let share = share.map(Share::from).ok_or_else(|| absence(tally, whom));
        Self { indicator: indicator.to_owned(), tally, share }
    }
}

/// Why a share of nobody is no share.
pub(super) fn absence(tally: Tally, whom: &str) -> Absence {
    let (reason, detail) = match (tally.unknown, tally.not_collected) {
        (0, 0) => (Reason::NoData, format!("there are no {whom} that it applies to")),
        (0, _) => {
            let detail = format!("no source of these {whom} collects it, or to whom it applies");
            (Reason::NotCollected, detail)
        }
        (..) => {
            let detail =
                format!("it is known of none of these {whom}, or not whether it applies to them");
            (Reason::NotComputable, detail)
        }
    };
    Absence { reason, detail }
}

impl PlanAxis {
    /// What each place of the axis says to whether it is one of `yes`, among `known`.
    pub(super) fn answers(&self, yes: &[&str], known: &[&str]) -> Vec<Answer> {
        let answer = |place: usize| {
            let code = self.key(place).code;
            match self.state(place) {
                _ if yes.contains(&code.as_str()) => Answer::Yes,
                _ if known.contains(&code.as_str()) => Answer::No,
                Some(State::NotCollected) => Answer::NotCollected,
                Some(state) if state.is_unknown() || state == State::Coarser => Answer::Unknown,
                Some(_) | None => Answer::NotApplicable,
            }
        };
        (0..self.places()).map(answer).collect()
    }

    /// Merges places that say the same, so that tables are no larger than they must be: the first of them stands for all.
    pub(super) fn merge<T: PartialEq>(&mut self, says: &[T]) {
        let On::Field(_, places) = &mut self.on else { return };
        let first = |place: &usize| {
            let same = |other: &T| says.get(*place) == Some(other);
            says.iter().position(same).unwrap_or(*place)
        };
        let all = |places: &Vec<usize>| places.iter().map(first).collect();
        *places = Arc::new(PlacesOf {
            of_word: places.of_word.iter().map(all).collect(),
            not_collected: all(&places.not_collected),
        });
    }
}
