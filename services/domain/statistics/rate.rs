//! Rates: Byar's limits from 10 events, exact Poisson limits below (as `PHEindicatormethods` `phe_rate`).

use statrs::distribution::{ContinuousCDF, Gamma};

use super::{Confidence, Interval};

/// With fewer events than this the limits are exact.
const EXACT_BELOW: u64 = 10;

/// `x` events over `n` (fractional allowed), times `multiplier`. `None` if `n` is not above 0.
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
    Some(Interval { value: x as f64 * scale, lower: lower * scale, upper: upper * scale })
}

/// Byar's limits of a number of events.
#[must_use]
pub fn byar_limits(x: f64, confidence: Confidence) -> (f64, f64) {
    let z = confidence.z();
    (byar(x, -z), byar(x + 1.0, z))
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

/// Quantile of the gamma distribution with a whole shape and scale 1. The library's quantile is good to 1e-10 or so in the
/// tail; Newton's steps on the sum Σ e⁻ᵗ tⁱ/i!, exact for whole shapes, bring it to full precision.
#[allow(clippy::cast_precision_loss)]
fn gamma_quantile(shape: u64, probability: f64) -> f64 {
    let Ok(gamma) = Gamma::new(shape as f64, 1.0) else { return f64::NAN };
    let mut t = gamma.inverse_cdf(probability);
    for _ in 0..4 {
        let (mut term, mut upper_tail) = ((-t).exp(), 0.0);
        for i in 0..shape {
            upper_tail += term;
            if i + 1 < shape {
                term *= t / (i + 1) as f64;
            }
        }
        // `term` is now e⁻ᵗ t^(shape−1)/(shape−1)!, the density.
        t += (upper_tail - (1.0 - probability)) / term;
    }
    t
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
}
