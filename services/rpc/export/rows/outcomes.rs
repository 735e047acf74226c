//! CH-09 and CH-11, and what they were counted of: of each channel of each row.

use super::{Base, Rows, valued};
use crate::proto::v1;

const LEAD_TIME: &str = "lead_time";
const SAME_DAY: &[&str] = &["SAME_DAY"];
const OVER_14_DAYS: &[&str] = &["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"];

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::AccessOutcomes) -> Rows<'a> {
    Box::new(table.rows.iter().flat_map(move |row| {
        let cells = row.channels.iter();
        cells.flat_map(|cell| channel(&base, &row.keys, cell)).collect::<Vec<_>>()
    }))
}

fn channel(
    base: &Base<'_>,
    keys: &[v1::CategoryKey],
    cell: &v1::OutcomeCell,
) -> Vec<v1::ExportRow> {
    let group = || base.group("channel", &cell.channel, cell.state());
    let missed = base.row(keys, "CH-09");
    let counts = [
        (("CONTACTS", "Consultations"), cell.total_count),
        (("ATTENDED", "Consultations attended"), cell.attended_count),
        (
            ("OTHER_ATTENDANCE", "Consultations cancelled, to come, or of unknown outcome"),
            cell.other_attendance_count,
        ),
    ];
    let counts = counts.map(|(name, count)| base.count(keys, group(), name, count));
    let mut rows = Vec::from(counts);
    rows.push(v1::ExportRow {
        numerator_count: Some(cell.did_not_attend_count),
        denominator_count: Some(cell.attended_count + cell.did_not_attend_count),
        ..valued(missed, group(), cell.did_not_attend_rate.as_ref(), &cell.did_not_attend_absence)
    });
    let count = |of: &dyn Fn(&str) -> bool| -> i64 {
        cell.lead_times.iter().filter(|band| of(&band.band)).map(|band| band.count).sum()
    };
    let known = count(&|_| true);
    let waits = |row: v1::ExportRow, count: i64, share: Option<&v1::Interval>| v1::ExportRow {
        numerator_count: Some(count),
        denominator_count: Some(known),
        unknown_count: Some(cell.unknown_lead_time_count),
        ..valued(row, group(), share, &cell.lead_time_absence)
    };
    let shares = [
        ("CH-11-SAME-DAY", SAME_DAY, &cell.same_day_share),
        ("CH-11-OVER-14", OVER_14_DAYS, &cell.over_14_days_share),
    ];
    for (indicator, bands, share) in shares {
        let counted = count(&|band| bands.contains(&band));
        rows.push(waits(base.row(keys, indicator), counted, share.as_ref()));
    }
    for band in &cell.lead_times {
        let mut keys = keys.to_vec();
        keys.push(v1::CategoryKey {
            dimension: LEAD_TIME.into(),
            code: band.band.clone(),
            state: v1::CategoryState::Known.into(),
        });
        let row = v1::ExportRow {
            indicator_label: "Days from booking to appointment, share of one band".into(),
            ..base.row(&keys, "CH-11")
        };
        rows.push(waits(row, band.count, band.share.as_ref()));
    }
    rows
}
