//! Whether consultations were followed by one in person, by mode: counts and cells of indicator CH-12.

use super::modes::{IN_PERSON, MODES};
use crate::domain::disclosure::TrueCount;
use crate::domain::measures::Tally;
use crate::engine::answer::cell::missing;
use crate::engine::answer::model::{Absence, Cell, CellCounts, Reason};
use crate::engine::query::Showing;

/// What became of a consultation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    Yes = 0,
    No = 1,
    /// Not followed, and seen in person on the same day.
    SameDay = 2,
    NotComputable = 3,
    /// The source does not collect whether it was attended.
    NotCollected = 4,
    /// It was not attended.
    Outside = 5,
}

/// Places of a mode on the axis of what followed.
pub(super) const EACH: usize = 6;
/// Behind those of both modes: the source does not collect which of the two it was; neither, or it is not known which.
pub(super) const EITHER: usize = MODES.len() * EACH;
pub(super) const NEITHER: usize = EITHER + 1;
pub(super) const PLACES: usize = NEITHER + 1;

/// Counts of what followed, by mode; and of consultations of which the source does not collect the mode.
#[derive(Clone, Copy, Default)]
pub(super) struct FollowUps([[TrueCount; EACH]; MODES.len()], TrueCount);

impl FollowUps {
    /// Counts consultations of a place on the axis.
    pub(super) fn add(&mut self, place: usize, count: TrueCount) {
        match place {
            EITHER => self.1 += count,
            _ if place < EITHER => self.0[place / EACH][place % EACH] += count,
            _ => {}
        }
    }

    fn of(&self, mode: usize, what: Followed) -> TrueCount {
        self.0[mode][what as usize]
    }

    /// Consultations of a mode.
    pub(super) fn all(&self, mode: usize) -> TrueCount {
        self.0[mode].iter().copied().sum()
    }

    /// Consultations that were followed.
    pub(super) fn followed(&self, mode: usize) -> TrueCount {
        self.of(mode, Followed::Yes)
    }

    /// Consultations not followed, with another in person on the same day.
    pub(super) fn on_same_day(&self, mode: usize) -> TrueCount {
        self.of(mode, Followed::SameDay)
    }

    /// The share of CH-12: of consultations whose next days can be seen, those followed.
    pub(super) fn share(&self, mode: usize, showing: &Showing) -> Cell {
        let followed = self.followed(mode);
        let tally = Tally {
            numerator: followed,
            denominator: followed + self.of(mode, Followed::No) + self.of(mode, Followed::SameDay),
            unknown: self.of(mode, Followed::NotComputable),
            not_collected: self.of(mode, Followed::NotCollected),
            outside: self.of(mode, Followed::Outside),
        };
        let either = Tally { not_collected: tally.not_collected + self.1, ..tally };
        Cell::share_or(tally, showing, |_| absence(mode, &showing.counts(either)))
    }

    /// The cell of these.
    pub(super) fn same_day(&self, mode: usize, showing: &Showing) -> Cell {
        Cell::count(self.on_same_day(mode), showing)
    }
}

/// Why there is no share.
fn absence(mode: usize, counts: &CellCounts) -> Absence {
    let whom = if mode == IN_PERSON { "consultation in person" } else { "remote consultation" };
    missing(counts, |reason| match reason {
        Reason::NoData => format!("no {whom} is known to have been attended"),
        Reason::NotCollected => {
            "no source of these consultations collects both channel and attendance".to_owned()
        }
        Reason::NotComputable | Reason::Suppressed | Reason::Withheld | Reason::Erased => format!(
            "no {whom} can be followed: no person keys or days, no known attendance, or the next 7 days are not submitted yet"
        ),
    })
}
