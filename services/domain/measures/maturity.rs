//! The Data Quality Maturity Index (DQMI) of NHS England: how valid and complete the items of a data set are.
//!
//! Source: NHS England, Data Quality Maturity Index, methodology. A default code (`99`, `X`: not known) counts as valid as long as it is not used for
//! more records than a threshold. What is above the threshold is in excess.

/// Counts of one data item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Records that have to have the item.
    pub records: u64,
    /// Records with a valid code, default codes included.
    pub valid: u64,
    /// Records with a default code.
    pub defaults: u64,
}

impl Item {
    /// Score of the item, 0 to 1: (valid − defaults in excess) ÷ records, where defaults in excess = defaults − threshold × records, and not
    /// below 0. `threshold` is a share of the records, 0 to 1. None: there are no records.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
    pub fn score(&self, threshold: f64) -> Option<f64> {
        let (records, valid) = (self.records as f64, self.valid.min(self.records) as f64);
        let excess = (self.defaults as f64 - threshold * records).max(0.0);
        (self.records > 0).then(|| ((valid - excess) / records).max(0.0))
    }
}

/// The index, 0 to 1: the mean of the scores of all items, times the mean coverage of the data sets. A coverage is the share of the submissions
/// that were expected and have come, 0 to 1. None: there is no item or no coverage.
#[must_use]
pub fn index(items: &[f64], coverage: &[f64]) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // few
    let mean = |of: &[f64]| (!of.is_empty()).then(|| of.iter().sum::<f64>() / of.len() as f64);
    Some(mean(items)? * mean(coverage)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_the_methodology() {
        // 2,500 records, 2,400 valid, 100 defaults, threshold 2 %: 50 are in excess, and the score is 94.0.
        let item = Item { records: 2500, valid: 2400, defaults: 100 };
        assert!((item.score(0.02).unwrap() - 0.94).abs() < 1e-12);
        // Nothing in excess: the share of valid codes.
        assert!((item.score(0.04).unwrap() - 0.96).abs() < 1e-12);
        assert!((item.score(1.0).unwrap() - 0.96).abs() < 1e-12);
        // Every default is in excess.
        assert!((item.score(0.0).unwrap() - 0.92).abs() < 1e-12);
    }

    #[test]
    fn a_score_is_a_share_or_absent() {
        let of = |records, valid, defaults| Item { records, valid, defaults }.score(0.02);
        assert_eq!(of(0, 0, 0), None);
        assert_eq!(of(10, 0, 0), Some(0.0));
        assert_eq!(of(10, 10, 0), Some(1.0));
        // Counts that were changed for protection may contradict each other.
        assert_eq!(of(10, 12, 0), Some(1.0));
        assert_eq!(of(10, 0, 10), Some(0.0));
    }

    #[test]
    fn the_index_is_the_mean_of_scores_times_the_mean_of_coverage() {
        assert_eq!(index(&[0.94, 1.0], &[0.5, 1.0]), Some(0.97 * 0.75));
        assert_eq!(index(&[], &[1.0]), None);
        assert_eq!(index(&[1.0], &[]), None);
    }
}
