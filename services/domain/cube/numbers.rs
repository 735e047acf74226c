//! Runs of numbers, in the form that takes fewer bytes: a window of equal width, or shares.

use super::shares::{Shares, take_shares};
use super::windows::{Windowed, take_windows};

/// First byte of a run of shares. A window is not that wide.
const SHARES: u8 = 63;

/// Appends a run.
pub fn put_numbers(out: &mut Vec<u8>, numbers: &[u64]) {
    let shares = Shares::of(numbers);
    // The shares are chosen only if they take less.
    let limit = shares.as_ref().map_or(usize::MAX, |shares| shares.bytes.saturating_add(1));
    match (Windowed::below(limit, numbers), shares) {
        (None, Some(shares)) => {
            out.push(SHARES);
            shares.put(out, numbers);
        }
        (windowed, _) => windowed.into_iter().for_each(|of| of.put(out, numbers)),
    }
}

/// Takes a run of `count` numbers off the bytes and gives each to `each`. `None`: the bytes are no such run.
pub fn take_numbers(bytes: &mut &[u8], count: usize, each: impl FnMut(u64)) -> Option<()> {
    match bytes.split_first()? {
        (&SHARES, rest) => {
            *bytes = rest;
            take_shares(bytes, count, each)
        }
        _ => take_windows(bytes, count, each),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(mut bytes: &[u8], count: usize) -> Option<Vec<u64>> {
        let mut numbers = Vec::new();
        take_numbers(&mut bytes, count, |number| numbers.push(number))?;
        bytes.is_empty().then_some(numbers)
    }

    fn coded(numbers: &[u64]) -> Vec<u8> {
        let mut out = Vec::new();
        put_numbers(&mut out, numbers);
        out
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            numbers in proptest::collection::vec(
                prop_oneof![Just(0u64), 0u64..40, 1000u64..3000, any::<u64>()], 0..600),
            shift in 0u32..64,
        ) {
            let numbers: Vec<u64> = numbers.into_iter().map(|n| n >> shift).collect();
            prop_assert_eq!(back(&coded(&numbers), numbers.len()), Some(numbers));
        }

        #[test]
        fn hostile_bytes_do_not_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..60), count in 0usize..300,
        ) {
            let _ = back(&bytes, count);
            let _ = back(&[&[SHARES][..], &bytes].concat(), count);
        }
    }

    proptest! {
        #[test]
        fn kinds_come_back_in_the_bits_that_their_shares_deserve(
            odds in proptest::collection::vec(1u64..2000, 2..40), numbers in 32usize..6000, seed in any::<u64>(),
        ) {
            let mut dice = seed;
            let sum: u64 = odds.iter().sum();
            let numbers: Vec<u64> = (0..numbers).map(|_| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let mut at = (dice >> 33) % sum;
                (0u64..).zip(&odds).find(|(_, odds)| {
                    let found = at < **odds;
                    at = at.saturating_sub(**odds);
                    found
                }).map_or(0, |(kind, _)| kind * 3)
            }).collect();
            let run = coded(&numbers);
            let mut counts = std::collections::BTreeMap::new();
            numbers.iter().for_each(|number| *counts.entry(number).or_insert(0.0) += 1.0);
            #[expect(clippy::cast_precision_loss, reason = "a bound")]
            let (all, length) = (numbers.len() as f64, run.len() as f64);
            let entropy: f64 = counts.values().map(|n: &f64| n * (all / n).log2()).sum::<f64>() / 8.0;
            #[expect(clippy::cast_precision_loss, reason = "a bound")]
            // The head of a run, its states at the end, and what the shares of the kinds take.
            let bound = entropy * 1.03 + 32.0 + 2.0 * counts.len() as f64;
            prop_assert!(length <= bound, "{length} bytes for an entropy of {entropy}");
            prop_assert_eq!(back(&run, numbers.len()), Some(numbers.clone()));
            // Damage is noticed, or gives other numbers; it never runs on.
            for place in 0..run.len().min(40) {
                let mut wrong = run.clone();
                wrong[place] ^= 1 << (seed % 8);
                let _ = back(&wrong, numbers.len());
            }
            prop_assert_eq!(back(&run[..run.len() - 1], numbers.len()), None);
        }
    }

    /// Rows of the store are compared byte for byte, so that no other choice may be made of the same numbers.
    #[test]
    fn the_same_numbers_are_the_same_bytes_for_ever() {
        let hash = |of: &[u64]| {
            let bytes = coded(of);
            format!("{} {}", bytes.len(), &blake3::hash(&bytes).to_hex()[..8])
        };
        assert_eq!(coded(&[]), [0x80]);
        assert_eq!(coded(&[7]), [0, 7, 0]);
        let few: Vec<u64> = (0..5_000).map(|n| n * n % 7).collect();
        let wide: Vec<u64> = (0..5_000).map(|n| 1_000_000 + n * n % 9_973).collect();
        let steps: Vec<u64> = (0..5_000).map(|n| n * 3 + n % 2).collect();
        let found = [few, wide, steps].map(|of| hash(&of));
        assert_eq!(found, ["1239 174d433b", "8755 ed90ed55", "5006 63e3eb91"]);
    }

    #[test]
    fn long_runs_are_sampled_and_come_back() {
        let numbers: Vec<u64> =
            (0..100_000).map(|n| if n % 977 == 0 { n << 20 } else { n % 50 }).collect();
        assert_eq!(back(&coded(&numbers), numbers.len()), Some(numbers));
    }

    #[test]
    fn rules_with_few_exceptions_are_small() {
        let ascending: Vec<u64> = (1_000_000..1_001_000).collect();
        assert!(coded(&ascending).len() < 12);
        let mut rule = vec![7; 1000];
        rule[500] = 9;
        assert!(coded(&rule).len() < 8);
        let with_none: Vec<u64> =
            (0..1000u64).map(|n| if n % 100 == 0 { 0 } else { 500_000 + n * 7 % 1000 }).collect();
        assert!(coded(&with_none).len() < 1300);
        let mut nearly = vec![2; 20_000];
        nearly.iter_mut().step_by(10).for_each(|number| *number = 1);
        assert!(coded(&nearly).len() < 1250, "0.469 bits each");
    }
}
