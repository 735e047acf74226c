//! Cells that depend on each other. Cells of different parts share no sum, so each part is solved alone.

use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::published::{Contradiction, Published};

/// Cells that hang together by sums, counted from the least value of each: small numbers, however large the cells are.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The cells.
    pub(super) cells: Vec<usize>,
    /// Greatest value of each cell above its least.
    pub(super) widths: Vec<u64>,
    /// Sums of positions in `cells`, with what they have at least and at most above the least values. Sums that the widths imply
    /// are absent.
    pub(super) sums: Vec<(Vec<usize>, u64, u64)>,
    /// For each cell, which of the sums it belongs to.
    pub(super) of_cell: Vec<Vec<usize>>,
}

impl Part {
    /// Whether values above the least ones fit every sum of the part.
    pub(super) fn fits(&self, values: &[u64]) -> bool {
        let fits = |(positions, low, high): &(Vec<usize>, u64, u64)| {
            let sum: u64 = positions.iter().map(|position| values[*position]).sum();
            (*low..=*high).contains(&sum)
        };
        values.iter().zip(&self.widths).all(|(value, width)| value <= width)
            && self.sums.iter().all(fits)
    }
}

/// The parts, and where each cell is: its part and its position there; none if it can have one value only.
pub(super) type Parts = (Vec<Part>, Vec<Option<(usize, usize)>>);

/// Finds the parts.
pub(super) fn parts(published: &Published, bounds: &Bounds) -> Result<Parts, Contradiction> {
    let sums = restrictive(published, bounds)?;
    let mut roots = Roots((0..published.cells()).collect());
    for cells in sums.keys() {
        for cell in &cells[1..] {
            roots.join(cells[0], *cell);
        }
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut of_root = BTreeMap::new();
    let mut places = vec![None; published.cells()];
    for (cell, place) in places.iter_mut().enumerate() {
        let width = bounds.high[cell] - bounds.low[cell];
        if width == 0 {
            continue;
        }
        let number = *of_root.entry(roots.of(cell)).or_insert(parts.len());
        if number == parts.len() {
            parts.push(Part::default());
        }
        *place = Some((number, parts[number].cells.len()));
        parts[number].cells.push(cell);
        parts[number].widths.push(width);
        parts[number].of_cell.push(Vec::new());
    }
    for (cells, (low, high)) in sums {
        let place = |cell: &usize| places[*cell];
        let Some((number, _)) = cells.first().and_then(place) else { continue };
        let part = &mut parts[number];
        let positions: Vec<_> = cells.iter().filter_map(place).map(|place| place.1).collect();
        for position in &positions {
            part.of_cell[*position].push(part.sums.len());
        }
        part.sums.push((positions, low, high));
    }
    Ok((parts, places))
}

/// Cells, and what their sum has at least and at most above their least values.
type Restrictions = BTreeMap<Vec<usize>, (u64, u64)>;

/// The sums that say more than the limits of their cells: their cells that are not fixed. Sums of the same cells are one.
fn restrictive(published: &Published, bounds: &Bounds) -> Result<Restrictions, Contradiction> {
    let mut sums = Restrictions::new();
    for sum in published.sums() {
        let (least, greatest) = bounds.reach(&sum.cells);
        if greatest < sum.low || least > sum.high {
            return Err(Contradiction);
        }
        if sum.low <= least && greatest <= sum.high {
            continue;
        }
        let is_free = |cell: &usize| bounds.low[*cell] < bounds.high[*cell];
        let mut free: Vec<usize> = sum.cells.iter().copied().filter(is_free).collect();
        free.sort_unstable();
        let (low, high) = (sum.low.saturating_sub(least), sum.high.min(greatest) - least);
        let known = sums.entry(free).or_insert((low, high));
        *known = (known.0.max(low), known.1.min(high));
    }
    Ok(sums)
}

/// Union and find.
struct Roots(Vec<usize>);

impl Roots {
    fn of(&mut self, cell: usize) -> usize {
        let mut at = cell;
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        self.0[other] = one;
    }
}
