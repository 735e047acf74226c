//! A table of access outcomes, for spreadsheets.

use super::channels_sheet::interval;
use super::context_sheet::{Answered, absence};
use super::sheet::{Cell, Sheet};
use super::words::{self, Legend};
use super::{keys, outcomes};
use crate::proto::v1::{AccessOutcomes, OutcomeCell};

const COUNTS: [&str; 8] = [
    "channel",
    "channel_label",
    "channel_state",
    "total_count",
    "attended_count",
    "did_not_attend_count",
    "other_attendance_count",
    "not_collected_attendance_count",
];
const SHARES: [&str; 11] = [
    "did_not_attend_rate",
    "did_not_attend_rate_lower",
    "did_not_attend_rate_upper",
    "same_day_share",
    "same_day_share_lower",
    "same_day_share_upper",
    "over_14_days_share",
    "over_14_days_share_lower",
    "over_14_days_share_upper",
    "unknown_lead_time_count",
    "not_collected_lead_time_count",
];
/// Why there is no rate; why there are no lead-time shares stands where every sheet has it.
const NO_RATE: [&str; 2] = ["did_not_attend_absence_reason", "did_not_attend_absence_detail"];

/// One line for each channel of each row, with a count for each band of days; what was asked stands on every line. An
/// answer without rows is one line with the reason.
pub fn sheet(answer: &AccessOutcomes, position: i64) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let bands = bands(answer);
    let columns = (COUNTS.into_iter().chain(SHARES).map(str::to_owned))
        .chain(bands.iter().map(|band| format!("lead_time_{}_count", band.to_lowercase())))
        .chain(NO_RATE.map(str::to_owned));
    let mut lines = Answered::new(&asked, position, &answer.dimensions, columns);
    for row in &answer.rows {
        for cell in &row.channels {
            let keys = keys::cells(&answer.dimensions, &row.keys, legend);
            lines.push(keys, figures(cell, &bands, legend), cell.lead_time_absence.as_ref());
        }
    }
    if answer.rows.is_empty() {
        lines.push_nothing([]);
    }
    lines.sheet()
}

fn figures(cell: &OutcomeCell, bands: &[String], legend: Legend<'_>) -> Vec<Cell> {
    let mut line = vec![
        (&cell.channel).into(),
        outcomes::channel(cell, legend).into(),
        words::state(cell.state).into(),
    ];
    line.extend(outcomes::counts(cell).map(Cell::from));
    line.extend(interval(cell.did_not_attend_rate.as_ref()));
    line.extend(interval(cell.same_day_share.as_ref()));
    line.extend(interval(cell.over_14_days_share.as_ref()));
    line.extend([cell.unknown_lead_time_count, cell.not_collected_lead_time_count].map(Cell::from));
    line.extend(bands.iter().map(|code| {
        Cell::from(cell.lead_times.iter().find(|band| band.band == *code).map(|band| band.count))
    }));
    line.extend(absence(cell.did_not_attend_absence.as_ref()));
    line
}

/// Every band that occurs, in the order in which they come.
fn bands(answer: &AccessOutcomes) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    let cells = answer.rows.iter().flat_map(|row| &row.channels);
    for band in cells.flat_map(|cell| &cell.lead_times) {
        if !codes.contains(&band.band) {
            codes.push(band.band.clone());
        }
    }
    codes
}
