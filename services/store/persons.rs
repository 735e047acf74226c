//! Numbers of person keys. Within a scheme every key gets a number when it is first applied: 1, 2, 3, …; 0 means no key.
//!
//! The numbers are given in the order of the log, so replaying the log gives the same numbers. Packs hold numbers, which take
//! few bits, and each key of 64 bits is stored once.

use rustc_hash::FxHashMap;

use super::keys;
use super::tree::{Row, VALUE_BYTES};
use crate::domain::cube::{put_varint, take_varint};

/// Keys of one row. With the position they fit a value.
const ROW_KEYS: usize = (VALUE_BYTES - 16) / 8;

/// The person keys of every scheme, by number.
#[derive(Debug, Default)]
pub(super) struct PersonKeys {
    schemes: Vec<Scheme>,
    names: FxHashMap<String, u16>,
}

#[derive(Debug, Default)]
struct Scheme {
    /// Key of number 1 and on.
    keys: Vec<u64>,
    /// For each slot the number of the key there; 0: free. A key is a hash, so its low bits choose its slot.
    slots: Vec<u32>,
}

/// Numbers of one submission's keys, before they are given for good.
pub(super) struct Numbered {
    pub(super) scheme: u16,
    /// Number of each record's person.
    pub(super) numbers: Vec<u64>,
    /// Keys that had no number, in the order of their new numbers.
    pub(super) new: Vec<u64>,
}

impl PersonKeys {
    /// Number of a scheme; none if it has no keys yet.
    pub(super) fn scheme(&self, name: &str) -> Option<u16> {
        self.names.get(name).copied()
    }

    /// The number that the next scheme gets.
    pub(super) fn next_scheme(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn set_scheme(&mut self, name: &str, number: u16) {
        self.names.insert(name.to_owned(), number);
        self.of_number(number);
    }

    fn of_number(&mut self, number: u16) -> &mut Scheme {
        let place = usize::from(number);
        if self.schemes.len() <= place {
            self.schemes.resize_with(place + 1, Scheme::default);
        }
        &mut self.schemes[place]
    }

    /// Numbers the keys of a submission. New numbers are given for good by [`PersonKeys::add`], once they are stored.
    pub(super) fn number(&self, scheme: u16, keys: &[u64]) -> Numbered {
        let empty = Scheme::default();
        let known = self.schemes.get(usize::from(scheme)).unwrap_or(&empty);
        let (mut new, mut numbered) = (Vec::new(), FxHashMap::default());
        let numbers = keys.iter().map(|key| {
            if *key == 0 {
                return 0;
            }
            known.find(*key).map_or_else(
                || {
                    *numbered.entry(*key).or_insert_with(|| {
                        new.push(*key);
                        (known.keys.len() + new.len()) as u64
                    })
                },
                u64::from,
            )
        });
        let numbers = numbers.collect();
        Numbered { scheme, numbers, new }
    }

    /// Gives keys the next numbers.
    pub(super) fn add(&mut self, scheme: u16, keys: &[u64]) {
        let scheme = self.of_number(scheme);
        keys.iter().for_each(|key| scheme.add(*key));
    }

    /// Number of keys of a scheme.
    pub(super) fn count(&self, scheme: u16) -> usize {
        self.schemes.get(usize::from(scheme)).map_or(0, |scheme| scheme.keys.len())
    }

    /// The key of a number: 0 for 0; none if no key has the number.
    pub(super) fn key(&self, scheme: u16, number: u64) -> Option<u64> {
        let Some(place) = number.checked_sub(1) else { return Some(0) };
        let scheme = self.schemes.get(usize::from(scheme))?;
        scheme.keys.get(usize::try_from(place).ok()?).copied()
    }

    /// The rows of new keys that an entry gives numbers, beginning behind those that the scheme has.
    pub(super) fn rows(&self, numbered: &Numbered, position: u64) -> Vec<Row> {
        let mut first = self.count(numbered.scheme) + 1;
        let mut rows = Vec::new();
        for keys in numbered.new.chunks(ROW_KEYS) {
            let mut value = Vec::new();
            put_varint(&mut value, position);
            value.extend(keys.iter().flat_map(|key| key.to_le_bytes()));
            rows.push((
                keys::persons(numbered.scheme, u32::try_from(first).unwrap_or(u32::MAX)),
                value,
            ));
            first += keys.len();
        }
        rows
    }
}

/// Position and keys of a row that [`PersonKeys::rows`] made.
pub(super) fn read_row(mut value: &[u8]) -> Option<(u64, Vec<u64>)> {
    let position = take_varint(&mut value)?;
    let (keys, rest) = value.as_chunks::<8>();
    rest.is_empty().then(|| (position, keys.iter().map(|key| u64::from_le_bytes(*key)).collect()))
}

impl Scheme {
    fn find(&self, key: u64) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = place(key, mask);
        loop {
            match self.slots[slot] {
                0 => return None,
                number if self.keys[number as usize - 1] == key => return Some(number),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn add(&mut self, key: u64) {
        self.keys.push(key);
        if self.keys.len() * 4 > self.slots.len() * 3 {
            self.slots = vec![0; (self.keys.len() * 2).next_power_of_two()];
            (0..self.keys.len()).for_each(|place| self.settle(place));
        } else {
            self.settle(self.keys.len() - 1);
        }
    }

    fn settle(&mut self, key_place: usize) {
        let mask = self.slots.len() - 1;
        let mut slot = place(self.keys[key_place], mask);
        while self.slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = u32::try_from(key_place + 1).unwrap_or(u32::MAX);
    }
}

#[allow(clippy::cast_possible_truncation)] // the mask leaves what fits
fn place(key: u64, mask: usize) -> usize {
    key as usize & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_numbers_of_their_first_appearance() {
        let mut known = PersonKeys::default();
        known.set_scheme("a", 0);
        let first = known.number(0, &[70, 0, 50, 70]);
        assert_eq!((first.numbers, &first.new[..]), (vec![1, 0, 2, 1], &[70, 50][..]));
        assert_eq!(known.number(0, &[50]).numbers, [1], "nothing was given for good");
        known.add(0, &first.new);
        let second = known.number(0, &[50, 9]);
        assert_eq!((second.numbers, second.new), (vec![2, 3], vec![9]));
        assert_eq!([0, 1, 2, 3].map(|n| known.key(0, n)), [Some(0), Some(70), Some(50), None]);
        assert_eq!(known.number(1, &[70]).numbers, [1], "another scheme has its own numbers");
    }

    #[test]
    fn many_keys_are_found_and_rows_come_back() {
        let mut known = PersonKeys::default();
        let keys: Vec<u64> = (1..5000u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let numbered = known.number(3, &keys);
        let rows = known.rows(&numbered, 77);
        known.add(3, &numbered.new);
        assert!(rows.iter().all(|(_, value)| value.len() <= VALUE_BYTES));
        let mut back = Vec::new();
        for (key, value) in &rows {
            let (position, keys) = read_row(value).unwrap();
            let first = u32::try_from(back.len() + 1).unwrap();
            assert_eq!((position, key), (77, &crate::store::keys::persons(3, first)));
            back.extend(keys);
        }
        assert_eq!(back, keys);
        for (key, number) in keys.iter().zip(1..) {
            assert_eq!(known.number(3, &[*key]).numbers, [number]);
        }
        assert_eq!(read_row(&[1, 2, 3]), None);
    }
}
