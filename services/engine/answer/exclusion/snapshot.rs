//! Snapshots are of people, not of events: over several months an organisation's last one stands, and none is added to another.

use std::collections::BTreeMap;

use crate::domain::codes::Source;
use crate::domain::period::Month;
use crate::engine::answer::plan::{Plan, slot_key};
use crate::store::Submission;

/// The dimensions of time among those asked for: what tells the snapshots of an organisation apart.
fn times(plan: &Plan, by: &[String]) -> Vec<Source> {
    let sources = by.iter().filter_map(|id| plan.reference.dimension(id)).map(|d| &d.source);
    sources.filter(|source| source.period(Month::FIRST).is_some()).cloned().collect()
}

/// Whether a dimension of time is asked for.
pub(super) fn tells_apart(plan: &Plan, by: &[String]) -> bool {
    !times(plan, by).is_empty()
}

/// Leaves each organisation's last snapshot: of the period, or of each of the periods that `by` tells apart.
pub(super) fn keep_last(plan: &mut Plan, by: &[String]) {
    let (times, reference) = (times(plan, by), plan.reference.clone());
    let kept = |submission: &Submission| {
        let period = times.iter().map(|source| slot_key(&reference, source, submission));
        (submission.slot.organisation, period.collect::<Vec<_>>())
    };
    // They come by month: the last takes the place of those before.
    let last: BTreeMap<_, _> = plan.submissions().map(|s| (kept(s), s.slot.month)).collect();
    plan.keep(|submission| last.get(&kept(submission)) == Some(&submission.slot.month));
}

/// What was left, in a sentence.
pub(super) fn note(by: &[String]) -> String {
    let each =
        by.iter().find(|id| ["quarter", "financial_year", "calendar_year"].contains(&id.as_str()));
    let of = each.map_or("the period".into(), |id| format!("each {}", id.replace('_', " ")));
    format!(
        "Of each organisation the last snapshot of {of}: snapshots are never added up over time."
    )
}
