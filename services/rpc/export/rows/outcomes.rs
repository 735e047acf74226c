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
        not_collected_count: Some(cell.not_collected_attendance_count),
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
        not_collected_count: Some(cell.not_collected_lead_time_count),
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

#[cfg(test)]
mod tests {
    use super::super::tests::{context, lines, share};
    use crate::proto::v1;
    use crate::rpc::export::answer::Answered;

    #[test]
    fn outcomes_become_missed_and_waits_and_bands() {
        let band = |band: &str, count, value| v1::LeadTimeBand {
            band: band.into(),
            count,
            share: share(value),
        };
        let cell = v1::OutcomeCell {
            channel: "ALL".into(),
            state: v1::CategoryState::Any.into(),
            total_count: 15,
            attended_count: 9,
            other_attendance_count: 5,
            did_not_attend_count: 1,
            did_not_attend_rate: share(0.5),
            lead_times: vec![band("SAME_DAY", 6, 0.75), band("OVER_28_DAYS", 2, 0.25)],
            unknown_lead_time_count: 2,
            not_collected_lead_time_count: 3,
            not_collected_attendance_count: 4,
            same_day_share: share(0.75),
            lead_time_absence: None,
            ..Default::default()
        };
        let rows = vec![v1::OutcomeRow { keys: Vec::new(), channels: vec![cell] }];
        let table = v1::AccessOutcomes { context: context(), rows, ..Default::default() };
        assert_eq!(
            lines(&Answered::Outcomes(table)),
            [
                "OUTCOMES [] CONTACTS COUNT 15 (-..-) 15/-?-",
                "OUTCOMES [] ATTENDED COUNT 9 (-..-) 9/-?-",
                "OUTCOMES [] OTHER_ATTENDANCE COUNT 5 (-..-) 5/-?-",
                "OUTCOMES [] CH-09 RATIO 0.5 (0.25..0.75) 1/10?- not collected 4",
                "OUTCOMES [] CH-11-SAME-DAY RATIO 0.75 (0.375..1.125) 6/8?2 not collected 3",
                "OUTCOMES [] CH-11-OVER-14 RATIO - (-..-) 2/8?2 not collected 3 ABSENCE_REASON_NOT_COMPUTABLE: nothing to take it of",
                "OUTCOMES lead_time=SAME_DAY [] CH-11 RATIO 0.75 (0.375..1.125) 6/8?2 not collected 3",
                "OUTCOMES lead_time=OVER_28_DAYS [] CH-11 RATIO 0.25 (0.125..0.375) 2/8?2 not collected 3",
            ]
        );
    }
}
