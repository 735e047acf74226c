//! Counting with the keys of records: what cells need whose counts are changed before they are seen.

use super::codes::Codes;
use super::scan::Records;
use crate::domain::disclosure::{TrueCount, sum_of};

/// True counts of one thread. It takes every path's questions: an answer that is protected is always counted from columns.
pub struct KeyedCounter {
    /// Sum and trace of each cell, side by side.
    cells: Vec<(u64, u64)>,
}

impl KeyedCounter {
    /// Counts nothing yet, of a table of so many cells.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { cells: vec![(0, 0); size] }
    }

    /// Counts some records. Where persons are told apart, a record is of the person whose key it has.
    pub fn add(&mut self, records: &Records<'_>, keys: &Codes, persons: bool) {
        let cells = &mut self.cells;
        records.chunks(|start, of_records| {
            for (offset, cell) in of_records.iter().enumerate() {
                let Some((sum, who)) = cells.get_mut(*cell as usize) else { continue };
                let record = start + offset;
                let (key, count) = (keys.at(record).to_le_bytes()[0], records.weights.at(record));
                *sum = sum.wrapping_add(sum_of(key, count.into()));
                *who |= if persons { trace(key, count) } else { u64::MAX };
            }
        });
    }

    /// Adds what another thread counted.
    pub fn join(&mut self, other: &Self) {
        for ((sum, who), (more, others)) in self.cells.iter_mut().zip(&other.cells) {
            *sum = sum.wrapping_add(*more);
            *who |= others;
        }
    }

    /// What was counted in each cell.
    #[must_use]
    pub fn counts(self) -> Vec<TrueCount> {
        self.cells.into_iter().map(|(sum, who)| TrueCount::new(sum, who)).collect()
    }
}

/// The bits of the persons of a row; of a row that stands for several, of as many persons.
fn trace(key: u8, count: u32) -> u64 {
    match count {
        0 => 0,
        1..64 => (u64::MAX >> (u64::BITS - count)).rotate_left(key.into()),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scan::{Adds, Stretch, Term};
    use super::*;

    proptest! {
        #[test]
        fn counts_keys_and_persons_are_those_of_a_plain_loop(
            rows in proptest::collection::vec((0u32..4, any::<u8>(), 0u32..70), 0..300), persons in any::<bool>(),
        ) {
            let codes = |greatest, of: fn(&(u32, u8, u32)) -> u32| {
                let mut codes = Codes::for_codes(greatest, 0);
                codes.extend(rows.iter().map(of));
                codes
            };
            let (column, keys) = (codes(3, |row| row.0), codes(255, |row| row.1.into()));
            let weights = codes(70, |row| row.2);
            // The last code is not counted.
            let adds = Adds::new(vec![0, 1, 2]);
            let half = rows.len() / 3;
            let part = |records| Records {
                terms: vec![Term::Alone(&column, &adds)],
                weights: &weights,
                stretches: vec![Stretch { records, base: 0 }],
            };
            let (mut counter, mut other) = (KeyedCounter::new(3), KeyedCounter::new(3));
            counter.add(&part(0..half), &keys, persons);
            other.add(&part(half..rows.len()), &keys, persons);
            counter.join(&other);
            let found = counter.counts();
            for cell in 0..3 {
                let of_cell = rows.iter().filter(|row| row.0 == cell);
                let expected: TrueCount = of_cell.map(|(_, key, count)| {
                    let who = if persons { trace(*key, *count) } else { u64::MAX };
                    TrueCount::new(sum_of(*key, u64::from(*count)), who)
                }).sum();
                prop_assert!(found[cell as usize] == expected);
            }
        }
    }

    #[test]
    fn a_row_of_several_is_of_as_many_persons() {
        assert_eq!(
            [0, 1, 5, 63, 64, 900].map(|count| trace(61, count).count_ones()),
            [0, 1, 5, 63, 64, 64]
        );
    }
}
