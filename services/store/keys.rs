//! Every key of the store. Numbers are big-endian, so that the order of bytes is the order of meaning.
//!
//! | first byte | key | value |
//! |---|---|---|
//! | `a` | – | how far the log was applied, digest |
//! | `c` | position, part | reference content |
//! | `i` | kind, code | number of a collection or organisation |
//! | `n` | position | an assessment |
//! | `q` | hash of caller and request id | what the request did |
//! | `v` | collection, dataset, organisation, month, version, part | a version |
//! | `w` | the same without part | its withdrawal |
//! | `x` | the same, part | problems of its rows |
//! | `y` | collection, dataset, field, month, organisation, version, part | roll-up |
//! | `z` | the same, chunk | block of a column |
//!
//! Versions come before their roll-ups and blocks, so that one pass over the store finds roll-ups and blocks without a version.

use crate::domain::collection::Dataset;
use crate::domain::period::Month;

/// How far the log was applied.
pub(super) const APPLIED: &[u8] = b"a";
pub(super) const CONTENT: u8 = b'c';
pub(super) const ID: u8 = b'i';
pub(super) const ASSESSMENT: u8 = b'n';
pub(super) const REQUEST: u8 = b'q';
pub(super) const VERSION: u8 = b'v';
pub(super) const WITHDRAWAL: u8 = b'w';
pub(super) const PROBLEMS: u8 = b'x';
pub(super) const ROLLUP: u8 = b'y';
pub(super) const BLOCK: u8 = b'z';

/// One organisation's month in one collection and dataset. A new version replaces a slot as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Number of the collection, given when it first submits.
    pub collection: u16,
    /// Shape of the data.
    pub dataset: Dataset,
    /// Number of the organisation, given when it first submits.
    pub organisation: u32,
    /// Calendar month of the records.
    pub month: Month,
}

/// Bytes of a slot and a version in a key.
const VERSION_BYTES: usize = 2 + 1 + 4 + 2 + 4;

/// Key part for a slot and a version of it.
pub(super) fn version(slot: &Slot, version: u32) -> Vec<u8> {
    let mut key = Vec::with_capacity(VERSION_BYTES);
    key.extend(slot.collection.to_be_bytes());
    key.push(slot.dataset.number());
    key.extend(slot.organisation.to_be_bytes());
    key.extend(slot.month.number().to_be_bytes());
    key.extend(version.to_be_bytes());
    key
}

/// Reads what [`version`] wrote. The third value is the rest of the key.
pub(super) fn read_version(key: &[u8]) -> Option<(Slot, u32, &[u8])> {
    let (collection, key) = key.split_first_chunk::<2>()?;
    let (dataset, key) = key.split_first()?;
    let (organisation, key) = key.split_first_chunk::<4>()?;
    let (month, key) = key.split_first_chunk::<2>()?;
    let (version, key) = key.split_first_chunk::<4>()?;
    let slot = Slot {
        collection: u16::from_be_bytes(*collection),
        dataset: Dataset::from_number(u32::from(*dataset))?,
        organisation: u32::from_be_bytes(*organisation),
        month: Month::from_number(u32::from(u16::from_be_bytes(*month)))?,
    };
    Some((slot, u32::from_be_bytes(*version), key))
}

/// Key of a version's row, or of one part of that row.
pub(super) fn of_version(prefix: u8, version_key: &[u8], part: Option<u32>) -> Vec<u8> {
    let mut key = vec![prefix];
    key.extend(version_key);
    if let Some(part) = part {
        key.extend(part.to_be_bytes());
    }
    key
}

/// Prefix of all blocks of a column, or of all parts of a roll-up. The number of the block or part follows.
pub(super) fn column(prefix: u8, slot: &Slot, field: u8, version: u32) -> Vec<u8> {
    let mut key = vec![prefix];
    key.extend(slot.collection.to_be_bytes());
    key.push(slot.dataset.number());
    key.push(field);
    key.extend(slot.month.number().to_be_bytes());
    key.extend(slot.organisation.to_be_bytes());
    key.extend(version.to_be_bytes());
    key
}

/// Slot and version of a key that [`column()`] made.
pub(super) fn read_column(key: &[u8]) -> Option<(Slot, u32)> {
    let (collection, key) = key.split_first_chunk::<2>()?;
    let (dataset, key) = key.split_first()?;
    let (_field, key) = key.split_first()?;
    let (month, key) = key.split_first_chunk::<2>()?;
    let (organisation, key) = key.split_first_chunk::<4>()?;
    let (version, _) = key.split_first_chunk::<4>()?;
    let slot = Slot {
        collection: u16::from_be_bytes(*collection),
        dataset: Dataset::from_number(u32::from(*dataset))?,
        organisation: u32::from_be_bytes(*organisation),
        month: Month::from_number(u32::from(u16::from_be_bytes(*month)))?,
    };
    Some((slot, u32::from_be_bytes(*version)))
}

/// The key with the number of a block or part at its end.
pub(super) fn numbered(mut key: Vec<u8>, number: u32) -> Vec<u8> {
    key.extend(number.to_be_bytes());
    key
}

/// Key of a caller's request id. Hashed, so that the key is short for every id.
pub(super) fn request(caller: &str, request_id: &str) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(caller.len() as u64).to_be_bytes());
    hasher.update(caller.as_bytes());
    hasher.update(request_id.as_bytes());
    let mut key = vec![REQUEST];
    key.extend(&hasher.finalize().as_bytes()[..16]);
    key
}

/// Kinds of codes that the store numbers. The kind's own number is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum IdKind {
    Collection = 1,
    Organisation = 2,
}

/// Key of the row that has a code's number.
pub(super) fn id(kind: IdKind, code: &str) -> Vec<u8> {
    let mut key = vec![ID, kind as u8];
    key.extend(code.as_bytes());
    key
}

/// Key of the assessment at a log position.
pub(super) fn assessment(position: u64) -> Vec<u8> {
    let mut key = vec![ASSESSMENT];
    key.extend(position.to_be_bytes());
    key
}

/// Key of a part of the reference content at a log position.
pub(super) fn content(position: u64, part: u32) -> Vec<u8> {
    let mut key = vec![CONTENT];
    key.extend(position.to_be_bytes());
    key.extend(part.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slot() -> impl Strategy<Value = (Slot, u32)> {
        // From few, so that two often differ in their last part alone; with bytes that sort otherwise turned round.
        let few = || {
            prop_oneof![Just(0u32), Just(1), Just(2), Just(255), Just(256), Just(258), any::<u32>()]
        };
        let collections = prop_oneof![Just(1u16), Just(256), any::<u16>()];
        let months = prop_oneof![Just(1u32), Just(255), Just(256), Just(512), 0u32..2700];
        (collections, 0..Dataset::ALL.len(), few(), months, few()).prop_map(
            |(collection, dataset, organisation, month, version)| {
                let (dataset, month) = (Dataset::ALL[dataset], Month::from_number(month).unwrap());
                (Slot { collection, dataset, organisation, month }, version)
            },
        )
    }

    proptest! {
        #[test]
        fn the_order_of_keys_is_the_order_of_meaning(a in slot(), b in slot()) {
            prop_assert_eq!(version(&a.0, a.1).cmp(&version(&b.0, b.1)), a.cmp(&b));
            let meaning = |(s, v): &(Slot, u32)| (s.collection, s.dataset, s.month, s.organisation, *v);
            prop_assert_eq!(
                column(BLOCK, &a.0, 3, a.1).cmp(&column(BLOCK, &b.0, 3, b.1)),
                meaning(&a).cmp(&meaning(&b))
            );
        }

        #[test]
        fn keys_come_back(a in slot(), part in any::<u32>()) {
            let key = of_version(VERSION, &version(&a.0, a.1), Some(part));
            let (slot, number, rest) = read_version(&key[1..]).unwrap();
            prop_assert_eq!((slot, number), a);
            prop_assert_eq!(rest, &part.to_be_bytes()[..]);
            let key = numbered(column(ROLLUP, &a.0, 9, a.1), part);
            prop_assert_eq!(read_column(&key[1..]), Some(a));
        }

        #[test]
        fn hostile_keys_do_not_panic(key in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (read_version(&key), read_column(&key));
        }
    }
}
