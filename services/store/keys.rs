//! Every key of the store. Numbers are big-endian, so that the order of bytes is the order of meaning.
//!
//! | first byte | key | value |
//! |---|---|---|
//! | `a` | – | how far the log was applied, digest, format of the rows |
//! | `e` | position, part | an erasure |
//! | `i` | kind, code | number of a collection, organisation or scheme of person keys |
//! | `k` | scheme, number of the first | position, person keys with numbers in a row |
//! | `l` | position | a release |
//! | `n` | position | an assessment |
//! | `q` | hash of caller and request id | what the request did |
//! | `r` | position, part | reference content |
//! | `t` | field, number, part | position, word of a field |
//! | `v` | collection, dataset, organisation, month, version, part | a version, with the directory of its pack |
//! | `w` | the same without part | its withdrawal |
//! | `x` | the same, part | problems of its rows |
//! | `z` | number | value of a pack; empty: a place for one |
//!
//! `a` is the first row, so that one pass over the store knows which rows are of an entry that was not applied to its end.
//! sled writes the rows around a rewritten one again, and `a` is rewritten with each batch: its neighbours are small.
//! Values of packs are numbered in the order of the log, over all packs. Places for the next ones are made ahead, see
//! [`super::tree`].

use crate::domain::collection::Dataset;
use crate::domain::period::Month;

/// How far the log was applied.
pub(super) const APPLIED: &[u8] = b"a";
pub(super) const ERASURE: u8 = b'e';
pub(super) const ID: u8 = b'i';
pub(super) const PERSONS: u8 = b'k';
pub(super) const RELEASE: u8 = b'l';
pub(super) const ASSESSMENT: u8 = b'n';
pub(super) const REQUEST: u8 = b'q';
pub(super) const CONTENT: u8 = b'r';
pub(super) const WORD: u8 = b't';
pub(super) const VERSION: u8 = b'v';
pub(super) const WITHDRAWAL: u8 = b'w';
pub(super) const PROBLEMS: u8 = b'x';
pub(super) const PACK: u8 = b'z';

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

/// Key of the value of a pack with this number.
pub(super) fn pack(number: u64) -> Vec<u8> {
    let mut key = vec![PACK];
    key.extend(number.to_be_bytes());
    key
}

/// Number of a key that [`pack`] made.
pub(super) fn read_pack(key: &[u8]) -> Option<u64> {
    let number = key.strip_prefix(&[PACK])?.try_into().ok()?;
    Some(u64::from_be_bytes(number))
}

/// Key of the row of person keys whose first has this number.
pub(super) fn persons(scheme: u16, first: u32) -> Vec<u8> {
    let mut key = vec![PERSONS];
    key.extend(scheme.to_be_bytes());
    key.extend(first.to_be_bytes());
    key
}

/// Scheme and first number of a key that [`persons`] made, without its first byte.
pub(super) fn read_persons(key: &[u8]) -> Option<(u16, u32)> {
    let (scheme, key) = key.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*scheme), u32::from_be_bytes(key.try_into().ok()?)))
}

/// Key of a part of a word of a field. Only a set of very many codes has more than one part.
pub(super) fn word(field: u8, number: u32, part: u8) -> Vec<u8> {
    let mut key = vec![WORD, field];
    key.extend(number.to_be_bytes());
    key.push(part);
    key
}

/// Field, number and part of a key that [`word`] made, without its first byte.
pub(super) fn read_word(key: &[u8]) -> Option<(u8, u32, u8)> {
    let (field, key) = key.split_first()?;
    let (number, key) = key.split_first_chunk::<4>()?;
    let [part] = key else { return None };
    Some((*field, u32::from_be_bytes(*number), *part))
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
    Scheme = 3,
}

/// Key of the row that has a code's number.
pub(super) fn id(kind: IdKind, code: &str) -> Vec<u8> {
    let mut key = vec![ID, kind as u8];
    key.extend(code.as_bytes());
    key
}

/// Key of the assessment at a log position.
pub(super) fn assessment(position: u64) -> Vec<u8> {
    at(ASSESSMENT, position)
}

/// Key of the release at a log position.
pub(super) fn release(position: u64) -> Vec<u8> {
    at(RELEASE, position)
}

/// Key of a part of the erasure at a log position.
pub(super) fn erasure(position: u64, part: u32) -> Vec<u8> {
    let mut key = at(ERASURE, position);
    key.extend(part.to_be_bytes());
    key
}

fn at(prefix: u8, position: u64) -> Vec<u8> {
    let mut key = vec![prefix];
    key.extend(position.to_be_bytes());
    key
}

/// Key of a part of the reference content at a log position.
pub(super) fn content(position: u64, part: u32) -> Vec<u8> {
    let mut key = contents(position);
    key.extend(part.to_be_bytes());
    key
}

/// How the keys of all parts of the reference content at a log position begin.
pub(super) fn contents(position: u64) -> Vec<u8> {
    at(CONTENT, position)
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
            let number = |(s, v): &(Slot, u32)| u64::from(s.organisation) << 9 | u64::from(*v);
            let (left, right) = (number(&a), number(&b));
            prop_assert_eq!(pack(left).cmp(&pack(right)), left.cmp(&right));
        }

        #[test]
        fn keys_come_back(a in slot(), part in any::<u32>()) {
            let key = of_version(VERSION, &version(&a.0, a.1), Some(part));
            let (slot, number, rest) = read_version(&key[1..]).unwrap();
            prop_assert_eq!((slot, number), a);
            prop_assert_eq!(rest, &part.to_be_bytes()[..]);
            prop_assert_eq!(read_pack(&pack(u64::from(part) << 20)), Some(u64::from(part) << 20));
            prop_assert_eq!(read_persons(&persons(a.0.collection, part)[1..]), Some((a.0.collection, part)));
            prop_assert_eq!(read_word(&word(9, part, 7)[1..]), Some((9, part, 7)));
        }

        #[test]
        fn hostile_keys_do_not_panic(key in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (read_version(&key), read_pack(&key), read_persons(&key), read_word(&key));
        }
    }
}
