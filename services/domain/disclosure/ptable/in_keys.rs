//! A distribution as 256 equal keys: so many keys for each change that the mean is exactly 0.
//!
//! Which keys get which change: a shuffle of its own for each count. In tables of the Australian Bureau of Statistics, too, each count has
//! an arrangement of its own. Cumulated in the order of the keys, every large count would have the same change at the same key. A record with key
//! 0 would then change a cell by exactly 1, in sight of everybody; and one cell's contacts and persons would have changes that follow from each
//! other.

use super::noise::distribution;
use super::{KEYS, Noise};

/// The changes of a count, in ascending order, each as often as it has keys.
pub(super) fn row(noise: &Noise, count: usize) -> Vec<i8> {
    let least = noise.bound().min(count);
    let (probabilities, variance) = distribution(least, noise.bound(), noise.variance());
    let mut share = Share::nearest(&probabilities, least);
    share.repair_mean();
    share.repair_variance(variance);
    share.changes().flat_map(|(change, keys)| vec![change; keys]).collect()
}

/// The same changes in an order that looks random and is the same each time: Fisher and Yates, numbers by `SplitMix64`.
pub(super) fn shuffled(row: &[i8], count: usize) -> Vec<i8> {
    let mut row = row.to_vec();
    let mut state = count as u64;
    for last in (1..row.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // The remainder of a 64-bit number: its bias is below 2^-55.
        let chosen = mixed % (last as u64 + 1);
        row.swap(last, usize::try_from(chosen).unwrap_or(last));
    }
    row
}

/// Numbers of keys of the changes from −`least` on.
struct Share {
    least: usize,
    keys: Vec<usize>,
    /// How many keys each change would have if keys could be divided.
    ideal: Vec<f64>,
}

impl Share {
    /// By largest remainder.
    fn nearest(probabilities: &[f64], least: usize) -> Self {
        let ideal: Vec<f64> = probabilities.iter().map(|p| p * KEYS as f64).collect();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 256
        let mut keys: Vec<usize> = ideal.iter().map(|keys| keys.floor() as usize).collect();
        // Rounded, so that remainders that differ in their last bit alone are equal on every machine.
        let remainder = |at: usize| ((ideal[at] - ideal[at].floor()) * 1e9).round();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by(|one, other| remainder(*other).total_cmp(&remainder(*one)));
        let missing = KEYS - keys.iter().sum::<usize>();
        for at in order.into_iter().cycle().take(missing) {
            keys[at] += 1;
        }
        Self { least, keys, ideal }
    }

    fn changes(&self) -> impl Iterator<Item = (i8, usize)> {
        self.keys.iter().enumerate().map(|(at, keys)| {
            let change =
                i8::try_from(at).unwrap_or(i8::MAX) - i8::try_from(self.least).unwrap_or(i8::MAX);
            (change, *keys)
        })
    }

    /// Sum of the changes of all keys to a power.
    fn sum(&self, power: u32) -> i64 {
        let terms = self.changes().map(|(change, keys)| (i64::from(change).pow(power), keys));
        terms.map(|(change, keys)| change * i64::try_from(keys).unwrap_or(i64::MAX)).sum()
    }

    /// Gives single keys the next change, where it does least, until the changes add up to 0.
    fn repair_mean(&mut self) {
        loop {
            let sum = self.sum(1);
            let moves =
                (1..self.keys.len()).map(|at| if sum > 0 { (at, at - 1) } else { (at - 1, at) });
            let moves = moves.map(|(from, to)| vec![(from, -1), (to, 1)]);
            if sum == 0 || !self.best(moves) {
                break;
            }
        }
    }

    /// Moves two keys apart or together, where it does least, until the squares add up to what the variance asks for. They are even in number,
    /// because the changes add up to 0.
    fn repair_variance(&mut self, variance: f64) {
        #[allow(clippy::cast_possible_truncation)] // at most 256 · 25²
        let wanted = 2 * (variance * KEYS as f64 / 2.0).round() as i64;
        loop {
            let excess = self.sum(2) - wanted;
            let apart = if excess < 0 { 1 } else { -1 };
            let moves = (1..self.keys.len().saturating_sub(1))
                .map(|at| vec![(at - 1, apart), (at, -2 * apart), (at + 1, apart)]);
            if excess == 0 || !self.best(moves) {
                break;
            }
        }
    }

    /// Makes the one change of the numbers of keys that is possible and ends nearest to the ideal. False if none is possible.
    fn best(&mut self, moves: impl Iterator<Item = Vec<(usize, isize)>>) -> bool {
        let possible = moves.filter(|steps| {
            steps.iter().all(|(at, by)| self.keys[*at].checked_add_signed(*by).is_some())
        });
        let best = possible.min_by(|one, other| self.cost(one).total_cmp(&self.cost(other)));
        let Some(steps) = best else { return false };
        for (at, by) in steps {
            self.keys[at] = self.keys[at].saturating_add_signed(by);
        }
        true
    }

    /// How much farther from the ideal the numbers of keys are after these steps: the distance of chi-squared.
    fn cost(&self, steps: &[(usize, isize)]) -> f64 {
        let of = |(at, by): &(usize, isize)| {
            let ideal = self.ideal[*at].max(1e-9);
            let distance = |keys: usize| (keys as f64 - ideal).powi(2) / ideal;
            distance(self.keys[*at].saturating_add_signed(*by)) - distance(self.keys[*at])
        };
        // Rounded, so that equal costs are equal on every machine.
        (steps.iter().map(of).sum::<f64>() * 1e6).round()
    }
}
