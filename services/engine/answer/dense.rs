//! The counts of a dense table: a row of inner cells for each combination of codes on the outer axes.
//!
//! They stay as they were counted, and become cells one row at a time: a table of cells has three times the bytes, and the table of a plan
//! that was counted with others has cells that never occur.

use std::sync::Arc;

use crate::domain::disclosure::TrueCount;
use crate::engine::QueryError;

/// What was counted in every cell of a scan.
pub(super) enum Counts {
    /// Of which nobody has to be protected.
    Open(Vec<u64>),
    /// With their keys.
    Keyed(Vec<TrueCount>),
}

impl Counts {
    /// Bytes in memory of the counts of so many cells.
    pub(super) fn memory(cells: usize, is_open: bool) -> usize {
        cells * if is_open { size_of::<u64>() } else { size_of::<TrueCount>() }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Open(counts) => Self::memory(counts.len(), true),
            Self::Keyed(counts) => Self::memory(counts.len(), false),
        }
    }
}

/// What was counted for a plan.
pub(super) struct Dense {
    counts: Arc<Counts>,
    /// The inner cell of each code of the column that was counted; none: that column has the inner cells.
    cells: Option<Vec<u32>>,
    width: usize,
}

impl Dense {
    /// Counts of inner cells, so many in a row.
    pub(super) fn new(counts: Counts, width: usize) -> Self {
        Self { counts: Arc::new(counts), cells: None, width }
    }

    /// Counts by a column, with the inner cell of each of its codes.
    pub(super) fn by_column(counts: Arc<Counts>, cells: Vec<u32>, width: usize) -> Self {
        Self { counts, cells: Some(cells), width }
    }

    /// Bytes in memory; of counts that several share, its part.
    pub(super) fn bytes(&self) -> usize {
        self.counts.bytes() / Arc::strong_count(&self.counts)
            + self.cells.as_ref().map_or(0, Vec::len) * size_of::<u32>()
    }

    /// Calls `then` with the number of each row that counts something, and its inner cells.
    pub(super) fn each_row(
        &self,
        then: impl FnMut(usize, &[TrueCount]) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        match &*self.counts {
            Counts::Open(counts) => self.rows(counts, |n| *n > 0, |n| TrueCount::open(*n), then),
            Counts::Keyed(counts) => self.rows(counts, |n| !n.is_zero(), |n| *n, then),
        }
    }

    fn rows<C>(
        &self,
        counts: &[C],
        is_any: impl Fn(&C) -> bool,
        true_count: impl Fn(&C) -> TrueCount,
        mut then: impl FnMut(usize, &[TrueCount]) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let counted = self.cells.as_ref().map_or(self.width, Vec::len).max(1);
        let mut row = vec![TrueCount::default(); self.width];
        for (number, counts) in counts.chunks(counted).enumerate() {
            let mut is_empty = true;
            for (code, count) in counts.iter().enumerate().filter(|(_, count)| is_any(count)) {
                is_empty = false;
                row[self.cells.as_ref().map_or(code, |cells| cells[code] as usize)] +=
                    true_count(count);
            }
            if !is_empty {
                then(number, &row)?;
                row.fill(TrueCount::default());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &Dense) -> Vec<(usize, Vec<TrueCount>)> {
        let mut found = Vec::new();
        let taken = of.each_row(|number, row| {
            found.push((number, row.to_vec()));
            Ok(())
        });
        assert!(taken.is_ok());
        found
    }

    #[test]
    fn rows_that_count_nothing_are_left_out_and_codes_of_a_cell_are_added_up() {
        let open = vec![1, 2, 0, 0, 0, 0, 5, 0, 7];
        let keyed = open.iter().map(|n| TrueCount::of_each(9, *n)).collect();
        let n = TrueCount::open;
        let of = Dense::new(Counts::Open(open), 3);
        assert!(rows(&of) == vec![(0, vec![n(1), n(2), n(0)]), (2, vec![n(5), n(0), n(7)])]);
        // Two codes of the column are the second cell of the plan; no code is its third.
        let k = |n| TrueCount::of_each(9, n);
        let of = Dense::by_column(Arc::new(Counts::Keyed(keyed)), vec![1, 0, 1], 3);
        let none = TrueCount::default();
        assert!(rows(&of) == vec![(0, vec![k(2), k(1), none]), (2, vec![none, k(5) + k(7), none])]);
    }
}
