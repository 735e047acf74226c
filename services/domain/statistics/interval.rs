//! The result of every function of this room.

use super::Confidence;

/// A value with its confidence limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Point estimate.
    pub value: f64,
    /// Lower confidence limit.
    pub lower: f64,
    /// Upper confidence limit.
    pub upper: f64,
}

impl Interval {
    /// The same where noise of this variance, in squares of the value's unit, was added to the value for itself: each side is as long
    /// as the root of the sum of squares of both lengths. The value is from `least` to `most`.
    #[must_use]
    pub fn with_noise(
        self,
        variance: f64,
        (least, most): (f64, f64),
        confidence: Confidence,
    ) -> Self {
        let reach = |length: f64| length.hypot(confidence.z() * variance.sqrt());
        let lower = (self.value - reach(self.value - self.lower)).max(least);
        let upper = (self.value + reach(self.upper - self.value)).min(most);
        Self { lower, upper, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_makes_limits_wider_and_never_narrower() {
        let own = Interval { value: 0.4, lower: 0.3, upper: 0.6 };
        let same = own.with_noise(0.0, (0.0, 1.0), Confidence::P95);
        assert!((same.lower - own.lower).abs() < 1e-15 && (same.upper - own.upper).abs() < 1e-15);
        let wider = own.with_noise(0.01, (0.0, 1.0), Confidence::P95);
        let of_noise = 0.1 * 1.959_963_984_540_054;
        assert!((wider.lower - (0.4 - f64::hypot(0.1, of_noise))).abs() < 1e-12);
        assert!((wider.upper - (0.4 + f64::hypot(0.2, of_noise))).abs() < 1e-12);
        let widest = own.with_noise(9.0, (0.0, 1.0), Confidence::P95);
        assert_eq!((widest.lower, widest.upper), (0.0, 1.0));
    }
}
