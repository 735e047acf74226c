//! Whether consultations were followed by one in person, by mode: counts and cells of indicator CH-12.

use super::modes::{IN_PERSON, MODES, Part, REMOTE};
use crate::domain::statistics::{Confidence, difference, proportion};
use crate::engine::answer::model::{Absence, Cell, CellCounts, Figure};

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

    /// Consultations followed, and those whose next days can be seen.
    fn pair(&self, mode: usize) -> (u64, u64) {
        let followed = self.of(mode, Followed::Yes);
        (followed, followed + self.of(mode, Followed::No) + self.of(mode, Followed::SameDay))
    }

    fn share(&self, mode: usize, confidence: Confidence) -> Result<Figure, Absence> {
        let (followed, all) = self.pair(mode);
        let share = proportion(followed, all, confidence).map(Figure::from);
        share.ok_or_else(|| self.absence(mode))
    }

    /// The cell of CH-12.
    pub(super) fn cell(&self, part: Part, confidence: Confidence) -> Cell {
        let Part::Mode(mode) = part else {
            let found = difference(self.pair(REMOTE), self.pair(IN_PERSON), confidence);
            let why = || {
                let shares = [REMOTE, IN_PERSON].map(|mode| self.share(mode, confidence).err());
                let why = shares.into_iter().flatten().next();
                why.unwrap_or_else(|| Absence::not_computable(""))
            };
            return Cell::without_counts(found.map(Figure::from).ok_or_else(why));
        };
        let (followed, all) = self.pair(mode);
        let counts = CellCounts {
            numerator: Some(followed),
            denominator: Some(all),
            unknown: Some(self.of(mode, Followed::NotComputable)),
            not_collected: Some(self.of(mode, Followed::NotCollected)),
            outside: None,
        };
        Cell::new(self.share(mode, confidence), counts)
    }

    /// Consultations not followed, with another in person on the same day.
    pub(super) fn same_day(&self, mode: usize) -> Cell {
        Cell::count(self.of(mode, Followed::SameDay))
    }

    /// Why there is no share.
    fn absence(&self, mode: usize) -> Absence {
        let whom = if mode == IN_PERSON { "consultation in person" } else { "remote consultation" };
        let missing =
            (self.of(mode, Followed::NotComputable), self.of(mode, Followed::NotCollected));
        match missing {
            (0, 0) => Absence::no_data(format!("no {whom} is known to have been attended")),
            (0, _) => Absence::not_collected(
                "no source of these consultations collects both channel and attendance",
            ),
            (..) => Absence::not_computable(format!(
                "no {whom} can be followed: no person keys or days, or the next 7 days are not submitted yet"
            )),
        }
    }
}
