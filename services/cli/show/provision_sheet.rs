//! A table of face-to-face provision, for spreadsheets.

use super::context_sheet::Answered;
use super::exclusion_sheet::{FIGURE, figure};
use super::indicators::Indicators;
use super::sheet::Sheet;
use super::words::Legend;
use super::{keys, provision};
use crate::proto::v1::FaceToFaceProvision;

const GROUP: [&str; 5] =
    ["group", "group_label", "contact_count", "in_person_count", "remote_count"];
const SOURCES: [&str; 4] = [
    "access_collection",
    "access_from_record_count",
    "access_from_snapshot_count",
    "access_unknown_count",
];

/// One line for each indicator of each group of each row; where access status comes from stands on every line. An answer without
/// rows is one line with the reason.
pub fn sheet(answer: &FaceToFaceProvision, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let sources = answer.sources.clone().unwrap_or_default();
    let columns = GROUP.into_iter().chain(FIGURE).chain(SOURCES);
    let mut lines = Answered::new(&asked, position, &answer.dimensions, columns);
    for row in &answer.rows {
        for group in &row.groups {
            for cell in &group.indicators {
                let mut line = vec![
                    (&group.group).into(),
                    provision::group_label(group).into(),
                    group.contact_count.into(),
                    group.in_person_count.into(),
                    group.remote_count.into(),
                ];
                line.extend(figure(cell, words));
                line.extend([
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
