//! A table of channels, for people.

use super::blocks::blocks;
use super::table::{self, Column};
use super::words::{self, Legend};
use super::{Look, context, keys, numbers};
use crate::proto::v1::{
    ChannelBreakdown, ChannelCell, ChannelEstimate, ChannelRow, channel_cell::Value,
};

/// For people: what it was made of, the figures, how to read them.
pub fn table(breakdown: &ChannelBreakdown, position: i64, look: &Look) -> String {
    let context = breakdown.context.clone().unwrap_or_default();
    let mut parts = vec![context::header(&context, "Consultation channels", position, look)];
    if context.empty.is_none() && !breakdown.rows.is_empty() {
        parts.push(figures(breakdown, look));
    }
    parts.push(context::footer(&context, look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The figures alone: one line for each combination, the channels beside one another, in several tables where they do not fit
/// the place; of a single combination one line for each channel.
pub fn figures(breakdown: &ChannelBreakdown, look: &Look) -> String {
    if breakdown.rows.len() > 1 { wide(breakdown, look) } else { long(breakdown, look) }
}

fn wide(breakdown: &ChannelBreakdown, look: &Look) -> String {
    let context = breakdown.context.clone().unwrap_or_default();
    let legend = Legend(&context.legend);
    let columns = keys::columns(&breakdown.dimensions, legend);
    let mut values = vec![Column::number(context::unit(&context))];
    let rated = has_rates(breakdown);
    for cell in breakdown.rows.first().map(|row| row.channels.as_slice()).unwrap_or_default() {
        let channel = legend.category("channel", &cell.channel);
        values.push(Column::number(channel.clone()));
        if rated {
            values.push(Column::number(format!("{channel} per 1,000")));
        }
    }
    let lines: Vec<_> = breakdown
        .rows
        .iter()
        .map(|row| {
            let mut line = keys::words(&breakdown.dimensions, &row.keys, legend);
            line.push(numbers::count(row.total_count));
            for cell in &row.channels {
                line.push(count_and_share(cell));
                if rated {
                    line.push(rate(row, cell));
                }
            }
            line
        })
        .collect();
    blocks(&columns, &values, &lines, look)
}

fn long(breakdown: &ChannelBreakdown, look: &Look) -> String {
    let context = breakdown.context.clone().unwrap_or_default();
    let legend = Legend(&context.legend);
    let rated = has_rates(breakdown);
    let mut columns = keys::columns(&breakdown.dimensions, legend);
    columns.push(Column::text("channel"));
    columns.push(Column::number(context::unit(&context)));
    columns.push(Column::number("share"));
    if rated {
        columns.push(Column::number("per 1,000 a month"));
    }
    let mut lines = Vec::new();
    for row in &breakdown.rows {
        let mut head = keys::words(&breakdown.dimensions, &row.keys, legend);
        let all =
            (String::from("all"), numbers::count(row.total_count), String::new(), String::new());
        let channels = row.channels.iter().map(|cell| {
            (legend.category("channel", &cell.channel), count(cell), share(cell), rate(row, cell))
        });
        for (channel, count, share, rate) in std::iter::once(all).chain(channels) {
            let mut line = head.clone();
            line.extend([channel, count, share]);
            if rated {
                line.push(rate);
            }
            lines.push(line);
            head.iter_mut().for_each(String::clear);
        }
    }
    table::fitted(&columns, lines, look)
}

fn estimate(cell: &ChannelCell) -> Result<&ChannelEstimate, String> {
    match &cell.value {
        Some(Value::Estimate(estimate)) => Ok(estimate),
        Some(Value::Absence(absence)) => Err(words::absence(absence)),
        None => Err("no figure".to_owned()),
    }
}

fn count(cell: &ChannelCell) -> String {
    estimate(cell).map_or_else(|absence| absence, |figures| numbers::count(figures.count))
}

fn share(cell: &ChannelCell) -> String {
    let share = estimate(cell).ok().and_then(|figures| figures.share.as_ref());
    share.map_or_else(String::new, numbers::share)
}

fn count_and_share(cell: &ChannelCell) -> String {
    let share = share(cell);
    if share.is_empty() { count(cell) } else { format!("{}  {share}", count(cell)) }
}

fn rate(row: &ChannelRow, cell: &ChannelCell) -> String {
    match estimate(cell).ok().and_then(|figures| figures.rate.as_ref()) {
        Some(rate) => numbers::rate(rate),
        None => row.rate_absence.as_ref().map_or_else(String::new, words::absence),
    }
}

fn has_rates(breakdown: &ChannelBreakdown) -> bool {
    breakdown.rows.iter().any(|row| row.population_count.is_some() || row.rate_absence.is_some())
}
