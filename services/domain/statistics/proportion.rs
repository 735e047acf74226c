//! Shares x/n, without unit, from 0 to 1, with the limits of Wilson's score interval (Wilson 1927, Journal of the American Statistical
//! Association 22:209-212; as `PHEindicatormethods` `phe_proportion`).
//!
//! Limits: (2x + z² ∓ z√(z² + 4x(1 − x/n))) / (2(n + z²)). With x = 0 the lower limit is exactly 0, with x = n the upper limit exactly 1.

use super::{Confidence, Interval};

/// The share `x` of `n`, 0 to 1, with Wilson's limits. `None` if `n` is 0 or less than `x`.
#[must_use]
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub fn proportion(x: u64, n: u64, confidence: Confidence) -> Option<Interval> {
    if n == 0 || x > n {
        return None;
    }
    let (xf, nf, z) = (x as f64, n as f64, confidence.z());
    let value = xf / nf;
    let (centre, spread) = (2.0 * xf + z * z, z * (z * z + 4.0 * xf * (1.0 - value)).sqrt());
    let width = 2.0 * (nf + z * z);
    // Exactly 0 and 1 at the ends, where rounding would leave a trace.
    let lower = if x == 0 { 0.0 } else { (centre - spread) / width };
    let upper = if x == n { 1.0 } else { (centre + spread) / width };
    Some(Interval { value, lower, upper })
}
