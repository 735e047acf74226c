//! What each sum says about its cells, one after the other: limits of single cells, without a linear program.

use super::published::{Contradiction, MOST, Published, Sum};

/// Rounds over all sums. Limits of single cells become narrower for long in rare cases; the linear program does the rest.
const ROUNDS: usize = 50;

/// Limits of each cell. Every solution lies within.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    pub(super) low: Vec<u64>,
    pub(super) high: Vec<u64>,
}

impl Bounds {
    pub(super) fn of(published: &Published) -> Result<Self, Contradiction> {
        let mut bounds =
            Self { low: vec![0; published.cells()], high: vec![MOST; published.cells()] };
        for _ in 0..ROUNDS {
            let mut narrower = false;
            for sum in published.sums() {
                narrower |= bounds.narrow(sum)?;
            }
            if !narrower {
                break;
            }
        }
        Ok(bounds)
    }

    /// Least and greatest value of a sum if each of its cells is within its limits.
    pub(super) fn reach(&self, cells: &[usize]) -> (u64, u64) {
        let sum = |limits: &[u64]| cells.iter().map(|cell| limits[*cell]).sum();
        (sum(&self.low), sum(&self.high))
    }

    /// Uses one sum. True if a cell has narrower limits now.
    fn narrow(&mut self, sum: &Sum) -> Result<bool, Contradiction> {
        let (mut least, mut greatest) = self.reach(&sum.cells);
        let mut narrower = false;
        for &cell in &sum.cells {
            let (low, high) = (self.low[cell], self.high[cell]);
            // The other cells have at least `least - low` and at most `greatest - high`.
            let rest = sum.high.checked_sub(least - low).ok_or(Contradiction)?;
            let now = (low.max(sum.low.saturating_sub(greatest - high)), high.min(rest));
            if now.0 > now.1 {
                return Err(Contradiction);
            }
            narrower |= now != (low, high);
            (least, greatest) = (least - low + now.0, greatest - high + now.1);
            (self.low[cell], self.high[cell]) = now;
        }
        if least > sum.high || greatest < sum.low { Err(Contradiction) } else { Ok(narrower) }
    }
}
