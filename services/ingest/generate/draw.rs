//! Reproducible random numbers, and draws by weight. Every machine gives the same results: the calculations use only `+ - * /`
//! and square roots, which IEEE 754 defines to the last bit.

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Rng(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// A separate stream for each list of numbers, such as seed, purpose, organisation, person.
    #[must_use]
    pub fn new(parts: &[u64]) -> Self {
        Rng(parts.iter().fold(GOLDEN, |state, part| {
            mix(state.wrapping_add(GOLDEN) ^ mix(part.wrapping_add(GOLDEN)))
        }))
    }

    /// 64 random bits.
    #[inline]
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// 32 random bits.
    #[inline]
    fn half(&mut self) -> u32 {
        (self.bits() >> 32) as u32
    }

    /// Uniform in `0..n`; 0 if `n` is 0. The bias is below n / 2^32.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.half()) * u64::from(n)) >> 32) as u32
    }

    /// Uniform in 0 to 1, 1 excluded.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this chance.
    #[inline]
    pub(super) fn chance(&mut self, chance: Chance) -> bool {
        self.half() < chance.0
    }
}

/// A probability, ready to be compared with 32 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chance(u32);

impl Chance {
    /// From a share. Below 0 counts as 0, above 1 as 1.
    pub(super) fn new(share: f64) -> Self {
        Chance(threshold(share))
    }

    /// The chance times `factor / 32`, at most 1.
    #[inline]
    pub(super) fn scaled(self, factor: u8) -> Self {
        let product = (u64::from(self.0) * u64::from(factor)) >> 5;
        Chance(u32::try_from(product).unwrap_or(u32::MAX))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion from float saturates"
)]
fn threshold(share: f64) -> u32 {
    (share * 4_294_967_296.0) as u32
}

/// Draws a place in proportion to its weight, in constant time (alias method of Walker, construction of Vose).
#[derive(Debug, Clone)]
pub(super) struct Weighted(Vec<(u32, u32)>);

impl Weighted {
    /// From weights of 0 or more. If all weights are 0, all places are equally likely. Without weights, the place is always 0.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 places")]
    pub(super) fn new(weights: &[f64]) -> Self {
        let sum: f64 = weights.iter().sum();
        let even = sum <= 0.0;
        let factor = if even { 0.0 } else { weights.len() as f64 / sum };
        let mut left: Vec<f64> =
            weights.iter().map(|weight| if even { 1.0 } else { weight * factor }).collect();
        let mut places: Vec<(u32, u32)> =
            (0u32..).take(left.len()).map(|i| (u32::MAX, i)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..left.len()).partition(|i| left[*i] < 1.0);
        while let (Some(poor), Some(rich)) = (small.pop(), large.pop()) {
            places[poor] = (threshold(left[poor]), places[rich].1);
            left[rich] -= 1.0 - left[poor];
            match left[rich] < 1.0 {
                true => small.push(rich),
                false => large.push(rich),
            }
        }
        Weighted(places)
    }

    /// Draws a place.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "halves of 64 bits")]
    pub(super) fn draw(&self, rng: &mut Rng) -> usize {
        let bits = rng.bits();
        let place = ((bits >> 32) * self.0.len() as u64) >> 32;
        match self.0.get(place as usize) {
            Some((keep, _)) if (bits as u32) < *keep => place as usize,
            Some((_, other)) => *other as usize,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs of SplitMix64 with state 0, as in the reference implementation.
        let mut rng = Rng(0);
        let first = [rng.bits(), rng.bits(), rng.bits()];
        assert_eq!(first, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    }

    #[test]
    fn streams_differ() {
        let first = |parts: &[u64]| Rng::new(parts).bits();
        let streams = [
            first(&[]),
            first(&[0]),
            first(&[0, 0]),
            first(&[1, 0]),
            first(&[0, 1]),
            first(&[1, 2]),
            first(&[2, 1]),
        ];
        for (i, one) in streams.iter().enumerate() {
            assert!(!streams[..i].contains(one));
        }
    }

    #[test]
    fn places_come_in_proportion_to_their_weights() {
        let weights = [5.0, 0.0, 1.0, 0.25, 3.75];
        let drawn = Weighted::new(&weights);
        let mut counts = [0u32; 5];
        let mut rng = Rng::new(&[7]);
        for _ in 0..1_000_000 {
            counts[drawn.draw(&mut rng)] += 1;
        }
        for (count, weight) in counts.iter().zip(weights) {
            assert!((f64::from(*count) / 1e5 - weight).abs() < 0.02, "{counts:?}");
        }
        assert_eq!(counts[1], 0);
    }

    #[test]
    fn what_has_no_weight() {
        let mut rng = Rng::new(&[]);
        assert_eq!(Weighted::new(&[]).draw(&mut rng), 0);
        assert_eq!(Weighted::new(&[3.0]).draw(&mut rng), 0);
        let even = Weighted::new(&[0.0, 0.0]);
        let drawn: Vec<_> = (0..64).map(|_| even.draw(&mut rng)).collect();
        assert!(drawn.contains(&0) && drawn.contains(&1));
        assert!(!rng.chance(Chance::new(-1.0)) && rng.chance(Chance::new(1.0)));
        assert_eq!(rng.below(0), 0);
    }
}
