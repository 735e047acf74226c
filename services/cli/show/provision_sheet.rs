//! A table of face-to-face provision, for spreadsheets.

use super::exclusion_sheet::{FIGURE, figure};
use super::indicators::Indicators;
use super::sheet::{Cell, Sheet};
use super::words::Legend;
use super::{context, keys, provision};
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
const REST: [&str; 7] = [
    "request_met_days",
    "access_collection",
    "access_from_record_count",
    "access_from_snapshot_count",
    "access_unknown_count",
    "absence_reason",
    "absence_detail",
];

/// One line for each indicator of each group of each row; where access status comes from and how soon requests are met stand on every line. An answer without
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
                line.extend([(&group.group).into(), provision::group_label(group).into()]);
                // A 0 would read as nobody.
                let counted = group.absence.is_none();
                let counts = [group.contact_count, group.in_person_count, group.remote_count];
                line.extend(counts.map(|count| Cell::from(counted.then_some(count))));
                line.extend([group.unknown_count.into(), group.not_collected_count.into()]);
                line.extend(context::absence(group.absence.as_ref()).into_iter().take(1));
                line.extend(figure(cell, words));
                line.extend([
                    i64::from(answer.request_met_days).into(),
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
