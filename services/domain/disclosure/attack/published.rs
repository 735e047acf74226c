//! What was published: intervals that sums of cells lie in.

use std::collections::BTreeSet;

use thiserror::Error;

/// Greatest value of a cell. A cell that nothing limits has it as its greatest value.
pub const MOST: u64 = i32::MAX as u64;

/// An interval that a sum of cells lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The cells that are added, each once.
    pub cells: Vec<usize>,
    /// Least value of the sum.
    pub low: u64,
    /// Greatest value of the sum.
    pub high: u64,
}

/// Everything that was published about some cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    cells: usize,
    sums: Vec<Sum>,
}

/// Why a sum is no sum of these cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadSum {
    /// The cell does not exist.
    #[error("sum {sum} names cell {cell}; cells are numbered from 0 to less than {cells}")]
    NoSuchCell {
        /// Position of the sum.
        sum: usize,
        /// The cell.
        cell: usize,
        /// Number of cells.
        cells: usize,
    },
    /// The cell comes twice.
    #[error("sum {sum} names cell {cell} twice; name each cell once")]
    Twice {
        /// Position of the sum.
        sum: usize,
        /// The cell.
        cell: usize,
    },
    /// The interval is empty.
    #[error("sum {sum} is at least {low} and at most {high}; put the smaller number first")]
    Empty {
        /// Position of the sum.
        sum: usize,
        /// The lower end.
        low: u64,
        /// The upper end.
        high: u64,
    },
}

/// The published intervals contradict each other: no whole numbers fit all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "no values of the cells fit everything published: at least one published interval is wrong"
)]
pub struct Contradiction;

impl Published {
    /// Intervals on sums of `cells` cells, which are numbered from 0.
    ///
    /// # Errors
    /// A sum names a cell that does not exist or names one twice, or an interval is empty.
    pub fn new(cells: usize, sums: Vec<Sum>) -> Result<Self, BadSum> {
        for (sum, Sum { cells: named, low, high }) in sums.iter().enumerate() {
            let mut seen = BTreeSet::new();
            for &cell in named {
                if cell >= cells {
                    return Err(BadSum::NoSuchCell { sum, cell, cells });
                }
                if !seen.insert(cell) {
                    return Err(BadSum::Twice { sum, cell });
                }
            }
            if low > high {
                return Err(BadSum::Empty { sum, low: *low, high: *high });
            }
        }
        Ok(Self { cells, sums })
    }

    /// Number of cells.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    pub(super) fn sums(&self) -> &[Sum] {
        &self.sums
    }

    /// Whether values of all cells fit everything published.
    #[must_use]
    pub fn fits(&self, values: &[u64]) -> bool {
        let of = |sum: &Sum| sum.cells.iter().map(|cell| values[*cell]).sum::<u64>();
        let fits = |sum: &Sum| (sum.low..=sum.high).contains(&of(sum));
        values.len() == self.cells && self.sums.iter().all(fits)
    }
}
