//! One number of a table that everybody may read: the rule of NHS England for counts below the national level. Counts from 1 to 7
//! are withheld, all others are rounded to the nearest 5. Here zero is withheld with the small counts: a zero that is shown says of everybody else
//! in a group what they are not.

/// Greatest count that is withheld.
const SMALL: u64 = 7;
/// All others are multiples of this.
const STEP: u64 = 5;
/// Variance of what rounding adds to a count: -2 to 2 are equally likely.
pub const VARIANCE: f64 = 2.0;

/// The number that may be published for a count; none: it is withheld.
#[must_use]
pub fn published(count: u64) -> Option<u64> {
    if count <= SMALL {
        return None;
    }
    let below = count - count % STEP;
    let up = if count % STEP > STEP / 2 { STEP } else { 0 };
    Some(below.saturating_add(up))
}

/// The least and the greatest true count that a published number may stand for; none: it was withheld.
#[must_use]
pub fn reveals(published: Option<u64>) -> (u64, u64) {
    match published {
        None => (0, SMALL),
        Some(count) => {
            let low = count.saturating_sub(STEP / 2).max(SMALL + 1);
            (low, count.saturating_add(STEP / 2))
        }
    }
}

/// A percentage of published numbers, unrounded. None if one of them is withheld. Rounding may have made a part greater than its whole: that is
/// 100 %.
#[must_use]
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
pub fn percentage(part: Option<u64>, whole: Option<u64>) -> Option<f64> {
    let (part, whole) = (part?, whole?);
    Some(100.0 * part.min(whole) as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_and_zero_are_one() {
        assert!((0..=7).all(|count| published(count).is_none()));
        assert_eq!(published(8), Some(10));
        assert_eq!(published(u64::MAX), Some(u64::MAX), "the greatest is a multiple of 5");
        assert_eq!(published(u64::MAX - 1), Some(u64::MAX));
    }

    #[test]
    fn a_number_reveals_exactly_the_counts_that_it_stands_for() {
        for count in 0..500 {
            let (low, high) = reveals(published(count));
            let alike: Vec<u64> =
                (0..500).filter(|other| published(*other) == published(count)).collect();
            assert_eq!(alike.first(), Some(&low), "{count}");
            assert!(alike.last() == Some(&high) || high >= 500, "{count}");
        }
    }

    #[test]
    fn percentages_come_from_rounded_counts() {
        // 12 of 38, shown as 10 of 40: the true share of 31.6 % does not show.
        assert_eq!(percentage(published(12), published(38)), Some(25.0));
        assert_eq!(percentage(Some(45), Some(40)), Some(100.0));
        assert_eq!(percentage(published(7), published(38)), None);
        assert_eq!(percentage(published(38), published(7)), None);
    }
}
