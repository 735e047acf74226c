//! Answers to render in tests: April 2020 of Leicester, Leicestershire and Rutland.

use crate::proto::v1::{
    Absence, AbsenceReason, AccessOutcomes, AreaBasis, BreakdownContext, CategoryKey,
    CategoryState, ChannelBreakdown, ChannelCell, ChannelEstimate, ChannelRow, DataClass,
    Denominator, DimensionQuality, Interval, LeadTimeBand, LegendCategory, LegendDimension,
    Measure, Openness, OutcomeCell, OutcomeRow, Unattributed, channel_cell::Value,
};

pub(crate) fn context() -> BreakdownContext {
    BreakdownContext {
        collection: "gpad-regional".into(),
        data_class: DataClass::Real.into(),
        openness: Openness::Open.into(),
        provenance: "NHS Digital, Appointments in General Practice; OGL v3.0".into(),
        area: "QK1".into(),
        area_name: "Leicester, Leicestershire and Rutland".into(),
        area_basis: AreaBasis::Provider.into(),
        first_month: "2020-04".into(),
        last_month: "2020-04".into(),
        measure: Measure::Contacts.into(),
        denominator: Denominator::All.into(),
        confidence_level: 0.95,
        limits_unit: "consultations".into(),
        data_position: 66,
        submission_count: 3,
        organisation_count: 3,
        expected_organisation_count: 3,
        ..Default::default()
    }
}

fn cell(channel: &str, count: i64, share: Option<Interval>) -> ChannelCell {
    let state = if channel == "NOT_KNOWN" { CategoryState::NotKnown } else { CategoryState::Known };
    ChannelCell {
        channel: channel.into(),
        state: state.into(),
        value: Some(Value::Estimate(ChannelEstimate { count, share, rate: None })),
    }
}

pub(crate) fn interval(value: f64, lower: f64, upper: f64) -> Interval {
    Interval { value, lower: Some(lower), upper: Some(upper) }
}

pub(crate) fn withheld() -> Absence {
    Absence { reason: AbsenceReason::Withheld.into(), detail: String::new() }
}

fn row(keys: Vec<CategoryKey>) -> ChannelRow {
    ChannelRow {
        keys,
        total_count: 361_905,
        base_count: 361_905,
        unknown_channel_count: 17_106,
        channels: vec![
            cell("FACE_TO_FACE", 212_251, Some(interval(0.58648, 0.58488, 0.58809))),
            cell("HOME_VISIT", 313, Some(interval(0.000_865, 0.000_774, 0.000_966))),
            cell("TELEPHONE", 130_728, Some(interval(0.36122, 0.35966, 0.36279))),
            cell("ONLINE_UNSPECIFIED", 1_507, Some(interval(0.004_164, 0.003_959, 0.004_379))),
            cell("NOT_KNOWN", 17_106, None),
        ],
        ..Default::default()
    }
}

/// The total alone.
pub(crate) fn april() -> ChannelBreakdown {
    ChannelBreakdown { context: Some(context()), dimensions: vec![], rows: vec![row(vec![])] }
}

/// The total and one category, which is synthetic, with everything that can stand below a table.
pub(crate) fn by_ethnic_category() -> ChannelBreakdown {
    let legend = LegendDimension {
        dimension: "ethnic_category".into(),
        label: "Ethnic category".into(),
        categories: vec![LegendCategory { code: "H".into(), label: "Indian".into() }],
        ..Default::default()
    };
    let key = CategoryKey {
        dimension: "ethnic_category".into(),
        code: "H".into(),
        state: CategoryState::Known.into(),
    };
    let mut category = row(vec![key]);
    category.channels[1].value = Some(Value::Absence(withheld()));
    ChannelBreakdown {
        context: Some(BreakdownContext {
            data_class: DataClass::Synthetic.into(),
            legend: vec![legend],
            quality: vec![DimensionQuality {
                dimension: "ethnic_category".into(),
                coverage_ratio: Some(1.0),
                unknown_ratio: Some(0.123),
            }],
            unattributed: Some(Unattributed {
                count: 1_234,
                detail: "03W spans two places".into(),
            }),
            notes: vec!["counts are of consultations, not of people".into()],
            ..context()
        }),
        dimensions: vec!["ethnic_category".into()],
        rows: vec![row(vec![]), category],
    }
}

/// Nothing, and why.
pub(crate) fn empty() -> ChannelBreakdown {
    ChannelBreakdown {
        context: Some(BreakdownContext {
            empty: Some(Absence {
                reason: AbsenceReason::NoData.into(),
                detail: "nobody has submitted 2031-01".into(),
            }),
            ..context()
        }),
        ..Default::default()
    }
}

/// Access outcomes of the total.
pub(crate) fn outcomes() -> AccessOutcomes {
    let all = OutcomeCell {
        channel: "ALL".into(),
        state: CategoryState::Any.into(),
        total_count: 361_905,
        attended_count: 310_000,
        did_not_attend_count: 8_000,
        other_attendance_count: 43_905,
        did_not_attend_rate: Some(interval(0.0252, 0.0246, 0.0257)),
        lead_times: vec![LeadTimeBand {
            band: "SAME_DAY".into(),
            count: 250_000,
            share: Some(interval(0.7, 0.69, 0.71)),
        }],
        unknown_lead_time_count: 905,
        same_day_share: Some(interval(0.7, 0.69, 0.71)),
        lead_time_absence: None,
        ..Default::default()
    };
    AccessOutcomes {
        context: Some(context()),
        dimensions: vec![],
        rows: vec![OutcomeRow { keys: vec![], channels: vec![all] }],
    }
}
