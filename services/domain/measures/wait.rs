//! Waits in days, and their median. Some waits are known to the day, others only as a band of days.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::AddAssign;

use super::{Response, Tally};
use crate::domain::disclosure::{Protection, TrueCount};
use crate::domain::statistics::median;

/// Waits of consultations, with the number of missing ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits<N = TrueCount> {
    /// Count for each band of days, both limits included; a wait known to the day has equal limits.
    days: BTreeMap<(u32, u32), N>,
    unknown: N,
    not_collected: N,
    outside: N,
}

impl<N: AddAssign + Copy + Default + Sum> Waits<N> {
    /// Counts consultations whose wait lies between two numbers of days, both included.
    pub fn known(&mut self, days: (u32, u32), count: N) {
        *self.days.entry(days).or_default() += count;
    }

    /// Counts consultations whose wait is missing.
    pub fn missing(&mut self, why: Response, count: N) {
        match why {
            Response::NotCollected => self.not_collected += count,
            Response::Unknown => self.unknown += count,
            Response::NotApplicable => self.outside += count,
            Response::Yes | Response::No => {}
        }
    }

    /// The counts; the denominator is the number of consultations whose wait is known.
    #[must_use]
    pub fn tally(&self) -> Tally<N> {
        Tally {
            numerator: N::default(),
            denominator: self.days.values().copied().sum(),
            unknown: self.unknown,
            not_collected: self.not_collected,
            outside: self.outside,
        }
    }
}

impl Waits {
    /// The waits to a reader who may see all of them; none to others: a median is one consultation's wait.
    #[must_use]
    pub fn seen(&self, protection: &Protection) -> Option<Waits<u64>> {
        let see = |count: TrueCount| protection.see(count).filter(|_| protection.is_exact());
        let days = self.days.iter().map(|(days, count)| Some((*days, see(*count)?)));
        Some(Waits {
            days: days.collect::<Option<_>>()?,
            unknown: see(self.unknown)?,
            not_collected: see(self.not_collected)?,
            outside: see(self.outside)?,
        })
    }
}

impl Waits<u64> {
    /// Least and greatest possible median of the known waits; equal if the median is known. None if no wait is known.
    #[must_use]
    pub fn median(&self) -> Option<(f64, f64)> {
        let of = |end: fn(&(u32, u32)) -> u32| {
            median(self.days.iter().map(|(days, n)| (end(days), *n)).collect())
        };
        Some((of(|days| days.0)?, of(|days| days.1)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(of: &[((u32, u32), u64)]) -> Waits<u64> {
        let mut waits = Waits::default();
        of.iter().for_each(|(days, count)| waits.known(*days, *count));
        waits
    }

    #[test]
    fn the_median_of_days_is_exact_and_weighted() {
        for (of, median) in [
            (&[((3, 3), 1)][..], 3.0),
            (&[((0, 0), 1), ((5, 5), 1)][..], 2.5),
            (&[((0, 0), 2), ((5, 5), 1)][..], 0.0),
            (&[((9, 9), 1), ((0, 0), 1), ((4, 4), 1)][..], 4.0),
            (&[((1, 1), 1_000_000), ((2, 2), 1_000_001)][..], 2.0),
            (&[((1, 1), 7), ((2, 2), 7)][..], 1.5),
        ] {
            assert_eq!(waits(of).median(), Some((median, median)), "{of:?}");
        }
        assert_eq!(Waits::<u64>::default().median(), None);
        assert_eq!(waits(&[((1, 1), 0)]).median(), None);
    }

    #[test]
    fn bands_bound_the_median_and_tell_it_where_it_lies_outside_them() {
        assert_eq!(waits(&[((2, 7), 3), ((8, 14), 2)]).median(), Some((2.0, 7.0)));
        assert_eq!(waits(&[((2, 7), 1), ((8, 14), 1)]).median(), Some((5.0, 10.5)));
        assert_eq!(waits(&[((0, 0), 3), ((8, 14), 2)]).median(), Some((0.0, 0.0)));
        // A band may hold days that others have exactly.
        assert_eq!(waits(&[((2, 7), 2), ((4, 4), 1)]).median(), Some((2.0, 7.0)));
        assert_eq!(waits(&[((2, 7), 1), ((4, 4), 3)]).median(), Some((4.0, 4.0)));
    }

    #[test]
    fn the_median_is_that_of_the_waits_written_out() {
        for seed in 0u64..200 {
            let of: Vec<_> = (0..=seed % 7)
                .map(|n| (seed * 31 + n * 17) % 23)
                .map(|n| ((u32::try_from(n).unwrap(), u32::try_from(n).unwrap()), 1 + n % 4))
                .collect();
            let mut all: Vec<u32> = Vec::new();
            of.iter().for_each(|((days, _), count)| (0..*count).for_each(|_| all.push(*days)));
            all.sort_unstable();
            let expected =
                f64::midpoint(all[(all.len() - 1) / 2].into(), all[all.len() / 2].into());
            assert_eq!(waits(&of).median(), Some((expected, expected)), "{of:?}");
        }
    }

    #[test]
    fn missing_waits_are_counted_apart() {
        let mut waits = waits(&[((1, 1), 2)]);
        for (n, why) in (0..).zip(Response::ALL) {
            waits.missing(why, 1 << n);
        }
        let tally =
            Tally { numerator: 0, denominator: 2, unknown: 4, not_collected: 16, outside: 8 };
        assert_eq!(waits.tally(), tally);
    }
}
