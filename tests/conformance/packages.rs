//! The workbooks of the tests of `PHStatsMethods` and `PHEindicatormethods`. What of them is not compared is said with its reason.

use std::collections::BTreeMap;

use equity_indicators::domain::statistics::{
    AgeBand, Confidence, EUROPEAN_2013, Interval, byar_limits, proportion, rate, standardised_rate,
};

use super::{LEVELS, Report};

mod slopes;

pub(super) const BLANK: &str =
    "a count or population is blank, and so is the expected value: counts are known here";
pub(super) const PART_OF_A_PERSON: &str =
    "the numerator is a fraction: a share here is of whole people";
pub(super) const BELOW_ZERO: &str = "the lower limit is blank: Byar's formula goes below 0 for one event, rates of so few are exact";
pub(super) use slopes::{NO_CLOSED_FORM, NO_LIMITS, NOT_ASKED, OTHER_LEVELS, WARNED};

/// The standard population of the lines of `testdata_1976`: the European one of 1976, 0-4 to 85 and over. The service has that of 2013.
const EUROPEAN_1976: [u32; 18] = [
    8000, 7000, 7000, 7000, 7000, 7000, 7000, 7000, 7000, 7000, 7000, 6000, 5000, 4000, 3000, 2000,
    1000, 1000,
];

pub(super) fn package_tests(report: &mut Report) {
    let share = |x: u64, n: f64, multiplier: f64, level| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts
        let of = proportion(x, n as u64, level)?;
        let [value, lower, upper] = [of.value, of.lower, of.upper].map(|of| of * multiplier);
        Some(Interval { value, lower, upper })
    };
    one_group(report, "testdata_Prop.csv", 11, share);
    one_group(report, "testdata_Rate.csv", 10, rate);
    limits_alone(report);
    standardised(report);
    slopes::slopes(report);
}

fn file(report: &mut Report, name: &str) -> Vec<Vec<String>> {
    report.rows(&format!("reference_package_tests/{name}"))
}

/// Shares, or rates: value and limits of one line.
fn one_group(
    report: &mut Report,
    name: &str,
    multiplier: usize,
    of: impl Fn(u64, f64, f64, Confidence) -> Option<Interval>,
) {
    let measure = format!("package: {name}");
    for row in file(report, name) {
        if row[1].is_empty() || row[2].is_empty() {
            assert!(row[3..8].iter().all(String::is_empty), "{row:?} has a value");
            report.skip(BLANK, format!("{name} {}", row[0]));
            continue;
        }
        let number = |column: usize| row[column].parse::<f64>().unwrap();
        for (level, at) in LEVELS {
            let found = of(row[1].parse().unwrap(), number(2), number(multiplier), level).unwrap();
            let found = [found.value, found.lower, found.upper];
            for (found, column) in found.into_iter().zip([3, 4 + at, 5 + at]) {
                report.near((&measure, &row[0]), found, number(column), 1e-9, 1e-12);
            }
        }
    }
}

fn limits_alone(report: &mut Report) {
    for row in file(report, "testdata_B_W.csv") {
        let level = if row[4] == "95%" { Confidence::P95 } else { Confidence::P998 };
        let Ok(x) = row[0].parse::<u32>() else {
            report.skip(PART_OF_A_PERSON, format!("{} {} {}", row[5], row[0], row[4]));
            continue;
        };
        let found = if row[5] == "Byars" {
            byar_limits(x.into(), level)
        } else {
            let found = proportion(x.into(), row[1].parse().unwrap(), level).unwrap();
            (found.lower, found.upper)
        };
        for (found, expected) in [(found.0, &row[2]), (found.1, &row[3])] {
            if expected.is_empty() {
                assert!(found < 0.0, "{row:?}: {found}");
                report.skip(BELOW_ZERO, format!("{} {} {}", row[5], row[0], row[4]));
                continue;
            }
            report.near(("package: limits", &row[0]), found, expected.parse().unwrap(), 1e-9, 0.0);
        }
    }
}

fn standardised(report: &mut Report) {
    let mut areas: BTreeMap<String, Vec<AgeBand>> = BTreeMap::new();
    for row in file(report, "testdata_multiarea.csv") {
        let bands = areas.entry(row[0].clone()).or_default();
        let standard = f64::from(EUROPEAN_2013[bands.len()]);
        let events = if row[2].is_empty() { 0.0 } else { row[2].parse().unwrap() };
        bands.push(AgeBand { events, people: row[3].parse().unwrap(), standard });
    }
    assert_eq!(areas.len(), 3);
    // The bands of the first area but the last one.
    let of_1976 = areas["testdata_big"].iter().zip(EUROPEAN_1976);
    let of_1976 = of_1976.map(|(band, of)| AgeBand { standard: of.into(), ..*band }).collect();
    areas.insert("testdata_1976".into(), of_1976);
    for row in file(report, "testresults_DSR.csv") {
        let bands = &areas[&row[0]];
        let people: f64 = bands.iter().map(|band| band.people).sum();
        assert!((people - row[2].parse::<f64>().unwrap()).abs() < 1e-9, "{row:?}: {people}");
        // Without a value, the text says no multiplier.
        let multiplier = if row[8].ends_with(" 10000") { 10_000.0 } else { 100_000.0 };
        assert!(row[3].is_empty() || row[8].ends_with(&format!(" {multiplier}")), "{row:?}");
        for (level, at) in LEVELS {
            let found = standardised_rate(bands, multiplier, level);
            // The workbook has the 99.8 % limits of these lines ten times too high: those of the other lines, and its own 95 % limits, are right.
            let too_high = row[0] == "testdata_1976" && level == Confidence::P998;
            let limit = |column: usize| match row[column].parse::<f64>() {
                Ok(limit) if too_high => (limit / 10.0).to_string(),
                _ => row[column].clone(),
            };
            let (lower, upper) = (limit(4 + at), limit(5 + at));
            let expected = [&*row[3], &*lower, &*upper];
            report.estimate(("package: standardised rates", &row[0]), &found, expected, 1e-9);
        }
    }
}
