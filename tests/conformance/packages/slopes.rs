//! The slopes of each test and area. The limits there are simulated: within 5 % of their width, where they have a closed form.

use std::collections::BTreeMap;

use equity_indicators::domain::statistics::{
    Confidence, Estimate, Group, Groups, Limits, NotComputable, Scale, Slope, slope,
};

use super::{Report, file};

pub(in crate::conformance) const WARNED: &str =
    "more than ten groups: the package warns, and the workbook has no value";
pub(in crate::conformance) const NOT_ASKED: &str = "the workbook did not ask for the RII";
pub(in crate::conformance) const NO_LIMITS: &str = "the workbook has a value without limits";
pub(in crate::conformance) const OTHER_LEVELS: &str =
    "limits at 98 % or 99 %: the service has 95 % and 99.8 %";
pub(in crate::conformance) const NO_CLOSED_FORM: &str = "limits of shares or rates that are not transformed are simulated from lopsided limits and have no closed form";

/// A line of the workbook: a group, and on the first line of a test what is expected.
#[derive(Clone)]
struct Line(Vec<String>);

impl Line {
    /// None: blank.
    fn number(&self, column: usize) -> Option<f64> {
        let text = &self.0[column];
        (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{:?}", self.0)))
    }

    fn limits(&self, column: usize) -> Option<Limits> {
        self.number(column).zip(self.number(column + 1))
    }
}

/// The lines of one test of the workbook, and of one area.
struct Case {
    test: String,
    id: String,
    scale: Scale,
    lines: Vec<Line>,
}

impl Case {
    fn new(test: String, area: &str, lines: Vec<Line>) -> Self {
        let scale = match (test.contains("transform"), lines[0].0[9].as_str()) {
            (true, "1") => Scale::Log,
            (true, _) => Scale::Logit,
            (false, _) => Scale::Linear,
        };
        Self { id: format!("{test}, {area}"), test, scale, lines }
    }

    /// The groups. One without a value is missing, one without people has none.
    fn groups(&self, with_limits: bool) -> Result<Groups, NotComputable> {
        let people = |line: &Line| line.number(6).unwrap_or(0.0);
        let group = |line: &Line| {
            Some(Group {
                value: line.number(8)?,
                error: line.number(12),
                limits: line.limits(10).filter(|_| with_limits),
                people: people(line),
            })
        };
        let missing = self.lines.iter().filter(|line| line.number(8).is_none()).map(people).sum();
        Groups::new(self.lines.iter().filter_map(group).collect(), missing)
    }

    fn multiplier(&self) -> f64 {
        match &self.test {
            of if of.contains("-100") => -100.0,
            of if of.contains("x 100") => 100.0,
            of if of.contains("negative multiplier") => -1.0,
            _ => 1.0,
        }
    }

    fn found(&self) -> Result<Slope, NotComputable> {
        let groups = self.groups(self.scale != Scale::Linear)?;
        slope(&groups, self.scale, self.multiplier(), Confidence::P95)
    }

    /// What the package refuses has to be refused here, for its reason.
    fn is_refused(&self, report: &mut Report) {
        let of = ("package: SII, refused", &*self.id);
        let found = self.found();
        match self.test.rsplit(" - ").next().unwrap() {
            "negative populations" | "negative counts/standard error" => {
                assert_eq!(found, Err(NotComputable::BadGroup), "{}", self.id);
            }
            "invalid proportion in CLs" => {
                // On the linear scale limits are not used, but they have to be limits of the value.
                assert_eq!(self.groups(true), Err(NotComputable::BadGroup), "{}", self.id);
                return report.absent(of, &self.groups(true));
            }
            "missing value field" => {
                assert_eq!(found, Err(NotComputable::FewGroups), "{}", self.id);
            }
            "missing confidence limits and se" => {
                let limits = found.unwrap().absolute.limits;
                assert_eq!(limits, Err(NotComputable::NoErrors), "{}", self.id);
                return report.absent(of, &limits);
            }
            "missing populations, counts or values" => {
                assert_eq!(found, Err(NotComputable::BadGroup), "{}", self.id);
                // With people in every group, the one without a value is what is wrong.
                let mut known = Self::new(self.test.clone(), "", self.lines.clone());
                known.lines[4].0[6] = "23889".into();
                assert_eq!(known.found(), Err(NotComputable::MissingGroup), "{}", self.id);
            }
            "large number of quantiles (>10)" => {
                assert!(found.is_ok(), "{}: {found:?}", self.id);
                return report.skip(WARNED, &self.id);
            }
            other => panic!("{other} is not known"),
        }
        report.absent(of, &found);
    }

    fn is_near(&self, report: &mut Report) {
        let first = &self.lines[0];
        let found = self.found().unwrap_or_else(|why| panic!("{}: {why}", self.id));
        let of = |measure: &'static str| (measure, &*self.id);
        let absolute = found.absolute;
        report.near(of("package: SII"), absolute.value, first.number(15).unwrap(), 1e-6, 0.0);
        let relative = found.relative.unwrap();
        match first.number(16) {
            Some(expected) => report.near(of("package: RII"), relative.value, expected, 1e-6, 0.0),
            None => report.skip(NOT_ASKED, &self.id),
        }
        if let Some(expected) = first.number(25) {
            report.near(of("package: intercept"), found.intercept, expected, 1e-6, 0.0);
        }
        let mut levels = first.0[13].trim_start_matches("c(").trim_end_matches(')').split(", ");
        // The level of the 98 % tests is in their name alone.
        let only_98 = self.test.contains("98%") && !self.test.contains("95%");
        for columns in [[17, 19], [21, 23]] {
            let level = if only_98 { "98" } else { levels.next().unwrap_or("98") };
            for (found, column) in [absolute, relative].into_iter().zip(columns) {
                self.limits(report, &found, (column, level));
            }
        }
    }

    fn limits(&self, report: &mut Report, found: &Estimate, (column, level): (usize, &str)) {
        let first = &self.lines[0];
        let what = format!("{} {column}", self.id);
        let Some(simulated) = first.limits(column) else {
            // What is expected of the first level, where there is one measure.
            if column == 17 || (column == 19 && first.number(16).is_some()) {
                report.skip(NO_LIMITS, what);
            }
            return;
        };
        if level != "95" {
            return report.skip(OTHER_LEVELS, what);
        }
        if self.scale == Scale::Linear && first.0[9] != "0" {
            return report.skip(NO_CLOSED_FORM, what);
        }
        let (limits, wide) = (found.limits.unwrap(), 0.05 * (simulated.1 - simulated.0));
        let of = ("package: simulated limits", &*self.id);
        report.near(of, limits.0, simulated.0, 0.0, wide);
        report.near(of, limits.1, simulated.1, 0.0, wide);
    }
}

pub(super) fn slopes(report: &mut Report) {
    let mut tests: BTreeMap<(String, String), Vec<Line>> = BTreeMap::new();
    for row in file(report, "testdata_SII.csv") {
        tests.entry((row[1].clone(), row[2].clone())).or_default().push(Line(row));
    }
    let (mut compared, mut refused) = (0, 0);
    for ((test, area), lines) in tests {
        let case = Case::new(test, &area, lines);
        if case.lines.iter().any(|line| line.number(15).is_some()) {
            compared += 1;
            case.is_near(report);
        } else {
            refused += 1;
            case.is_refused(report);
        }
    }
    assert_eq!((compared, refused), (44, 7));
}
