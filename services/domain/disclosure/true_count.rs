//! True counts: what was counted, before anybody may see it.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// Bits of the count; above them is the key, so that both add up at once.
const COUNT_BITS: u32 = u64::BITS - u8::BITS;

/// A count of records or persons, the sum of their keys, and a trace of whose they are. It can be added up and looked at for
/// nothing; only [`Protection::see`](super::Protection::see) tells a number, so it can neither be printed nor sent.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct TrueCount {
    sum: u64,
    /// A bit of 64 for each person of a record, by the key: at least so many persons are behind it.
    who: u64,
    /// Records without a person, each as a person of its own.
    alone: u64,
}

impl TrueCount {
    /// A count of which nobody has to be protected.
    #[must_use]
    pub fn open(count: u64) -> Self {
        Self::of_each(0, count)
    }

    /// A count of records without a person, or of persons, and the sum of their keys.
    #[must_use]
    pub fn of_each(key: u8, count: u64) -> Self {
        Self { sum: sum_of(key, count), who: 0, alone: count }
    }

    /// A count of one record of a person, who has this key.
    #[must_use]
    pub fn of_person(key: u8) -> Self {
        Self { sum: sum_of(key, 1), who: 1 << (key % 64), alone: 0 }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.count() == 0
    }

    pub(super) fn count(self) -> u64 {
        self.sum & (u64::MAX >> u8::BITS)
    }

    pub(super) fn key(self) -> u8 {
        self.sum.to_le_bytes()[7]
    }

    /// What a part leaves of it. Whose the rest are cannot be told.
    #[must_use]
    pub fn rest(self, part: Self) -> Self {
        let key = self.key().wrapping_sub(part.key());
        let count = self.count().saturating_sub(part.count());
        Self { sum: (u64::from(key) << COUNT_BITS) | count, who: 0, alone: count }
    }

    /// What is left of some counts without so many of the largest.
    #[must_use]
    pub fn without_largest(mut counts: Vec<Self>, number: usize) -> Self {
        counts.sort_unstable_by_key(|count| std::cmp::Reverse(count.count()));
        counts.into_iter().skip(number).sum()
    }

    /// At least so many persons are behind it; none: no record in it is known to be of the same person as another.
    pub(super) fn least_persons(self) -> Option<u64> {
        (self.who != 0).then(|| u64::from(self.who.count_ones()) + self.alone)
    }
}

/// A key and a count as they add up.
fn sum_of(key: u8, count: u64) -> u64 {
    (u64::from(key) << COUNT_BITS) | (count & (u64::MAX >> u8::BITS))
}

impl Add for TrueCount {
    type Output = Self;

    #[allow(clippy::suspicious_arithmetic_impl, reason = "persons who are in both count once")]
    fn add(self, other: Self) -> Self {
        Self {
            sum: self.sum.wrapping_add(other.sum),
            who: self.who | other.who,
            alone: self.alone.wrapping_add(other.alone),
        }
    }
}

impl AddAssign for TrueCount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for TrueCount {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// A part of what is counted, taken off it; of persons, or where nobody has to be protected: whose the rest are cannot be told.
impl Sub for TrueCount {
    type Output = Self;

    fn sub(self, part: Self) -> Self {
        debug_assert!(self.who == 0 && part.count() <= self.count(), "no part of persons");
        Self {
            sum: self.sum.wrapping_sub(part.sum),
            who: self.who,
            alone: self.alone.wrapping_sub(part.alone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_keys_add_up_at_once() {
        let rows = [(250u8, 3u64), (9, 1), (1, 1 << 40)];
        let all: TrueCount = rows.iter().map(|(key, n)| TrueCount::of_each(*key, *n)).sum();
        assert_eq!((all.count(), all.key()), ((1 << 40) + 4, 4));
        let part = TrueCount::of_each(250, 3);
        assert_eq!(((all - part).count(), (all - part).key()), ((1 << 40) + 1, 10));
    }

    #[test]
    fn persons_count_once_and_who_has_no_key_for_themselves() {
        let of = TrueCount::of_person;
        assert_eq!((of(1) + of(1) + of(4)).least_persons(), Some(2));
        assert_eq!((of(1) + of(1) + TrueCount::of_each(9, 5)).least_persons(), Some(6));
        assert_eq!(TrueCount::open(5).least_persons(), None);
        assert_eq!(TrueCount::default().least_persons(), None);
    }
}
