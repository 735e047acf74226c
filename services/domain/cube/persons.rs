//! Distinct persons: one bit for each cell and person.

use std::ops::Range;

use super::codes::Codes;
use super::scan::Records;
use crate::domain::disclosure::{TrueCount, key_as_person};

/// Number of a record without a person key.
pub const NOBODY: u32 = 0;

/// The persons of some records, numbered anew without gaps where a question is about few of all that have a number.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// By number of the person: from 1, [`NOBODY`] for whom is not there.
    numbers: Vec<u32>,
    /// Every person keeps its number.
    as_it_is: bool,
}

impl Present {
    /// Everybody, by the number that everybody has.
    #[must_use]
    pub fn everybody() -> Self {
        Self { numbers: Vec::new(), as_it_is: true }
    }

    /// The new number of a person.
    fn number_of(&self, person: u32) -> u32 {
        if self.as_it_is { person } else { self.renumbered(person) }
    }

    fn renumbered(&self, person: u32) -> u32 {
        self.numbers.get(person as usize).copied().unwrap_or(NOBODY)
    }

    /// Notes the persons of some records.
    pub fn see(&mut self, records: &Records<'_>, persons: &Codes) {
        for record in records.stretches.iter().flat_map(|stretch| stretch.records.clone()) {
            let person = persons.at(record) as usize;
            if person >= self.numbers.len() {
                self.numbers.resize((person + 1).next_power_of_two(), NOBODY);
            }
            self.numbers[person] = 1;
        }
    }

    /// Numbers whom several saw; one more than the greatest number.
    pub fn number(mut seen: Vec<Self>) -> (Self, u32) {
        seen.sort_by_key(|of| of.numbers.len());
        let mut all = seen.pop().unwrap_or_default();
        let mut next = 1;
        for (person, number) in all.numbers.iter_mut().enumerate().skip(1) {
            if *number > 0
                || seen.iter().any(|other| other.numbers.get(person).is_some_and(|seen| *seen > 0))
            {
                *number = next;
                next += 1;
            }
        }
        if let Some(nobody) = all.numbers.first_mut() {
            *nobody = NOBODY;
        }
        (all, next)
    }
}

/// Which persons of a range of numbers are in which cells.
pub struct PersonSets {
    cells: usize,
    among: Range<u32>,
    /// Words of 64 persons a cell.
    words: usize,
    bits: Vec<u64>,
    /// The key of each of them; none: nobody has to be protected.
    keys: Option<Vec<u8>>,
    /// Sum of the weights of the records in a cell without a person key.
    pub without: u64,
}

impl PersonSets {
    /// Nobody is in any of so many cells. With keys: persons have to be protected.
    #[must_use]
    pub fn new(cells: usize, among: Range<u32>, with_keys: bool) -> Self {
        let (words, keys) = (among.len().div_ceil(64), with_keys.then(|| vec![0; among.len()]));
        Self { cells, among, words, bits: vec![0; cells * words], keys, without: 0 }
    }

    /// Takes the keys of the persons of some records, by their new numbers.
    pub fn take_keys(
        &mut self,
        records: &Records<'_>,
        (persons, keys): (&Codes, &Codes),
        present: &Present,
    ) {
        let Self { among, keys: Some(known), .. } = self else { return };
        for record in records.stretches.iter().flat_map(|stretch| stretch.records.clone()) {
            let person = present.number_of(persons.at(record));
            if among.contains(&person) {
                known[(person - among.start) as usize] = keys.at(record).to_le_bytes()[0];
            }
        }
    }

    /// Adds the persons of some records, by their new numbers.
    pub fn add(&mut self, records: &Records<'_>, persons: &Codes, present: &Present) {
        let new = |person: u32| present.renumbered(person);
        // Numbers have four bytes, unless nobody has one.
        match (persons, present.as_it_is) {
            (Codes::Four(persons), true) => self.put_in(records, |at| persons[at]),
            (Codes::Four(persons), false) => self.put_in(records, |at| new(persons[at])),
            (_, true) => self.put_in(records, |at| persons.at(at)),
            (_, false) => self.put_in(records, |at| new(persons.at(at))),
        }
    }

    fn put_in(&mut self, records: &Records<'_>, person_of: impl Fn(usize) -> u32) {
        let Self { cells: size, among, words, bits, without, .. } = self;
        records.chunks(|start, cells| {
            for (offset, cell) in cells.iter().enumerate() {
                let (cell, person) = (*cell as usize, person_of(start + offset));
                if cell >= *size {
                    continue;
                }
                if among.contains(&person) {
                    let place = (person - among.start) as usize;
                    bits[cell * *words + place / 64] |= 1 << (place % 64);
                } else if person == NOBODY {
                    *without += u64::from(records.weights.at(start + offset));
                }
            }
        });
    }

    /// Adds those of others of the same cells and range.
    pub fn join(&mut self, others: &Self) {
        self.bits.iter_mut().zip(&others.bits).for_each(|(bits, other)| *bits |= other);
        // Who has no key yet has 0: of those who have one each thread knows the same.
        let keys = self.keys.iter_mut().flatten().zip(others.keys.iter().flatten());
        keys.for_each(|(key, other)| *key |= other);
        self.without += others.without;
    }

    /// Whether anybody is in a cell.
    #[must_use]
    pub fn is_empty(&self, cell: usize) -> bool {
        self.of(cell).iter().all(|bits| *bits == 0)
    }

    /// Adds the persons of a cell to a set.
    pub fn put(&self, cell: usize, set: &mut Vec<u64>) {
        set.resize(self.words, 0);
        set.iter_mut().zip(self.of(cell)).for_each(|(bits, of)| *bits |= of);
    }

    /// The persons of a set. As persons they have keys of their own, out of those of their records.
    #[must_use]
    pub fn counted(&self, set: &[u64]) -> TrueCount {
        let count = set.iter().map(|bits| u64::from(bits.count_ones())).sum();
        let Some(keys) = &self.keys else { return TrueCount::open(count) };
        let mut sum = 0u8;
        for (word, keys) in set.iter().zip(keys.chunks(64)) {
            let of_word = keys.iter().enumerate().filter(|(place, _)| word >> place & 1 == 1);
            sum = of_word.fold(sum, |sum, (_, key)| sum.wrapping_add(key_as_person(*key)));
        }
        TrueCount::of_each(sum, count)
    }

    fn of(&self, cell: usize) -> &[u64] {
        &self.bits[cell * self.words..(cell + 1) * self.words]
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::{Adds, Stretch, Term};
    use super::*;
    use crate::domain::cube::Cube;
    use crate::domain::disclosure::Protection;

    #[test]
    fn a_person_counts_once_in_each_cell_and_records_without_a_key_for_what_they_stand_for() {
        let (column, persons) =
            (Codes::One(vec![0, 1, 0, 0, 1, 2]), Codes::Four(vec![7, 7, 7, 0, 90, 0]));
        let weights = Codes::Two(vec![1, 20, 300, 4000, 5, 6]);
        let adds = Adds::new(vec![0, 1, Cube::REJECT]);
        let records = Records {
            terms: vec![Term::Alone(&column, &adds)],
            weights: &weights,
            stretches: vec![Stretch { records: 0..6, base: 0 }],
        };
        let mut seen = Present::default();
        seen.see(&records, &persons);
        let (present, end) = Present::number(vec![seen, Present::default()]);
        assert_eq!(end, 3);
        let among = |present: &Present, range| {
            let (mut persons_of, mut other) =
                (PersonSets::new(2, Range::clone(&range), false), PersonSets::new(2, range, false));
            persons_of.add(&records, &persons, present);
            other.add(&records, &persons, present);
            persons_of.join(&other);
            let mut both = Vec::new();
            persons_of.put(0, &mut both);
            let first = persons_of.counted(&both);
            persons_of.put(1, &mut both);
            let see = |count| Protection::Exact.see(count).unwrap();
            (see(first), see(persons_of.counted(&both)), persons_of.is_empty(1), persons_of.without)
        };
        assert_eq!(among(&present, 1..3), (1, 2, false, 8000));
        assert_eq!(among(&present, 1..2), (1, 1, false, 8000));
        assert_eq!(among(&present, 2..3), (0, 1, false, 8000));
        assert_eq!(among(&present, 3..70), (0, 0, true, 8000));
        let everybody = Present::everybody();
        assert_eq!(among(&everybody, 1..91), (1, 2, false, 8000));
        assert_eq!(among(&everybody, 8..91), (0, 1, false, 8000));
    }
}
