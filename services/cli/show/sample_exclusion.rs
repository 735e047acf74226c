//! Answers of this half to render in tests.

use super::indicators::Indicators;
use super::sample::{context, interval};
use crate::proto::v1::{
    Absence, AbsenceReason, AccessStatusSources, AreaRisk, AreaRiskRow, BreakdownContext, Category,
    CategoryKey, CategoryState, ChannelAssessment, ChannelImpact, ComponentMean, Conversion,
    DataClass, DigitalExclusionBreakdown, Dimension, EstimateKey, EstimateRecord, EstimateSource,
    ExclusionRow, FaceToFaceProvision, ImpactRow, Indicator, IndicatorCell, Interval,
    LegendCategory, LegendDimension, MedianWait, ModeDifference, NeedSources, ProvisionGroup,
    ProvisionRow, PublishedEstimate, ReasonCell, WaitCell,
};

pub(crate) fn indicators() -> Indicators {
    let one = |id: &str, label: &str, unit: &str| Indicator {
        id: id.into(),
        label: label.into(),
        unit: unit.into(),
        numerator: "People who have it".into(),
        denominator: "People of whom it is known".into(),
        ..Default::default()
    };
    let all = vec![
        one("DX-06", "Registered with the NHS App", "RATIO"),
        one("DX-19", "Enabled but not active", "DIFFERENCE"),
        one("DX-21", "Cannot use remote care, or only with help", "RATIO"),
        one("DX-12", "Has not used the internet in the last three months", "RATIO"),
        one("DX-10", "Digital Exclusion Risk Index", "SCORE"),
        one("CH-09", "Did not attend", "RATIO"),
        one("CH-11-MEDIAN", "Median days from booking", "DAYS"),
    ];
    let category = |code: &str, label: &str| Category {
        code: code.into(),
        label: label.into(),
        ..Default::default()
    };
    let sex = Dimension {
        id: "sex".into(),
        label: "Sex".into(),
        categories: vec![category("1", "Male"), category("2", "Female")],
        ..Default::default()
    };
    Indicators { all, dimensions: vec![sex] }
}

pub(crate) fn cell(id: &str, share: Option<Interval>) -> IndicatorCell {
    IndicatorCell {
        indicator: id.into(),
        numerator_count: 1_234,
        denominator_count: 4_321,
        unknown_count: 77,
        not_collected_count: 5,
        share,
        absence: None,
    }
}

fn not_computable(detail: &str) -> Option<Absence> {
    Some(Absence { reason: AbsenceReason::NotComputable.into(), detail: detail.into() })
}

pub(crate) fn key(dimension: &str, code: &str, state: CategoryState) -> CategoryKey {
    CategoryKey { dimension: dimension.into(), code: code.into(), state: state.into() }
}

fn synthetic() -> BreakdownContext {
    let category =
        |code: &str, label: &str| LegendCategory { code: code.into(), label: label.into() };
    BreakdownContext {
        collection: "synthetic-llr".into(),
        data_class: DataClass::Synthetic.into(),
        limits_unit: "persons".into(),
        legend: vec![
            LegendDimension {
                dimension: "sex".into(),
                label: "Sex".into(),
                categories: vec![category("1", "Male"), category("2", "Female")],
                ..Default::default()
            },
            LegendDimension {
                dimension: "exclusion_reason".into(),
                label: "Reason".into(),
                categories: vec![category("SKILLS", "Skills")],
                ..Default::default()
            },
        ],
        ..context()
    }
}

fn exclusion_row(keys: Vec<CategoryKey>) -> ExclusionRow {
    ExclusionRow {
        keys,
        person_count: 5_000,
        indicators: vec![
            cell("DX-06", Some(interval(0.2856, 0.27, 0.30))),
            IndicatorCell {
                indicator: "DX-09".into(),
                absence: not_computable("nobody who cannot use remote care is in the snapshot"),
                ..Default::default()
            },
            IndicatorCell {
                indicator: "DX-19".into(),
                share: Some(Interval { value: 0.123, lower: None, upper: None }),
                ..Default::default()
            },
            cell("DX-21", Some(interval(0.1, 0.09, 0.11))),
        ],
        reasons: vec![
            ReasonCell {
                reason: "SKILLS".into(),
                state: CategoryState::Known.into(),
                count: 300,
                share: Some(interval(0.6, 0.55, 0.65)),
            },
            ReasonCell {
                reason: "NOT_RECORDED".into(),
                state: CategoryState::NotRecorded.into(),
                count: 44,
                share: None,
            },
        ],
        reason_base_count: 500,
    }
}

/// A published figure of 2018 by age and sex.
pub(crate) fn estimate(age: &str, sex: &str, value: f64) -> PublishedEstimate {
    let key = |dimension: &str, code: &str| EstimateKey {
        dimension: dimension.into(),
        code: code.into(),
    };
    PublishedEstimate {
        record: Some(EstimateRecord {
            indicator: "DX-12".into(),
            area: "K02000001".into(),
            period: "2018".into(),
            keys: vec![key("age_band", age), key("sex", sex)],
            value: Some(value),
            base: "adults aged 16 and over".into(),
            ..Default::default()
        }),
        source: Some(EstimateSource {
            publisher: "Office for National Statistics".into(),
            title: "Internet users".into(),
            edition: "2018".into(),
            licence: "Open Government Licence v3.0".into(),
            series: "internet-users".into(),
            ..Default::default()
        }),
        submission: "collections/ons-internet-users/organisations/ONS/datasets/estimates/months/2018-05/versions/1".into(),
        position: 9,
        series_break: false,
        area_name: "United Kingdom".into(),
    }
}

/// The total alone, with figures that others published.
pub(crate) fn exclusion() -> DigitalExclusionBreakdown {
    DigitalExclusionBreakdown {
        context: Some(synthetic()),
        dimensions: vec![],
        rows: vec![exclusion_row(vec![])],
        estimates: vec![],
    }
}

/// The total, men, women, and those whose sex was not stated.
pub(crate) fn exclusion_by_sex() -> DigitalExclusionBreakdown {
    let mut rows = vec![exclusion_row(vec![])];
    for (code, state) in [
        ("1", CategoryState::Known),
        ("2", CategoryState::Known),
        ("NOT_STATED", CategoryState::NotStated),
    ] {
        rows.push(exclusion_row(vec![key("sex", code, state)]));
    }
    rows[2].indicators[0].share = None;
    rows[2].indicators[0].absence =
        Some(Absence { reason: AbsenceReason::Withheld.into(), detail: String::new() });
    DigitalExclusionBreakdown {
        dimensions: vec!["sex".into()],
        rows,
        estimates: vec![
            estimate("65-74", "1", 0.1),
            estimate("65-74", "2", 0.2),
            estimate("75+", "1", 0.487),
        ],
        ..exclusion()
    }
}

fn group(id: &str, first: &str) -> ProvisionGroup {
    ProvisionGroup {
        group: id.into(),
        label: String::new(),
        contact_count: 9_000,
        in_person_count: 6_000,
        remote_count: 2_500,
        indicators: vec![
            cell(first, Some(interval(0.8123, 0.80, 0.82))),
            cell("CH-06", Some(interval(0.5, 0.4, 0.6))),
            cell("CH-08", Some(interval(0.2, 0.1, 0.3))),
            IndicatorCell {
                indicator: "CH-13".into(),
                absence: not_computable("nobody of the group needs an interpreter"),
                ..Default::default()
            },
            cell("CH-14", Some(interval(0.9, 0.85, 0.95))),
        ],
        absence: None,
        unknown_count: 40,
        not_collected_count: 2,
    }
}

/// A group of which nobody knows who is of it.
fn unknown_group(id: &str, first: &str) -> ProvisionGroup {
    let detail = "no source collects it".to_owned();
    let absence = Some(Absence { reason: AbsenceReason::NotCollected.into(), detail });
    let cell = IndicatorCell {
        indicator: first.into(),
        not_collected_count: 9_000,
        absence: absence.clone(),
        ..Default::default()
    };
    ProvisionGroup {
        group: id.into(),
        indicators: vec![cell],
        absence,
        not_collected_count: 9_000,
        ..Default::default()
    }
}

/// Face-to-face provision of the total and of men.
pub(crate) fn provision() -> FaceToFaceProvision {
    let groups = || {
        vec![
            group("UNABLE", "CH-07"),
            unknown_group("INTERPRETER_NEEDED", "CH-07"),
            group("ANY_NEED", "CH-07"),
            group("NO_NEED", "CH-05"),
            group("NEED_NOT_KNOWN", "CH-05"),
        ]
    };
    let row = |keys| ProvisionRow { keys, groups: groups() };
    FaceToFaceProvision {
        context: Some(synthetic()),
        dimensions: vec!["sex".into()],
        rows: vec![row(vec![]), row(vec![key("sex", "1", CategoryState::Known)])],
        sources: Some(AccessStatusSources {
            record_count: 1_111,
            snapshot_count: 2_222,
            unknown_count: 3_333,
            access_collection: "synthetic-llr".into(),
            other_needs: vec![NeedSources {
                dimension: "interpreter_needed".into(),
                record_count: 4_444,
                snapshot_count: 5_555,
                unknown_count: 6_666,
            }],
        }),
        request_met_days: 14,
    }
}

/// Channel impact of the total and of men.
pub(crate) fn impact() -> ChannelImpact {
    let outcome = |id: &str, difference: Option<Interval>| ModeDifference {
        indicator: id.into(),
        in_person: Some(cell(id, Some(interval(0.046, 0.045, 0.047)))),
        remote: Some(cell(id, Some(interval(0.004, 0.003, 0.005)))),
        absence: difference.is_none().then(|| not_computable("too few").unwrap_or_default()),
        difference,
    };
    let row = |keys| ImpactRow {
        keys,
        outcomes: vec![
            outcome("CH-09", Some(interval(-0.042, -0.043, -0.041))),
            outcome("CH-11-SAME-DAY", Some(interval(0.27, 0.26, 0.28))),
            outcome("CH-11-OVER-14", None),
        ],
        conversion: Some(Conversion {
            remote_count: 100,
            followed_count: 7,
            not_computable_count: 12,
            share: Some(interval(0.07, 0.03, 0.14)),
            absence: None,
            in_person_count: 200,
            in_person_followed_count: 8,
            in_person_not_computable_count: 13,
            in_person_share: Some(interval(0.04, 0.02, 0.08)),
            in_person_absence: None,
            difference: Some(interval(0.03, -0.02, 0.09)),
            difference_absence: None,
            same_day_count: 21,
            in_person_same_day_count: 5,
        }),
        wait: Some(MedianWait {
            indicator: "CH-11-MEDIAN".into(),
            in_person: Some(WaitCell {
                known_count: 3_210,
                unknown_count: 3,
                not_collected_count: 4,
                median_days: Some(3.5),
                absence: None,
            }),
            remote: Some(WaitCell {
                known_count: 1_230,
                absence: not_computable("bands only: the median lies between 2 and 7 days"),
                ..Default::default()
            }),
            difference_days: None,
            absence: not_computable("bands only: the median lies between 2 and 7 days"),
        }),
    };
    ChannelImpact {
        context: Some(synthetic()),
        dimensions: vec!["sex".into()],
        rows: vec![row(vec![]), row(vec![key("sex", "1", CategoryState::Known)])],
        assessments: vec![ChannelAssessment {
            organisation: "04C".into(),
            first_month: "2020-04".into(),
            last_month: "2020-06".into(),
            text: "People without a telephone of their own were called at home.".into(),
            assess_date: "2020-07-01".into(),
            owner_role: "Director of Primary Care".into(),
            ..Default::default()
        }],
    }
}

/// Area risk of the total and of one group, and of a group of which there is nothing.
pub(crate) fn risk() -> AreaRisk {
    let row = |keys, mean: f64| AreaRiskRow {
        keys,
        person_count: 1_122_002,
        unmatched_person_count: 0,
        area_count: 634,
        mean_score: Some(mean),
        unweighted_mean_score: Some(2.9369),
        high_risk_person_count: 12_345,
        high_risk_share: Some(0.011),
        components: vec![ComponentMean { indicator: "DX-10-BROADBAND".into(), mean_score: 1.5 }],
        absence: None,
    };
    AreaRisk {
        context: Some(BreakdownContext {
            collection: "census-2021-ethnic-group".into(),
            legend: synthetic().legend,
            ..context()
        }),
        dimension: "sex".into(),
        rows: vec![
            row(vec![], 2.95),
            row(vec![key("sex", "1", CategoryState::Known)], 3.21),
            AreaRiskRow {
                keys: vec![key("sex", "2", CategoryState::Known)],
                absence: Some(Absence {
                    reason: AbsenceReason::NoData.into(),
                    detail: "nobody of them lives where there is a score".into(),
                }),
                ..Default::default()
            },
        ],
        indicator: "DX-10".into(),
        score_source: Some(EstimateSource {
            publisher: "Greater Manchester Combined Authority".into(),
            title: "Digital Exclusion Risk Index".into(),
            edition: "v1.6".into(),
            licence: "Open Government Licence v3.0".into(),
            not_for_targets: true,
            ..Default::default()
        }),
        high_risk_score: Some(4.0),
        ecological: true,
        ecological_statement: "This does not say that any person is excluded.".into(),
        joins: vec!["612 areas of 2011 to 634 of 2021".into()],
    }
}
