//! Confidence levels and the normal quantile.

use std::sync::LazyLock;

use statrs::function::erf::erfc_inv;

/// A confidence level: 95 % or 99.8 %, the two that public health reports use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Confidence {
    /// 95 %, two-sided.
    #[default]
    P95,
    /// 99.8 %, two-sided: the control limits of funnel plots.
    P998,
}

impl Confidence {
    /// The level for 0.95 or 0.998; `None` for other values.
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

    /// z = Φ⁻¹(1 − tail), at full precision; computed once, for it stands in every limit.
    #[must_use]
    pub fn z(self) -> f64 {
        static Z: LazyLock<[f64; 2]> = LazyLock::new(|| {
            [Confidence::P95, Confidence::P998].map(|of| quantile(1.0 - of.tail()))
        });
        Z[self as usize]
    }
}

/// Quantile of the standard normal distribution for a probability between 0 and 1.
#[must_use]
pub fn quantile(probability: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * probability)
}
