//! Confidence limits against every row of the vectors that the field's own tools computed.

use std::path::Path;

use equity_indicators::domain::statistics::{Confidence, Interval, difference, proportion, rate};

fn rows(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/statistics").join(file);
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Within the relative tolerance; within 1e-15 of 0.
fn agrees(name: &str, found: f64, expected: &str, tolerance: f64) {
    let expected: f64 = expected.parse().unwrap();
    let error = (found - expected).abs();
    let allowed = if expected == 0.0 { 1e-15 } else { tolerance * expected.abs() };
    assert!(error <= allowed, "{name}: {found:e} is not {expected:e}, off by {error:e}");
}

fn limits_agree(name: &str, found: Option<Interval>, expected: &[String], tolerance: f64) {
    if expected[0].is_empty() {
        assert_eq!(found, None, "{name} is not computable");
        return;
    }
    let found = found.unwrap_or_else(|| panic!("{name} is computable"));
    for (what, found, expected) in [
        ("value", found.value, &expected[0]),
        ("lower", found.lower, &expected[1]),
        ("upper", found.upper, &expected[2]),
    ] {
        agrees(&format!("{name} {what}"), found, expected, tolerance);
    }
}

const LEVELS: [(Confidence, usize); 2] = [(Confidence::P95, 0), (Confidence::P998, 2)];

#[test]
fn shares_have_the_limits_of_phe_proportion() {
    let rows = rows("proportions_wilson.csv");
    assert!(rows.len() > 10);
    for row in &rows {
        let (x, n) = (row[1].parse().unwrap(), row[2].parse().unwrap());
        for (level, offset) in LEVELS {
            let expected = [&row[3..4], &row[4 + offset..6 + offset]].concat();
            limits_agree(&row[0], proportion(x, n, level), &expected, 1e-12);
        }
    }
}

#[test]
fn rates_have_the_limits_of_phe_rate() {
    let rows = rows("rates_byar_exact.csv");
    let exact = rows.iter().filter(|row| row[9] == "Exact").count();
    assert!(exact > 3 && rows.len() - exact > 3, "{exact} of {} are exact", rows.len());
    for row in &rows {
        let x = row[1].parse().unwrap();
        let (n, multiplier): (f64, f64) = (row[2].parse().unwrap(), row[3].parse().unwrap());
        let tolerance = if row[9] == "Exact" { 1e-10 } else { 1e-12 };
        for (level, offset) in LEVELS {
            let expected = [&row[4..5], &row[5 + offset..7 + offset]].concat();
            limits_agree(&row[0], rate(x, n, multiplier, level), &expected, tolerance);
        }
    }
}

#[test]
fn differences_have_the_limits_of_newcombe() {
    let rows = rows("proportion_difference_ratio.csv");
    assert!(rows.len() > 10);
    for row in &rows {
        let number = |column: usize| row[column].parse::<u64>().unwrap();
        let level = Confidence::from_level(row[5].parse().unwrap()).unwrap();
        let found = difference((number(1), number(2)), (number(3), number(4)), level);
        if row[6].is_empty() {
            assert_eq!(found, None, "{} is not computable", row[0]);
            continue;
        }
        let found = found.unwrap_or_else(|| panic!("{} is computable", row[0]));
        for (found, expected) in [found.value, found.lower, found.upper].iter().zip(&row[6..9]) {
            let expected: f64 = expected.parse().unwrap();
            // Differences of nearly equal shares lose digits: the tolerance is absolute.
            assert!((found - expected).abs() < 1e-13, "{}: {found:e} is not {expected:e}", row[0]);
        }
    }
}
