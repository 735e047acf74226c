//! Rates x/n·m: events per m people, or per m people and month. Limits of the events: Byar's from 10 events, exact Poisson limits below (Byar:
//! Breslow and Day 1987, Statistical methods in cancer research, volume II, page 69; as `PHEindicatormethods` `phe_rate`).
//!
//! Byar: x(1 − 1/(9x) − z/(3√x))³, the upper limit with x + 1 and + z. Exact: χ²(α/2, 2x)/2 and χ²(1 − α/2, 2x + 2)/2.

use super::{Confidence, Interval};

/// With fewer events than this the limits are exact.
const EXACT_BELOW: u64 = 10;
/// No exact limit is above this: that of 9 events at 99.8 % is 23.
const HIGHEST_EXACT: f64 = 64.0;
/// Halvings until the exact limit is known to the last digit.
const HALVINGS: usize = 100;

/// `x` events over `n` (fractional allowed), times `multiplier`. `None` if `n` is not above 0, or a number is too large to compute with.
#[must_use]
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub fn rate(x: u64, n: f64, multiplier: f64, confidence: Confidence) -> Option<Interval> {
    if !(n > 0.0 && n.is_finite()) {
        return None;
    }
    let (lower, upper) = if x < EXACT_BELOW {
        (exact_lower(x, confidence.tail()), exact_upper(x, confidence.tail()))
    } else {
        byar_limits(x as f64, confidence)
    };
    let scale = multiplier / n;
    let [value, lower, upper] = [x as f64, lower, upper].map(|events| events * scale);
    [value, lower, upper].iter().all(|of| of.is_finite()).then_some(Interval {
        value,
        lower,
        upper,
    })
}

/// Byar's limits of a number of events, 0 or more. Below 10 events they are too rough for a rate; the lower one can be below 0 there.
#[must_use]
pub fn byar_limits(x: f64, confidence: Confidence) -> (f64, f64) {
    let z = confidence.z();
    let lower = if x > 0.0 { byar(x, -z) } else { 0.0 };
    (lower, byar(x + 1.0, z))
}

/// x(1 − 1/(9x) ± z/(3√x))³.
fn byar(x: f64, z: f64) -> f64 {
    x * (1.0 - 1.0 / (9.0 * x) + z / (3.0 * x.sqrt())).powi(3)
}

/// χ²(α/2, 2x)/2, which is the gamma quantile with shape x.
fn exact_lower(x: u64, tail: f64) -> f64 {
    if x == 0 { 0.0 } else { gamma_quantile(x, tail) }
}

/// χ²(1 − α/2, 2x + 2)/2.
fn exact_upper(x: u64, tail: f64) -> f64 {
    gamma_quantile(x + 1, 1.0 - tail)
}

/// Quantile of the gamma distribution with a whole shape from 1 to 10 and scale 1, by halving an interval around it: the upper tail Σ e⁻ᵗ tⁱ/i! has no
/// gap and falls, so that there always is one. The quantile of `statrs` is good to 1e-10 or so in the tail.
#[allow(clippy::cast_precision_loss)]
fn gamma_quantile(shape: u64, probability: f64) -> f64 {
    let upper_tail = |t: f64| {
        let (mut term, mut sum) = ((-t).exp(), 0.0);
        for i in 1..=shape {
            sum += term;
            term *= t / i as f64;
        }
        sum
    };
    let (mut low, mut high) = (0.0, HIGHEST_EXACT);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle) > 1.0 - probability { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_events_have_an_upper_limit_only() {
        let rate = rate(0, 1000.0, 1000.0, Confidence::P95).unwrap();
        assert!(rate.value == 0.0 && rate.lower == 0.0);
        assert!((rate.upper - 3.688_879_454_113_936).abs() < 1e-12, "-ln(0.025)");
    }

    #[test]
    fn no_population_no_rate() {
        for n in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(rate(5, n, 1000.0, Confidence::P95), None);
        }
    }

    #[test]
    fn a_rate_too_large_to_compute_with_is_none() {
        assert_eq!(rate(5, 1e-320, 1000.0, Confidence::P95), None);
        assert_eq!(rate(5, 1.0, f64::INFINITY, Confidence::P95), None);
        assert_eq!(rate(0, 1.0, f64::NAN, Confidence::P95), None);
        assert_eq!(byar_limits(0.0, Confidence::P95).0.to_bits(), 0.0_f64.to_bits());
    }
}
