//! Published estimates against the figures that their publishers print.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use equity_indicators::ingest::{Defaults, IngestError, Records, SubmissionFile, read_all};
use equity_indicators::proto::v1::{EstimateRecord, EstimateSource};

use super::{demo, read_text};

const USERS: &str = "internet_users_2012_2018.csv";
const CHARTS: &str = "gpps_2018_2021_digital_access_by_age.csv";
const ANSWERS: &str = "gpps_national_2026.csv";
const DERI: &str = "deri_depahri_lsoa11_llr.csv";

fn submissions(name: &str) -> Vec<SubmissionFile> {
    read_all(&demo(name), &Defaults::default()).unwrap()
}

fn estimates(submission: &SubmissionFile) -> (&EstimateSource, &[EstimateRecord]) {
    match &submission.rows {
        Records::Estimates(source, rows) => (source, rows),
        other => panic!("{:?} in {}", other.dataset(), submission.month),
    }
}

fn in_month<'a>(submissions: &'a [SubmissionFile], month: &str) -> &'a [EstimateRecord] {
    estimates(submissions.iter().find(|submission| submission.month == month).unwrap()).1
}

/// `age_band=75+;sex=2`.
fn keys(row: &EstimateRecord) -> String {
    let mut text = String::new();
    for key in &row.keys {
        let separator = if text.is_empty() { "" } else { ";" };
        write!(text, "{separator}{}={}", key.dimension, key.code).unwrap();
    }
    text
}

/// The one figure about these categories in this area.
fn figure(rows: &[EstimateRecord], area: &str, about: &str) -> f64 {
    let found: Vec<f64> = rows
        .iter()
        .filter(|row| row.area == area && keys(row) == about)
        .map(|row| row.value.unwrap())
        .collect();
    assert_eq!(found.len(), 1, "{area} {about}");
    found[0]
}

#[test]
fn internet_users_of_2018() {
    let submissions = submissions(USERS);
    let rows = in_month(&submissions, "2018-12");
    for (area, about, percent) in [
        ("K02000001", "", 89.8),
        ("K02000001", "sex=1", 91.1),
        ("K02000001", "sex=2", 88.6),
        ("K02000001", "age_band=75+", 43.6),
        ("K02000001", "age_band=75+;sex=1", 51.3),
        ("K02000001", "age_band=75+;sex=2", 37.6),
        ("K02000001", "disability=ANY", 76.6),
        ("K02000001", "disability=NONE", 93.9),
        ("K02000001", "age_band=75+;disability=NONE", 48.9),
        ("K02000001", "publisher:employment_status=Retired", 64.3),
        ("K02000001", "ethnic_group_broad=white", 89.3),
        ("K02000001", "ethnic_group_2021=E3", 92.7),
        ("K02000001", "ethnic_group_2021=E4", 92.8),
        ("K02000001", "ethnic_group_2021=E1", 90.7),
        ("K02000001", "ethnic_group_2021=E2", 97.6),
        ("K02000001", "ethnic_group_2021=E5", 96.4),
        ("K02000001", "ethnic_group_broad=black", 91.2),
        ("K02000001", "ethnic_group_broad=mixed", 97.9),
        ("K02000001", "ethnic_group_broad=other", 95.4),
        ("E06000016", "", 86.7),
        ("NAME:Leicestershire CC and Rutland", "", 91.2),
    ] {
        let share: f64 = format!("{percent}e-2").parse().unwrap();
        assert_eq!(figure(rows, area, about).to_bits(), share.to_bits(), "{area} {about}");
    }
}

#[test]
fn internet_users_one_submission_a_year() {
    let submissions = submissions(USERS);
    let found: Vec<(&str, usize)> =
        submissions.iter().map(|submission| (&*submission.month, submission.rows.len())).collect();
    let counts: BTreeMap<_, _> = found.iter().copied().collect();
    let published = [41, 52, 68, 68, 68, 69, 69];
    let years = ["2012-12", "2013-12", "2014-12", "2015-12", "2016-12", "2017-12", "2018-12"];
    assert_eq!(counts, years.into_iter().zip(published).collect());
    for submission in &submissions {
        let (source, rows) = estimates(submission);
        assert_eq!(
            (&*submission.organisation, &*submission.collection),
            ("ONS", "ons-internet-users")
        );
        assert!(submission.collected.is_empty() && submission.code_systems.is_empty());
        assert_eq!(source.edition, submission.month[..4]);
        assert_eq!(source.licence, "Open Government Licence v3.0");
        for row in rows {
            assert_eq!((&*row.indicator, &*row.period), ("DX-12-USED", &*source.edition));
            assert!(row.base.contains("16 and over") && !row.base.contains("Undefined"));
            let local = row.area.starts_with("E06") || row.area.starts_with("NAME:");
            assert_eq!(row.base.contains("small sample"), local, "{}", row.area);
        }
    }
    let series: BTreeSet<_> = submissions.iter().map(|p| &*estimates(p).0.series).collect();
    assert_eq!(series.len(), 1, "one question, one base");
}

/// `Asian/Asian British` is published as its five groups alone, and nobody makes a sum or a mean of them.
#[test]
fn asian_has_no_row_of_its_own() {
    for submission in &submissions(USERS) {
        let abouts: Vec<String> = estimates(submission).1.iter().map(keys).collect();
        assert!(!abouts.iter().any(|about| about.contains("ethnic_group_broad=asian")));
        let groups = abouts.iter().filter(|about| about.contains("ethnic_group_2021=")).count();
        assert_eq!(groups, 5, "{}", submission.month);
    }
}

#[test]
fn internet_users_that_are_refused() {
    let header = "Year,Age,Sex,Disability status,Ethnicity,Ethnic group,Employment status,Region,Local Authority,\
        Unit measure,Observation status,Unit multiplier,GeoCode,Value\n";
    let good = "2018,,,,,,,,,Percentage (%),Undefined,Units,,89.8\n";
    let submissions = read_text(&format!("{header}{good}")).unwrap();
    assert_eq!(figure(estimates(&submissions[0]).1, "K02000001", ""), 0.898, "empty is all");
    let said = good.replace("Undefined", "Estimated value");
    let submissions = read_text(&format!("{header}{said}")).unwrap();
    assert!(estimates(&submissions[0]).1[0].base.ends_with("Observation status: Estimated value."));
    for (row, column, value) in [
        ("18,,,,,,,,,Percentage (%),Undefined,Units,,1", "Year", "18"),
        ("2018,75+,,,,,,,,Percentage (%),Undefined,Units,,1", "Age", "75+"),
        ("2018,,F,,,,,,,Percentage (%),Undefined,Units,,1", "Sex", "F"),
        ("2018,,,Disabled,,,,,,Percentage (%),Undefined,Units,,1", "Disability status", "Disabled"),
        ("2018,,,,Whit,,,,,Percentage (%),Undefined,Units,,1", "Ethnicity", "Whit"),
        ("2018,,,,White,Indian,,,,Percentage (%),Undefined,Units,,1", "Ethnic group", "Indian"),
        (
            "2018,,,,Asian/Asian British,Arab,,,,Percentage (%),Undefined,Units,,1",
            "Ethnic group",
            "Arab",
        ),
        ("2018,,,,,,,,,Number,Undefined,Units,,1", "Unit measure", "Number"),
        ("2018,,,,,,,,,Percentage (%),,Units,,1", "Observation status", ""),
        ("2018,,,,,,,,,Percentage (%),Undefined,Thousands,,1", "Unit multiplier", "Thousands"),
        ("2018,,,,,,,,Leicester,Percentage (%),Undefined,Units,6016,1", "GeoCode", "6016"),
        ("2018,,,,,,,,,Percentage (%),Undefined,Units,E06000016,1", "GeoCode", "E06000016"),
        ("2018,Any,,,,,,,,Percentage (%),Undefined,Units,,101", "Age", "Any"),
        ("2018,,Male,,,,,,,Percentage (%),Undefined,Units,,101", "Value", "101"),
        ("2018,,Male,,,,,,,Percentage (%),Undefined,Units,,", "Value", ""),
    ] {
        match read_text(&format!("{header}{good}{row}\n")) {
            Err(IngestError::Value { line: 3, column: found, value: cell, expected }) => {
                assert_eq!((&*found, &*cell), (column, value));
                assert!(!expected.is_empty());
                assert!(value != "Whit" || expected.contains("\"White\""), "{expected}");
            }
            other => panic!("{row}: {other:?}"),
        }
    }
    let twice = read_text(&format!("{header}{good}{good}")).unwrap_err();
    assert!(matches!(twice, IngestError::DuplicateRow { line: 3, first_line: 2, .. }), "{twice}");
    let extra = header.replace("Value", "Value,Series") + "\n";
    let error = read_text(&extra).unwrap_err();
    assert!(matches!(&error, IngestError::OtherColumns { others, .. } if others[0].0 == "Series"));
    let missing = header.replace("GeoCode,", "");
    let error = read_text(&missing).unwrap_err();
    assert!(matches!(&error, IngestError::OtherColumns { lacks, .. } if *lacks == ["GeoCode"]));
}

#[test]
fn charts_of_the_patient_survey() {
    let submissions = submissions(CHARTS);
    assert_eq!(submissions.iter().map(|submission| submission.rows.len()).sum::<usize>(), 71);
    let of = |month: &str, indicator: &str, base: &str, about: &str| -> f64 {
        let found: Vec<f64> = in_month(&submissions, month)
            .iter()
            .filter(|row| row.indicator == indicator && row.base.starts_with(base))
            .filter(|row| keys(row) == about)
            .map(|row| row.value.unwrap())
            .collect();
        assert_eq!(found.len(), 1, "{month} {indicator} {base} {about}: {found:?}");
        found[0]
    };
    assert_eq!(of("2021-03", "CH-04-LAST", "remote_appts:", ""), 0.494_731);
    assert_eq!(of("2020-03", "CH-04-LAST", "remote_appts:", ""), 0.099_663);
    let face = "publisher:question=remote_appts;publisher:answer=Face-to-face";
    assert_eq!(of("2021-03", "SURVEY-ANSWER", "remote_appts:", face), 0.505_269);
    for (month, share) in
        [("2018-03", 0.16), ("2019-03", 0.19), ("2020-03", 0.2), ("2021-03", 0.25)]
    {
        assert_eq!(of(month, "DX-15-NOT-EASY", "ease_of_use:", "age_band=75+"), share);
    }
    // One label, three bases, three figures.
    let booking = "publisher:answer=Booking appointments online;age_band=75+";
    for (base, share) in [
        ("online_activities_all:", 0.089_785),
        ("online_activities:", 0.214_527),
        ("online_activities_75:", 0.11),
    ] {
        assert_eq!(of("2021-03", "DX-05-USED", base, booking), share);
    }
    // The source's own label is no band of ours.
    let young = "publisher:answer=Booking appointments online;publisher:age_group=Aged 16-25";
    assert_eq!(of("2021-03", "DX-05-USED", "online_activities:", young), 0.304_609);
    let tablet = "publisher:question=booking_type;publisher:answer=Telephone";
    assert_eq!(of("2021-03", "SURVEY-ANSWER", "booking_type:", tablet), 0.800_221);
}

/// Nothing that stands on different bases can be taken for one figure, nor the survey of 2026 for one of the earlier years: a line
/// that follows series, base and what is measured goes through one chart, and has one figure a year.
#[test]
fn different_bases_and_breaks_never_share_a_series() {
    let (charts, answers) = (submissions(CHARTS), submissions(ANSWERS));
    let mut lines: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    let mut charts_of: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for submission in charts.iter().chain(&answers) {
        let (source, rows) = estimates(submission);
        assert_eq!((&*submission.organisation, &*submission.collection), ("IPSOS", "gpps"));
        for row in rows {
            let chart = row.base.split(':').next().unwrap();
            let line = (&source.series, &row.base, &row.indicator, &row.area, keys(row));
            let once = lines.entry(line).or_default().insert(&row.period);
            assert!(once, "two figures of {} in {}: {}", row.period, source.series, row.base);
            charts_of.entry((&source.series, &row.base)).or_default().insert(chart);
            assert_eq!(row.area, "E92000001");
        }
    }
    assert!(charts_of.values().all(|charts| charts.len() == 1), "{charts_of:?}");
    let of = |series: &str| charts_of.keys().filter(|(found, _)| *found == series).count();
    assert_eq!(of("gpps: 2018 to 2021"), 9, "a base for each chart");
    let questions: BTreeSet<_> =
        estimates(&answers[0]).1.iter().map(|row| row.base.split(' ').next()).collect();
    assert_eq!(of("gpps: 2026"), questions.len(), "a base for each question");
    let years = |base: &str| -> Vec<usize> {
        let of_chart = lines.iter().filter(|((_, found, ..), _)| found.starts_with(base));
        of_chart.map(|(_, periods)| periods.len()).collect()
    };
    assert_eq!(years("remote_appts:"), [4, 4], "remote and face to face, 2018 to 2021");
    assert_eq!(years("ease_of_use:"), [4]);
}

#[test]
fn answers_of_the_patient_survey() {
    let submissions = submissions(ANSWERS);
    let [submission] = submissions.as_slice() else { panic!("{} submissions", submissions.len()) };
    let (source, rows) = estimates(submission);
    assert_eq!((rows.len(), &*source.edition, &*submission.month), (298, "2026", "2026-07"));
    let of = |question: &'static str| {
        rows.iter().filter(move |row| row.base.starts_with(&format!("{question} ")))
    };
    let people = |question| of(question).map(|row| row.weight.unwrap()).sum::<f64>();
    assert_eq!(people("Q10"), 514_833.0);
    assert_eq!(people("Q22"), 510_116.0);
    assert_eq!(people("Q58"), 531_769.0);
    assert_eq!(people("Q54"), 531_771.0);
    let remote: Vec<_> = rows.iter().filter(|row| row.indicator == "CH-04-LAST").collect();
    assert_eq!(remote.len(), 1);
    assert_eq!((remote[0].value, remote[0].weight), (Some(0.26), Some(131_850.0)));
    assert!(remote[0].keys.is_empty(), "everybody");
    let weight = |answer: &str| {
        let row = of("Q58").find(|row| keys(row).ends_with(&format!("={answer}")));
        row.unwrap().weight
    };
    assert_eq!(weight("Gypsy or Irish Traveller"), Some(221.0));
    assert_eq!(weight("Roma"), Some(695.0));
    assert_eq!(rows.iter().filter(|row| row.indicator == "DX-16").count(), 6);
    let easy: Vec<_> = rows.iter().filter(|row| row.indicator == "DX-15-EASY").collect();
    assert_eq!(easy.iter().map(|row| row.value.unwrap()).collect::<Vec<_>>(), [0.57, 0.59, 0.55]);
    assert!(rows.iter().any(|row| keys(row).contains("Other patients’ experiences")));
    let zero = rows.iter().find(|row| row.weight == Some(0.0)).unwrap();
    assert_eq!(zero.value, Some(0.0), "a published zero is a figure");
}

/// Questions with several answers are said to be, exactly those whose percentages add up to more than rounding can explain.
#[test]
fn questions_with_several_answers() {
    let submissions = submissions(ANSWERS);
    let mut sums: BTreeMap<&str, (f64, f64, bool)> = BTreeMap::new();
    for row in estimates(&submissions[0]).1 {
        let of = sums.entry(row.base.split(' ').next().unwrap()).or_default();
        *of = (of.0 + row.value.unwrap(), of.1 + 0.005, row.base.contains("several answers"));
    }
    for (question, (sum, rounding, several)) in sums {
        assert_eq!(sum > 1.0 + rounding, several, "{question}: {sum}");
    }
}

#[test]
fn survey_files_that_are_refused() {
    let charts = "chart,series,category,proportion\n";
    let answers = "question,response,national_pct,national_n\n";
    for (header, row, column) in [
        (charts, "remote_appt,Remote,Q1 2021,0.5", "chart"),
        (charts, "remote_appts,Remotely,Q1 2021,0.5", "series"),
        (charts, "remote_appts,Remote,Q1 2022,0.5", "category"),
        (charts, "remote_appts,Remote,Q1 2021,1.5", "proportion"),
        (charts, "online_activities,Aged 75,Booking appointments online,0.5", "series"),
        (charts, "online_activities,Aged 75+,Booking,0.5", "category"),
        (answers, "10,Yes,5.0,1", "question"),
        (answers, "Q,Yes,5.0,1", "question"),
        (answers, "Q10,,5.0,1", "response"),
        (answers, "Q10,Yes,500,1", "national_pct"),
        (answers, "Q10,Yes,5.0,many", "national_n"),
    ] {
        match read_text(&format!("{header}{row}\n")) {
            Err(IngestError::Value { line: 2, column: found, .. }) => assert_eq!(found, column),
            other => panic!("{row}: {other:?}"),
        }
    }
    let twice = read_text(&format!("{answers}Q1,Easy,5.0,1\nQ1,Easy,6.0,2\n")).unwrap_err();
    assert!(matches!(twice, IngestError::DuplicateRow { line: 3, .. }), "{twice}");
}

#[test]
fn risk_of_digital_exclusion_by_small_area() {
    let submissions = submissions(DERI);
    let [submission] = submissions.as_slice() else { panic!("{} submissions", submissions.len()) };
    let (source, rows) = estimates(submission);
    assert_eq!((&*submission.organisation, &*submission.collection), ("GMCA", "deri"));
    assert!(source.not_for_targets);
    assert_eq!((&*source.edition, rows.len()), ("v1.6", 611 * 6));
    assert!(rows.iter().all(|row| row.base == "lsoa_2011" && row.keys.is_empty()));
    let scores: BTreeMap<&str, f64> = rows
        .iter()
        .filter(|row| row.indicator == "DX-10")
        .map(|row| (&*row.area, row.value.unwrap()))
        .collect();
    assert_eq!(scores.len(), 611);
    let mean = scores.values().sum::<f64>() / 611.0;
    assert_eq!(format!("{mean:.4}"), "2.9369");
    let least = scores.values().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(format!("{least:.4} {:.4}", scores["E01013720"]), "1.5642 4.8203");
    assert!(scores.values().all(|score| *score <= scores["E01013720"]));
    let indicators: BTreeSet<_> = rows.iter().map(|row| &*row.indicator).collect();
    assert_eq!(indicators.len(), 6);
    // Components are in their own columns: the index is their mean.
    let of = |indicator: &str, area: &str| {
        rows.iter()
            .find(|row| row.indicator == indicator && row.area == area)
            .unwrap()
            .value
            .unwrap()
    };
    for area in ["E01013600", "E01013720"] {
        let parts = ["DX-10-BROADBAND", "DX-10-DEMOGRAPHY", "DX-10-DEPRIVATION"];
        let mean = parts.iter().map(|part| of(part, area)).sum::<f64>() / 3.0;
        assert!((mean - scores[area]).abs() < 1e-5, "{area}");
    }
    let given = Defaults { month: Some("2023-05".to_owned()), ..Defaults::default() };
    let submissions = read_all(&demo(DERI), &given).unwrap();
    assert_eq!(
        (&*submissions[0].month, &*estimates(&submissions[0]).1[0].period),
        ("2023-05", "2023")
    );
    let wrong = Defaults { month: Some("May".to_owned()), ..Defaults::default() };
    assert!(matches!(read_all(&demo(DERI), &wrong), Err(IngestError::Value { .. })));
}

#[test]
fn risk_files_that_are_refused() {
    let header = "lsoa11_code,broadband_comp_national,demography_comp_national,deprivation_comp_national,\
        deri_score_national,health_access_comp_national,depahri_score_national\n";
    for (row, column) in [
        ("E0101360,1,1,1,1,1,1", "lsoa11_code"),
        ("W01000001,1,1,1,1,1,1", "lsoa11_code"),
        ("E01013600,11,1,1,1,1,1", "broadband_comp_national"),
        ("E01013600,1,1,1,,1,1", "deri_score_national"),
        ("E01013600,1,1,1,1,1,NaN", "depahri_score_national"),
    ] {
        match read_text(&format!("{header}{row}\n")) {
            Err(IngestError::Value { line: 2, column: found, .. }) => assert_eq!(found, column),
            other => panic!("{row}: {other:?}"),
        }
    }
    let row = "E01013600,1,1,1,1,1,1\n";
    let twice = read_text(&format!("{header}{row}{row}")).unwrap_err();
    assert!(matches!(twice, IngestError::DuplicateRow { line: 3, first_line: 2, .. }), "{twice}");
    // A file of the edition of 2021 would be another index on other areas.
    let edition = header.replace("lsoa11_code", "lsoa21_code");
    let error = read_text(&edition).unwrap_err().to_string();
    assert!(error.contains("lacks columns: \"lsoa11_code\""), "{error}");
    assert!(error.contains("does not know there: \"lsoa21_code\""), "{error}");
}
