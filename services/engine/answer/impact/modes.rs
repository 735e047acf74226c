//! In person and remote: the two modes that are compared.

use crate::domain::measures::Tally;
use crate::domain::statistics::Confidence;
use crate::engine::answer::model::{Cell, Key};

/// Dimension of the modes.
pub(super) const MODE: &str = "channel_mode";
/// Codes of the modes. Their place here is their number.
pub(super) const MODES: [&str; 2] = ["IN_PERSON", "REMOTE"];
pub(super) const IN_PERSON: usize = 0;
pub(super) const REMOTE: usize = 1;
/// What is counted of each, in the plural.
pub(super) const WHOM: [&str; 2] = ["consultations in person", "remote consultations"];

/// A part of a row that a column is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::answer) enum Part {
    /// One mode, by its number.
    Mode(usize),
    /// Remote less in person.
    Difference,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Mode(IN_PERSON), Self::Mode(REMOTE), Self::Difference];

    /// The group of its columns.
    pub(super) fn key(self) -> Key {
        let (code, label) = match self {
            Self::Mode(IN_PERSON) => (MODES[IN_PERSON], "in person"),
            Self::Mode(_) => (MODES[REMOTE], "remote"),
            Self::Difference => ("REMOTE_LESS_IN_PERSON", "remote less in person"),
        };
        Key::named(MODE, code, label)
    }

    /// The cell of a share of a mode, or of the difference of two.
    pub(super) fn cell(
        self,
        confidence: Confidence,
        share: impl Fn(usize) -> (Cell, Tally),
    ) -> Cell {
        let Self::Mode(mode) = self else {
            let [less, of] = [IN_PERSON, REMOTE].map(share);
            return Cell::difference((&of.0, of.1), (&less.0, less.1), confidence);
        };
        share(mode).0
    }
}
