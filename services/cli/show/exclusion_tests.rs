//! Digital exclusion and published estimates, as people and spreadsheets see them.

use super::indicators::Indicators;
use super::sample_exclusion::{estimate, exclusion, exclusion_by_sex, indicators};
use super::words::Legend;
use super::{Look, estimates, exclusion as shown, exclusion_sheet, sample, table};
use crate::proto::v1::{BreakdownContext, DigitalExclusionBreakdown, EstimateKey};

const TOTAL: &str = "\
*** SYNTHETIC DATA: made by a program; it says nothing about real people ***
Digital exclusion, Leicester, Leicestershire and Rutland (QK1, where care is given), 2020-04
  data      synthetic-llr (SYNTHETIC, OPEN), 3 submissions of 3 organisations (expected: 3)
  counted   people; shares of those to whom an indicator applies and of whom it is known; limits
            95 %, persons taken as independent
  position  71, last changed at 66
  source    NHS Digital, Appointments in General Practice; OGL v3.0
5,000 people in the snapshot
+-------------------------------------------------+--------------------+---------+-------+-----------+---------------+--------------+
| indicator                                       |              share | have it |    of | not known | not collected | not asked of |
+===================================================================================================================================+
| DX-06 Registered with the NHS App               | 28.6 % (27.0-30.0) |   1,234 | 4,321 |        77 |             5 |          597 |
| DX-09                                           |     not computable |       0 |     0 |         0 |             0 |        5,000 |
| DX-19 Enabled but not active                    |       +12.3 points |       - |     - |         - |             - |            - |
| DX-21 Cannot use remote care, or only with help |  10.0 % (9.0-11.0) |   1,234 | 4,321 |        77 |             5 |          597 |
+-------------------------------------------------+--------------------+---------+-------+-----------+---------------+--------------+
  DX-09: not computable: nobody who cannot use remote care is in the snapshot
Reasons of people who cannot use remote care, or only with help
+--------------+--------+--------------------+
| reason       | people |       share of 500 |
+============================================+
| Skills       |    300 | 60.0 % (55.0-65.0) |
| not recorded |     44 |        in no share |
+--------------+--------+--------------------+
  a person can have several reasons: they add to more than the people
  published estimates: none asked for, or none with these dimensions up to this period";

#[test]
fn the_total_has_a_line_for_each_indicator_and_each_reason() {
    assert_eq!(shown::table(&exclusion(), 71, &indicators(), &Look::PLAIN), TOTAL);
}

fn look(width: usize) -> Look {
    Look { width: Some(width), ..Look::PLAIN }
}

#[test]
fn rows_stand_in_as_many_tables_as_the_place_needs() {
    for width in [60, 80, 100, 160] {
        let text = shown::table(&exclusion_by_sex(), 71, &indicators(), &look(width));
        for line in text.lines().filter(|line| line.starts_with(['|', '+'])) {
            assert!(line.len() <= width, "{width}: {line}");
        }
        for id in ["DX-06", "DX-09", "DX-19", "DX-21"] {
            let heads = text.lines().filter(|line| line.contains(&format!(" {id} |"))).count();
            assert_eq!(heads, 1, "{width}: {id}:\n{text}");
        }
        for expected in [
            "2 Female",
            "not stated",
            "withheld",
            "not computable",
            "77 not known, 5 not collected",
        ] {
            assert!(text.contains(expected), "{width}: {expected} is missing:\n{text}");
        }
    }
}

#[test]
fn one_indicator_has_its_counts_in_each_row() {
    let mut one = exclusion_by_sex();
    for row in &mut one.rows {
        row.indicators.truncate(1);
    }
    let text = shown::table(&one, 71, &indicators(), &Look::PLAIN);
    assert!(text.contains("| 1 Male     |  5,000 | 28.6 % (27.0-30.0) |   1,234 | 4,321 |        77 |             5 |"), "{text}");
    assert!(text.contains("| 2 Female   |  5,000 |           withheld |"), "{text}");
}

#[test]
fn what_others_published_stands_apart_with_its_source() {
    let text = shown::table(&exclusion_by_sex(), 71, &indicators(), &Look::PLAIN);
    let (_, published) =
        text.split_once("Published estimates, not merged with the counts").unwrap();
    for expected in [
        "DX-12 Has not used the internet in the last three months, United Kingdom (K02000001), 2018",
        "  source    Office for National Statistics, Internet users, edition 2018, series internet-users;",
        "  base      adults aged 16 and over",
        "| age band | 1 Male |      2 Female |",
        "| 65-74    | 10.0 % |        20.0 % |",
        "| 75+      | 48.7 % | not published |",
    ] {
        assert!(published.contains(expected), "{expected} is missing:\n{published}");
    }
    assert!(!published.contains("series than the period before"));
}

#[test]
fn a_series_break_an_unnamed_area_and_bases_are_told() {
    let mut all = vec![estimate("75+", "1", 0.3), estimate("75+", "2", 0.4)];
    for (at, one) in all.iter_mut().enumerate() {
        let record = one.record.as_mut().unwrap();
        record.keys = vec![EstimateKey {
            dimension: "publisher:employment_status".into(),
            code: "Retired".into(),
        }];
        record.area = "NAME:Somewhere".into();
        one.area_name = String::new();
        record.period = format!("{}", 2019 + at);
        record.base_count = (at == 0).then_some(1_234);
    }
    all[1].series_break = true;
    all[1].record.as_mut().unwrap().value = None;
    all[0].source.as_mut().unwrap().not_for_targets = true;
    all[1].source.as_mut().unwrap().not_for_targets = true;
    let draw = |all: &[_]| estimates::table(all, Legend(&[]), &indicators(), &Look::PLAIN);
    let text = draw(&all);
    for expected in [
        ", Somewhere\n",
        "| 2019   | Retired           |    30.0 % |           1,234 |",
        "| 2020   | Retired           | no figure |   not published |",
        "employment status",
        "not for setting targets",
        "another series than the period before",
    ] {
        assert!(text.contains(expected), "{expected} is missing:\n{text}");
    }
    all[1].record.as_mut().unwrap().value = Some(0.4);
    assert!(draw(&all).contains("|  40.0 % * |"), "{}", draw(&all));
    // Another source is another table, whatever else is the same.
    all[1].source.as_mut().unwrap().edition = "2020".into();
    assert_eq!(draw(&all).matches("  source    ").count(), 2);
}

#[test]
fn without_access_records_the_estimates_are_there_all_the_same() {
    let answer = DigitalExclusionBreakdown {
        context: sample::empty().context,
        dimensions: vec!["sex".into()],
        rows: vec![],
        estimates: vec![estimate("75+", "2", 0.624)],
    };
    let text = shown::table(&answer, 71, &indicators(), &Look::PLAIN);
    assert!(text.contains("no figures: no data: nobody has submitted 2031-01"), "{text}");
    assert!(text.contains("62.4 %"), "{text}");
    assert_eq!(shown::chart(&answer, &indicators(), &Look::PLAIN), "");
    let csv = exclusion_sheet::sheet(&answer, 71, &indicators()).csv();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains(",NO_DATA,nobody has submitted 2031-01,"), "{csv}");
    let nothing = DigitalExclusionBreakdown::default();
    assert!(
        shown::table(&nothing, 1, &Indicators::default(), &Look::PLAIN).contains("none asked for")
    );
}

#[test]
fn no_reasons_are_said_to_be_none() {
    let mut answer = exclusion();
    answer.rows[0].reasons.clear();
    let text = shown::table(&answer, 71, &indicators(), &Look::PLAIN);
    assert!(text.contains("or only with help: none told"), "{text}");
}

#[test]
fn the_chart_has_a_bar_for_each_row_and_words_for_what_is_absent() {
    let mut answer = exclusion_by_sex();
    let chart = shown::chart(&answer, &indicators(), &look(80));
    assert!(chart.starts_with("DX-21 Cannot use remote care, or only with help\n"), "{chart}");
    assert_eq!(chart.matches("10.0 % (9.0-11.0)").count(), 4, "{chart}");
    assert!(table::width(&chart) <= 80);
    for row in &mut answer.rows {
        row.indicators.truncate(1);
    }
    let chart = shown::chart(&answer, &indicators(), &look(80));
    assert!(chart.contains("2 Female    withheld"), "{chart}");
}

#[test]
fn csv_has_a_line_for_each_figure_with_its_unit() {
    let csv = exclusion_sheet::sheet(&exclusion_by_sex(), 71, &indicators()).csv();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 4 * (4 + 2) + 3);
    let of = |line: usize, names: &[&str]| -> Vec<String> {
        names.iter().map(|name| lines[line][at(name)].to_owned()).collect()
    };
    assert_eq!(
        of(0, &["kind", "sex_state", "indicator", "unit", "value", "lower", "numerator_count"]),
        ["COUNTED", "TOTAL", "DX-06", "RATIO", "0.2856", "0.27", "1234"]
    );
    assert_eq!(
        of(2, &["indicator", "unit", "value", "lower", "numerator_count", "unknown_count"]),
        ["DX-19", "DIFFERENCE", "0.123", "", "", ""]
    );
    assert_eq!(
        of(5, &["kind", "reason", "reason_state", "numerator_count", "denominator_count", "value"]),
        ["REASON", "NOT_RECORDED", "NOT_RECORDED", "44", "", ""]
    );
    assert_eq!(
        of(12, &["sex", "indicator", "value", "absence_reason"]),
        ["2", "DX-06", "", "WITHHELD"]
    );
    // A published figure says nothing of the collection that was counted.
    assert_eq!(
        of(
            24,
            &[
                "kind",
                "collection",
                "data_class",
                "area",
                "first_month",
                "sex",
                "sex_label",
                "value"
            ]
        ),
        ["PUBLISHED", "ons-internet-users", "", "K02000001", "", "1", "Male", "0.1"]
    );
    assert_eq!(
        of(
            24,
            &[
                "publisher",
                "edition",
                "estimate_period",
                "estimate_keys",
                "series_break",
                "data_position"
            ]
        ),
        ["Office for National Statistics", "2018", "2018", "age_band=65-74;sex=1", "no", "9"]
    );
}

#[test]
fn what_a_service_does_not_fill_in_is_no_panic() {
    let bare = DigitalExclusionBreakdown {
        context: Some(BreakdownContext::default()),
        dimensions: vec!["sex".into()],
        rows: vec![Default::default(), Default::default()],
        estimates: vec![Default::default()],
    };
    for width in [0, 10, 40] {
        let text = shown::table(&bare, 0, &Indicators::default(), &look(width));
        assert!(!text.contains("NaN"), "{text}");
        shown::chart(&bare, &Indicators::default(), &look(width));
    }
    exclusion_sheet::sheet(&bare, 0, &Indicators::default());
}
