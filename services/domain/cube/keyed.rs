//! Counting with the keys of records: what cells need whose counts are changed before they are seen.

use super::codes::Codes;
use super::scan::Records;
use crate::domain::disclosure::TrueCount;

/// What a code of a column of keys has besides the key: the record is one of a person.
pub const OF_PERSON: u32 = 1 << 8;

/// True counts of one thread, of every question whose answer is protected: roll-ups have no keys.
pub struct KeyedCounter {
    cells: Vec<TrueCount>,
}

impl KeyedCounter {
    /// Counts nothing yet, of a table of so many cells.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { cells: vec![TrueCount::default(); size] }
    }

    /// Bytes in memory of a table of so many cells.
    #[must_use]
    pub fn memory(size: usize) -> usize {
        size * size_of::<TrueCount>()
    }

    /// Counts some records by their keys, see [`OF_PERSON`]. `several`: whether a person may have several of them.
    pub fn add(&mut self, records: &Records<'_>, keys: &Codes, several: bool) {
        let cells = &mut self.cells;
        records.chunks(|start, of_records| {
            for (offset, cell) in of_records.iter().enumerate() {
                let Some(cell) = cells.get_mut(*cell as usize) else { continue };
                let record = start + offset;
                let (code, count) = (keys.at(record), u64::from(records.weights.at(record)));
                let key = code.to_le_bytes()[0];
                *cell += match count {
                    0 => TrueCount::default(),
                    1 if several && code & OF_PERSON != 0 => TrueCount::of_person(key),
                    _ => TrueCount::of_each(key, count),
                };
            }
        });
    }

    /// Adds what another thread counted.
    pub fn join(&mut self, other: &Self) {
        self.cells.iter_mut().zip(&other.cells).for_each(|(cell, more)| *cell += *more);
    }

    /// What was counted in each cell.
    #[must_use]
    pub fn counts(self) -> Vec<TrueCount> {
        self.cells
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
            rows in proptest::collection::vec((0u32..4, any::<u8>(), 0u32..9, any::<bool>()), 0..300),
            several in any::<bool>(),
        ) {
            let codes = |greatest, of: fn(&(u32, u8, u32, bool)) -> u32| {
                let mut codes = Codes::for_codes(greatest, 0);
                codes.extend(rows.iter().map(of));
                codes
            };
            let column = codes(3, |row| row.0);
            let keys = codes(OF_PERSON, |row| u32::from(row.1) + if row.3 { OF_PERSON } else { 0 });
            let weights = codes(9, |row| row.2);
            // The last code is not counted.
            let adds = Adds::new(vec![0, 1, 2]);
            let half = rows.len() / 3;
            let part = |records| Records {
                terms: vec![Term::Alone(&column, &adds)],
                weights: &weights,
                stretches: vec![Stretch { records, base: 0 }],
            };
            let (mut counter, mut other) = (KeyedCounter::new(3), KeyedCounter::new(3));
            counter.add(&part(0..half), &keys, several);
            other.add(&part(half..rows.len()), &keys, several);
            counter.join(&other);
            let found = counter.counts();
            for cell in 0..3 {
                let of_cell = rows.iter().filter(|row| row.0 == cell && row.2 > 0);
                let expected: TrueCount = of_cell.map(|(_, key, count, person)| {
                    if several && *person && *count == 1 {
                        TrueCount::of_person(*key)
                    } else {
                        TrueCount::of_each(*key, u64::from(*count))
                    }
                }).sum();
                prop_assert!(found[cell as usize] == expected);
            }
        }
    }
}
