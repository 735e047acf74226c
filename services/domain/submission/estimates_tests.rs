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
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
    }
}

fn builder() -> EstimateBuilder {
    let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
    EstimateBuilder::new(reference, header(), EstimateSource::default())
}

fn good<'a>() -> Given<'a> {
    Given {
        indicator: "DX-12",
        area: "K02000001",
        period: "2018",
        keys: vec![("sex", "2"), ("age_band", "75+")],
        value: Some(0.5),
        ..Given::default()
    }
}

/// The fields that a row has problems with.
fn wrong(given: &Given<'_>) -> Vec<(String, String)> {
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
        Given { area: "E54000015", ..good() },
        Given { area: "C82001", ..good() },
        Given { area: "NAME:East Midlands and beyond", ..good() },
        Given { period: "2018-Q1", ..good() },
        Given { period: "2017/18", keys: Vec::new(), ..good() },
        Given { keys: vec![("disability", "ANY")], ..good() },
        Given { keys: vec![("sex", "NOT_STATED")], ..good() },
        Given { keys: vec![("publisher:employment_status", "Retired, any")], ..good() },
        Given { value: Some(0.0), lower: Some(-0.01), upper: Some(0.0), ..good() },
        Given { base_count: Some(0), weight: Some(0.0), base: "Adults who answered", ..good() },
        Given { indicator: "DX-10", value: Some(10.0), ..good() },
    ];
    for given in &fine {
        assert_eq!(wrong(given), [], "{given:?}");
    }
}

#[test]
fn every_problem_of_a_row_names_its_field() {
    let long = "x".repeat(129);
    let cases: Vec<(Given<'_>, &str, &str)> = vec![
        (Given { indicator: "DX-112", ..good() }, "indicator", "DX-12"),
        (Given { indicator: "", ..good() }, "indicator", ""),
        (Given { area: "", ..good() }, "area", ""),
        (Given { area: "NAME: ", ..good() }, "area", ""),
        (Given { area: "K0200001", ..good() }, "area", "*"),
        (Given { area: &long, ..good() }, "area", ""),
        (Given { period: "", ..good() }, "period", ""),
        (Given { period: "2018/20", ..good() }, "period", ""),
        (Given { keys: vec![("sexx", "2")], ..good() }, "keys[0].dimension", "sex"),
        (Given { keys: vec![("month", "2018-01")], ..good() }, "keys[0].dimension", "*"),
        (Given { keys: vec![("sex", "3")], ..good() }, "keys[0].code", "*"),
        (Given { keys: vec![("sex", "ANY")], ..good() }, "keys[0].code", "*"),
        (Given { keys: vec![("sex", "COARSER")], ..good() }, "keys[0].code", "*"),
        (Given { keys: vec![("sex", "1"), ("sex", "2")], ..good() }, "keys[1].dimension", ""),
        (Given { keys: vec![("publisher:", "x")], ..good() }, "keys[0].dimension", ""),
        (Given { keys: vec![("publisher:Work", "x")], ..good() }, "keys[0].dimension", ""),
        (Given { keys: vec![("publisher:work", " ")], ..good() }, "keys[0].code", ""),
        (Given { keys: vec![("sex", "1"); 4], ..good() }, "keys", ""),
        (Given { value: None, ..good() }, "value", ""),
        (Given { value: Some(f64::NAN), ..good() }, "value", ""),
        (Given { value: Some(f64::INFINITY), ..good() }, "value", ""),
        (Given { value: Some(1.01), ..good() }, "value", ""),
        (Given { indicator: "DX-10", value: Some(-0.1), ..good() }, "value", ""),
        (Given { lower: Some(0.6), ..good() }, "lower", ""),
        (Given { upper: Some(0.4), ..good() }, "upper", ""),
        (Given { upper: Some(f64::NAN), ..good() }, "upper", ""),
        (Given { base_count: Some(-1), ..good() }, "base_count", ""),
        (Given { weight: Some(-0.5), ..good() }, "weight", ""),
        (Given { base: "a\u{7}", ..good() }, "base", ""),
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
    let first = Given { area: "QK1", ..good() };
    let same = Given { area: "E54000015", keys: vec![("age_band", "75+"), ("sex", "2")], ..good() };
    let other_base = Given { base: "Adults who use the internet", ..first.clone() };
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
    let hash = |rows: &[Given<'_>], source: EstimateSource| {
        let mut builder = builder();
        builder.estimates.source = source;
        rows.iter().for_each(|row| builder.row(row, || row.area.as_bytes().to_vec()));
        builder.finish().content_hash
    };
    let plain = EstimateSource::default;
    let other = Given { area: "E92000001", ..good() };
    let mut seen = std::collections::BTreeSet::from([hash(&[good(), other.clone()], plain())]);
    assert!(seen.contains(&hash(&[good(), other.clone()], plain())));
    for change in [
        Given { indicator: "DX-12-USED", ..good() },
        Given { area: "K03000001", ..good() },
        Given { period: "2017", ..good() },
        Given { keys: vec![("age_band", "75+"), ("sex", "2")], ..good() },
        Given { keys: Vec::new(), ..good() },
        Given { value: Some(0.25), ..good() },
        Given { lower: Some(0.25), ..good() },
        Given { upper: Some(0.75), ..good() },
        Given { base_count: Some(0), ..good() },
        Given { weight: Some(0.0), ..good() },
        Given { base: "b", ..good() },
        // Left out, and not the same.
        Given { value: None, ..good() },
        Given { value: None, area: "K03000001", ..good() },
    ] {
        assert!(seen.insert(hash(&[change.clone(), other.clone()], plain())), "{change:?}");
    }
    assert!(seen.insert(hash(&[other, good()], plain())));
    let series = EstimateSource { series: "s".into(), ..plain() };
    assert!(seen.insert(hash(&[good()], series)));
    let flagged = EstimateSource { not_for_targets: true, ..plain() };
    assert!(seen.insert(hash(&[good()], flagged)));
    assert_eq!(
        hash(&[Given { value: Some(0.0), ..good() }], plain()),
        hash(&[Given { value: Some(-0.0), ..good() }], plain())
    );
}
