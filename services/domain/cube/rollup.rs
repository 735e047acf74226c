//! Roll-ups: for one submission and one field, counts by (field, channel, attendance), as indices into the columns' values.
//!
//! On disk: the gaps between the cells' numbers and the counts, each as a run of numbers.

use std::collections::BTreeMap;

use super::numbers::{put_numbers, take_numbers};
use super::pack::Packed;
use super::varint::{put, take};

/// Sparse counts of one field, in order of (field, channel, attendance).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    /// Number of the field; [`crate::domain::field::number::TOTAL`] for the one without a field.
    pub field: u8,
    /// Number and count of each cell that is not 0.
    pub cells: Vec<(u32, u64)>,
}

/// A column as the roll-ups need it: number of the field, number of distinct values, indices.
type RollupColumn<'a> = (u8, usize, &'a Packed);

/// With more possible cells than this, counting is sparse.
const DENSE: usize = 1 << 20;
/// Most cells of a stored roll-up: a submission has at most this many records.
const MOST_CELLS: usize = 1 << 26;

/// The roll-up of each column and of none, over the records of a submission.
///
/// `channel` and `attendance` are the columns of these fields, `None` if the dataset does not have them.
#[must_use]
pub fn rollups(
    records: usize,
    columns: &[RollupColumn<'_>],
    channel: Option<(usize, &Packed)>,
    attendance: Option<(usize, &Packed)>,
    weights: &Packed,
) -> Vec<Rollup> {
    let size = |column: Option<(usize, &Packed)>| column.map_or(1, |(values, _)| values.max(1));
    let attendances = size(attendance);
    let stride = size(channel) * attendances;
    let unpacked = |column: Option<(usize, &Packed)>| {
        column.map_or_else(|| vec![0; records], |(_, packed)| packed.unpacked(records))
    };
    // The cell within a value of the field, for each record.
    let inner: Vec<u32> = unpacked(channel)
        .into_iter()
        .zip(unpacked(attendance))
        .map(|(channel, attendance)| {
            u32::from(channel) * number(attendances) + u32::from(attendance)
        })
        .collect();
    let weights: Option<Vec<u64>> =
        (weights.width > 0).then(|| (0..records).map(|record| weights.number(record)).collect());
    let one = Packed { width: 0, data: Vec::new() };
    let total = (crate::domain::field::number::TOTAL, 1, &one);
    std::iter::once(&total)
        .chain(columns)
        .map(|(field, values, packed)| {
            let indices = packed.unpacked(records);
            Rollup {
                field: *field,
                cells: count(&inner, stride, *values, &indices, weights.as_deref()),
            }
        })
        .collect()
}

fn count(
    inner: &[u32],
    stride: usize,
    values: usize,
    indices: &[u16],
    weights: Option<&[u64]>,
) -> Vec<(u32, u64)> {
    let cells = inner
        .iter()
        .zip(indices)
        .map(|(inner, index)| usize::from(*index) * stride + *inner as usize);
    if values * stride <= DENSE {
        let mut counts = vec![0u64; values * stride];
        match weights {
            None => cells.for_each(|cell| counts[cell] += 1),
            Some(weights) => cells.zip(weights).for_each(|(cell, weight)| counts[cell] += weight),
        }
        let numbered = counts.into_iter().enumerate();
        return numbered.filter(|(_, n)| *n > 0).map(|(cell, n)| (number(cell), n)).collect();
    }
    let mut counts = BTreeMap::new();
    for (record, cell) in cells.enumerate() {
        *counts.entry(number(cell)).or_insert(0) += weights.map_or(1, |weights| weights[record]);
    }
    counts.into_iter().collect()
}

/// The roll-up rows of a field in a month, in codes: of each submission, and of all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollupRows {
    rows: Vec<RollupRow>,
    /// Where the rows of each submission start, and behind the last where they end.
    starts: Vec<usize>,
    whole: Vec<RollupRow>,
}

/// What each code of (field, channel, attendance) adds to the number of a cell.
type RollupAdds<'a> = [&'a super::scan::Adds; 3];

/// Codes of (field, channel, attendance), and a count.
type RollupRow = ([u32; 3], u64);

impl RollupRows {
    /// The rows of so many submissions are to come, in order.
    #[must_use]
    pub fn new(submissions: usize) -> Self {
        let mut starts = Vec::with_capacity(submissions + 1);
        starts.push(0);
        Self { starts, ..Self::default() }
    }

    /// Adds the rows of the next submission.
    pub fn push(&mut self, rows: impl Iterator<Item = RollupRow>) {
        self.rows.extend(rows);
        self.starts.push(self.rows.len());
    }

    /// Adds the rows that another has of a submission.
    pub fn copy(&mut self, of: &Self, submission: usize) {
        self.push(of.rows[of.starts[submission]..of.starts[submission + 1]].iter().copied());
    }

    /// Ends: adds up all submissions.
    #[must_use]
    pub fn finish(mut self) -> Self {
        let mut whole = self.rows.clone();
        whole.sort_unstable_by_key(|(codes, _)| *codes);
        whole.dedup_by(|next, before| {
            let same = next.0 == before.0;
            if same {
                before.1 += next.1;
            }
            same
        });
        whole.shrink_to_fit();
        self.whole = whole;
        self
    }

    /// Adds the counts of a submission, or of all of them (`None`), to the cells that its codes add up to.
    pub fn add_up(&self, of: Option<usize>, adds: RollupAdds<'_>, base: u32, counts: &mut [u64]) {
        let rows = match of {
            Some(submission) => &self.rows[self.starts[submission]..self.starts[submission + 1]],
            None => &self.whole,
        };
        for ([value, channel, attendance], count) in rows {
            let [of_value, of_channel, of_attendance] = adds;
            let cell = base
                + of_value.of(*value)
                + of_channel.of(*channel)
                + of_attendance.of(*attendance);
            if let Some(sum) = counts.get_mut(cell as usize) {
                *sum += count;
            }
        }
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        (self.rows.len() + self.whole.len()) * size_of::<RollupRow>() + self.starts.len() * 8
    }
}

fn number(cell: usize) -> u32 {
    u32::try_from(cell).expect("a roll-up of 16-bit columns has less than 2^32 cells")
}

impl Rollup {
    /// The roll-up as it is stored: number of cells, the gaps between their numbers, their counts. Empty if there is no cell.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.cells.is_empty() {
            return out;
        }
        put(&mut out, self.cells.len() as u64);
        let mut before = 0;
        let gaps = self.cells.iter().map(|(cell, _)| {
            let gap = cell - before;
            before = *cell;
            u64::from(gap)
        });
        put_numbers(&mut out, &gaps.collect::<Vec<_>>());
        put_numbers(&mut out, &self.cells.iter().map(|(_, count)| *count).collect::<Vec<_>>());
        out
    }

    /// The cells of a stored roll-up; `None` if the bytes are none.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Option<Vec<(u32, u64)>> {
        if bytes.is_empty() {
            return Some(Vec::new());
        }
        let count = usize::try_from(take(&mut bytes)?).ok()?;
        // Runs of width 0 take no bytes, however long: the last cell's number bounds them.
        let mut cells: Vec<(u32, u64)> = Vec::with_capacity(count.min(bytes.len() * 8));
        let (mut cell, mut fits) = (0u64, count <= MOST_CELLS);
        if !fits {
            return None;
        }
        take_numbers(&mut bytes, count, |gap| {
            cell = cell.wrapping_add(gap);
            let number = u32::try_from(cell);
            fits &= number.is_ok();
            cells.push((number.unwrap_or(u32::MAX), 0));
        })?;
        let mut place = 0;
        take_numbers(&mut bytes, count, |sum| {
            cells[place].1 = sum;
            place += 1;
        })?;
        (fits && bytes.is_empty()).then_some(cells)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_come_back(counts in proptest::collection::btree_map(any::<u32>(), 1u64.., 0..3000)) {
            let rollup = Rollup { field: 3, cells: counts.into_iter().collect() };
            prop_assert_eq!(Rollup::decode(&rollup.encode()), Some(rollup.cells));
        }

        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Rollup::decode(&bytes);
        }
    }

    #[test]
    fn sparse_and_dense_counts_agree() {
        let indices = [0u16, 1, 2, 1, 0];
        let weights = [1, 2, 3, 4, 5];
        let dense = count(&[0, 1, 0, 1, 1], 2, 3, &indices, Some(&weights));
        let sparse = count(&[0, 1, 0, 1, 1], DENSE, 3, &indices, Some(&weights));
        assert_eq!(dense, vec![(0, 1), (1, 5), (3, 6), (4, 3)]);
        let stride = u32::try_from(DENSE).unwrap();
        assert_eq!(sparse, vec![(0, 1), (1, 5), (stride + 1, 6), (2 * stride, 3)]);
    }
}
