//! Counts for publications: of one organisation in one month, by the crossing of all that is published.

use std::collections::BTreeMap;

use crate::domain::collection::Dataset;
use crate::domain::disclosure::TrueCount;
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

/// Counts by place on each axis: the categories of the dimension in their order, then the states.
pub(in crate::engine) type BaseCounts = BTreeMap<Vec<usize>, TrueCount>;

impl Engine {
    /// Counts consultations by everything that the query is by.
    pub(in crate::engine) fn base_counts(&self, query: &Query) -> Result<BaseCounts, QueryError> {
        let plan = self.plan(query, Dataset::Consultations)?;
        if plan.has_suppressed() {
            return Err(QueryError::Refused(format!(
                "`{}` has counts that its source suppressed, and no table of it is published",
                query.collection
            )));
        }
        let mut counts = BaseCounts::new();
        // The last axis makes the counts of a row; without any, nothing tells records apart.
        for (row, of_row) in self.crosstab(&plan, plan.path(), 1, None)?.rows {
            let some = of_row.inner.iter().enumerate().filter(|(_, count)| !count.is_zero());
            counts.extend(some.map(|(last, count)| ([&row[..], &[last]].concat(), *count)));
        }
        Ok(counts)
    }
}
