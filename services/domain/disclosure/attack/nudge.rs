//! New values from known ones, without the solver: one cell changes by 1, and others follow until every sum fits again. Fast, and often
//! enough; where it finds nothing, the solver is asked.
//!
//! It is a local search: of the cells of a sum that does not fit, the one changes that harms other sums least. A sum that stays wrong weighs
//! more and more, and what has just changed does not change back, so that the search leaves dead ends.

use std::collections::BTreeSet;

use super::part::Part;

/// Changes of single cells before it gives up.
const STEPS: usize = 1_500;
/// Cells of a sum that are looked at for a change.
const LOOKS: usize = 24;
/// Changes for which a cell does not go back.
const REST: usize = 12;

/// Values that fit in which the cell at the position has the value, which is 1 greater, or 1 less, than in `known`.
pub(super) fn nudged(part: &Part, known: &[u64], position: usize, value: u64) -> Option<Vec<u64>> {
    let up = value > known[position];
    let mut walk = Walk::new(part, known, position);
    if !walk.has_room(position, up) {
        return None;
    }
    walk.change(position, up);
    for step in 1..=STEPS {
        let Some((sum, up)) = walk.wrong(step) else {
            return part.fits(&walk.values).then_some(walk.values);
        };
        if let Some(best) = walk.best(sum, up, step) {
            walk.change(best, up);
            walk.changed[best] = step;
        }
        walk.weights[sum] += 1;
    }
    None
}

/// Values on their way to others that fit.
struct Walk<'a> {
    part: &'a Part,
    values: Vec<u64>,
    totals: Vec<u64>,
    /// Sums that do not fit.
    wrong: BTreeSet<usize>,
    weights: Vec<i64>,
    /// The step at which a cell changed last.
    changed: Vec<usize>,
    /// The cell that stays as it was put.
    fixed: usize,
}

impl<'a> Walk<'a> {
    fn new(part: &'a Part, known: &[u64], fixed: usize) -> Self {
        let total = |(positions, ..): &(Vec<usize>, u64, u64)| {
            positions.iter().map(|cell| known[*cell]).sum()
        };
        let totals = part.sums.iter().map(total).collect();
        let (wrong, weights) = (BTreeSet::new(), vec![1; part.sums.len()]);
        Self {
            part,
            values: known.to_vec(),
            totals,
            wrong,
            weights,
            changed: vec![0; known.len()],
            fixed,
        }
    }

    /// Whether a cell may change by 1 in this direction.
    fn has_room(&self, cell: usize, up: bool) -> bool {
        if up { self.values[cell] < self.part.widths[cell] } else { self.values[cell] > 0 }
    }

    fn change(&mut self, cell: usize, up: bool) {
        let by = if up { 1 } else { -1 };
        self.values[cell] = self.values[cell].saturating_add_signed(by);
        for sum in &self.part.of_cell[cell] {
            self.totals[*sum] = self.totals[*sum].saturating_add_signed(by);
            if self.excess(*sum, self.totals[*sum]) > 0 {
                self.wrong.insert(*sum);
            } else {
                self.wrong.remove(sum);
            }
        }
    }

    /// How far a sum is outside its interval.
    fn excess(&self, sum: usize, total: u64) -> i64 {
        let (_, low, high) = self.part.sums[sum];
        (total.saturating_sub(high) + low.saturating_sub(total)).cast_signed()
    }

    /// A sum that does not fit, another one at each step, and whether it is too small.
    fn wrong(&self, step: usize) -> Option<(usize, bool)> {
        let number = step.checked_rem(self.wrong.len())?;
        let sum = *self.wrong.iter().nth(number)?;
        Some((sum, self.totals[sum] < self.part.sums[sum].1))
    }

    /// The cell of a sum whose change harms least, of those that are looked at in this step.
    fn best(&self, sum: usize, up: bool, step: usize) -> Option<usize> {
        let (positions, ..) = &self.part.sums[sum];
        let is_free = |cell: &usize| {
            let rests = self.changed[*cell] > 0 && step - self.changed[*cell] < REST;
            *cell != self.fixed && !rests && self.has_room(*cell, up)
        };
        // Begins elsewhere at each step.
        let from = (step.wrapping_mul(0x9E37_79B1) >> 7) % positions.len();
        let looked_at = positions[from..].iter().chain(&positions[..from]).copied().filter(is_free);
        looked_at.take(LOOKS).min_by_key(|cell| self.harm(*cell, up))
    }

    /// How much farther sums are outside after the change, by their weights.
    fn harm(&self, cell: usize, up: bool) -> i64 {
        let by = if up { 1 } else { -1 };
        let of = |sum: &usize| {
            let total = self.totals[*sum];
            let then = total.saturating_add_signed(by);
            self.weights[*sum] * (self.excess(*sum, then) - self.excess(*sum, total))
        };
        self.part.of_cell[cell].iter().map(of).sum()
    }
}
