//! A table of access outcomes, for people.

use super::blocks::blocks;
use super::table::{self, Column};
use super::words::{self, Legend};
use super::{Look, context, keys, numbers};
use crate::proto::v1::{Absence, AccessOutcomes, Interval, OutcomeCell};

/// What [`counts`] are.
const COUNTS: [&str; 5] = ["contacts", "attended", "did not attend", "other", "not collected"];

/// What it was made of, the figures, how to read them.
pub fn table(outcomes: &AccessOutcomes, position: i64, look: &Look) -> String {
    let asked = outcomes.context.clone().unwrap_or_default();
    let mut parts = vec![context::header(&asked, "Access outcomes", position, look)];
    if asked.empty.is_none() && !outcomes.rows.is_empty() {
        parts.push(figures(outcomes, look));
        parts.push(bands(outcomes, look));
    }
    parts.push(context::footer(&asked, look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn figures(outcomes: &AccessOutcomes, look: &Look) -> String {
    let asked = outcomes.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut columns = keys::columns(&outcomes.dimensions, legend);
    columns.push(Column::text("channel"));
    // Where every source collects attendance, a column of zeros would only be wide.
    let cells = || outcomes.rows.iter().flat_map(|row| &row.channels);
    let is_told = cells().any(|cell| cell.not_collected_attendance_count > 0);
    let told = COUNTS.len() - usize::from(!is_told);
    let shares = ["did not attend, share", "same day", "over 14 days"];
    let values: Vec<_> = COUNTS[..told].iter().copied().chain(shares).map(Column::number).collect();
    let mut lines = Vec::new();
    for row in &outcomes.rows {
        let mut head = keys::words(&outcomes.dimensions, &row.keys, legend);
        for cell in &row.channels {
            let mut line = head.clone();
            line.push(channel(cell, legend));
            line.extend(counts(cell).into_iter().take(told).map(numbers::count));
            line.push(share(
                cell.did_not_attend_rate.as_ref(),
                cell.did_not_attend_absence.as_ref(),
            ));
            line.push(share(cell.same_day_share.as_ref(), cell.lead_time_absence.as_ref()));
            line.push(share(cell.over_14_days_share.as_ref(), cell.lead_time_absence.as_ref()));
            lines.push(line);
            head.iter_mut().for_each(String::clear);
        }
    }
    blocks(&columns, &values, &lines, look)
}

/// Days from booking to appointment, all channels of the total together.
fn bands(outcomes: &AccessOutcomes, look: &Look) -> String {
    let Some(cell) = outcomes.rows.first().and_then(|row| row.channels.first()) else {
        return String::new();
    };
    if cell.lead_times.is_empty() {
        return String::new();
    }
    let asked = outcomes.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let columns = [
        Column::text("booked before, all channels"),
        Column::number("contacts"),
        Column::number("share"),
    ];
    let known = cell.lead_times.iter().map(|band| {
        vec![
            legend.category("lead_time", &band.band),
            numbers::count(band.count),
            share(band.share.as_ref(), None),
        ]
    });
    let mut others = vec![("not known", cell.unknown_lead_time_count)];
    if cell.not_collected_lead_time_count > 0 {
        others.push(("not collected", cell.not_collected_lead_time_count));
    }
    let others = others
        .into_iter()
        .map(|(what, count)| vec![what.to_owned(), numbers::count(count), String::new()]);
    table::grid(&columns, known.chain(others).collect(), look)
}

/// Words for a channel: `ALL` is all channels together.
pub(super) fn channel(cell: &OutcomeCell, legend: Legend<'_>) -> String {
    if cell.channel == "ALL" { "all".to_owned() } else { legend.category("channel", &cell.channel) }
}

/// Consultations, attended, missed, neither, and where the source does not collect it.
pub(super) fn counts(cell: &OutcomeCell) -> [i64; COUNTS.len()] {
    [
        cell.total_count,
        cell.attended_count,
        cell.did_not_attend_count,
        cell.other_attendance_count,
        cell.not_collected_attendance_count,
    ]
}

fn share(interval: Option<&Interval>, absence: Option<&Absence>) -> String {
    interval.map(numbers::share).or_else(|| absence.map(words::absence)).unwrap_or_default()
}
