//! Median days from booking, by mode.

use super::modes::{IN_PERSON, MODES, Part, REMOTE, WHOM};
use crate::domain::measures::Waits;
use crate::engine::answer::cell::no_share;
use crate::engine::answer::model::{Absence, Cell, CellCounts, Figure};

/// The cell of CH-11-MEDIAN. `waits`: of both modes; none: there were too many rows to count days in.
pub(super) fn cell(waits: Option<&[Waits; MODES.len()]>, part: Part) -> Cell {
    match part {
        Part::Mode(mode) => {
            let tally = waits.map(|waits| waits[mode].tally()).unwrap_or_default();
            let counts = CellCounts { numerator: None, ..tally.into() };
            Cell::new(median(waits, mode), counts)
        }
        Part::Difference => Cell::without_counts(median(waits, REMOTE).and_then(|remote| {
            let in_person = median(waits, IN_PERSON)?;
            Ok(Figure::exact(remote.value - in_person.value))
        })),
    }
}

fn median(waits: Option<&[Waits; MODES.len()]>, mode: usize) -> Result<Figure, Absence> {
    let Some(of) = waits.map(|waits| &waits[mode]) else {
        let why = "too many rows to count days in: ask by fewer dimensions";
        return Err(Absence::not_computable(why));
    };
    match of.median() {
        Some((least, most)) if most > least => Err(Absence::not_computable(format!(
            "waits are known in bands of days only: the median lies between {least} and {most} days"
        ))),
        Some((median, _)) => Ok(Figure::exact(median)),
        None => Err(no_share(of.tally(), WHOM[mode])),
    }
}
