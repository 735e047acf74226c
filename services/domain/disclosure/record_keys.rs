//! Keys of records: a byte each, the same whenever and however often a record is submitted. A cell's key is the sum of its records'
//! keys, and decides how the cell's count is changed before anybody else sees it.
//!
//! The key of a person's record is a part of the keyed hash of the person. A record without a person has a key of its collection,
//! organisation, month, content and number among records of the same content. So a row of 5 alike has the keys of a row of 2 and a
//! row of 3, and neither version nor order nor batch of a submission changes the key of a cell that stayed the same: changed keys of
//! the same cell could be averaged out.

use rustc_hash::FxHashMap;

/// Records of one collection, dataset, organisation and month without a person: gives each its key.
pub struct RecordKeys {
    seed: [u8; 32],
    /// By number of the content: how many records had it so far.
    seen: FxHashMap<u64, u64>,
}

impl RecordKeys {
    /// Keys out of the seed that [`crate::domain::submission::Keyer::record_seed`] gives such records.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed, seen: FxHashMap::default() }
    }

    /// What a value of a field adds to the number of a record's content, which is the wrapping sum of its values.
    #[must_use]
    pub fn of_value(&self, field: u8, value: &str) -> u64 {
        let text = [&[field], value.as_bytes()].concat();
        let mut first = [0; 8];
        first.copy_from_slice(&blake3::keyed_hash(&self.seed, &text).as_bytes()[..8]);
        u64::from_le_bytes(first)
    }

    /// The key of a row that stands for so many records with this content: the sum of their keys.
    pub fn of_row(&mut self, content: u64, count: u64) -> u8 {
        let seen = self.seen.entry(content).or_insert(0);
        let before = *seen;
        *seen += count;
        up_to(content, *seen).wrapping_sub(up_to(content, before))
    }
}

/// The key of a record of a person, out of the person's keyed hash.
#[must_use]
pub fn key_of_person(hash: u64) -> u8 {
    hash.to_le_bytes()[7]
}

/// The sum of the keys of the first records of a content. Whole blocks of 256, 65,536, … records have a sum that is drawn for the
/// block, so that a row of any size costs few steps; the last record of a block has what is left of it.
fn up_to(content: u64, count: u64) -> u8 {
    let mut sum = 0u8;
    for level in 0..8 {
        let whole = count >> (8 * level);
        let first = whole & !0xFF;
        for block in first..whole {
            sum = sum.wrapping_add(drawn(content, (level << 56) | block));
        }
    }
    sum
}

/// A byte drawn for a block: the last mixing steps of `SplitMix64` (Steele, Lea and Flood 2014), twice. The content's number is secret.
fn drawn(content: u64, block: u64) -> u8 {
    let mix = |number: u64| {
        let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ (number >> 31)
    };
    let of_block = mix(content).wrapping_add(block.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mix(of_block).to_le_bytes()[7]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> RecordKeys {
        RecordKeys::new([7; 32])
    }

    fn sum(content: u64, counts: &[u64]) -> u8 {
        let mut keys = keys();
        counts.iter().fold(0, |sum: u8, count| sum.wrapping_add(keys.of_row(content, *count)))
    }

    proptest! {
        #[test]
        fn however_records_are_grouped_their_keys_add_up_to_the_same(
            content in any::<u64>(), counts in proptest::collection::vec(0u64..3000, 0..12),
        ) {
            let all: u64 = counts.iter().sum();
            prop_assert_eq!(sum(content, &counts), sum(content, &[all]));
            let some = all.min(600);
            let ones = vec![1; usize::try_from(some).unwrap()];
            prop_assert_eq!(sum(content, &[ones, vec![all - some]].concat()), sum(content, &[all]));
        }
    }

    #[test]
    fn every_key_is_as_frequent_as_every_other() {
        let mut found = [0u32; 256];
        for content in 0..200 {
            let mut keys = keys();
            (0..1000).for_each(|_| found[usize::from(keys.of_row(content, 1))] += 1);
        }
        // 781 each; six standard deviations are 168.
        assert!(found.iter().all(|count| (613..950).contains(count)), "{found:?}");
    }

    #[test]
    fn a_row_of_any_size_costs_few_steps() {
        let mut keys = keys();
        for content in 0..1000 {
            keys.of_row(content, u64::from(u32::MAX));
            keys.of_row(content, u64::from(u32::MAX));
        }
    }

    #[test]
    fn values_of_different_fields_and_seeds_differ() {
        let other = RecordKeys::new([8; 32]);
        let found = [keys().of_value(1, "A"), keys().of_value(2, "A"), other.of_value(1, "A")];
        assert_ne!(found[0], found[1]);
        assert_ne!(found[0], found[2]);
        assert_eq!(found[0], keys().of_value(1, "A"));
    }
}
