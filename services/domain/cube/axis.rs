//! The dense table that records are counted into: axes, cells, and the part of each submission.

use std::sync::Arc;

use super::pack::Packed;

/// An axis of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Number of categories and states on the axis.
    pub places: usize,
}

/// The shape of a table: axes from the outermost to the innermost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cube {
    axes: Vec<Axis>,
}

/// Counts of every cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    sizes: Vec<usize>,
    counts: Vec<u64>,
}

/// One submission's share of the work, column by column.
#[derive(Clone, Debug)]
pub struct Part {
    /// Number of records.
    pub records: usize,
    /// Cell number from the axes that are the same for every record of the submission.
    pub base: u32,
    /// Columns that vary, each with the number that an index adds to the cell number ([`Part::REJECT`]: not counted).
    pub columns: Vec<(Arc<Packed>, Vec<u32>)>,
    /// Number of consultations or people of each record.
    pub weights: Arc<Packed>,
}

impl Part {
    /// Added to a cell number, it excludes the record from the table. The sum of eight fits 32 bits.
    pub const REJECT: u32 = 1 << 28;
}

impl Cube {
    /// Most cells of a table; a larger table is refused.
    pub const LIMIT: usize = 1 << 22;

    /// A table with these axes.
    #[must_use]
    pub fn new(axes: Vec<Axis>) -> Self {
        Self { axes }
    }

    /// Number of cells; `None` if the number overflows.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        self.axes.iter().try_fold(1usize, |size, axis| size.checked_mul(axis.places.max(1)))
    }

    /// Number that a step on an axis adds to the cell number.
    #[must_use]
    pub fn stride(&self, axis: usize) -> u32 {
        let inner: usize = self.axes[axis + 1..].iter().map(|axis| axis.places.max(1)).product();
        u32::try_from(inner).unwrap_or(Part::REJECT)
    }

    /// A table of zeros.
    #[must_use]
    pub fn empty(&self) -> Cells {
        let sizes: Vec<_> = self.axes.iter().map(|axis| axis.places.max(1)).collect();
        let counts = vec![0; sizes.iter().product()];
        Cells { sizes, counts }
    }
}

impl Cells {
    /// Axes, from the outermost to the innermost.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The counts, the last axis fastest.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The counts, for adding to them.
    pub fn counts_mut(&mut self) -> &mut [u64] {
        &mut self.counts
    }

    /// Adds the counts of another table of the same shape.
    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
    }

    /// The table with one axis replaced. Each old place is counted in every new place that it maps to.
    #[must_use]
    pub fn spread(&self, axis: usize, places: usize, map: &[Vec<usize>]) -> Self {
        let mut sizes = self.sizes.clone();
        sizes[axis] = places;
        let inner: usize = self.sizes[axis + 1..].iter().product();
        let old = self.sizes[axis];
        let mut counts = vec![0; sizes.iter().product()];
        for (number, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (outer, place, within) =
                (number / (old * inner), number / inner % old, number % inner);
            for new in &map[place] {
                counts[(outer * places + new) * inner + within] += count;
            }
        }
        Self { sizes, counts }
    }

    /// Sums over everything but one axis.
    #[must_use]
    pub fn along(&self, axis: usize) -> Vec<u64> {
        let inner: usize = self.sizes[axis + 1..].iter().product();
        let mut sums = vec![0; self.sizes[axis]];
        for (number, count) in self.counts.iter().enumerate() {
            sums[number / inner % self.sizes[axis]] += count;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreading_counts_a_set_in_each_of_its_categories() {
        let cube = Cube::new(vec![Axis { places: 2 }, Axis { places: 3 }]);
        assert_eq!((cube.size(), cube.stride(0), cube.stride(1)), (Some(6), 3, 1));
        let mut cells = cube.empty();
        cells.counts_mut().copy_from_slice(&[1, 2, 3, 4, 5, 6]);
        let spread = cells.spread(1, 2, &[vec![0], vec![0, 1], vec![]]);
        assert_eq!(spread.counts(), [3, 2, 9, 5]);
        assert_eq!(cells.along(0), [6, 15]);
        assert_eq!(cells.along(1), [5, 7, 9]);
    }

    #[test]
    fn a_table_beyond_counting_has_no_size() {
        assert_eq!(Cube::new(vec![Axis { places: usize::MAX }, Axis { places: 2 }]).size(), None);
    }
}
