//! What is left of the figures for those who read them.

use std::collections::BTreeMap;

use super::asked::{LEVEL_COUNT, level};
use crate::engine::answer::{Cell, Protected};

/// What is left of the figures of one level.
#[derive(Clone, Debug, Default)]
pub struct Utility {
    /// `system`, `sub_icb`, `pcn` or `organisation`.
    pub level: &'static str,
    /// Counts above zero, and those of them that are withheld.
    pub counts: u64,
    /// Of these.
    pub withheld: u64,
    /// What the counts add up to.
    pub volume: u64,
    /// What the withheld ones add up to.
    pub volume_withheld: u64,
    /// Sum of the relative errors of the counts that are shown.
    errors: f64,
    /// Shares that differ from that of all people, with certainty, and shares that do not.
    pub verdicts: u64,
    /// Shares of which the answer says otherwise.
    pub changed: u64,
    /// Shares that differ, of which the answer says nothing.
    pub lost: u64,
}

impl Utility {
    /// One for each level.
    pub(super) fn of_levels() -> Vec<Self> {
        (0..LEVEL_COUNT).map(|number| Self { level: level(number), ..Self::default() }).collect()
    }

    /// Mean relative error of the counts that are shown.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // counts of a test
    pub fn mean_error(&self) -> f64 {
        self.errors / (self.counts - self.withheld).max(1) as f64
    }

    /// Compares an exact answer with the same as a partner sees it.
    #[allow(clippy::cast_precision_loss)] // counts of a test
    pub(super) fn compare(&mut self, exact: &Protected, seen: &Protected) {
        let (exact, seen) = (cells(exact), cells(seen));
        for ((row, column), cell) in &exact {
            let Some(count) = cell.counts.numerator.filter(|count| *count > 0) else { continue };
            let shown = seen.get(&(row.clone(), column.clone()));
            let number = shown.and_then(|cell| cell.counts.numerator);
            self.counts += 1;
            self.volume += count;
            match number {
                None => {
                    self.withheld += 1;
                    self.volume_withheld += count;
                }
                Some(number) => self.errors += number.abs_diff(count) as f64 / count as f64,
            }
            let whole = |all: &BTreeMap<Place, &Cell>| {
                let total = all.get(&(Vec::new(), column.clone()))?;
                total.figure.as_ref().ok().map(|figure| figure.value)
            };
            let Some(true_verdict) = whole(&exact).and_then(|total| verdict(cell, total)) else {
                continue;
            };
            self.verdicts += 1;
            let told = shown.zip(whole(&seen)).and_then(|(cell, total)| verdict(cell, total));
            match told {
                None => self.lost += u64::from(true_verdict != 0),
                Some(told) => self.changed += u64::from(told != true_verdict),
            }
        }
    }
}

/// Keys of a row, in words, and the id of a column.
type Place = (Vec<String>, String);

fn cells(answer: &Protected) -> BTreeMap<Place, &Cell> {
    let rows = answer.rows().iter().flat_map(|row| {
        let keys: Vec<_> =
            row.keys.iter().map(|key| format!("{}={}", key.dimension, key.code)).collect();
        let cells = answer.columns().iter().zip(&row.cells);
        cells.map(move |(column, cell)| ((keys.clone(), column.id.to_string()), cell))
    });
    rows.collect()
}

/// Whether a share with limits is below, like or above that of all people. None: it has no limits.
fn verdict(cell: &Cell, whole: f64) -> Option<i8> {
    let (lower, upper) = cell.figure.as_ref().ok()?.limits?;
    Some(i8::from(lower > whole) - i8::from(upper < whole))
}
