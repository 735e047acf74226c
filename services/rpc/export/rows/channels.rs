//! CH-01 or CH-02 and, where rates were asked for, CH-03: a row for each channel of each row, and what they were counted of.

use super::{Base, Group, Rows, absence, valued};
use crate::proto::v1;

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::ChannelBreakdown) -> Rows<'a> {
    Box::new(table.rows.iter().flat_map(move |row| {
        let cells = row.channels.iter().flat_map(|cell| channel(&base, row, cell));
        // Where no channel occurs there is nothing that it would be the whole of.
        let all = (!row.channels.is_empty())
            .then(|| base.count(&row.keys, Group::all(), counted(&base), row.total_count));
        all.into_iter().chain(cells).collect::<Vec<_>>()
    }))
}

/// What is counted, whatever the channel. Persons with several channels are in each, so that channels do not add up to them.
fn counted(base: &Base<'_>) -> (&'static str, &'static str) {
    match base.row.measure() {
        v1::Measure::Unspecified | v1::Measure::Contacts => ("CONTACTS", "Consultations"),
        v1::Measure::AttendedContacts => ("ATTENDED_CONTACTS", "Consultations attended"),
        v1::Measure::Persons => ("PERSONS", "People with at least one consultation"),
    }
}

fn channel(base: &Base<'_>, row: &v1::ChannelRow, cell: &v1::ChannelCell) -> Vec<v1::ExportRow> {
    use v1::channel_cell::Value;
    let group = || base.group("channel", &cell.channel, cell.state());
    let share = base.row(&row.keys, base.channel_indicator());
    let figures = match &cell.value {
        Some(Value::Estimate(figures)) => figures,
        Some(Value::Absence(why)) => return vec![valued(share, group(), None, &Some(why.clone()))],
        None => return vec![valued(share, group(), None, &None)],
    };
    let outside = figures.share.is_none() && cell.state() != v1::CategoryState::Known;
    let why = outside.then(|| {
        if cell.state() == v1::CategoryState::NotCollected {
            let why = "outside every base: the source does not collect the channel";
            absence(v1::AbsenceReason::NotCollected, why)
        } else {
            let why = "outside the base: shares are of those whose channel is known";
            absence(v1::AbsenceReason::NotComputable, why)
        }
    });
    let mut rows = vec![v1::ExportRow {
        numerator_count: Some(figures.count),
        denominator_count: (!outside).then_some(row.base_count),
        unknown_count: Some(row.unknown_channel_count),
        not_collected_count: Some(row.not_collected_channel_count),
        ..valued(share, group(), figures.share.as_ref(), &why)
    }];
    if row.population_count.is_some() || row.rate_absence.is_some() {
        let rate = base.row(&row.keys, "CH-03");
        rows.push(v1::ExportRow {
            numerator_count: Some(figures.count),
            denominator_count: row.population_count,
            ..valued(rate, group(), figures.rate.as_ref(), &row.rate_absence)
        });
    }
    rows
}
