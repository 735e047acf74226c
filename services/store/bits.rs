//! Sets of small numbers.

/// A set of small numbers: those of organisations. It takes as many bits as the greatest number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Adds a number. True: it was not in the set.
    pub fn insert(&mut self, number: u32) -> bool {
        let is_new = !self.has(number);
        let word = number as usize / 64;
        self.0.resize(self.0.len().max(word + 1), 0);
        self.0[word] |= 1 << (number % 64);
        is_new
    }

    /// Whether a number is in the set.
    #[must_use]
    pub fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Adds the numbers of another set.
    pub fn join(&mut self, others: &Self) {
        self.0.resize(self.0.len().max(others.0.len()), 0);
        self.0.iter_mut().zip(&others.0).for_each(|(own, other)| *own |= other);
    }

    /// The numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).step_by(64).zip(&self.0).flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        })
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether every number of another set is in this one.
    #[must_use]
    pub fn covers(&self, others: &Self) -> bool {
        let own = self.0.iter().copied().chain(std::iter::repeat(0));
        others.0.iter().zip(own).all(|(other, own)| other & !own == 0)
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut bits = Self::default();
        for number in numbers {
            bits.insert(number);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_a_set_of_numbers(
            one in proptest::collection::btree_set(0u32..200, 0..40),
            other in proptest::collection::btree_set(0u32..200, 0..8),
        ) {
            let bits = |set: &BTreeSet<u32>| set.iter().copied().collect::<Bits>();
            let mut again = bits(&one);
            prop_assert!(other.iter().all(|number| again.insert(*number) != one.contains(number)));
            for number in 0..260 {
                prop_assert_eq!(bits(&one).has(number), one.contains(&number));
            }
            prop_assert_eq!(bits(&one).covers(&bits(&other)), one.is_superset(&other));
            let (both, mut joined) = (&one | &other, bits(&one));
            joined.join(&bits(&other));
            prop_assert_eq!(&joined, &bits(&both));
            prop_assert_eq!(joined.count(), both.len());
            prop_assert!(joined.iter().eq(both.iter().copied()));
            prop_assert!(bits(&both).covers(&bits(&other)));
        }
    }
}
