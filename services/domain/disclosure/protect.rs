//! One cell of a question by a partner: its counts are changed by the p-table, and withheld if a changed count is small.
//!
//! The threshold is applied to changed counts alone. A true count that was compared with it would tell 9 from 10 exactly.

use super::number::Number;
use super::ptable::PTable;

/// The threshold of the Office for National Statistics: changed counts below it are withheld, zero included.
pub const THRESHOLD: u64 = 10;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Consultations, or records.
    Contacts,
    /// Distinct people.
    Persons,
}

/// For each measure, a factor and a term that turn the key of a cell into the key of its number, modulo 256. An odd factor keeps all 256 keys
/// apart. An odd term beside a factor that is 1 more than a multiple of 4 changes every key. Contacts keep their key, as in the ONS's method.
/// A change of these constants draws all noise of the measure again.
const MIXES: [(Measure, u8, u8); 2] = [(Measure::Contacts, 1, 0), (Measure::Persons, 181, 97)];

impl Measure {
    /// The key of a number of a cell whose records' keys have this sum.
    #[must_use]
    pub fn key(self, cell_key: u8) -> u8 {
        let (_, factor, term) = MIXES[self as usize];
        cell_key.wrapping_mul(factor).wrapping_add(term)
    }
}

/// The true counts of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    /// Consultations, or records.
    pub contacts: u64,
    /// Distinct people. None if they are not known.
    pub persons: Option<u64>,
    /// Sum of the keys of the records, modulo 256.
    pub key: u8,
}

/// The numbers of a cell that may leave the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protected {
    /// Consultations, or records.
    pub contacts: Number,
    /// Distinct people. None if they are not known.
    pub persons: Option<Number>,
}

/// Changes the counts of a cell. Both are withheld if one of them is below the threshold then: twelve consultations of one person are one person.
#[must_use]
pub fn protected(table: &PTable, threshold: u64, cell: Exact) -> Protected {
    let perturbed = |measure: Measure, count| table.perturbed(count, measure.key(cell.key));
    let contacts = perturbed(Measure::Contacts, cell.contacts);
    let persons = cell.persons.map(|persons| perturbed(Measure::Persons, persons));
    let is_small = contacts < threshold || persons.is_some_and(|persons| persons < threshold);
    let number = |count| if is_small { Number::Withheld } else { Number::Shown(count) };
    Protected { contacts: number(contacts), persons: persons.map(number) }
}

/// The least and the greatest true count that a number may stand for. The number of contacts of a cell that was withheld because of its
/// persons has no upper limit: this function is for a measure that was withheld because of itself, or for persons.
#[must_use]
pub fn reveals(table: &PTable, threshold: u64, number: Number) -> (u64, u64) {
    let bound = table.bound();
    match number {
        // Zero stays zero.
        Number::Shown(0) => (0, bound),
        Number::Shown(count) => (count.saturating_sub(bound).max(1), count.saturating_add(bound)),
        Number::Withheld => (0, threshold.saturating_sub(1).saturating_add(bound)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::disclosure::ptable::Noise;

    fn table() -> PTable {
        PTable::generate(Noise::default())
    }

    fn cells(most: u64) -> impl Iterator<Item = Exact> {
        let counts = (0..=most).flat_map(|n| (0..=n).map(move |persons| (n, persons)));
        counts.flat_map(|(contacts, persons)| {
            (0..=255).map(move |key| Exact { contacts, persons: Some(persons), key })
        })
    }

    #[test]
    fn keys_of_a_measure_are_the_keys_in_another_order() {
        for (number, (measure, ..)) in MIXES.into_iter().enumerate() {
            assert_eq!(measure as usize, number);
            let keys: BTreeSet<u8> = (0..=255).map(|key| measure.key(key)).collect();
            assert_eq!(keys.len(), 256, "{measure:?}");
        }
        assert!((0..=255).all(|key| Measure::Contacts.key(key) == key));
        assert!((0..=255).all(|key| Measure::Persons.key(key) != key));
    }

    #[test]
    fn a_cell_is_withheld_if_its_changed_contacts_or_persons_are_below_the_threshold() {
        let table = table();
        for cell in cells(30) {
            let contacts = table.perturbed(cell.contacts, cell.key);
            let persons =
                table.perturbed(cell.persons.unwrap(), cell.key.wrapping_mul(181).wrapping_add(97));
            let expected = if contacts >= 10 && persons >= 10 {
                (Number::Shown(contacts), Number::Shown(persons))
            } else {
                (Number::Withheld, Number::Withheld)
            };
            let found = protected(&table, THRESHOLD, cell);
            assert_eq!((found.contacts, found.persons), (expected.0, Some(expected.1)), "{cell:?}");
        }
        let people = Exact { contacts: 200, persons: Some(1), key: 7 };
        assert_eq!(protected(&table, THRESHOLD, people).contacts, Number::Withheld);
        let not_known = Exact { persons: None, ..people };
        let found = protected(&table, THRESHOLD, not_known);
        assert_eq!((found.contacts.shown().is_some(), found.persons), (true, None));
        let empty = Exact { contacts: 0, persons: Some(0), key: 0 };
        assert_eq!(protected(&table, THRESHOLD, empty).contacts, Number::Withheld);
    }

    #[test]
    fn true_counts_from_5_to_14_can_be_shown_and_withheld() {
        let table = table();
        for count in 0..20 {
            let shown = |key| {
                let cell = Exact { contacts: count, persons: None, key };
                protected(&table, THRESHOLD, cell).contacts.shown().is_some()
            };
            let number = (0..=255).filter(|key| shown(*key)).count();
            let expected = match count {
                ..5 => number == 0,
                5..15 => (1..=255).contains(&number),
                _ => number == 256,
            };
            assert!(expected, "{count}: {number}");
        }
    }

    #[test]
    fn a_number_reveals_what_the_bound_says_and_no_less() {
        let table = table();
        let mut seen = std::collections::BTreeMap::new();
        for count in 0..60 {
            for key in 0..=255 {
                let cell = Exact { contacts: count, persons: None, key };
                let number = protected(&table, THRESHOLD, cell).contacts;
                let (low, high) = reveals(&table, THRESHOLD, number);
                assert!((low..=high).contains(&count), "{count} {key}");
                seen.entry(number.shown()).or_insert_with(BTreeSet::new).insert(count);
            }
        }
        for (shown, counts) in seen.into_iter().filter(|(shown, _)| *shown < Some(50)) {
            let number = shown.map_or(Number::Withheld, Number::Shown);
            let ends = (*counts.first().unwrap(), *counts.last().unwrap());
            assert_eq!(ends, reveals(&table, THRESHOLD, number), "{number:?}");
        }
        assert_eq!(reveals(&table, 0, Number::Shown(0)), (0, 5));
    }
}
