//! Outcomes in person and remotely and their difference (CH-10 for CH-09): of shares, of the median wait, of what followed (CH-12).

use super::{Base, Group, Rows, valued};
use crate::proto::v1;

fn in_person() -> Group<'static> {
    Group::known("IN_PERSON", "in person")
}

fn remote() -> Group<'static> {
    Group::known("REMOTE", "remote")
}

fn difference() -> Group<'static> {
    Group::known("REMOTE_LESS_IN_PERSON", "remote less in person")
}

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::ChannelImpact) -> Rows<'a> {
    Box::new(table.rows.iter().flat_map(move |row| {
        let outcomes = row.outcomes.iter().flat_map(|outcome| modes(&base, &row.keys, outcome));
        let waits = row.wait.iter().flat_map(|wait| waits(&base, &row.keys, wait));
        let followed = row.conversion.iter().flat_map(|found| followed(&base, &row.keys, found));
        outcomes.chain(waits).chain(followed).collect::<Vec<_>>()
    }))
}

/// A figure in days as one without limits.
fn days(value: Option<f64>) -> Option<v1::Interval> {
    value.map(|value| v1::Interval { value, lower: None, upper: None })
}

fn waits(base: &Base<'_>, keys: &[v1::CategoryKey], wait: &v1::MedianWait) -> Vec<v1::ExportRow> {
    let row = |group, value: Option<f64>, why: &Option<v1::Absence>| {
        valued(base.row(keys, &wait.indicator), group, days(value).as_ref(), why)
    };
    let mode = |group, cell: &Option<v1::WaitCell>| {
        let cell = cell.as_ref()?;
        Some(v1::ExportRow {
            denominator_count: Some(cell.known_count),
            unknown_count: Some(cell.unknown_count),
            not_collected_count: Some(cell.not_collected_count),
            ..row(group, cell.median_days, &cell.absence)
        })
    };
    let less = row(difference(), wait.difference_days, &wait.absence);
    let modes = [mode(in_person(), &wait.in_person), mode(remote(), &wait.remote)];
    modes.into_iter().flatten().chain([less]).collect()
}

fn followed(base: &Base<'_>, keys: &[v1::CategoryKey], of: &v1::Conversion) -> [v1::ExportRow; 3] {
    let row = |group, share: &Option<v1::Interval>, why: &Option<v1::Absence>| {
        valued(base.row(keys, "CH-12"), group, share.as_ref(), why)
    };
    let less = row(difference(), &of.difference, &of.difference_absence);
    [
        v1::ExportRow {
            numerator_count: Some(of.in_person_followed_count),
            denominator_count: Some(of.in_person_count),
            unknown_count: Some(of.in_person_not_computable_count),
            ..row(in_person(), &of.in_person_share, &of.in_person_absence)
        },
        v1::ExportRow {
            numerator_count: Some(of.followed_count),
            denominator_count: Some(of.remote_count),
            unknown_count: Some(of.not_computable_count),
            ..row(remote(), &of.share, &of.absence)
        },
        v1::ExportRow { unit: "DIFFERENCE".into(), ..less },
    ]
}

fn modes(
    base: &Base<'_>,
    keys: &[v1::CategoryKey],
    outcome: &v1::ModeDifference,
) -> Vec<v1::ExportRow> {
    let mode = |group, cell: &Option<v1::IndicatorCell>| {
        // A mode's cell is of the outcome, whatever it calls itself.
        let cell = cell.as_ref()?;
        let cell = v1::IndicatorCell { indicator: outcome.indicator.clone(), ..cell.clone() };
        Some(base.cell(keys, group, &cell))
    };
    let indicator = if outcome.indicator == "CH-09" { "CH-10" } else { outcome.indicator.as_str() };
    let row = v1::ExportRow { unit: "DIFFERENCE".into(), ..base.row(keys, indicator) };
    let less = valued(row, difference(), outcome.difference.as_ref(), &outcome.absence);
    let modes = [mode(in_person(), &outcome.in_person), mode(remote(), &outcome.remote)];
    modes.into_iter().flatten().chain([less]).collect()
}
