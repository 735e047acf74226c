//! A value with limits against a benchmark, as OHID's Fingertips colours it: similar while the limits hold the benchmark, limits included.

use super::{Limits, Marker};
use crate::domain::indicator::Polarity;

/// How a value compares with a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Significantly better.
    Better,
    /// The limits hold the benchmark.
    Similar,
    /// Significantly worse.
    Worse,
    /// Significantly higher, where neither is better.
    Higher,
    /// Significantly lower, where neither is better.
    Lower,
    /// The last points rise.
    Increasing,
    /// The last points fall.
    Decreasing,
    /// No significant change.
    NoChange,
    /// A gap closed because the worse-off gained.
    LevelledUp,
    /// A gap closed because the better-off lost.
    LevelledDown,
    /// A gap closed, where neither is better.
    Narrowed,
    /// A gap widened.
    Widened,
    /// All of the interval is at a target or beyond it.
    Met,
    /// The interval holds what the way to a target requires, or lies beyond it.
    OnTrack,
    /// All of the interval falls short of what the way to a target requires.
    OffTrack,
    /// A target has no value, or nothing says what is required.
    NotMeasurable,
}

impl From<Marker> for Verdict {
    fn from(marker: Marker) -> Self {
        match marker {
            Marker::Increasing => Self::Increasing,
            Marker::NoChange => Self::NoChange,
            Marker::Decreasing => Self::Decreasing,
        }
    }
}

impl Verdict {
    /// The verdict on limits, given what a high value means.
    #[must_use]
    pub fn of((lower, upper): Limits, benchmark: f64, polarity: Polarity) -> Self {
        match polarity {
            _ if lower <= benchmark && benchmark <= upper => Self::Similar,
            Polarity::HigherIsBetter if lower > benchmark => Self::Better,
            Polarity::LowerIsBetter if upper < benchmark => Self::Better,
            Polarity::HigherIsBetter | Polarity::LowerIsBetter => Self::Worse,
            Polarity::Neither if lower > benchmark => Self::Higher,
            Polarity::Neither => Self::Lower,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "BETTER",
            Self::Similar => "SIMILAR",
            Self::Worse => "WORSE",
            Self::Higher => "HIGHER",
            Self::Lower => "LOWER",
            Self::Increasing => "INCREASING",
            Self::Decreasing => "DECREASING",
            Self::NoChange => "NO_CHANGE",
            Self::LevelledUp => "LEVELLED_UP",
            Self::LevelledDown => "LEVELLED_DOWN",
            Self::Narrowed => "NARROWED",
            Self::Widened => "WIDENED",
            Self::Met => "MET",
            Self::OnTrack => "ON_TRACK",
            Self::OffTrack => "OFF_TRACK",
            Self::NotMeasurable => "NOT_MEASURABLE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_included_and_polarity_decides() {
        use Polarity::{HigherIsBetter, LowerIsBetter, Neither};
        for (limits, polarity, expected) in [
            ((0.2, 0.5), HigherIsBetter, Verdict::Similar),
            ((0.5, 0.6), LowerIsBetter, Verdict::Similar),
            ((0.51, 0.6), HigherIsBetter, Verdict::Better),
            ((0.51, 0.6), LowerIsBetter, Verdict::Worse),
            ((0.1, 0.49), HigherIsBetter, Verdict::Worse),
            ((0.1, 0.49), LowerIsBetter, Verdict::Better),
            ((0.1, 0.49), Neither, Verdict::Lower),
            ((0.51, 0.6), Neither, Verdict::Higher),
        ] {
            assert_eq!(Verdict::of(limits, 0.5, polarity), expected, "{limits:?} {polarity:?}");
        }
    }
}
