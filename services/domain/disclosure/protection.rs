//! The one place where a true count becomes a number that may be seen.

use std::cmp::Ordering;
use std::sync::Arc;

use super::ptable::PTable;
use super::{TrueCount, public};

/// What the reader of an answer may see of a count. There is no default: whoever forgets it does not compile.
#[derive(Clone, Debug, PartialEq)]
pub enum Protection {
    /// All of it: an organisation's own systems, and data that is published elsewhere.
    Exact,
    /// A changed count, if it is large enough.
    Perturbed(Arc<Rules>),
    /// A rounded count, if it is not small: what tables that everybody may read have.
    Rounded,
}

/// How counts are changed, and which are withheld.
#[derive(Debug, PartialEq)]
pub struct Rules {
    /// By how much a count is changed.
    pub table: PTable,
    /// Least number that is shown, of records and of persons, both after their change.
    pub threshold: u64,
}

/// So many values are left to a small count at least, whatever is known.
pub const LEAST_VALUES: usize = 5;

/// The key of the persons behind a cell, or of one, out of that of the records: another one, so that the changes of the two counts tell
/// nothing of each other.
#[must_use]
pub fn key_as_person(key: u8) -> u8 {
    key.wrapping_mul(0x4D).wrapping_add(0xA7)
}

impl Protection {
    /// Whether all may be seen.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        *self == Self::Exact
    }

    /// The variance of what is added to a count that is shown.
    #[must_use]
    pub fn variance(&self) -> f64 {
        match self {
            Self::Exact => 0.0,
            Self::Perturbed(rules) => rules.table.variance(),
            Self::Rounded => public::VARIANCE,
        }
    }

    /// What a reader has to know; nothing to who may see all.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        match self {
            Self::Exact => None,
            Self::Perturbed(rules) => Some(format!(
                "Counts are protected: each is perturbed (changed) by at most {}, the same count always in the same way, and is withheld if \
                 fewer than {} are left, or if it would tell of few whom it leaves out. Totals are perturbed on their own, so parts may not add up to them. Limits include the changes.",
                rules.table.bound(),
                rules.threshold
            )),
            Self::Rounded => Some(
                "Counts are protected: each is rounded to the nearest 5, and counts from 0 to 7 are withheld. Shares are made of rounded \
                 counts. Parts may not add up to their total. Limits include the rounding."
                    .into(),
            ),
        }
    }

    /// Whether a count is so small that it is withheld, or could be: less than the threshold and the greatest change together, after its own
    /// change. Nobody is as few as some are.
    #[must_use]
    pub fn is_few(&self, count: TrueCount) -> bool {
        let Self::Perturbed(rules) = self else { return false };
        let least = rules.threshold.saturating_add(rules.table.bound());
        rules.table.perturbed(count.count(), count.key()) < least && rules.threshold > 0
    }

    /// Whether a count is changed so much that it could leave others few values: greater than it was, those whom it leaves out; less, those of
    /// its own who are not known otherwise. Of two changed numbers, one person is left the values from 0 to 1 and twice the bound, less both
    /// changes. They are [`LEAST_VALUES`] or more, however great the other change is, if this one is at most the bound and 2, less that number.
    #[must_use]
    pub fn changes_much(&self, count: TrueCount) -> Ordering {
        let Self::Perturbed(rules) = self else { return Ordering::Equal };
        let changed = rules.table.perturbed(count.count(), count.key());
        let much = (rules.table.bound() + 2).saturating_sub(LEAST_VALUES as u64);
        if rules.threshold == 0 || changed.abs_diff(count.count()) <= much {
            return Ordering::Equal;
        }
        changed.cmp(&count.count())
    }

    /// The number that may be seen of people who were counted again in each of so many months. It is withheld as well if they are few in a
    /// month: three people in a year are not 36.
    #[must_use]
    pub fn see_monthly(&self, count: TrueCount, months: u64) -> Option<u64> {
        let a_month = |seen: u64| seen / months.max(1);
        self.see(count).filter(|seen| match self {
            Self::Exact => true,
            Self::Perturbed(rules) => a_month(*seen) >= rules.threshold,
            Self::Rounded => public::published(a_month(*seen)).is_some(),
        })
    }

    /// The number that may be seen; none: it is withheld. The threshold is applied to changed counts alone: applied to true ones it would
    /// tell 9 from 10.
    #[must_use]
    pub fn see(&self, count: TrueCount) -> Option<u64> {
        let least_persons = count.least_persons();
        match self {
            Self::Exact => Some(count.count()),
            Self::Rounded => {
                let few = least_persons.is_some_and(|of| public::published(of).is_none());
                public::published(count.count()).filter(|_| !few)
            }
            Self::Perturbed(rules) => {
                let shown = |count: u64, key: u8| {
                    let changed = rules.table.perturbed(count, key);
                    (changed >= rules.threshold).then_some(changed)
                };
                let few =
                    least_persons.is_some_and(|of| shown(of, key_as_person(count.key())).is_none());
                shown(count.count(), count.key()).filter(|_| !few)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_who_are_few_in_each_month_are_withheld_however_many_months_are_added() {
        let table = PTable::without_changes();
        let perturbed = Protection::Perturbed(Arc::new(Rules { table, threshold: 10 }));
        let few = [(perturbed, 9, 10), (Protection::Rounded, 7, 10)];
        for (protection, few, more) in few {
            for months in [1, 2, 12] {
                let see =
                    |people| protection.see_monthly(TrueCount::of_each(0, people * months), months);
                assert_eq!((see(few), see(more)), (None, Some(more * months)), "{months}");
            }
        }
        let exact = Protection::Exact.see_monthly(TrueCount::of_each(0, 3), 3);
        assert_eq!(exact, Some(3));
    }

    #[test]
    fn rounded_counts_are_those_of_published_tables_and_few_people_are_few() {
        let see = |count| Protection::Rounded.see(count);
        for count in 0..100 {
            assert_eq!(see(TrueCount::of_each(7, count)), public::published(count));
        }
        let twelve_of_one: TrueCount = (0..12).map(|_| TrueCount::of_person(3)).sum();
        assert_eq!(see(twelve_of_one), None);
    }
}
