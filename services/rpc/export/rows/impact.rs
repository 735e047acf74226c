//! Outcomes in person and remotely, their difference (CH-10 for CH-09), and conversion (CH-12).

use super::{Base, Group, Rows, valued};
use crate::proto::v1;

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::ChannelImpact) -> Rows<'a> {
    Box::new(table.rows.iter().flat_map(move |row| {
        let outcomes = row.outcomes.iter().flat_map(|outcome| modes(&base, &row.keys, outcome));
        let conversion = row.conversion.iter().map(|found| v1::ExportRow {
            numerator_count: Some(found.followed_count),
            denominator_count: Some(found.remote_count),
            unknown_count: Some(found.not_computable_count),
            ..valued(
                base.row(&row.keys, "CH-12"),
                Group::all(),
                found.share.as_ref(),
                &found.absence,
            )
        });
        outcomes.chain(conversion).collect::<Vec<_>>()
    }))
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
    let less = Group::known("REMOTE_LESS_IN_PERSON", "remote less in person");
    let difference = valued(row, less, outcome.difference.as_ref(), &outcome.absence);
    let modes = [
        mode(Group::known("IN_PERSON", "in person"), &outcome.in_person),
        mode(Group::known("REMOTE", "remote"), &outcome.remote),
    ];
    modes.into_iter().flatten().chain([difference]).collect()
}
