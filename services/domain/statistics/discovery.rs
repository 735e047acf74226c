//! Many comparisons at once: p-values of differences, and the control of the false discovery rate.

use super::trend::upper_tail;

/// Two-sided p-value of the difference of two shares of different people: the score test with the pooled share (Pearson's χ² without
/// correction), where noise of this variance was added to each count. 1 where there is nothing to tell apart.
#[must_use]
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub fn difference_p_value((x, n): (u64, u64), (y, m): (u64, u64), noise: f64) -> f64 {
    if n == 0 || m == 0 || x > n || y > m {
        return 1.0;
    }
    let [x, n, y, m] = [x, n, y, m].map(|count| count as f64);
    let (share, difference) = ((x + y) / (n + m), x / n - y / m);
    let of_noise = noise * (1.0 + share * share) * (1.0 / (n * n) + 1.0 / (m * m));
    let variance = share * (1.0 - share) * (1.0 / n + 1.0 / m) + of_noise;
    if variance > 0.0 { upper_tail(difference * difference / variance) } else { 1.0 }
}

/// The p-values adjusted to control the false discovery rate, in the order given (Benjamini and Hochberg 1995): of those at or below q, a
/// share of at most q is expected to be false.
#[must_use]
#[allow(clippy::cast_precision_loss)] // as many as are scanned
pub fn false_discovery(p_values: &[f64]) -> Vec<f64> {
    let mut places: Vec<_> = (0..p_values.len()).collect();
    places.sort_by(|a, b| p_values[*b].total_cmp(&p_values[*a]));
    let (count, mut least) = (p_values.len() as f64, 1.0_f64);
    let mut adjusted = vec![1.0; p_values.len()];
    for (from_last, place) in places.into_iter().enumerate() {
        least = least.min(p_values[place] * (count / (count - from_last as f64)));
        adjusted[place] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R: `p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.5), "BH")`.
    #[test]
    fn the_adjusted_values_are_those_of_r() {
        let found = false_discovery(&[0.01, 0.04, 0.03, 0.005, 0.5]);
        for (found, expected) in found.iter().zip([0.025, 0.05, 0.05, 0.025, 0.5]) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
        assert!(false_discovery(&[]).is_empty());
    }

    /// R: `prop.test(c(56, 48), c(70, 80), correct = FALSE)$p.value` is that of χ² = 7.0324.
    #[test]
    fn the_p_value_is_that_of_the_score_test() {
        let found = difference_p_value((56, 70), (48, 80), 0.0);
        let share: f64 = 104.0 / 150.0;
        let chi = 0.04 / (share * (1.0 - share) * (1.0 / 70.0 + 1.0 / 80.0));
        assert!(
            (found - upper_tail(chi)).abs() < 1e-14 && (found - 0.00813).abs() < 1e-4,
            "{found}"
        );
        assert!(difference_p_value((56, 70), (48, 80), 4.0) > found);
        assert_eq!(difference_p_value((0, 5), (0, 9), 0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(difference_p_value((1, 0), (0, 9), 0.0).to_bits(), 1.0_f64.to_bits());
    }
}
