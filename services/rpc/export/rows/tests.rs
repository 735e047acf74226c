//! Golden rows: what each table becomes, figure by figure.

mod alone;
mod modes;

use super::*;
use crate::domain::codes::Content;

fn reference() -> Reference {
    Reference::new(&Content::embedded()).unwrap()
}

pub(super) fn context() -> Option<v1::BreakdownContext> {
    let quality = |dimension: &str, coverage, unknown| v1::DimensionQuality {
        dimension: dimension.into(),
        coverage_ratio: Some(coverage),
        unknown_ratio: Some(unknown),
    };
    Some(v1::BreakdownContext {
        collection: "synthetic-llr".into(),
        data_class: v1::DataClass::Synthetic.into(),
        area: "QK1".into(),
        area_name: "LLR".into(),
        area_basis: v1::AreaBasis::Provider.into(),
        first_month: "2020-04".into(),
        last_month: "2020-06".into(),
        measure: v1::Measure::Contacts.into(),
        denominator: v1::Denominator::All.into(),
        confidence_level: 0.998,
        data_position: 7,
        submission_count: 5,
        month_count: 2,
        expected_month_count: 3,
        conditions: vec![condition("lead_time", &["SAME_DAY"]), condition("sex", &["1", "2"])],
        unattributed: Some(v1::Unattributed { count: 11, detail: "03W spans two".into() }),
        notes: vec!["Made up.".into(), "All of it.".into()],
        organisation_count: 2,
        expected_organisation_count: 3,
        quality: vec![
            quality("sex", 0.9, 0.1),
            quality("age_band", 0.8, 0.05),
            quality("channel", 0.1, 0.9),
        ],
        provenance: "made".into(),
        legend: vec![v1::LegendDimension {
            dimension: "sex".into(),
            categories: vec![v1::LegendCategory { code: "1".into(), label: "Men".into() }],
            ..Default::default()
        }],
        ..Default::default()
    })
}

fn condition(dimension: &str, codes: &[&str]) -> v1::AskedCondition {
    let codes = codes.iter().map(|code| (*code).to_owned()).collect();
    v1::AskedCondition { dimension: dimension.into(), codes, ..Default::default() }
}

fn keys(codes: &[(&str, &str)]) -> Vec<v1::CategoryKey> {
    let key = |(dimension, code): &(&str, &str)| {
        let known = v1::CategoryState::Known;
        let state = if *code == "NOT_KNOWN" { v1::CategoryState::NotKnown } else { known };
        v1::CategoryKey {
            dimension: (*dimension).into(),
            code: (*code).into(),
            state: state.into(),
        }
    };
    codes.iter().map(key).collect()
}

pub(super) fn share(value: f64) -> Option<v1::Interval> {
    Some(v1::Interval { value, lower: Some(value / 2.0), upper: Some(value * 1.5) })
}

fn cell(indicator: &str, counts: (i64, i64, i64), value: f64) -> v1::IndicatorCell {
    v1::IndicatorCell {
        indicator: indicator.into(),
        numerator_count: counts.0,
        denominator_count: counts.1,
        unknown_count: counts.2,
        not_collected_count: 6,
        share: share(value),
        ..Default::default()
    }
}

/// Everything that differs from row to row, on one line.
fn line(row: &v1::ExportRow) -> String {
    let number = |n: Option<f64>| n.map_or("-".to_owned(), |n| n.to_string());
    let count = |n: Option<i64>| n.map_or("-".to_owned(), |n| n.to_string());
    let keys: Vec<_> =
        row.keys.iter().map(|key| format!("{}={}", key.dimension, key.code)).collect();
    let mut line = format!(
        "{} {} [{}] {} {} {} ({}..{}) {}/{}?{}",
        row.table,
        keys.join("&"),
        row.group,
        row.indicator,
        row.unit,
        number(row.value),
        number(row.lower),
        number(row.upper),
        count(row.numerator_count),
        count(row.denominator_count),
        count(row.unknown_count),
    );
    if let Some(count) = row.not_collected_count {
        line = format!("{line} not collected {count}");
    }
    if let Some(why) = &row.absence {
        line = format!("{line} {}: {}", why.reason().as_str_name(), why.detail);
    }
    line.replace("  ", " ")
}

pub(super) fn lines(answered: &Answered) -> Vec<String> {
    of(answered, &reference(), 71).map(|row| line(&row)).collect()
}

fn channel(code: &str, state: v1::CategoryState, estimate: v1::ChannelEstimate) -> v1::ChannelCell {
    let value = Some(v1::channel_cell::Value::Estimate(estimate));
    v1::ChannelCell { channel: code.into(), state: state.into(), value }
}

fn channels() -> v1::ChannelBreakdown {
    let estimate = |count, share| v1::ChannelEstimate { count, share, rate: None };
    let known = v1::CategoryState::Known;
    v1::ChannelBreakdown {
        context: context(),
        dimensions: vec!["sex".into()],
        rows: vec![v1::ChannelRow {
            keys: keys(&[("sex", "1")]),
            total_count: 15,
            base_count: 8,
            unknown_channel_count: 4,
            channels: vec![
                channel(
                    "TELEPHONE",
                    known,
                    v1::ChannelEstimate { rate: share(3.5), ..estimate(2, share(0.25)) },
                ),
                channel("NOT_KNOWN", v1::CategoryState::NotKnown, estimate(4, None)),
                channel("NOT_COLLECTED", v1::CategoryState::NotCollected, estimate(3, None)),
            ],
            population_count: Some(4_000),
            rate_absence: None,
            not_collected_channel_count: 3,
        }],
    }
}

#[test]
fn channels_become_shares_and_rates() {
    assert_eq!(
        lines(&Answered::Channels(channels())),
        [
            "CHANNELS sex=1 [] CONTACTS COUNT 15 (-..-) 15/-?-",
            "CHANNELS sex=1 [TELEPHONE] CH-01 RATIO 0.25 (0.125..0.375) 2/8?4 not collected 3",
            "CHANNELS sex=1 [TELEPHONE] CH-03 PER_1000_MONTH 3.5 (1.75..5.25) 2/4000?-",
            "CHANNELS sex=1 [NOT_KNOWN] CH-01 RATIO - (-..-) 4/-?4 not collected 3 ABSENCE_REASON_NOT_COMPUTABLE: outside the base: \
             shares are of those whose channel is known",
            "CHANNELS sex=1 [NOT_KNOWN] CH-03 PER_1000_MONTH - (-..-) 4/4000?- ABSENCE_REASON_NOT_COMPUTABLE: \
             nothing to take it of",
            "CHANNELS sex=1 [NOT_COLLECTED] CH-01 RATIO - (-..-) 3/-?4 not collected 3 ABSENCE_REASON_NOT_COLLECTED: \
             outside every base: the source does not collect the channel",
            "CHANNELS sex=1 [NOT_COLLECTED] CH-03 PER_1000_MONTH - (-..-) 3/4000?- ABSENCE_REASON_NOT_COMPUTABLE: \
             nothing to take it of",
        ]
    );
}

#[test]
fn a_row_has_everything_it_takes_to_be_read_alone() {
    let mut table = channels();
    table.rows[0].keys = keys(&[("sex", "1"), ("age_band", "NOT_KNOWN")]);
    let answered = Answered::Channels(table);
    let reference = reference();
    let row = of(&answered, &reference, 71).nth(1).unwrap();
    assert_eq!(
        v1::ExportRow { keys: Vec::new(), ..row },
        v1::ExportRow {
            table: "CHANNELS".into(),
            collection: "synthetic-llr".into(),
            data_class: v1::DataClass::Synthetic.into(),
            area: "QK1".into(),
            area_name: "LLR".into(),
            area_type: "system".into(),
            area_basis: v1::AreaBasis::Provider.into(),
            first_month: "2020-04".into(),
            last_month: "2020-06".into(),
            key_labels: vec!["Men".into(), "not known".into()],
            group: "TELEPHONE".into(),
            group_label: "Telephone".into(),
            group_state: v1::CategoryState::Known.into(),
            indicator: "CH-01".into(),
            indicator_label: "Channel share".into(),
            unit: "RATIO".into(),
            value: Some(0.25),
            lower: Some(0.125),
            upper: Some(0.375),
            numerator_count: Some(2),
            denominator_count: Some(8),
            unknown_count: Some(4),
            not_collected_count: Some(3),
            // Of the keys alone: the channel is no key.
            coverage_ratio: Some(0.8),
            unknown_ratio: Some(0.1),
            organisation_count: 2,
            expected_organisation_count: 3,
            position: 71,
            data_position: 7,
            provenance: "made".into(),
            measure: v1::Measure::Contacts.into(),
            denominator: v1::Denominator::All.into(),
            confidence_level: 0.998,
            conditions: "lead_time=SAME_DAY;sex=1,2".into(),
            submission_count: 5,
            month_count: 2,
            expected_month_count: 3,
            unattributed_count: Some(11),
            unattributed_detail: "03W spans two".into(),
            notes: vec!["Made up.".into(), "All of it.".into()],
            ..Default::default()
        }
    );
}

#[test]
fn persons_are_another_indicator_and_nothing_is_one_row() {
    let mut table = channels();
    table.context.as_mut().unwrap().measure = v1::Measure::Persons.into();
    let made = lines(&Answered::Channels(table));
    assert!(made[0].contains(" PERSONS COUNT 15 "), "{made:?}");
    assert!(made[1].contains(" CH-02 RATIO 0.25 "), "{made:?}");
    let mut empty = v1::ChannelBreakdown { context: context(), ..Default::default() };
    let why = absence(v1::AbsenceReason::NotCollected, "no source has it");
    empty.context.as_mut().unwrap().empty = Some(why);
    assert_eq!(
        lines(&Answered::Channels(empty)),
        ["CHANNELS [] CH-01 RATIO - (-..-) -/-?- ABSENCE_REASON_NOT_COLLECTED: no source has it"]
    );
    let none =
        Answered::Channels(v1::ChannelBreakdown { context: context(), ..Default::default() });
    for row in of(&none, &reference(), 71) {
        assert_eq!((row.group.as_str(), row.group_state()), ("", v1::CategoryState::Any));
        assert_eq!(row.absence.unwrap().reason(), v1::AbsenceReason::NoData);
    }
}

fn empty_context() -> Option<v1::BreakdownContext> {
    let empty = Some(absence(v1::AbsenceReason::NoData, "nobody submitted"));
    context().map(|context| v1::BreakdownContext { empty, ..context })
}

#[test]
fn what_an_empty_answer_did_not_count_says_why_it_is_empty() {
    let nothing = |indicator: &str, counts: (i64, i64, i64), not_collected_count| {
        let share = None;
        let of_cell = absence(v1::AbsenceReason::NotComputable, "nobody to take it of");
        v1::IndicatorCell {
            not_collected_count,
            share,
            absence: Some(of_cell),
            ..cell(indicator, counts, 0.0)
        }
    };
    let group = v1::ProvisionGroup {
        group: "ALL".into(),
        indicators: vec![
            nothing("CH-05", (0, 0, 0), 0),
            // What was counted, of a part or around it, keeps its own reason.
            nothing("CH-06", (0, 0, 0), 4),
            nothing("CH-13", (0, 0, 2), 0),
        ],
        ..Default::default()
    };
    let rows = vec![v1::ProvisionRow { keys: Vec::new(), groups: vec![group] }];
    let table =
        |context| v1::FaceToFaceProvision { context, rows: rows.clone(), ..Default::default() };
    let whys = |context| {
        let answered = Answered::Provision(table(context));
        let why = |row: v1::ExportRow| match (row.absence, row.numerator_count) {
            (Some(why), count) => format!("{} {count:?}", why.detail),
            (None, count) => format!("{:?} {count:?}", row.value),
        };
        of(&answered, &reference(), 71).map(why).collect::<Vec<_>>()
    };
    let (own, none) = ("nobody to take it of Some(0)", "nobody submitted None");
    assert_eq!(whys(empty_context()), [none, none, none, none, own, own]);
    let zero = "Some(0.0) Some(0)";
    assert_eq!(whys(context()), [zero, zero, zero, own, own, own]);
}

#[test]
fn estimates_do_not_hide_that_nothing_was_counted() {
    let record =
        v1::EstimateRecord { indicator: "DX-12".into(), value: Some(0.125), ..Default::default() };
    let estimate = v1::PublishedEstimate { record: Some(record), ..Default::default() };
    let table = |context| v1::DigitalExclusionBreakdown {
        context,
        estimates: vec![estimate.clone()],
        ..Default::default()
    };
    let published = "ESTIMATES [] DX-12 RATIO 0.125 (-..-) -/-?-";
    assert_eq!(
        lines(&Answered::Exclusion(table(empty_context()))),
        [
            "EXCLUSION [] DX-21 RATIO - (-..-) -/-?- ABSENCE_REASON_NO_DATA: nobody submitted",
            published,
        ]
    );
    assert_eq!(lines(&Answered::Exclusion(table(context()))), [published]);
}

#[test]
fn estimates_are_a_table_of_their_own_with_their_own_source() {
    let estimate = v1::PublishedEstimate {
        record: Some(v1::EstimateRecord {
            indicator: "DX-12".into(),
            area: "K02000001".into(),
            period: "2018".into(),
            keys: vec![v1::EstimateKey { dimension: "sex".into(), code: "2".into() }],
            value: Some(0.125),
            base_count: Some(900),
            weight: Some(912.5),
            base: "adults in households".into(),
            ..Default::default()
        }),
        source: Some(v1::EstimateSource {
            publisher: "ONS".into(),
            title: "Internet users".into(),
            edition: "2018".into(),
            licence: "OGL".into(),
            series: "internet-users-2".into(),
            not_for_targets: true,
            ..Default::default()
        }),
        series_break: true,
        submission: "collections/ons-internet-users/organisations/ONS/datasets/estimates/months/2018-01/versions/1".into(),
        position: 5,
        area_name: "United Kingdom".into(),
    };
    let reason = |reason: &str, state: v1::CategoryState, share| v1::ReasonCell {
        reason: reason.into(),
        state: state.into(),
        count: 3,
        share,
    };
    let row = v1::ExclusionRow {
        keys: keys(&[("sex", "1")]),
        indicators: vec![cell("DX-06", (3, 4, 1), 0.75), cell("DX-19", (1, 4, 0), 0.25)],
        reasons: vec![
            reason("NO_DEVICE", v1::CategoryState::Known, share(0.5)),
            reason("NOT_RECORDED", v1::CategoryState::NotRecorded, None),
        ],
        reason_base_count: 6,
        person_count: 11,
    };
    let answered = Answered::Exclusion(v1::DigitalExclusionBreakdown {
        context: context(),
        rows: vec![row],
        estimates: vec![estimate],
        ..Default::default()
    });
    assert_eq!(
        lines(&answered),
        [
            "EXCLUSION sex=1 [] PEOPLE COUNT 11 (-..-) 11/-?-",
            "EXCLUSION sex=1 [] DX-06 RATIO 0.75 (0.375..1.125) 3/4?1 not collected 6",
            "EXCLUSION sex=1 [] DX-19 DIFFERENCE 0.25 (0.125..0.375) -/-?-",
            "EXCLUSION sex=1 [NO_DEVICE] DX-21-REASON RATIO 0.5 (0.25..0.75) 3/6?-",
            "EXCLUSION sex=1 [NOT_RECORDED] DX-21-REASON RATIO - (-..-) 3/-?- ABSENCE_REASON_NOT_COMPUTABLE: nothing to \
             take it of",
            "ESTIMATES sex=2 [] DX-12 RATIO 0.125 (-..-) -/900?-",
        ]
    );
    let reference = reference();
    let row = of(&answered, &reference, 71).last().unwrap();
    assert_eq!((row.area.as_str(), row.area_name.as_str()), ("K02000001", "United Kingdom"));
    assert_eq!((row.first_month.as_str(), row.last_month.as_str()), ("2018-01", "2018-12"));
    assert_eq!((row.collection.as_str(), row.data_position), ("ons-internet-users", 5));
    assert_eq!(row.provenance, "ONS, Internet users, 2018, OGL");
    assert_eq!(row.data_class(), v1::DataClass::Real);
    assert_eq!((row.series.as_str(), row.series_break), ("internet-users-2", true));
    assert_eq!((row.base.as_str(), row.weight), ("adults in households", Some(912.5)));
    assert!(row.not_for_targets && !row.ecological && row.coverage_ratio.is_none());
    // Of the question about counts beside it nothing is said.
    let asked = (row.measure(), row.denominator(), row.confidence_level, row.conditions.as_str());
    assert_eq!(asked, (v1::Measure::Unspecified, v1::Denominator::Unspecified, 0.0, ""));
    assert_eq!((row.submission_count, row.unattributed_count), (0, None));
    assert!(row.notes.is_empty());
}
