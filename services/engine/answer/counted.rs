//! Where the counted submissions come from, and of which months they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::Plan;
use crate::domain::estimate::EstimateSource;
use crate::domain::period::Month;

/// Most publications that a line names; the contract's message has all of them.
const NAMED: usize = 5;

/// Some of the counted submissions: those of one collection and publication.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedSource {
    /// Id of their collection.
    pub collection: String,
    /// Their publication; none: they were not published.
    pub source: Option<Arc<EstimateSource>>,
    /// What the collection says of its data.
    pub provenance: String,
    /// Months of the first and last of them.
    pub months: (Month, Month),
    /// Number of them.
    pub submission_count: usize,
}

impl CountedSource {
    /// Publication and months in a line, for people.
    fn line(&self) -> String {
        let (first, last) = self.months;
        let months = if first == last { first.to_string() } else { format!("{first} to {last}") };
        match &self.source {
            Some(source) => source.line(&months),
            None => format!("{}; {months}", self.provenance.trim_end_matches('.')),
        }
    }
}

impl Plan {
    /// Where its submissions come from, in order of publication.
    pub(super) fn counted(&self) -> Vec<CountedSource> {
        let mut by_source: BTreeMap<Option<&Arc<EstimateSource>>, (Month, Month, usize)> =
            BTreeMap::new();
        for month in &self.months {
            // The submissions of a month are mostly of one publication, and share it: no text is compared.
            let mut runs: Vec<(Option<&Arc<EstimateSource>>, usize)> = Vec::new();
            for source in month.submissions().map(|of| of.source.as_ref()) {
                match runs.last_mut() {
                    Some((last, count)) if is_same(*last, source) => *count += 1,
                    _ => runs.push((source, 1)),
                }
            }
            let month = month.standing.slot.month;
            for (source, count) in runs {
                let of = by_source.entry(source).or_insert((month, month, 0));
                *of = (of.0.min(month), of.1.max(month), of.2 + count);
            }
        }
        let counted =
            |(source, (first, last, submission_count)): (Option<&Arc<_>>, _)| CountedSource {
                collection: self.collection.id.clone(),
                source: source.cloned(),
                provenance: self.collection.provenance.clone(),
                months: (first, last),
                submission_count,
            };
        by_source.into_iter().map(counted).collect()
    }
}

fn is_same(one: Option<&Arc<EstimateSource>>, other: Option<&Arc<EstimateSource>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Adds what else was counted, if it is of another publication or of other months.
pub(super) fn join(counted: &mut Vec<CountedSource>, other: &[CountedSource]) {
    let key = |of: &CountedSource| (of.collection.clone(), of.source.clone(), of.months);
    for of in other {
        if !counted.iter().any(|known| key(known) == key(of)) {
            counted.push(of.clone());
        }
    }
}

/// Publications and months in a line, for people; empty if nothing was counted.
pub(super) fn line(counted: &[CountedSource]) -> String {
    let mut lines: Vec<_> = counted.iter().take(NAMED).map(CountedSource::line).collect();
    if let more @ 1.. = counted.len().saturating_sub(NAMED) {
        lines.push(format!("and {more} more"));
    }
    lines.join("; ")
}
