//! New values from known ones, without the solver: one cell changes by 1, and others follow until every sum fits again. Fast, and often
//! enough; where it finds nothing, the solver is asked.

use super::part::Part;

/// Changes of single cells before it gives up.
const STEPS: usize = 60;

/// Values that fit in which the cell at the position is 1 greater, or 1 less, than in `known`.
pub(super) fn nudged(part: &Part, known: &[u64], position: usize, up: bool) -> Option<Vec<u64>> {
    let mut walk = Walk::new(part, known);
    walk.change(position, up)?;
    for _ in 0..STEPS {
        let Some((sum, up)) = walk.wrong() else {
            return part.fits(&walk.values).then_some(walk.values);
        };
        let (positions, ..) = &part.sums[sum];
        let cells = positions.iter().filter(|cell| walk.may(**cell, up));
        let best = *cells.min_by_key(|cell| walk.harm(**cell, up))?;
        walk.change(best, up)?;
    }
    None
}

/// Values on their way to others that fit.
struct Walk<'a> {
    part: &'a Part,
    values: Vec<u64>,
    totals: Vec<u64>,
    /// In which direction a cell has gone: it never goes back.
    gone: Vec<Option<bool>>,
}

impl<'a> Walk<'a> {
    fn new(part: &'a Part, known: &[u64]) -> Self {
        let total = |(positions, ..): &(Vec<usize>, u64, u64)| {
            positions.iter().map(|cell| known[*cell]).sum()
        };
        let totals = part.sums.iter().map(total).collect();
        Self { part, values: known.to_vec(), totals, gone: vec![None; known.len()] }
    }

    /// Whether a cell may change by 1 in this direction.
    fn may(&self, cell: usize, up: bool) -> bool {
        let inside =
            if up { self.values[cell] < self.part.widths[cell] } else { self.values[cell] > 0 };
        inside && self.gone[cell] != Some(!up)
    }

    fn change(&mut self, cell: usize, up: bool) -> Option<()> {
        let by = if up { 1 } else { -1 };
        let changed = self.may(cell, up).then(|| self.values[cell].checked_add_signed(by))??;
        self.values[cell] = changed;
        self.gone[cell] = Some(up);
        for sum in &self.part.of_cell[cell] {
            self.totals[*sum] = self.totals[*sum].saturating_add_signed(by);
        }
        Some(())
    }

    /// How far a sum is outside its interval.
    fn excess(&self, sum: usize, total: u64) -> u64 {
        let (_, low, high) = self.part.sums[sum];
        total.saturating_sub(high) + low.saturating_sub(total)
    }

    /// A sum that does not fit, and whether it is too small.
    fn wrong(&self) -> Option<(usize, bool)> {
        let mut all = self.totals.iter().enumerate();
        let (sum, total) = all.find(|(sum, total)| self.excess(*sum, **total) > 0)?;
        Some((sum, *total < self.part.sums[sum].1))
    }

    /// Sums that are farther outside after the change, less those that are nearer.
    fn harm(&self, cell: usize, up: bool) -> i64 {
        let of = |sum: &usize| {
            let total = self.totals[*sum];
            let then = total.saturating_add_signed(if up { 1 } else { -1 });
            self.excess(*sum, then).cast_signed() - self.excess(*sum, total).cast_signed()
        };
        self.part.of_cell[cell].iter().map(of).sum()
    }
}
