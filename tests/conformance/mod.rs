//! Every vector of `tests/data/statistics`, against the service's statistics. `cargo test --test it conformance -- --nocapture` prints a
//! line for each measure: how many numbers were compared, and by how much the worst is off; then what of the files is not compared, and why.

mod packages;
mod phe;
mod slopes;
mod who;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use equity_indicators::domain::statistics::{Confidence, Estimate, NotComputable};

/// What was compared of one measure.
#[derive(Default)]
struct Compared {
    numbers: usize,
    absent: usize,
    worst: f64,
    tolerance: f64,
}

/// What was compared, by measure, and what is off.
#[derive(Default)]
struct Report {
    measures: BTreeMap<String, Compared>,
    /// What is not compared, by the reason: which numbers of which line.
    skipped: BTreeMap<&'static str, Vec<String>>,
    /// The files that were read.
    read: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Report {
    fn rows(&mut self, file: &str) -> Vec<Vec<String>> {
        self.read.insert(file.to_owned());
        let mut reader = csv::Reader::from_path(folder().join(file)).unwrap();
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn json(&mut self, file: &str) -> serde_json::Value {
        self.read.insert(file.to_owned());
        serde_json::from_str(&std::fs::read_to_string(folder().join(file)).unwrap()).unwrap()
    }

    /// A number, or a pair of limits, of the files that is not compared.
    fn skip(&mut self, why: &'static str, what: impl Into<String>) {
        self.skipped.entry(why).or_default().push(what.into());
    }

    /// A number within a relative tolerance, or within `absolute`.
    fn near(&mut self, of: (&str, &str), found: f64, expected: f64, tolerance: f64, absolute: f64) {
        let (measure, id) = of;
        let error = (found - expected).abs();
        let allowed = (tolerance * expected.abs()).max(absolute);
        let of_measure = self.measures.entry(measure.to_owned()).or_default();
        of_measure.numbers += 1;
        of_measure.tolerance = of_measure.tolerance.max(tolerance);
        if error > absolute {
            of_measure.worst = of_measure.worst.max(error / expected.abs());
        }
        if error > allowed || !found.is_finite() {
            let text = format!("{measure} {id}: {found:e} is not {expected:e}, off by {error:e}");
            self.wrong.push(text);
        }
    }

    /// What has to be absent, and why.
    fn absent<T: std::fmt::Debug>(&mut self, of: (&str, &str), found: &Result<T, NotComputable>) {
        let (measure, id) = of;
        self.measures.entry(measure.to_owned()).or_default().absent += 1;
        if let Ok(found) = found {
            self.wrong.push(format!("{measure} {id}: {found:?} is no absence"));
        }
    }

    /// Value and limits, each given as text: empty text is not computable.
    fn estimate(
        &mut self,
        of: (&str, &str),
        found: &Result<Estimate, NotComputable>,
        expected: [&str; 3],
        tolerance: f64,
    ) {
        let [value, lower, upper] = expected.map(|text| text.parse::<f64>().ok());
        let Some(value) = value else { return self.absent(of, found) };
        let Ok(found) = found else {
            return self.wrong.push(format!("{} {}: {found:?} is no number", of.0, of.1));
        };
        self.near(of, found.value, value, tolerance, 1e-15);
        let Some(expected) = lower.zip(upper) else { return self.absent(of, &found.limits) };
        let Ok(limits) = found.limits else {
            return self.wrong.push(format!("{} {}: {found:?} has no limits", of.0, of.1));
        };
        self.near(of, limits.0, expected.0, tolerance, 1e-15);
        self.near(of, limits.1, expected.1, tolerance, 1e-15);
    }

    #[expect(clippy::print_stdout, reason = "the report is for whoever asks for it")]
    fn end(self) {
        let mut text = format!(
            "{:<42} {:>7} {:>6} {:>9} {:>9}\n",
            "measure", "numbers", "absent", "worst", "allowed"
        );
        for (measure, Compared { numbers, absent, worst, tolerance }) in &self.measures {
            let _ = writeln!(
                text,
                "{measure:<42} {numbers:>7} {absent:>6} {worst:>9.1e} {tolerance:>9.0e}"
            );
        }
        let _ = writeln!(text, "\nnot compared:");
        for (why, what) in &self.skipped {
            let _ = writeln!(text, "{:>4}  {why}: {}", what.len(), what.join("; "));
        }
        println!("{text}");
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        let skipped: Vec<_> = self.skipped.iter().map(|(why, what)| (*why, what.len())).collect();
        let mut expected = SKIPPED.to_vec();
        expected.sort_unstable();
        assert_eq!(skipped, expected);
        assert_eq!(self.read, files(&folder(), ""));
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/statistics")
}

/// Every file of vectors, by its path from the folder of vectors.
fn files(folder: &Path, begin: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let found = entries.flat_map(|entry| {
        let name = format!("{begin}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            return files(&entry.path(), &format!("{name}/"));
        }
        BTreeSet::from([name])
    });
    found.filter(|name| name != "README.md").collect()
}

fn level(text: &str) -> Confidence {
    Confidence::from_level(text.parse().unwrap()).unwrap()
}

/// What of the files is not compared, and how many of it: a line, a number or a pair of limits each.
const SKIPPED: &[(&str, usize)] = &[
    (packages::BLANK, 6),
    (packages::PART_OF_A_PERSON, 2),
    (packages::BELOW_ZERO, 1),
    (packages::WARNED, 1),
    (packages::NOT_ASKED, 4),
    (packages::NO_LIMITS, 4),
    (packages::OTHER_LEVELS, 24),
    (packages::NO_CLOSED_FORM, 28),
    (who::WEIGHTED_TWICE, 12),
    (who::CUT_OFF, 4),
    (who::NO_EVENTS, 2),
    (who::MILLIONTH, 2),
];

const LEVELS: [(Confidence, usize); 2] = [(Confidence::P95, 0), (Confidence::P998, 2)];

#[test]
fn every_vector_is_met() {
    let mut report = Report::default();
    phe::shares(&mut report);
    phe::rates(&mut report);
    phe::comparisons_of_shares(&mut report);
    phe::comparisons_of_rates(&mut report);
    phe::standardised(&mut report);
    phe::trends(&mut report);
    slopes::slopes(&mut report);
    who::summary_measures(&mut report);
    packages::package_tests(&mut report);
    assert!(report.measures.len() > 25, "{} measures", report.measures.len());
    report.end();
}
