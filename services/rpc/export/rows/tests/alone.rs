//! What a row says of itself: its quality, its organisation, and that areas are not people.

use super::*;

#[test]
fn totals_have_the_quality_of_what_they_are_of() {
    let mut table = channels();
    table.rows[0].keys.clear();
    let of_channel: Vec<_> = of(&Answered::Channels(table), &reference(), 71)
        .filter(|row| row.indicator == "CH-01")
        .map(|row| (row.coverage_ratio, row.unknown_ratio))
        .collect();
    assert_eq!(of_channel, [(Some(0.1), Some(0.9)); 3]);
    let row = v1::ExclusionRow {
        indicators: vec![cell("DX-06", (3, 4, 14), 0.75)],
        ..Default::default()
    };
    let table = |row: &v1::ExclusionRow| {
        Answered::Exclusion(v1::DigitalExclusionBreakdown {
            context: context(),
            rows: vec![row.clone()],
            ..Default::default()
        })
    };
    let quality = |answered: &Answered| {
        let row = of(answered, &reference(), 71).last().unwrap();
        (row.coverage_ratio, row.unknown_ratio)
    };
    // 18 of 24 are collected, 14 of these not known.
    assert_eq!(quality(&table(&row)), (Some(0.75), Some(14.0 / 18.0)));
    let keyed = v1::ExclusionRow { keys: keys(&[("sex", "1")]), ..row };
    assert_eq!(quality(&table(&keyed)), (Some(0.9), Some(0.1)));
}

#[test]
fn a_row_says_of_which_organisation_it_is() {
    let asked = |codes: &[&str]| {
        let organisations = codes.iter().map(|code| v1::AskedOrganisation {
            code: (*code).into(),
            name: format!("name of {code}"),
        });
        let organisations = organisations.collect();
        context().map(|context| v1::BreakdownContext {
            area: String::new(),
            organisations,
            ..context
        })
    };
    let said = |context, keys: Vec<v1::CategoryKey>| {
        let mut table = v1::ChannelBreakdown { context, ..channels() };
        table.rows[0].keys = keys;
        let row = of(&Answered::Channels(table), &reference(), 71).next().unwrap();
        (row.organisation, row.organisation_name)
    };
    let both = |code: &str, name: &str| (code.to_owned(), name.to_owned());
    assert_eq!(said(asked(&["04C"]), Vec::new()), both("04C", "name of 04C"));
    assert_eq!(said(asked(&["04C", "03W"]), Vec::new()), both("", ""));
    let of_key = keys(&[("organisation", "03W")]);
    assert!(said(asked(&["04C", "03W"]), of_key.clone()).0 == "03W");
    assert!(said(context(), of_key).0 == "03W");
    let mut area = keys(&[("organisation", "QK1")]);
    area[0].state = v1::CategoryState::Any.into();
    assert_eq!(said(asked(&["04C", "03W"]), area), both("", ""));
}

#[test]
fn risk_is_ecological_in_every_row() {
    let answered = Answered::Risk(v1::AreaRisk {
        context: context(),
        rows: vec![v1::AreaRiskRow {
            keys: Vec::new(),
            person_count: 1_000,
            unmatched_person_count: 10,
            area_count: 4,
            mean_score: Some(3.5),
            unweighted_mean_score: Some(3.0),
            high_risk_person_count: 250,
            high_risk_share: Some(0.25),
            components: vec![v1::ComponentMean {
                indicator: "DX-10-BROADBAND".into(),
                mean_score: 2.5,
            }],
            absence: None,
        }],
        indicator: "DX-10".into(),
        high_risk_score: Some(6.5),
        ecological_statement: "Says nothing about anybody.".into(),
        score_source: Some(v1::EstimateSource {
            publisher: "GMCA".into(),
            not_for_targets: true,
            ..Default::default()
        }),
        ..Default::default()
    });
    assert_eq!(
        lines(&answered),
        [
            "RISK [] DX-10 SCORE 3.5 (-..-) -/1000?10",
            "RISK [UNWEIGHTED] DX-10 SCORE 3 (-..-) -/4?-",
            "RISK [] DX-11 RATIO 0.25 (-..-) 250/1000?10",
            "RISK [] DX-10-BROADBAND SCORE 2.5 (-..-) -/1000?10",
        ]
    );
    let reference = reference();
    for row in of(&answered, &reference, 71) {
        assert!(row.ecological && row.not_for_targets);
        assert_eq!(row.provenance, "people: made; score: GMCA");
        assert_eq!(row.statement, "Says nothing about anybody.");
        assert_eq!(row.threshold, (row.indicator == "DX-11").then_some(6.5));
    }
}

#[test]
fn risk_of_nobody_is_ecological_too_and_has_no_threshold() {
    let row = v1::AreaRiskRow {
        absence: Some(absence(v1::AbsenceReason::NotComputable, "nobody lives there")),
        ..Default::default()
    };
    for rows in [Vec::new(), vec![row]] {
        let answered = Answered::Risk(v1::AreaRisk {
            context: empty_context(),
            rows,
            indicator: "DX-10".into(),
            ecological_statement: "Says nothing about anybody.".into(),
            ..Default::default()
        });
        for row in of(&answered, &reference(), 71) {
            assert!(row.ecological && row.value.is_none() && row.threshold.is_none());
            assert_eq!(row.statement, "Says nothing about anybody.");
            assert_eq!(row.provenance, "people: made");
            assert_eq!(row.group_state(), v1::CategoryState::Any);
            assert_eq!(row.absence.unwrap().detail, "nobody submitted");
        }
    }
}
