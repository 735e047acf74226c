//! The workbooks of the tests of `PHStatsMethods` and `PHEindicatormethods`.

use std::collections::BTreeMap;

use equity_indicators::domain::statistics::{
    AgeBand, Confidence, EUROPEAN_2013, Estimate, Group, Groups, NotComputable, Scale, byar_limits,
    proportion, rate, slope, standardised_rate,
};

use super::{LEVELS, Report, rows};

pub(super) fn package_tests(report: &mut Report) {
    shares_and_rates(report);
    limits_alone(report);
    standardised(report);
    slopes(report);
}

fn file(name: &str) -> Vec<Vec<String>> {
    rows(&format!("reference_package_tests/{name}"))
}

fn shares_and_rates(report: &mut Report) {
    for row in file("testdata_Prop.csv") {
        let (Ok(x), Ok(n)) = (row[1].parse(), row[2].parse()) else { continue };
        // The multiplier is 1 or 100.
        let multiplier: f64 = row[11].parse().unwrap();
        for (level, at) in LEVELS {
            let Some(found) = proportion(x, n, level) else { continue };
            let found = [found.value, found.lower, found.upper].map(|of| of * multiplier);
            for (found, expected) in found.iter().zip([3, 4 + at, 5 + at]) {
                let Ok(expected) = row[expected].parse() else { continue };
                report.near(("package: proportions", &row[0]), *found, expected, 1e-9, 1e-12);
            }
        }
    }
    for row in file("testdata_Rate.csv") {
        let (Ok(x), Ok(n)) = (row[1].parse(), row[2].parse()) else { continue };
        let multiplier: f64 = row[10].parse().unwrap();
        for (level, at) in LEVELS {
            let Some(found) = rate(x, n, multiplier, level) else { continue };
            let found = [found.value, found.lower, found.upper];
            for (found, expected) in found.iter().zip([3, 4 + at, 5 + at]) {
                let Ok(expected) = row[expected].parse() else { continue };
                report.near(("package: rates", &row[0]), *found, expected, 1e-9, 1e-12);
            }
        }
    }
}

/// Limits of counts by Byar; those of shares of fractions of a person are left out: a share here is of whole people.
fn limits_alone(report: &mut Report) {
    for row in file("testdata_B_W.csv") {
        let level = if row[4] == "95%" { Confidence::P95 } else { Confidence::P998 };
        let found = match (row[5].as_str(), row[0].parse::<u64>(), row[1].parse::<u64>()) {
            ("Byars", Ok(x), _) => byar_limits(f64::from(u32::try_from(x).unwrap()), level),
            ("Wilson", Ok(x), Ok(n)) => {
                let found = proportion(x, n, level).unwrap();
                (found.lower, found.upper)
            }
            _ => continue,
        };
        for (found, expected) in [(found.0, &row[2]), (found.1, &row[3])] {
            if let Ok(expected) = expected.parse() {
                report.near(("package: limits", &row[0]), found, expected, 1e-9, 0.0);
            }
        }
    }
}

fn standardised(report: &mut Report) {
    let mut areas: BTreeMap<String, Vec<AgeBand>> = BTreeMap::new();
    for row in file("testdata_multiarea.csv") {
        let bands = areas.entry(row[0].clone()).or_default();
        let standard = f64::from(EUROPEAN_2013[bands.len()]);
        let events = row[2].parse().unwrap_or(0.0);
        bands.push(AgeBand { events, people: row[3].parse().unwrap(), standard });
    }
    assert_eq!(areas.len(), 3);
    for row in file("testresults_DSR.csv") {
        let Some(bands) = areas.get(&row[0]) else { continue };
        let multiplier = if row[8].ends_with("100000") { 100_000.0 } else { 10_000.0 };
        for (level, at) in LEVELS {
            let found = standardised_rate(bands, multiplier, level);
            let expected = [&*row[3], &*row[4 + at], &*row[5 + at]];
            report.estimate(("package: standardised rates", &row[0]), &found, expected, 1e-9);
        }
    }
}

/// The slopes of each test and area. The limits there are simulated: within 5 % of their width, where they have a closed form.
fn slopes(report: &mut Report) {
    let mut tests: BTreeMap<(String, String), Vec<Vec<String>>> = BTreeMap::new();
    for row in file("testdata_SII.csv") {
        tests.entry((row[1].clone(), row[2].clone())).or_default().push(row);
    }
    let mut compared = 0;
    for ((test, area), lines) in &tests {
        let number = |row: &Vec<String>, column: usize| row[column].parse::<f64>().ok();
        let Some(expected) = lines.iter().find_map(|row| number(row, 15)) else { continue };
        let scale = match (test.contains("transform"), lines[0][9].as_str()) {
            (true, "1") => Scale::Log,
            (true, _) => Scale::Logit,
            (false, _) => Scale::Linear,
        };
        let group = |row: &Vec<String>| {
            let limits = number(row, 10).zip(number(row, 11));
            Some(Group {
                value: number(row, 8)?,
                error: number(row, 12),
                limits: limits.filter(|_| scale != Scale::Linear),
                people: number(row, 6)?,
            })
        };
        let groups: Option<Vec<_>> = lines.iter().map(group).collect();
        let Some(groups) = groups.and_then(|groups| Groups::new(groups, 0.0).ok()) else {
            continue;
        };
        let multiplier = match test {
            of if of.contains("-100") => -100.0,
            of if of.contains("x 100") => 100.0,
            of if of.contains("negative multiplier") => -1.0,
            _ => 1.0,
        };
        let found = slope(&groups, scale, multiplier, Confidence::P95).unwrap();
        let of = format!("{test}, {area}");
        compared += 1;
        report.near(("package: SII", &of), found.absolute.value, expected, 1e-6, 0.0);
        let relative = found.relative;
        if let Some(expected) = lines.iter().find_map(|row| number(row, 16)) {
            report.near(
                ("package: RII", &of),
                relative.map_or(f64::NAN, |of| of.value),
                expected,
                1e-6,
                0.0,
            );
        }
        let is_95 =
            lines[0][13] == "95" && !test.contains("98") && lines[0][15].parse::<f64>().is_ok();
        let closed = scale != Scale::Linear || lines[0][9] == "0";
        let limits = |of: Result<Estimate, NotComputable>| of.and_then(|of| of.limits);
        for (found, at) in [(limits(Ok(found.absolute)), 17), (limits(relative), 19)] {
            let simulated = number(&lines[0], at).zip(number(&lines[0], at + 1));
            let Some((simulated, found)) = simulated.zip(found.ok()).filter(|_| is_95 && closed)
            else {
                continue;
            };
            let wide = 0.05 * (simulated.1 - simulated.0);
            report.near(("package: simulated limits", &of), found.0, simulated.0, 0.0, wide);
            report.near(("package: simulated limits", &of), found.1, simulated.1, 0.0, wide);
        }
    }
    assert!(compared >= 20, "{compared} slopes");
}
