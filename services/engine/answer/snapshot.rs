//! Snapshots are of people, not of events: over several months an organisation's last one stands, and none is added to another.

use std::collections::BTreeMap;

use crate::domain::codes::Source;
use crate::domain::period::Month;
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::taken_over;
use crate::store::Bits;

/// The dimensions of time among those asked for: what tells the snapshots of an organisation apart.
fn times(plan: &Plan, by: &[String]) -> Vec<Source> {
    let sources = by.iter().filter_map(|id| plan.reference.dimension(id)).map(|d| &d.source);
    sources.filter(|source| source.period(Month::FIRST).is_some()).cloned().collect()
}

/// Whether a dimension of time is asked for.
pub(super) fn tells_apart(plan: &Plan, by: &[String]) -> bool {
    !times(plan, by).is_empty()
}

/// Leaves each organisation's last snapshot: of the period, or of each of the periods that `by` tells apart. Where organisations merged,
/// the later snapshot of the successor has their people: then theirs is left out, and a sentence says so.
pub(super) fn keep_last(plan: &mut Plan, by: &[String]) -> Option<String> {
    let times = times(plan, by);
    let period = |month: Month| times.iter().map(|time| time.period(month)).collect::<Vec<_>>();
    // From the last month back: whom a period has had already, it has had last.
    let mut seen: BTreeMap<_, Bits> = BTreeMap::new();
    let mut kept = Vec::new();
    for month in plan.months.iter().rev() {
        let standing = &month.standing;
        let seen = seen.entry(period(standing.slot.month)).or_default();
        kept.push(month.places().map(|n| seen.insert(standing.organisations[n])).collect());
    }
    plan.keep(&kept.into_iter().rev().collect::<Vec<Vec<_>>>().concat());
    if !plan.reference.has_mergers() {
        return None;
    }
    let mut last: BTreeMap<_, BTreeMap<&str, Month>> = BTreeMap::new();
    for of in plan.submissions() {
        last.entry(period(of.slot.month)).or_default().insert(&of.organisation, of.slot.month);
    }
    let merged = last.into_iter().map(|(period, last)| (period, plan.reference.taken_over(&last)));
    let merged: BTreeMap<_, _> = merged.collect();
    let of = plan.submissions().map(|s| (period(s.slot.month), s.organisation.as_ref()));
    let kept: Vec<_> = of.map(|(period, code)| !merged[&period].contains_key(code)).collect();
    plan.keep(&kept);
    taken_over(merged.values().flat_map(BTreeMap::values))
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
