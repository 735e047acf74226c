//! Confidence levels and the normal quantile.

use statrs::function::erf::erfc_inv;

/// A confidence level that is offered: 95 % or 99.8 %, those of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Confidence {
    /// 0.95.
    #[default]
    P95,
    /// 0.998.
    P998,
}

impl Confidence {
    /// The level of this value. `None` for any other than 0.95 and 0.998.
    #[must_use]
    pub fn from_level(level: f64) -> Option<Self> {
        [Self::P95, Self::P998].into_iter().find(|c| (c.level() - level).abs() < 1e-9)
    }

    /// The level, 0 to 1.
    #[must_use]
    pub fn level(self) -> f64 {
        match self {
            Self::P95 => 0.95,
            Self::P998 => 0.998,
        }
    }

    /// Probability left in each tail.
    #[must_use]
    pub fn tail(self) -> f64 {
        (1.0 - self.level()) / 2.0
    }

    /// z = Φ⁻¹(1 − tail), at full precision.
    #[must_use]
    pub fn z(self) -> f64 {
        quantile(1.0 - self.tail())
    }
}

/// Quantile of the standard normal distribution for a probability between 0 and 1.
#[must_use]
pub fn quantile(probability: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * probability)
}
