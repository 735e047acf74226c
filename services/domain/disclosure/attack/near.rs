//! New values from known ones where only the cells near one may change: a small linear program where the whole one takes long. What it
//! finds fits the whole; that it finds nothing says nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::part::Part;
use super::solve::{Goal, Limits, Solved, solve};

/// Values that fit in which the cell at the position has this value, and only `most` cells may have others than the known ones.
pub(super) fn near(
    part: &Part,
    known: &[u64],
    (position, value): (usize, u64),
    most: usize,
    limits: Limits,
) -> Option<Vec<u64>> {
    // A small part is solved as a whole.
    if value > part.widths[position] || part.cells.len() <= most {
        return None;
    }
    let free = neighbours(part, position, most);
    // The cell itself is the first.
    let Solved::Best(found) = solve(&among(part, known, &free), Goal::With(0, value), limits)
    else {
        return None;
    };
    let mut values = known.to_vec();
    for (position, value) in free.into_iter().zip(found) {
        values[position] = value;
    }
    part.fits(&values).then_some(values)
}

/// The cell and those that share its smallest sums, then those that share theirs.
pub(super) fn neighbours(part: &Part, position: usize, most: usize) -> Vec<usize> {
    let (mut free, mut seen) = (vec![position], BTreeSet::from([position]));
    let mut next = 0;
    while let Some(one) = free.get(next).copied().filter(|_| free.len() < most) {
        let mut sums: Vec<_> = part.of_cell[one].iter().map(|sum| &part.sums[*sum].0).collect();
        sums.sort_by_key(|positions| positions.len());
        for positions in sums {
            let new: Vec<_> = positions.iter().filter(|cell| !seen.contains(cell)).collect();
            if free.len() + new.len() <= most {
                seen.extend(new.iter().copied());
                free.extend(new);
            }
        }
        next += 1;
    }
    free
}

/// The part where all other cells keep their known values.
fn among(part: &Part, known: &[u64], free: &[usize]) -> Part {
    let places: BTreeMap<usize, usize> =
        free.iter().enumerate().map(|(at, cell)| (*cell, at)).collect();
    let touched: BTreeSet<usize> =
        free.iter().flat_map(|cell| &part.of_cell[*cell]).copied().collect();
    let widths: Vec<_> = free.iter().map(|cell| part.widths[*cell]).collect();
    let mut sums = BTreeMap::new();
    for (positions, low, high) in touched.into_iter().map(|sum| &part.sums[sum]) {
        let mut of: Vec<usize> =
            positions.iter().filter_map(|cell| places.get(cell)).copied().collect();
        of.sort_unstable();
        let others = positions.iter().filter(|cell| !places.contains_key(cell));
        let fixed: u64 = others.map(|cell| known[*cell]).sum();
        let most: u64 = of.iter().map(|at| widths[*at]).sum();
        let (low, high) = (low.saturating_sub(fixed), high.saturating_sub(fixed).min(most));
        let all: &mut (u64, u64) = sums.entry(of).or_insert((0, most));
        *all = (all.0.max(low), all.1.min(high));
    }
    sums.retain(|of, (low, high)| *low > 0 || *high < of.iter().map(|at| widths[*at]).sum());
    let sums = sums.into_iter().map(|(of, (low, high))| (of, low, high)).collect();
    Part { cells: free.to_vec(), widths, sums, of_cell: Vec::new() }
}
