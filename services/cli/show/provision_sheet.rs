//! A table of face-to-face provision, for spreadsheets.

use super::exclusion_sheet::{FIGURE, figure};
use super::indicators::Indicators;
use super::sheet::Sheet;
use super::words::Legend;
use super::{context, keys, provision};
use crate::proto::v1::FaceToFaceProvision;

const GROUP: [&str; 5] =
    ["group", "group_label", "contact_count", "in_person_count", "remote_count"];
const REST: [&str; 6] = [
    "access_collection",
    "access_from_record_count",
    "access_from_snapshot_count",
    "access_unknown_count",
    "absence_reason",
    "absence_detail",
];

/// One line for each indicator of each group of each row; where access status comes from stands on every line. An answer without
/// rows is one line with the reason.
pub fn sheet(answer: &FaceToFaceProvision, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let sources = answer.sources.clone().unwrap_or_default();
    let mut sheet = Sheet::new(
        (context::NAMES.into_iter().map(str::to_owned))
            .chain(keys::names(&answer.dimensions))
            .chain(GROUP.into_iter().chain(FIGURE).chain(REST).map(str::to_owned)),
    );
    for row in &answer.rows {
        for group in &row.groups {
            for cell in &group.indicators {
                let mut line = context::cells(&asked, position);
                line.extend(keys::cells(&answer.dimensions, &row.keys, legend));
                line.extend([
                    (&group.group).into(),
                    provision::group_label(group).into(),
                    group.contact_count.into(),
                    group.in_person_count.into(),
                    group.remote_count.into(),
                ]);
                line.extend(figure(cell, words));
                line.extend([
                    (&sources.access_collection).into(),
                    sources.record_count.into(),
                    sources.snapshot_count.into(),
                    sources.unknown_count.into(),
                ]);
                line.extend(context::absence(cell.absence.as_ref()));
                sheet.push(line);
            }
        }
    }
    if let (true, Some(empty)) = (sheet.lines.is_empty(), &asked.empty) {
        let line = context::empty_line(&asked, position, empty, sheet.columns.len());
        sheet.push(line);
    }
    sheet
}
