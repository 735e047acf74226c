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
    /// A bit of 64 for each person, by the key: at least so many persons are behind it. All bits where persons are not told apart.
    who: u64,
}

impl TrueCount {
    /// A count of which nobody has to be protected.
    #[must_use]
    pub fn open(count: u64) -> Self {
        Self { sum: count & (u64::MAX >> u8::BITS), who: u64::MAX }
    }

    /// A count of rows, as [`sum_of`] adds them up, and of whom they are.
    #[must_use]
    pub fn new(sum: u64, who: u64) -> Self {
        Self { sum, who }
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

    /// At least so many persons are behind it; none: persons are not told apart.
    pub(super) fn least_persons(self) -> Option<u64> {
        (self.who != u64::MAX).then(|| self.who.count_ones().into())
    }
}

/// What a row of a key that stands for so many records adds to a sum.
#[must_use]
pub fn sum_of(key: u8, count: u64) -> u64 {
    (u64::from(key) << COUNT_BITS) | (count & (u64::MAX >> u8::BITS))
}

impl Add for TrueCount {
    type Output = Self;

    #[allow(clippy::suspicious_arithmetic_impl, reason = "persons who are in both count once")]
    fn add(self, other: Self) -> Self {
        Self { sum: self.sum.wrapping_add(other.sum), who: self.who | other.who }
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

/// Of persons, or where persons are not told apart: a part of what is counted, taken off it.
impl Sub for TrueCount {
    type Output = Self;

    fn sub(self, part: Self) -> Self {
        Self { sum: self.sum.wrapping_sub(part.sum), who: self.who }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_keys_add_up_at_once() {
        let rows = [(250u8, 3u64), (9, 1), (1, 1 << 40)];
        let all: TrueCount = rows.iter().map(|(key, n)| TrueCount::new(sum_of(*key, *n), 1)).sum();
        assert_eq!((all.count(), all.key()), ((1 << 40) + 4, 4));
        let part = TrueCount::new(sum_of(250, 3), 1);
        assert_eq!(((all - part).count(), (all - part).key()), ((1 << 40) + 1, 10));
    }

    #[test]
    fn persons_count_once() {
        let of = |who: u64| TrueCount::new(sum_of(7, 1), who);
        assert_eq!((of(1) + of(1) + of(4)).least_persons(), Some(2));
        assert_eq!(TrueCount::open(5).least_persons(), None);
        assert_eq!(TrueCount::default().least_persons(), Some(0));
    }
}
