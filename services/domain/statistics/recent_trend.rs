//! The recent trend as OHID's Fingertips marks it: whether the last five values rise or fall.
//!
//! A line through the last five points, weights 1/s² with s = (upper − lower)/3.92 of the 95 % limits. The trend is significant if χ² = b²Σw(t − t̄)² is
//! above 9.5495 (99.8 %, one degree of freedom) and the slope b keeps its sign when any one point is left out. Fingertips has yearly points.

use super::{Interval, NotComputable};

const POINTS: usize = 5;
const SIGNIFICANT: f64 = 9.5495;

/// Where the values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// They rise.
    Increasing,
    /// No significant change.
    NoChange,
    /// They fall.
    Decreasing,
}

/// The recent trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecentTrend {
    /// Change of the value from one point to the next.
    pub slope: f64,
    /// χ², with one degree of freedom.
    pub chi_squared: f64,
    /// What it comes to.
    pub marker: Marker,
}

/// The recent trend of values with 95 % limits, oldest first.
///
/// # Errors
/// Fewer than five points, one of the last five without width, or numbers that are too large to compute with.
#[allow(clippy::cast_precision_loss)] // five points
pub fn recent_trend(points: &[Interval]) -> Result<RecentTrend, NotComputable> {
    let last = points.len().checked_sub(POINTS).map(|from| &points[from..]);
    let last = last.ok_or(NotComputable::FewPoints)?;
    let point = |(t, of): (usize, &Interval)| {
        let error = (of.upper - of.lower) / 3.92;
        let sound = error > 0.0 && error.is_finite() && of.value.is_finite();
        sound.then(|| (t as f64, of.value, error.powi(-2)))
    };
    let all: Option<Vec<_>> = last.iter().enumerate().map(point).collect();
    let all = all.ok_or(NotComputable::FewPoints)?;
    let (slope, spread) = line(&all);
    let chi_squared = slope * slope * spread;
    if !(slope.is_finite() && chi_squared.is_finite()) {
        return Err(NotComputable::OutOfRange);
    }
    let keeps_sign = (0..POINTS).all(|left_out| {
        let (before, after) = (&all[..left_out], &all[left_out + 1..]);
        line(&[before, after].concat()).0 * slope > 0.0
    });
    let marker = match () {
        () if !(chi_squared > SIGNIFICANT && keeps_sign) => Marker::NoChange,
        () if slope > 0.0 => Marker::Increasing,
        () => Marker::Decreasing,
    };
    Ok(RecentTrend { slope, chi_squared, marker })
}

/// Slope of a weighted line, and the weighted squares of the distances on its axis.
fn line(points: &[(f64, f64, f64)]) -> (f64, f64) {
    let sum = |of: &dyn Fn(f64, f64, f64) -> f64| -> f64 {
        points.iter().map(|(t, y, weight)| of(*t, *y, *weight)).sum()
    };
    let weight = sum(&|_, _, w| w);
    let (t_mean, y_mean) = (sum(&|t, _, w| w * t) / weight, sum(&|_, y, w| w * y) / weight);
    let spread = sum(&|t, _, w| w * (t - t_mean).powi(2));
    (sum(&|t, y, w| w * (t - t_mean) * (y - y_mean)) / spread, spread)
}
