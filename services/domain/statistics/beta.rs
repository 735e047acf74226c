//! Quantiles of the beta distribution, for exact limits out of large counts too: the distribution function of `statrs` is off from 10⁵ or so on, because
//! its continued fraction ends after a fixed number of terms.

use statrs::function::gamma::ln_gamma;

use super::NotComputable;

/// Above this sum of both parameters the logarithms of the gamma function leave too few digits.
const MOST: f64 = 1e9;
/// Terms of the continued fraction at most: it needs as many as the root of the larger parameter, a few times.
const TERMS: u32 = 1_000_000;
/// Halvings until a quantile is known to the last digit, also a small one.
const HALVINGS: usize = 200;

/// The value that a share of `probability` lies below, for parameters `a` and `b` above 0: by halving, which is as good as the distribution
/// function.
///
/// # Errors
/// The parameters are too large to compute with.
pub(super) fn quantile(a: f64, b: f64, probability: f64) -> Result<f64, NotComputable> {
    if a + b > MOST {
        return Err(NotComputable::OutOfRange);
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if below(a, b, middle)? < probability { low = middle } else { high = middle }
    }
    Ok(f64::midpoint(low, high))
}

/// The share below `x`: the regularised incomplete beta function, on the side of the mean where its continued fraction is short.
fn below(a: f64, b: f64, x: f64) -> Result<f64, NotComputable> {
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        Ok(front * fraction(a, b, x)? / a)
    } else {
        Ok(1.0 - front * fraction(b, a, 1.0 - x)? / b)
    }
}

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun 1964, 26.5.8), by the method of Lentz.
fn fraction(a: f64, b: f64, x: f64) -> Result<f64, NotComputable> {
    const SMALL: f64 = 1e-300;
    let away = |of: f64| if of.abs() < SMALL { SMALL } else { of };
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let (mut c, mut found) = (1.0, d);
    for term in 1..=TERMS {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for of in [even, odd] {
            d = 1.0 / away(1.0 + of * d);
            c = away(1.0 + of / c);
            change = c * d;
            found *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            return Ok(found);
        }
    }
    Err(NotComputable::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With parameters of 1 and n, and n and 1, the quantile has a formula.
    #[test]
    fn quantiles_with_a_formula_have_its_values() {
        for n in [1.0, 2.0, 10.0, 1e3, 1e6, 1e8] {
            for p in [0.001_f64, 0.025, 0.5, 0.975, 0.999] {
                let found = quantile(1.0, n, p).unwrap();
                let expected = -((-p).ln_1p() / n).exp_m1();
                assert!((found / expected - 1.0).abs() < 1e-7, "{n} {p}: {found} {expected}");
                let found = quantile(n, 1.0, p).unwrap();
                let expected = (p.ln() / n).exp();
                assert!((found / expected - 1.0).abs() < 1e-12, "{n} {p}: {found} {expected}");
            }
        }
    }

    /// Of large parameters the distribution is nearly normal, and its median nearly its mean.
    #[test]
    fn quantiles_of_large_parameters_lie_about_the_mean() {
        for (a, b) in [(31_487_582.0, 42_528_441.0), (4e8, 5e8), (5.0, 5e7)] {
            let (mean, all) = (a / (a + b), a + b + 1.0_f64);
            let spread = (mean * (1.0 - mean) / all).sqrt();
            let [low, middle, high] = [0.025, 0.5, 0.975].map(|p| quantile(a, b, p).unwrap());
            assert!(low < middle && middle < high);
            assert!((middle - mean).abs() < 0.2 * spread, "{a} {b}: {middle} {mean}");
            assert!(
                ((high - low) / (2.0 * 1.96 * spread) - 1.0).abs() < 0.02,
                "{a} {b}: {low} {high}"
            );
        }
        assert_eq!(quantile(1e12, 3.0, 0.5), Err(NotComputable::OutOfRange));
    }
}
