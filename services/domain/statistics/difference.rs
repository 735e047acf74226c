//! Differences of two shares: Newcombe's hybrid score limits, without continuity correction, for shares of different people
//! (Newcombe 1998, Statistics in Medicine 17:873-890, method 10) and of the same people (17:2635-2650, method 10).

use super::{Confidence, Interval, proportion};

/// Share `x` of `n` minus share `y` of `m`, of different people. `None` if one of them is no share.
#[must_use]
pub fn difference(
    (x, n): (u64, u64),
    (y, m): (u64, u64),
    confidence: Confidence,
) -> Option<Interval> {
    let (first, second) = (proportion(x, n, confidence)?, proportion(y, m, confidence)?);
    Some(within_one(hybrid_difference(first, second)))
}

/// Difference of two shares of the same people: the share of yes to the first question minus the share of yes to the second.
/// Counts: yes to both, to the first only, to the second only, to neither. `None` if all counts are 0, or too large to be added up.
#[must_use]
pub fn paired_difference(counts: [u64; 4], confidence: Confidence) -> Option<Interval> {
    let [both, first, second, neither] = counts;
    let n = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count))?;
    let (of_first, of_second) =
        (proportion(both + first, n, confidence)?, proportion(both + second, n, confidence)?);
    let margins = [both + first, second + neither, both + second, first + neither];
    Some(within_one(hybrid(of_first, of_second, correlation(counts, margins))))
}

/// Correlation φ of the two answers, corrected for continuity if it is positive; 0 if everybody gives the same answer to one
/// of the questions.
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn correlation(counts: [u64; 4], margins: [u64; 4]) -> f64 {
    if margins.contains(&0) {
        return 0.0;
    }
    let [both, first, second, neither] = counts.map(|count| count as f64);
    let half = counts.iter().sum::<u64>() as f64 / 2.0;
    let excess = both * neither - first * second;
    let corrected = if excess > 0.0 { (excess - half).max(0.0) } else { excess };
    // The roots one by one: the product of four large margins would lose digits.
    corrected / margins.map(|margin| (margin as f64).sqrt()).iter().product::<f64>()
}

/// The difference of any two values of different people, out of their own limits: the hybrid that Newcombe's limits are, for rates too
/// (Zou and Donner 2008, Statistics in Medicine 27:1693-1702).
#[must_use]
pub fn hybrid_difference(first: Interval, second: Interval) -> Interval {
    hybrid(first, second, 0.0)
}

fn within_one(of: Interval) -> Interval {
    Interval { lower: of.lower.max(-1.0), upper: of.upper.min(1.0), ..of }
}

fn hybrid(first: Interval, second: Interval, correlation: f64) -> Interval {
    let value = first.value - second.value;
    let reach = |of_first: f64, of_second: f64| {
        let square =
            of_first * of_first - 2.0 * correlation * of_first * of_second + of_second * of_second;
        square.max(0.0).sqrt()
    };
    let down = reach(first.value - first.lower, second.upper - second.value);
    let up = reach(first.upper - first.value, second.value - second.lower);
    Interval { value, lower: value - down, upper: value + up }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four_digits(interval: Interval) -> (String, String) {
        (format!("{:.4}", interval.lower), format!("{:.4}", interval.upper))
    }

    fn limits(lower: &str, upper: &str) -> (String, String) {
        (lower.to_owned(), upper.to_owned())
    }

    /// Examples (a) to (h) of the paper on different people, table II, method 10.
    #[test]
    fn different_people_have_the_published_limits() {
        for (first, second, lower, upper) in [
            ((56, 70), (48, 80), "0.0524", "0.3339"),
            ((9, 10), (3, 10), "0.1705", "0.8090"),
            ((6, 7), (2, 7), "0.0582", "0.8062"),
            ((5, 56), (0, 29), "-0.0381", "0.1926"),
            ((0, 10), (0, 20), "-0.1611", "0.2775"),
            ((0, 10), (0, 10), "-0.2775", "0.2775"),
            ((10, 10), (0, 20), "0.6791", "1.0000"),
            ((10, 10), (0, 10), "0.6075", "1.0000"),
        ] {
            let found = difference(first, second, Confidence::P95).unwrap();
            assert_eq!(four_digits(found), limits(lower, upper), "{first:?} {second:?}");
        }
    }

    /// An example of the paper on the same people, method 10.
    #[test]
    fn the_same_people_have_the_published_limits() {
        let found = paired_difference([36, 12, 2, 0], Confidence::P95).unwrap();
        assert!((found.value - 0.2).abs() < 1e-12);
        assert_eq!(four_digits(found), limits("0.0569", "0.3404"));
    }

    #[test]
    fn nobody_has_no_difference_and_everybody_alike_has_limits() {
        assert_eq!(difference((0, 0), (1, 2), Confidence::P95), None);
        assert_eq!(difference((1, 2), (3, 2), Confidence::P95), None);
        assert_eq!(paired_difference([0; 4], Confidence::P95), None);
        assert_eq!(paired_difference([u64::MAX; 4], Confidence::P95), None);
        let same = paired_difference([50, 0, 0, 50], Confidence::P95).unwrap();
        assert!(same.value == 0.0 && same.lower < 0.0 && same.upper > 0.0, "{same:?}");
    }
}
