//! What a reader learns from a number that was changed, or withheld.

use super::protection::Rules;

impl Rules {
    /// The least and the greatest true count that a number may stand for; none: it is withheld. A count of records that was withheld because
    /// few persons are behind it may be greater: for a withheld count, the limit holds for persons, and where persons are not told apart.
    #[must_use]
    pub fn reveals(&self, shown: Option<u64>) -> (u64, u64) {
        let bound = self.table.bound();
        match shown {
            // Zero stays zero.
            Some(0) => (0, bound),
            Some(count) => (count.saturating_sub(bound).max(1), count.saturating_add(bound)),
            None => (0, self.threshold.saturating_sub(1).saturating_add(bound)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use super::*;
    use crate::domain::disclosure::ptable::{Noise, PTable};
    use crate::domain::disclosure::{Protection, TrueCount, sum_of};

    fn rules() -> Rules {
        Rules { table: PTable::generate(Noise::default()), threshold: 10 }
    }

    /// For each number that is shown, the true counts below 60 that it comes from.
    fn counts_of_numbers() -> BTreeMap<Option<u64>, BTreeSet<u64>> {
        let protection = Protection::Perturbed(Arc::new(rules()));
        let mut found = BTreeMap::<_, BTreeSet<u64>>::new();
        for (count, key) in (0..60).flat_map(|count| (0..=255).map(move |key| (count, key))) {
            let shown = protection.see(TrueCount::new(sum_of(key, count), u64::MAX));
            found.entry(shown).or_default().insert(count);
        }
        found
    }

    #[test]
    fn a_number_reveals_the_counts_that_it_may_come_from_and_no_others() {
        let found = counts_of_numbers();
        // Greater numbers come from counts of 60 and more, too.
        for (shown, counts) in found.iter().filter(|(shown, _)| **shown < Some(50)) {
            let ends = (*counts.first().unwrap(), *counts.last().unwrap());
            assert_eq!(ends, rules().reveals(*shown), "{shown:?}");
        }
        assert_eq!(rules().reveals(Some(0)), (0, 5));
    }

    #[test]
    fn true_counts_from_5_to_14_can_be_shown_and_withheld() {
        let found = counts_of_numbers();
        let shown: BTreeSet<u64> = found
            .iter()
            .filter(|(number, _)| number.is_some())
            .flat_map(|found| found.1.clone())
            .collect();
        assert_eq!(shown.first(), Some(&5));
        assert_eq!(found[&None].last(), Some(&14));
    }
}
