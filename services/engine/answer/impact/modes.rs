//! In person and remote: the two modes that are compared, and the cells that compare them.

use crate::domain::measures::{Response, Waits};
use crate::engine::answer::cell::no_share;
use crate::engine::answer::model::{Absence, Cell, CellCounts, Figure, Key};
use crate::engine::query::Showing;

/// Dimension of the modes.
pub(super) const MODE: &str = "channel_mode";
/// Codes of the modes. Their place here is their number.
pub(super) const MODES: [&str; 2] = ["IN_PERSON", "REMOTE"];
pub(super) const IN_PERSON: usize = 0;
pub(super) const REMOTE: usize = 1;
/// What is counted of each, in the plural.
pub(super) const WHOM: [&str; 2] = ["consultations in person", "remote consultations"];

/// The number of the mode of what is remote, or known not to be.
pub(super) fn mode_of(is_remote: Response) -> Option<usize> {
    [Response::No, Response::Yes].iter().position(|mode| *mode == is_remote)
}

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

    /// The modes that it is about, by their numbers.
    pub(super) fn modes(self) -> std::ops::Range<usize> {
        match self {
            Self::Mode(mode) => mode..mode + 1,
            Self::Difference => 0..MODES.len(),
        }
    }

    /// The cell of a share of a mode, or of the difference of two.
    pub(super) fn cell(self, showing: &Showing, share: impl Fn(usize) -> Cell) -> Cell {
        match self {
            Self::Mode(mode) => share(mode),
            Self::Difference => Cell::difference(&share(REMOTE), &share(IN_PERSON), showing),
        }
    }
}

/// The cell of CH-11-MEDIAN. `waits`: of both modes; none: there were too many rows to count days in.
pub(super) fn median_cell(
    waits: Option<&[Waits; MODES.len()]>,
    part: Part,
    showing: &Showing,
) -> Cell {
    match part {
        Part::Mode(mode) => {
            let tally = waits.map(|waits| waits[mode].tally()).unwrap_or_default();
            let counts = CellCounts { numerator: None, ..showing.counts(tally) };
            Cell::new(median(waits, mode, showing), counts)
        }
        Part::Difference => {
            let difference = median(waits, REMOTE, showing).and_then(|remote| {
                let in_person = median(waits, IN_PERSON, showing)?;
                Ok(Figure::exact(remote.value - in_person.value))
            });
            let known = waits.into_iter().flatten().map(|waits| waits.tally().denominator);
            let known = known.filter_map(|count| showing.protection.see(count));
            Cell::without_counts(difference, known.sum())
        }
    }
}

fn median(
    waits: Option<&[Waits; MODES.len()]>,
    mode: usize,
    showing: &Showing,
) -> Result<Figure, Absence> {
    let Some(of) = waits.map(|waits| &waits[mode]) else {
        let why = "too many rows to count days in: ask by fewer dimensions";
        return Err(Absence::not_computable(why));
    };
    let Some(seen) = of.seen(&showing.protection) else { return Err(Absence::withheld()) };
    match seen.median() {
        Some((least, most)) if most > least => Err(Absence::not_computable(format!(
            "waits are known in bands of days only: the median lies between {least} and {most} days"
        ))),
        Some((median, _)) => Ok(Figure::exact(median)),
        None => Err(no_share(&showing.counts(of.tally()), WHOM[mode])),
    }
}
