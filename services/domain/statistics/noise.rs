//! Noise of a share or a rate whose counts were changed before they were seen: the variance that it adds, by the delta method.
//!
//! A part x and a whole n are changed for themselves, with variances V(x) and V(n): the variance of x/n is about V(x)/n² + x²V(n)/n⁴, in squares of
//! the value's unit. It is the first order of the delta method (Oehlert 1992, The American Statistician 46:27-29): good while the noise is small beside n.

/// Variance of the share `x` of `n` by noise of this variance on each of both counts: (1 + (x/n)²)/n² times it. `n` is not 0.
#[must_use]
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub fn noise_of_share((x, n): (u64, u64), noise: f64) -> f64 {
    noise_of_rate((x as f64, n as f64), 1.0, (noise, noise))
}

/// Variance of the rate m·x/n, with `m` the `multiplier`, by noise of these variances on `x` and on `n`. `n` is not 0.
#[must_use]
pub fn noise_of_rate((x, n): (f64, f64), multiplier: f64, (of_x, of_n): (f64, f64)) -> f64 {
    (of_x + (x / n).powi(2) * of_n) * (multiplier / n).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the changes themselves: x and n, each one more or one less, have a variance of 1.
    #[test]
    fn the_variance_is_that_of_changed_counts() {
        for (x, n) in [(0_u32, 400_u32), (30, 200), (900, 1000), (5000, 5000)] {
            let changes = [(-1, -1), (-1, 1), (1, -1), (1, 1)];
            let of =
                |(a, b): (i32, i32)| (f64::from(x) + f64::from(a)) / (f64::from(n) + f64::from(b));
            let value = f64::from(x) / f64::from(n);
            let squares = changes.map(|change| (of(change) - value).powi(2));
            let expected = squares.iter().sum::<f64>() / 4.0;
            let found = noise_of_share((x.into(), n.into()), 1.0);
            assert!((found / expected - 1.0).abs() < 0.001, "{x} of {n}: {found} {expected}");
            let per_1000 = noise_of_rate((x.into(), n.into()), 1000.0, (1.0, 1.0));
            assert!((per_1000 / found / 1e6 - 1.0).abs() < 1e-12, "{per_1000}");
        }
        assert_eq!(noise_of_rate((3.0, 9.0), 1.0, (0.0, 0.0)).to_bits(), 0.0_f64.to_bits());
    }
}
