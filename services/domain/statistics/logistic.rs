//! SII and RII of shares by logistic regression: the likelihood of a share y of p people, log odds b₀ + b₁X, each group weighted by its
//! people once (Vaart 1998; WHO's healthequal weights twice, and is not followed there). SII is the share at X = 1 less that at X = 0,
//! RII the one divided by the other. Limits: the delta method with the inverse information, times the people.

use super::line::centred_ranks;
use super::{Confidence, Estimate, Groups, NotComputable};

/// Newton's steps at most: near the end each doubles the digits that are right.
const STEPS: usize = 100;
/// The fit has converged if a step changes the line by less than this part of it.
const CONVERGED: f64 = 1e-12;

/// SII and RII.
///
/// # Errors
/// Fewer than three groups, a group without a value, a value above 1, shares that no line of log odds fits, or a fit that does not converge.
pub fn logistic_slope(
    groups: &Groups,
    confidence: Confidence,
) -> Result<(Estimate, Estimate), NotComputable> {
    let groups = groups.ordered()?;
    if groups.all().iter().any(|group| group.value > 1.0) {
        return Err(NotComputable::NotShares);
    }
    let mean = groups.mean();
    if mean <= 0.0 || mean >= 1.0 {
        return Err(NotComputable::NoVariation);
    }
    let ranks: Vec<_> = centred_ranks(groups).iter().map(|rank| rank + 0.5).collect();
    let share = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
    let (mut start, mut slope) = ((mean / (1.0 - mean)).ln(), 0.0);
    // The information at the last step.
    let (mut i00, mut i01, mut i11) = (0.0, 0.0, 0.0);
    let mut converged = false;
    for _ in 0..STEPS {
        let (mut g0, mut g1) = (0.0, 0.0);
        (i00, i01, i11) = (0.0, 0.0, 0.0);
        for (group, x) in groups.all().iter().zip(&ranks) {
            let p = share(start + slope * x);
            let (residual, weight) =
                (group.people * (group.value - p), group.people * p * (1.0 - p));
            (g0, g1) = (g0 + residual, g1 + residual * x);
            (i00, i01, i11) = (i00 + weight, i01 + weight * x, i11 + weight * x * x);
        }
        let determinant = i00 * i11 - i01 * i01;
        let (d0, d1) = ((i11 * g0 - i01 * g1) / determinant, (i00 * g1 - i01 * g0) / determinant);
        if !(d0.is_finite() && d1.is_finite()) {
            return Err(NotComputable::CertainGroup);
        }
        (start, slope) = (start + d0, slope + d1);
        converged = d0.abs().max(d1.abs()) < CONVERGED * (1.0 + start.abs() + slope.abs());
        if converged {
            break;
        }
    }
    if !converged {
        return Err(NotComputable::NoConvergence);
    }
    let determinant = i00 * i11 - i01 * i01;
    let (v00, v01, v11) = (i11 / determinant, -i01 / determinant, i00 / determinant);
    let (low, high) = (share(start), share(start + slope));
    let [of_low, of_high] = [low, high].map(|p| p * (1.0 - p));
    let variance = |a: f64, b: f64| (a * a * v00 + 2.0 * a * b * v01 + b * b * v11).max(0.0).sqrt();
    let absolute = Estimate::normal(high - low, variance(of_high - of_low, of_high), confidence)?;
    // d ln p = (1 − p) of the log odds.
    let relative = variance(low - high, 1.0 - high);
    Ok((absolute, Estimate::log_normal(high / low, relative, confidence)?))
}
