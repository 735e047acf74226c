use super::*;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;

fn header() -> Header {
    Header {
        organisation: "ONS".into(),
        collection: "ons-internet-users".into(),
        dataset: Dataset::Estimates,
        month: "2018-03".parse().unwrap(),
        request_id: String::new(),
        code_systems: std::collections::BTreeMap::new(),
        collected: std::collections::BTreeSet::new(),
        person_key_scheme: String::new(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
    }
}

fn builder() -> EstimateBuilder {
    let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
    EstimateBuilder::new(reference, header(), EstimateSource::default())
}

fn good<'a>() -> EstimateRow<'a> {
    EstimateRow {
        indicator: "DX-12",
        area: "K02000001",
        period: "2018",
        keys: vec![("sex", "2"), ("age_band", "75+")],
        value: Some(0.5),
        ..EstimateRow::default()
    }
}

/// The fields that a row has problems with.
fn wrong(given: &EstimateRow<'_>) -> Vec<(String, String)> {
    let mut builder = builder();
    builder.row(given, Vec::new);
    let draft = builder.finish();
    assert_eq!(draft.rejected_count, u64::from(!draft.problems.is_empty()));
    draft.problems.into_iter().map(|problem| (problem.field, problem.nearest)).collect()
}

#[test]
fn what_may_be_said_of_a_figure() {
    let fine = [
        good(),
        EstimateRow { area: "E54000015", ..good() },
        EstimateRow { area: "C82001", ..good() },
        EstimateRow { area: "NAME:East Midlands and beyond", ..good() },
        EstimateRow { period: "2018-Q1", ..good() },
        EstimateRow { period: "2017/18", keys: Vec::new(), ..good() },
        EstimateRow { keys: vec![("disability", "ANY")], ..good() },
        EstimateRow { keys: vec![("sex", "NOT_STATED")], ..good() },
        EstimateRow { keys: vec![("publisher:employment_status", "Retired, any")], ..good() },
        EstimateRow { value: Some(0.0), lower: Some(-0.01), upper: Some(0.0), ..good() },
        EstimateRow {
            base_count: Some(0),
            weight: Some(0.0),
            base: "Adults who answered",
            ..good()
        },
        EstimateRow { indicator: "DX-10", value: Some(10.0), ..good() },
    ];
    for given in &fine {
        assert_eq!(wrong(given), [], "{given:?}");
    }
}

#[test]
fn every_problem_of_a_row_names_its_field() {
    let long = "x".repeat(129);
    let cases: Vec<(EstimateRow<'_>, &str, &str)> = vec![
        (EstimateRow { indicator: "DX-012", ..good() }, "indicator", "DX-12"),
        (EstimateRow { indicator: "", ..good() }, "indicator", ""),
        (EstimateRow { area: "", ..good() }, "area", ""),
        (EstimateRow { area: "NAME: ", ..good() }, "area", ""),
        (EstimateRow { area: "K0200001", ..good() }, "area", "*"),
        (EstimateRow { area: &long, ..good() }, "area", ""),
        (EstimateRow { period: "", ..good() }, "period", ""),
        (EstimateRow { period: "2018/20", ..good() }, "period", ""),
        (EstimateRow { keys: vec![("sexx", "2")], ..good() }, "keys[0].dimension", "sex"),
        (EstimateRow { keys: vec![("month", "2018-01")], ..good() }, "keys[0].dimension", "*"),
        (EstimateRow { keys: vec![("sex", "3")], ..good() }, "keys[0].code", "*"),
        (EstimateRow { keys: vec![("sex", "ANY")], ..good() }, "keys[0].code", "*"),
        (EstimateRow { keys: vec![("sex", "COARSER")], ..good() }, "keys[0].code", "*"),
        (EstimateRow { keys: vec![("sex", "1"), ("sex", "2")], ..good() }, "keys[1].dimension", ""),
        (EstimateRow { keys: vec![("publisher:", "x")], ..good() }, "keys[0].dimension", ""),
        (EstimateRow { keys: vec![("publisher:Work", "x")], ..good() }, "keys[0].dimension", ""),
        (EstimateRow { keys: vec![("publisher:work", " ")], ..good() }, "keys[0].code", ""),
        (EstimateRow { keys: vec![("sex", "1"); 4], ..good() }, "keys", ""),
        (EstimateRow { value: None, ..good() }, "value", ""),
        (EstimateRow { value: Some(f64::NAN), ..good() }, "value", ""),
        (EstimateRow { value: Some(f64::INFINITY), ..good() }, "value", ""),
        (EstimateRow { value: Some(1.01), ..good() }, "value", ""),
        (EstimateRow { indicator: "DX-10", value: Some(-0.1), ..good() }, "value", ""),
        (EstimateRow { lower: Some(0.6), ..good() }, "lower", ""),
        (EstimateRow { upper: Some(0.4), ..good() }, "upper", ""),
        (EstimateRow { upper: Some(f64::NAN), ..good() }, "upper", ""),
        (EstimateRow { base_count: Some(-1), ..good() }, "base_count", ""),
        (EstimateRow { weight: Some(-0.5), ..good() }, "weight", ""),
        (EstimateRow { base: "a\u{7}", ..good() }, "base", ""),
    ];
    for (given, field, nearest) in cases {
        let problems = wrong(&given);
        assert_eq!(problems.len(), 1, "{given:?}: {problems:?}");
        assert_eq!(problems[0].0, field, "{given:?}");
        // `*`: some hint or none, whichever is near.
        if nearest != "*" {
            assert_eq!(problems[0].1, nearest, "{given:?}");
        }
    }
}

#[test]
fn a_figure_stands_once_whatever_the_order_of_its_keys_or_the_code_of_its_area() {
    let mut builder = builder();
    let first = EstimateRow { area: "QK1", ..good() };
    let same =
        EstimateRow { area: "E54000015", keys: vec![("age_band", "75+"), ("sex", "2")], ..good() };
    let other_base = EstimateRow { base: "Adults who use the internet", ..first.clone() };
    for given in [&first, &other_base, &same] {
        builder.row(given, Vec::new);
    }
    let draft = builder.finish();
    assert_eq!((draft.accepted_count, draft.rejected_count, draft.total_count), (2, 1, 2));
    assert_eq!((draft.problems[0].row_index, draft.problems[0].field.as_str()), (2, "indicator"));
    assert!(draft.problems[0].expected.contains("row 0"));
    assert_eq!(draft.estimates.unwrap().rows.len(), 2);
}

#[test]
fn the_content_hash_sees_every_field_and_the_order_of_rows() {
    let hash = |rows: &[EstimateRow<'_>], source: EstimateSource| {
        let mut builder = builder();
        builder.estimates.source = source;
        rows.iter().for_each(|row| builder.row(row, || row.area.as_bytes().to_vec()));
        builder.finish().content_hash
    };
    let plain = EstimateSource::default;
    let other = EstimateRow { area: "E92000001", ..good() };
    let mut seen = std::collections::BTreeSet::from([hash(&[good(), other.clone()], plain())]);
    assert!(seen.contains(&hash(&[good(), other.clone()], plain())));
    for change in [
        EstimateRow { indicator: "DX-12-USED", ..good() },
        EstimateRow { area: "K03000001", ..good() },
        EstimateRow { period: "2017", ..good() },
        EstimateRow { keys: vec![("age_band", "75+"), ("sex", "2")], ..good() },
        EstimateRow { keys: Vec::new(), ..good() },
        EstimateRow { value: Some(0.25), ..good() },
        EstimateRow { lower: Some(0.25), ..good() },
        EstimateRow { upper: Some(0.75), ..good() },
        EstimateRow { base_count: Some(0), ..good() },
        EstimateRow { weight: Some(0.0), ..good() },
        EstimateRow { base: "b", ..good() },
        // Left out, and not the same.
        EstimateRow { value: None, ..good() },
        EstimateRow { value: None, area: "K03000001", ..good() },
    ] {
        assert!(seen.insert(hash(&[change.clone(), other.clone()], plain())), "{change:?}");
    }
    assert!(seen.insert(hash(&[other, good()], plain())));
    let series = EstimateSource { series: "s".into(), ..plain() };
    assert!(seen.insert(hash(&[good()], series)));
    let flagged = EstimateSource { not_for_targets: true, ..plain() };
    assert!(seen.insert(hash(&[good()], flagged)));
    assert_eq!(
        hash(&[EstimateRow { value: Some(0.0), ..good() }], plain()),
        hash(&[EstimateRow { value: Some(-0.0), ..good() }], plain())
    );
}

#[test]
fn a_period_of_any_length_and_with_any_character_is_told_in_one_short_line() {
    let (long, odd) = ("2".repeat(5_000), "20\u{1b}[31m18\u{202e}");
    for period in [&*long, odd] {
        let problems = wrong(&EstimateRow { period, ..good() });
        let (field, expected) = &problems[0];
        assert_eq!(field, "period");
        let is_clean = !expected.contains(['\u{1b}', '\u{202e}']);
        assert!(expected.len() < 300 && is_clean, "{} bytes", expected.len());
    }
}

#[test]
fn a_suppressed_figure_has_no_value_and_is_not_0() {
    let suppressed = || EstimateRow { value: None, suppressed: true, ..good() };
    let mut builder = builder();
    builder.row(&suppressed(), Vec::new);
    builder.row(&EstimateRow { area: "QK1", value: Some(0.0), ..good() }, Vec::new);
    let draft = builder.finish();
    let values: Vec<_> = draft.estimates.unwrap().rows.iter().map(|row| row.value).collect();
    assert_eq!((draft.accepted_count, values), (2, vec![None, Some(0.0)]));
    for given in [
        EstimateRow { value: Some(0.0), ..suppressed() },
        EstimateRow { lower: Some(0.1), ..suppressed() },
        EstimateRow { upper: Some(0.1), ..suppressed() },
    ] {
        assert_eq!(wrong(&given)[0].0, "suppressed");
    }
}

#[test]
fn blanks_at_the_ends_are_no_part_of_a_text_and_a_row_without_a_value_is_no_row() {
    let mut builder = builder();
    builder.row(&good(), Vec::new);
    let padded = EstimateRow {
        indicator: " DX-12",
        area: "K02000001 ",
        keys: vec![("sex ", "1"), ("age_band", "75+ ")],
        ..good()
    };
    builder.row(&padded, Vec::new);
    builder.row(&EstimateRow { area: " ", ..EstimateRow::default() }, Vec::new);
    assert_eq!((builder.rows_seen(), builder.blank_rows()), (3, 1));
    let draft = builder.finish();
    assert_eq!((draft.accepted_count, draft.rejected_count, draft.blank_count), (2, 0, 1));
    let rows = &draft.estimates.unwrap().rows;
    assert_eq!((rows[1].indicator.as_str(), rows[1].keys[0].dimension.as_str()), ("DX-12", "sex"));
    let read: Vec<_> = draft.readings.iter().map(|r| (r.field.as_str(), r.count)).collect();
    assert_eq!(read, [("area", 1), ("indicator", 1), ("keys", 1)]);
}

#[test]
fn words_for_nothing_and_periods_to_come_are_refused() {
    for given in [
        EstimateRow { area: "NA", ..good() },
        EstimateRow { base: "NULL", ..good() },
        EstimateRow { period: "#N/A", ..good() },
        EstimateRow { keys: vec![("sex", "nan")], ..good() },
    ] {
        let mut builder = builder();
        builder.row(&given, Vec::new);
        let problem = &builder.finish().problems[0];
        let advice = "leave the cell empty where nothing is recorded";
        assert!(problem.expected.ends_with(advice), "{given:?}: {}", problem.expected);
    }
    assert_eq!(wrong(&EstimateRow { period: "2018-04", ..good() })[0].0, "period");
    assert_eq!(wrong(&EstimateRow { period: "2018-Q1", ..good() }), []);
}
