//! Whether consultations were followed by one in person, by mode: counts and cells of indicator CH-12.

use super::modes::{IN_PERSON, MODES};
use crate::domain::measures::Tally;
use crate::domain::statistics::Confidence;
use crate::engine::answer::cell::missing;
use crate::engine::answer::model::{Absence, Cell, Reason};

/// What became of a consultation that was attended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    Yes = 0,
    No = 1,
    /// Not followed, and seen in person on the same day.
    SameDay = 2,
    NotComputable = 3,
    /// The source does not collect whether it was attended.
    NotCollected = 4,
}

/// Places of a mode on the axis of what followed.
pub(super) const EACH: usize = 5;
/// Behind those of both modes: the source does not collect which of the two it was; neither, or not attended.
pub(super) const EITHER: usize = MODES.len() * EACH;
pub(super) const NO_MATTER: usize = EITHER + 1;
pub(super) const PLACES: usize = NO_MATTER + 1;

/// Counts of what followed, by mode.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FollowUps([[u64; EACH]; MODES.len()]);

impl FollowUps {
    /// Counts consultations of a place on the axis.
    pub(super) fn add(&mut self, place: usize, count: u64) {
        match place {
            EITHER => self.0.iter_mut().for_each(|of| of[Followed::NotCollected as usize] += count),
            _ if place < EITHER => self.0[place / EACH][place % EACH] += count,
            _ => {}
        }
    }

    fn of(&self, mode: usize, what: Followed) -> u64 {
        self.0[mode][what as usize]
    }

    /// The share of CH-12: of consultations whose next days can be seen, those followed.
    pub(super) fn share(&self, mode: usize, confidence: Confidence) -> Cell {
        let followed = self.of(mode, Followed::Yes);
        let tally = Tally {
            numerator: followed,
            denominator: followed + self.of(mode, Followed::No) + self.of(mode, Followed::SameDay),
            unknown: self.of(mode, Followed::NotComputable),
            not_collected: self.of(mode, Followed::NotCollected),
            outside: 0,
        };
        let mut cell = Cell::share_or(tally, confidence, |tally| absence(mode, tally));
        // Who is outside is not counted: consultations of neither mode, and those not attended.
        cell.counts.outside = None;
        cell
    }

    /// Consultations not followed, with another in person on the same day.
    pub(super) fn same_day(&self, mode: usize) -> Cell {
        Cell::count(self.of(mode, Followed::SameDay))
    }
}

/// Why there is no share.
fn absence(mode: usize, tally: Tally) -> Absence {
    let whom = if mode == IN_PERSON { "consultation in person" } else { "remote consultation" };
    missing(tally, |reason| match reason {
        Reason::NoData => format!("no {whom} is known to have been attended"),
        Reason::NotCollected => {
            "no source of these consultations collects both channel and attendance".to_owned()
        }
        Reason::NotComputable => format!(
            "no {whom} can be followed: no person keys or days, or the next 7 days are not submitted yet"
        ),
    })
}
