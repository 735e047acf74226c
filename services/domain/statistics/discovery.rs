//! Many comparisons at once: p-values of differences, and the control of the false discovery rate.

use statrs::function::gamma::ln_gamma;

use super::trend::upper_tail;

/// Where fewer are expected in a field of the two-by-two table, the test is exact.
const LEAST_EXPECTED: f64 = 5.0;

/// Two-sided p-value of the difference of two shares of different people, where noise of this variance was added to each count. 1 where there is
/// nothing to tell apart.
///
/// The score test with the pooled share (Pearson's χ² without correction). Where it would expect fewer than 5 in a field of the two-by-two
/// table, Fisher's exact test (as R's `fisher.test`): one of one is no evidence. With noise the larger of both.
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
    if variance <= 0.0 {
        return 1.0;
    }
    let score = upper_tail(difference * difference / variance);
    let expected = n.min(m) * share.min(1.0 - share);
    match (expected < LEAST_EXPECTED, noise > 0.0) {
        (false, _) => score,
        (true, false) => fisher([x, n, y, m]),
        (true, true) => fisher([x, n, y, m]).max(score),
    }
}

/// Fisher's exact test: the probability, given the margins, of a table as improbable as this one or more so.
fn fisher([x, n, y, m]: [f64; 4]) -> f64 {
    let (events, all) = (x + y, n + m);
    let ln_choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let ln_all = ln_choose(all, events);
    let probability = |k: f64| (ln_choose(n, k) + ln_choose(m, events - k) - ln_all).exp();
    // Tables that are as improbable but for rounding count too.
    let limit = probability(x) * (1.0 + 1e-7);
    let (mut k, last, mut sum) = ((events - m).max(0.0), events.min(n), 0.0);
    while k <= last {
        let of = probability(k);
        if of <= limit {
            sum += of;
        }
        k += 1.0;
    }
    sum.min(1.0)
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
        // R: `fisher.test(matrix(c(1, 0, 29, 871), 2))$p.value` and `fisher.test(matrix(c(3, 1, 1, 3), 2))$p.value`.
        assert!((difference_p_value((1, 1), (29, 900), 0.0) - 30.0 / 901.0).abs() < 1e-12);
        assert!((difference_p_value((3, 4), (1, 4), 0.0) - 34.0 / 70.0).abs() < 1e-12);
        assert_eq!(difference_p_value((0, 5), (0, 9), 0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(difference_p_value((1, 0), (0, 9), 0.0).to_bits(), 1.0_f64.to_bits());
    }
}
