//! Ratio of two shares of different people: x₁/n₁ ÷ x₂/n₂, without unit, with limits on the logarithmic scale.
//!
//! SE² = 1/x₁ − 1/n₁ + 1/x₂ − 1/n₂ (Katz et al. 1978, Biometrics 34:469-474).

use super::{Confidence, Estimate, NotComputable};

/// The share `x` of `n` divided by the share `y` of `m`.
///
/// # Errors
/// One of them is no share, or the second is 0. A ratio of 0 has no limits.
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub fn ratio(
    (x, n): (u64, u64),
    (y, m): (u64, u64),
    noise: f64,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    if n == 0 || m == 0 || x > n || y > m {
        return Err(NotComputable::NoShare);
    }
    if y == 0 {
        return Err(NotComputable::ZeroReference);
    }
    let [x, n, y, m] = [x, n, y, m].map(|count| count as f64);
    let value = (x / n) / (y / m);
    if x == 0.0 {
        return Estimate::without(value, NotComputable::ZeroValue);
    }
    // Noise of this variance in each count makes ln(x/n) vary by V/x² + V/n².
    let of_noise: f64 = [x, n, y, m].iter().map(|count| noise / (count * count)).sum();
    let error = (1.0 / x - 1.0 / n + 1.0 / y - 1.0 / m + of_noise).max(0.0).sqrt();
    Estimate::log_normal(value, error, confidence)
}
