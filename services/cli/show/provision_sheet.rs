//! A table of face-to-face provision, for spreadsheets.

use super::context_sheet::{Answered, absence};
use super::exclusion_sheet::{FIGURE, figure};
use super::indicators::Indicators;
use super::sheet::{Cell, Sheet};
use super::words::Legend;
use super::{keys, provision};
use crate::proto::v1::FaceToFaceProvision;

const GROUP: [&str; 8] = [
    "group",
    "group_label",
    "contact_count",
    "in_person_count",
    "remote_count",
    "group_unknown_count",
    "group_not_collected_count",
    "group_absence_reason",
];
const SOURCES: [&str; 5] = [
    "request_met_days",
    "access_collection",
    "access_from_record_count",
    "access_from_snapshot_count",
    "access_unknown_count",
];

/// One line for each indicator of each group of each row; where access status comes from and how soon requests are met stand on
/// every line. An answer without rows is one line with the reason.
pub fn sheet(answer: &FaceToFaceProvision, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let sources = answer.sources.clone().unwrap_or_default();
    let columns = GROUP.into_iter().chain(FIGURE).chain(SOURCES);
    let mut lines = Answered::new(&asked, position, &answer.dimensions, columns);
    for row in &answer.rows {
        for group in &row.groups {
            for cell in &group.indicators {
                // A 0 would read as nobody.
                let counted = group.absence.is_none();
                let counts = [group.contact_count, group.in_person_count, group.remote_count];
                let mut line = vec![(&group.group).into(), provision::group_label(group).into()];
                line.extend(counts.map(|count| Cell::from(counted.then_some(count))));
                line.extend([group.unknown_count.into(), group.not_collected_count.into()]);
                line.extend(absence(group.absence.as_ref()).into_iter().take(1));
                line.extend(figure(cell, words));
                line.extend([
                    // Asked, not counted.
                    answer.request_met_days.to_string().into(),
                    (&sources.access_collection).into(),
                    sources.record_count.into(),
                    sources.snapshot_count.into(),
                    sources.unknown_count.into(),
                ]);
                let keys = keys::cells(&answer.dimensions, &row.keys, legend);
                lines.push(keys, line, cell.absence.as_ref());
            }
        }
    }
    if answer.rows.is_empty() {
        lines.push_nothing([]);
    }
    lines.sheet()
}
