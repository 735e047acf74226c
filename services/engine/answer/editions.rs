//! Editions of deprivation: a dimension may put several editions of the index together, and then the answer says which its records carry.

use std::collections::BTreeSet;

use super::plan::Plan;
use crate::domain::codes::{Dimension, Value};
use crate::domain::field::Field;
use crate::engine::Engine;
use crate::engine::query::Query;
use crate::store::code_of;

/// The edition of a code, `imd_2019` of `imd_2019:q1`; none: the code says none.
fn edition(code: &str) -> Option<&str> {
    code.split_once(':').map(|(edition, _)| edition)
}

/// Whether a dimension of deprivation is of no single edition.
fn puts_together(dimension: &Dimension) -> bool {
    let of_one = |(code, _): &(String, String)| edition(code).is_some();
    dimension.field() == Some(Field::Deprivation) && !dimension.categories.iter().all(of_one)
}

impl Engine {
    /// Which editions are behind the figures of a question by a dimension, or on a condition, that puts editions together. None: the
    /// question has no such dimension, no record is known by any edition, or the reader may not see all.
    pub(super) fn editions(&self, plan: &Plan, query: &Query) -> Option<String> {
        // Which editions occur among few people would tell who is there.
        if !plan.protection.is_exact() {
            return None;
        }
        let ids = query.by.iter().chain(query.filters.iter().map(|filter| &filter.dimension));
        let dimensions = ids.filter_map(|id| plan.reference.dimension(id));
        let labels: BTreeSet<_> =
            dimensions.filter(|of| puts_together(of)).map(|of| of.label.as_str()).collect();
        if labels.is_empty() {
            return None;
        }
        let label = labels.into_iter().collect::<Vec<_>>().join(" and ");
        let mut numbers = plan.occurring(Field::Deprivation);
        for filter in plan.filters.iter().filter(|filter| filter.field == Field::Deprivation) {
            numbers.retain(|number| plan.passes(filter, *number));
        }
        let catalog = self.store().catalog();
        let words = catalog.words().of(Field::Deprivation);
        let word = |number: &u32| words.get(number.checked_sub(code_of(0))? as usize);
        let values = numbers.iter().filter_map(word);
        let codes = values.filter_map(|value| match value {
            Value::Codes(codes) => Some(codes),
            Value::State(_) | Value::Number(_) => None,
        });
        let editions: BTreeSet<_> = codes.flatten().filter_map(|code| edition(code)).collect();
        let names: Vec<_> = editions.iter().map(|id| id.replace('_', " ").to_uppercase()).collect();
        let several = "Each record counts by the edition that it carries; the editions are not comparable with each other.";
        match names.as_slice() {
            [] => None,
            [one] => {
                Some(format!("{label}: the submissions that were read carry the edition {one}."))
            }
            [first @ .., last] => Some(format!(
                "{label}: the submissions that were read carry the editions {} and {last}. {several}",
                first.join(", ")
            )),
        }
    }
}
