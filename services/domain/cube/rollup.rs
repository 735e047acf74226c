//! Roll-ups: for one submission and one field, counts by (field, channel, attendance), as indices into the columns' values.
//!
//! On disk: the gaps between the cells' numbers and the counts, each as a run of numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

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
pub fn rollups(
    records: usize,
    columns: &[RollupColumn<'_>],
    channel: Option<(usize, &Packed)>,
    attendance: Option<(usize, &Packed)>,
    weights: &Packed,
) -> impl Iterator<Item = Rollup> {
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
    let total = std::iter::once((crate::domain::field::number::TOTAL, 1, None));
    let columns = columns.iter().map(|(field, values, packed)| (*field, *values, Some(*packed)));
    total.chain(columns).map(move |(field, values, packed)| {
        let indices = packed.map_or_else(|| vec![0; records], |packed| packed.unpacked(records));
        Rollup { field, cells: count(&inner, stride, values, &indices, weights.as_deref()) }
    })
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
    of: Vec<Arc<[RollupRow]>>,
    whole: Vec<RollupRow>,
    /// The whole without attendance, which few questions are about: of a field with many values a fraction of the rows.
    by_channel: Vec<RollupRow>,
}

/// What each code of (field, channel, attendance) adds to the number of a cell.
type RollupAdds<'a> = [&'a super::scan::Adds; 3];

/// Codes of (field, channel, attendance), and a count.
pub type RollupRow = ([u32; 3], u64);

impl RollupRows {
    /// The rows of submissions, in order; where there is an earlier one, each with its place in that if it was in it.
    #[must_use]
    pub fn new(of: Vec<(Arc<[RollupRow]>, Option<usize>)>, earlier: Option<&Self>) -> Self {
        // What is gone is taken off, what is new is added: most of a month stays as it was.
        let (mut gone, mut changes) = (vec![true; earlier.map_or(0, |of| of.of.len())], Vec::new());
        for (rows, place) in &of {
            match place {
                Some(place) => gone[*place] = false,
                None => changes.extend(rows.iter().copied()),
            }
        }
        let old = earlier.into_iter().flat_map(|earlier| &earlier.of).zip(gone);
        let old = old.filter(|(_, gone)| *gone).flat_map(|(rows, _)| rows.iter());
        changes.extend(old.map(|(codes, count)| (*codes, count.wrapping_neg())));
        changes.sort_unstable_by_key(|(codes, _)| *codes);
        let whole = added(earlier.map_or(&[], |earlier| &earlier.whole), &changes);
        let by_channel = whole.chunk_by(|a, b| a.0[..2] == b.0[..2]).map(|rows| {
            let [value, channel, _] = rows[0].0;
            ([value, channel, 0], rows.iter().map(|(_, count)| count).sum())
        });
        let by_channel = by_channel.collect();
        Self { of: of.into_iter().map(|(rows, _)| rows).collect(), whole, by_channel }
    }

    /// The rows of a submission.
    #[must_use]
    pub fn of(&self, submission: usize) -> &Arc<[RollupRow]> {
        &self.of[submission]
    }

    /// Adds the counts of a submission, or of all of them (`None`), to the cells that its codes add up to.
    pub fn add_up(&self, of: Option<usize>, adds: RollupAdds<'_>, base: u32, counts: &mut [u64]) {
        let rows = match of {
            Some(submission) => &self.of[submission],
            None if adds[2].is_nothing() => self.by_channel.as_slice(),
            None => self.whole.as_slice(),
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
        let rows: usize = self.of.iter().map(|rows| rows.len()).sum();
        (rows + self.whole.len() + self.by_channel.len()) * size_of::<RollupRow>()
            + self.of.len() * 32
    }
}

/// Rows with others added, both in order of codes; without zeros. Counts wrap, so that what is taken off is added too.
fn added(rows: &[RollupRow], others: &[RollupRow]) -> Vec<RollupRow> {
    let (mut rows, mut others) = (rows.iter().peekable(), others.iter().peekable());
    let mut sum = Vec::new();
    while let Some(codes) =
        [rows.peek(), others.peek()].into_iter().flatten().map(|row| row.0).min()
    {
        let mut count = 0u64;
        while let Some(row) = rows.next_if(|row| row.0 == codes) {
            count = count.wrapping_add(row.1);
        }
        while let Some(row) = others.next_if(|row| row.0 == codes) {
            count = count.wrapping_add(row.1);
        }
        if count > 0 {
            sum.push((codes, count));
        }
    }
    sum.shrink_to_fit();
    sum
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

    fn submission_rows() -> impl Strategy<Value = Arc<[RollupRow]>> {
        let codes = (0u32..3, 0u32..2, 0u32..2);
        let rows = proptest::collection::btree_map(codes, 1u64..9, 0..8);
        rows.prop_map(|rows| rows.into_iter().map(|((a, b, c), n)| ([a, b, c], n)).collect())
    }

    proptest! {
        #[test]
        fn cells_come_back(counts in proptest::collection::btree_map(any::<u32>(), 1u64.., 0..3000)) {
            let rollup = Rollup { field: 3, cells: counts.into_iter().collect() };
            prop_assert_eq!(Rollup::decode(&rollup.encode()), Some(rollup.cells));
        }

        #[test]
        fn a_month_made_out_of_an_earlier_one_is_the_same(
            old in proptest::collection::vec(submission_rows(), 0..6),
            new in proptest::collection::vec(submission_rows(), 0..3),
            kept in proptest::collection::vec(any::<bool>(), 6),
        ) {
            let alone = |of: &[Arc<[RollupRow]>]| {
                RollupRows::new(of.iter().map(|rows| (Arc::clone(rows), None)).collect(), None)
            };
            let earlier = alone(&old);
            let stay = (0..old.len()).filter(|place| kept[*place]);
            let stay = stay.map(|place| (Arc::clone(earlier.of(place)), Some(place)));
            let of: Vec<_> = stay.chain(new.into_iter().map(|rows| (rows, None))).collect();
            let all: Vec<_> = of.iter().map(|(rows, _)| Arc::clone(rows)).collect();
            let made = RollupRows::new(of, Some(&earlier));
            prop_assert_eq!(&made, &alone(&all));
            let mut sums = BTreeMap::new();
            all.iter().flat_map(|rows| rows.iter()).for_each(|(codes, count)| {
                *sums.entry(*codes).or_insert(0) += count;
            });
            prop_assert_eq!(made.whole, sums.into_iter().collect::<Vec<_>>());
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
