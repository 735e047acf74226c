//! The chi-squared test for a linear trend in shares, at points of equal distance (Armitage 1955; as R's `prop.trend.test`).
//!
//! χ² = [Σ(tₖ − t̄)xₖ]² / (p(1 − p)Σnₖ(tₖ − t̄)²), one degree of freedom, with t̄ = Σnₖtₖ/Σnₖ and p = Σxₖ/Σnₖ. The slope is the change of the share a point.

use statrs::function::erf::erfc;

use super::NotComputable;

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// χ², with one degree of freedom.
    pub chi_squared: f64,
    /// Probability of such a χ² or a greater one without a trend.
    pub p_value: f64,
    /// Change of the share from one point to the next.
    pub slope: f64,
}

/// The trend of shares, each x of n; noise of this variance was added to each count.
///
/// # Errors
/// A point is no share, there are fewer than two, or all are 0 % or all 100 %.
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub fn trend(points: &[(u64, u64)], noise: f64) -> Result<Trend, NotComputable> {
    if points.iter().any(|(x, n)| *n == 0 || x > n) {
        return Err(NotComputable::NoShare);
    }
    if points.len() < 2 {
        return Err(NotComputable::FewPoints);
    }
    let points: Vec<_> = points.iter().map(|(x, n)| (*x as f64, *n as f64)).collect();
    let sum = |of: &dyn Fn(f64, f64, f64) -> f64| -> f64 {
        points.iter().enumerate().map(|(t, (x, n))| of(t as f64, *x, *n)).sum()
    };
    let (events, people) = (sum(&|_, x, _| x), sum(&|_, _, n| n));
    let (share, centre) = (events / people, sum(&|t, _, n| t * n) / people);
    // Σnₖ(tₖ − t̄)² and Σ(tₖ − t̄)xₖ out of pairs of points, so that a point of nearly everybody leaves the digits of the others.
    let pairs = |of: &dyn Fn(f64, (f64, f64), (f64, f64)) -> f64| -> f64 {
        let later = |place: usize| {
            let rest = points[place + 1..].iter().enumerate();
            rest.map(move |(more, point)| ((more + 1) as f64, *point))
        };
        let of_point = |place: usize| -> f64 {
            later(place).map(|(apart, point)| of(apart, points[place], point)).sum()
        };
        (0..points.len()).map(of_point).sum::<f64>() / people
    };
    let spread = pairs(&|apart, (_, n), (_, m)| n * m * apart * apart);
    let together = pairs(&|apart, (x, n), (y, m)| apart * (n * y - m * x));
    let of_noise = noise * (1.0 + share * share) * sum(&|t, _, _| (t - centre).powi(2));
    let variance = share * ((people - events) / people) * spread + of_noise;
    if variance <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    let chi_squared = together * together / variance;
    Ok(Trend { chi_squared, p_value: upper_tail(chi_squared), slope: together / spread })
}

/// Probability above a χ² with one degree of freedom.
#[must_use]
pub(super) fn upper_tail(chi_squared: f64) -> f64 {
    erfc((chi_squared / 2.0).sqrt())
}
