//! The noise that a table is made for.

use thiserror::Error;

/// Greatest bound.
const MOST_BOUND: u8 = 25;
/// Least variance. With less, most counts would stay as they are.
pub(super) const LEAST_VARIANCE: f64 = 0.5;

/// Noise of whole numbers within a bound, with a variance, without bias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    bound: u8,
    variance: f64,
}

/// Why no table can be made.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum NoSuchNoise {
    /// The bound is out of range.
    #[error("the bound is {0}; choose a whole number from 1 to {MOST_BOUND}")]
    Bound(u64),
    /// The variance is out of range for the bound.
    #[error(
        "the variance is {variance}; with bound {bound}, choose a number from {LEAST_VARIANCE} to {most:.3}, or another bound"
    )]
    Variance {
        /// The variance that was asked for.
        variance: f64,
        /// The bound that was asked for.
        bound: u8,
        /// The variance if all changes within the bound are equally likely.
        most: f64,
    },
}

impl Noise {
    /// Noise of at most `bound`, up or down.
    ///
    /// # Errors
    /// The bound or the variance is out of range. The greatest variance is that of changes that are all equally likely.
    pub fn new(bound: u64, variance: f64) -> Result<Self, NoSuchNoise> {
        let known = u8::try_from(bound).ok().filter(|bound| (1..=MOST_BOUND).contains(bound));
        let bound = known.ok_or(NoSuchNoise::Bound(bound))?;
        let most = f64::from(bound) * f64::from(bound + 1) / 3.0;
        if (LEAST_VARIANCE..=most).contains(&variance) {
            Ok(Self { bound, variance })
        } else {
            Err(NoSuchNoise::Variance { variance, bound, most })
        }
    }

    pub(super) fn bound(&self) -> usize {
        self.bound.into()
    }

    pub(super) fn variance(&self) -> f64 {
        self.variance
    }
}

impl Default for Noise {
    /// Bound 5, variance 4.
    fn default() -> Self {
        Self { bound: 5, variance: 4.0 }
    }
}
