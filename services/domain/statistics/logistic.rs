//! SII and RII of shares by logistic regression: the likelihood of a share y of p people, log odds b₀ + b₁X, each group weighted by its
//! people once (WHO's healthequal weights twice, and is not followed there). SII is the share at X = 1 less that at X = 0,
//! RII the one divided by the other. Limits: the delta method with the inverse information, times the people.
//!
//! The fit is Newton's, with steps that are halved until the likelihood grows enough (Armijo): the likelihood has one maximum, and whole steps can
//! leap over it. It has none where a line in X separates groups at 0 % from groups at 100 %.

use super::line::centred_ranks;
use super::{Confidence, Estimate, Groups, NotComputable};

/// Newton's steps at most: near the end each doubles the digits that are right.
const STEPS: usize = 100;
/// Halvings of a step at most.
const HALVINGS: usize = 60;
/// Part of the growth that a whole step promises, which a step has to have.
const ENOUGH: f64 = 0.25;
/// The fit has converged if a step changes the line by less than this part of it.
const CONVERGED: f64 = 1e-12;
/// Part of the likelihood that is rounding.
const ROUNDING: f64 = 1e-15;

/// One group: its share of the people, its value, and X − ½.
struct Point {
    weight: f64,
    value: f64,
    x: f64,
}

/// The log odds in the middle (X = ½), and their slope.
#[derive(Clone, Copy)]
struct Odds {
    middle: f64,
    slope: f64,
}

/// The information at some log odds: its sum, the mean of x weighted with it, and its spread about that mean.
struct Information {
    sum: f64,
    centre: f64,
    spread: f64,
}

/// SII and RII.
///
/// # Errors
/// Fewer than three groups, a group without a value, a value above 1, shares that are all 0 or all 1, or a fit that does not converge.
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
    let points = groups.shares().zip(centred_ranks(groups));
    let point =
        |((weight, group), x): ((f64, &super::Group), f64)| Point { weight, value: group.value, x };
    let points: Vec<_> = points.map(point).collect();
    let begin = Odds { middle: (mean / (1.0 - mean)).ln(), slope: 0.0 };
    let odds = fit(&points, begin).ok_or(NotComputable::NoConvergence)?;
    let of = information(&points, odds);
    // Variance of the log odds at x, and their covariance at both ends.
    let people = groups.people();
    let both =
        |x: f64, y: f64| (1.0 / of.sum + (x - of.centre) * (y - of.centre) / of.spread) / people;
    let (v00, v01, v11) = (both(-0.5, -0.5), both(-0.5, 0.5), both(0.5, 0.5));
    let [low, high] = [-0.5, 0.5].map(|x| share(odds.at(x)));
    let error = |a: f64, b: f64| (a * a * v00 + 2.0 * a * b * v01 + b * b * v11).max(0.0).sqrt();
    // dp = p(1 − p) of the log odds, d ln p = (1 − p) of them.
    let of_difference = error(-low * (1.0 - low), high * (1.0 - high));
    let absolute = Estimate::normal(high - low, of_difference, confidence)?;
    let of_ratio = error(low - 1.0, 1.0 - high);
    Ok((absolute, Estimate::log_normal(high / low, of_ratio, confidence)?))
}

impl Odds {
    fn at(self, x: f64) -> f64 {
        self.middle + self.slope * x
    }

    /// The same and so much of a step.
    fn and(self, step: Self, part: f64) -> Self {
        Self { middle: self.middle + part * step.middle, slope: self.slope + part * step.slope }
    }
}

fn share(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

fn information(points: &[Point], odds: Odds) -> Information {
    let weight = |of: &Point| of.weight * share(odds.at(of.x)) * share(-odds.at(of.x));
    let sum: f64 = points.iter().map(weight).sum();
    let centre = points.iter().map(|of| weight(of) * of.x).sum::<f64>() / sum;
    let spread = points.iter().map(|of| weight(of) * (of.x - centre).powi(2)).sum();
    Information { sum, centre, spread }
}

/// Logarithm of the likelihood: Σ w(y·η − ln(1 + e^η)).
fn likelihood(points: &[Point], odds: Odds) -> f64 {
    let of = |of: &Point| {
        let at = odds.at(of.x);
        of.weight * (of.value * at - at.max(0.0) - (-at.abs()).exp().ln_1p())
    };
    points.iter().map(of).sum()
}

/// Whether the likelihood has no maximum: one group aside at most, all groups before it are at one end, and all after it at the other. Then a
/// steeper line always fits better.
fn are_separated(points: &[Point]) -> bool {
    let are_at = |of: &[Point], end: f64| of.iter().all(|of| (of.value - end).abs() < f64::EPSILON);
    let around = |place: usize| [(0.0, 1.0), (1.0, 0.0)].map(|ends| (place, ends));
    let mut cuts = (0..points.len()).flat_map(around);
    cuts.any(|(place, (before, after))| {
        are_at(&points[..place], before) && are_at(&points[place + 1..], after)
    })
}

/// The log odds of the greatest likelihood; none: there are none.
fn fit(points: &[Point], begin: Odds) -> Option<Odds> {
    if are_separated(points) {
        return None;
    }
    let (mut odds, mut reached) = (begin, likelihood(points, begin));
    for _ in 0..STEPS {
        let of = information(points, odds);
        let residual = |of: &Point| of.weight * (of.value - share(odds.at(of.x)));
        let sum: f64 = points.iter().map(residual).sum();
        let slope = points.iter().map(|p| residual(p) * (p.x - of.centre)).sum::<f64>() / of.spread;
        let step = Odds { middle: sum / of.sum - slope * of.centre, slope };
        if !(step.middle.is_finite() && step.slope.is_finite()) {
            return None;
        }
        let promised: f64 = points.iter().map(|p| residual(p) * step.at(p.x)).sum();
        let (mut part, mut next) = (1.0, odds.and(step, 1.0));
        let mut found = likelihood(points, next);
        for _ in 0..HALVINGS {
            if found >= reached + ENOUGH * part * promised - ROUNDING * reached.abs() {
                break;
            }
            part /= 2.0;
            next = odds.and(step, part);
            found = likelihood(points, next);
        }
        (odds, reached) = (next, found);
        let moved = part * step.middle.abs().max(step.slope.abs());
        if moved < CONVERGED * (1.0 + odds.middle.abs() + odds.slope.abs()) {
            return Some(odds);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::statistics::Group;

    fn fitted(shares: &[(u64, u64)]) -> Result<(Estimate, Estimate), NotComputable> {
        let groups = shares.iter().map(|(x, n)| Group::share(*x, *n).unwrap()).collect();
        logistic_slope(&Groups::new(groups, 0.0).unwrap(), Confidence::P95)
    }

    /// With groups at log odds that lie on a line, the line is found: 1/5, 1/2, 4/5 of equal groups, at X of 1/6, 1/2, 5/6.
    #[test]
    fn shares_on_a_line_of_log_odds_have_its_ends() {
        let (absolute, relative) = fitted(&[(20, 100), (50, 100), (80, 100)]).unwrap();
        let end = 4.0_f64.powf(1.5);
        let (low, high) = (1.0 / (1.0 + end), end / (1.0 + end));
        assert!((absolute.value - (high - low)).abs() < 1e-12, "{absolute:?}");
        assert!((relative.value - high / low).abs() < 1e-10, "{relative:?}");
    }

    /// Whole steps of Newton leap over the maximum of these.
    #[test]
    fn groups_of_very_different_sizes_have_a_fit() {
        for shares in [
            [(20_012_034, 20_278_976), (990, 1463), (14, 17)],
            [(611, 747), (4747, 4795), (489_682, 55_306_817)],
        ] {
            let (absolute, relative) = fitted(&shares).unwrap();
            assert!(absolute.value.abs() < 1.0 && relative.value > 0.0, "{shares:?}: {absolute:?}");
            let (lower, upper) = absolute.limits.unwrap();
            assert!(lower < absolute.value && absolute.value < upper, "{absolute:?}");
        }
    }

    #[test]
    fn groups_that_a_line_separates_have_none() {
        for shares in [
            [(0, 90), (0, 80), (90, 90)],
            [(2514, 2514), (31, 100), (0, 10)],
            [(9, 9), (4, 4), (0, 1)],
            [(31, 100), (100, 100), (100, 100)],
            [(31, 100), (0, 100), (0, 100)],
        ] {
            assert_eq!(fitted(&shares), Err(NotComputable::NoConvergence), "{shares:?}");
        }
        assert_eq!(fitted(&[(0, 3), (0, 4), (0, 5)]), Err(NotComputable::NoVariation));
    }
}
