//! A table of channels, for spreadsheets.

use super::context_sheet::Answered;
use super::keys;
use super::sheet::{Cell, Sheet};
use super::words::{self, Legend};
use crate::proto::v1::{
    Absence, ChannelBreakdown, ChannelCell, ChannelRow, Interval, channel_cell::Value,
};

const FIGURES: [&str; 15] = [
    "channel",
    "channel_label",
    "channel_state",
    "count",
    "share",
    "share_lower",
    "share_upper",
    "rate",
    "rate_lower",
    "rate_upper",
    "total_count",
    "base_count",
    "unknown_channel_count",
    "not_collected_channel_count",
    "population_count",
];

/// One line for each channel of each row; what was asked stands on every line. An answer without rows is one line with
/// the reason.
pub fn sheet(breakdown: &ChannelBreakdown, position: i64) -> Sheet {
    let asked = breakdown.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut lines = Answered::new(&asked, position, &breakdown.dimensions, FIGURES);
    for row in &breakdown.rows {
        for cell in &row.channels {
            let keys = keys::cells(&breakdown.dimensions, &row.keys, legend);
            lines.push(keys, figures(row, cell, legend), absence(row, cell));
        }
    }
    // A row that counts nothing has no channels either.
    if breakdown.rows.iter().all(|row| row.channels.is_empty()) {
        lines.push_nothing([]);
    }
    lines.sheet()
}

fn figures(row: &ChannelRow, cell: &ChannelCell, legend: Legend<'_>) -> Vec<Cell> {
    let mut line = vec![
        (&cell.channel).into(),
        legend.category("channel", &cell.channel).into(),
        words::state(cell.state).into(),
    ];
    let estimate = match &cell.value {
        Some(Value::Estimate(estimate)) => Some(estimate),
        Some(Value::Absence(_)) | None => None,
    };
    line.push(estimate.map(|figures| figures.count).into());
    line.extend(interval(estimate.and_then(|figures| figures.share.as_ref())));
    line.extend(interval(estimate.and_then(|figures| figures.rate.as_ref())));
    line.extend([row.total_count, row.base_count].map(Cell::from));
    line.extend([row.unknown_channel_count, row.not_collected_channel_count].map(Cell::from));
    line.push(row.population_count.into());
    line
}

fn absence<'a>(row: &'a ChannelRow, cell: &'a ChannelCell) -> Option<&'a Absence> {
    match &cell.value {
        Some(Value::Absence(absence)) => Some(absence),
        Some(Value::Estimate(_)) | None => row.rate_absence.as_ref(),
    }
}

/// Value, lower and upper limit; empty where there is none.
pub(super) fn interval(interval: Option<&Interval>) -> [Cell; 3] {
    [
        interval.map(|interval| interval.value).into(),
        interval.and_then(|interval| interval.lower).into(),
        interval.and_then(|interval| interval.upper).into(),
    ]
}
