//! The summary measures of WHO's healthequal, except where it departs from its own formulas: see the README of the vectors.

use equity_indicators::domain::statistics::{
    Confidence, Estimate, Group, Groups, NotComputable, Scale, attributable, between_groups,
    concentration, disparity, gap, gap_ratio, logistic_slope, mean_difference, mean_log_deviation,
    pair, slope, theil,
};
use serde_json::Value;

use super::{Report, json};

type Found = Result<Estimate, NotComputable>;

/// One case: its groups in their order, on a scale of 0 to 1 where they are shares.
struct Case<'a> {
    id: &'a str,
    expected: &'a Value,
    groups: Groups,
    scale: f64,
    ordered: bool,
    adverse: bool,
    reference: Option<usize>,
}

impl<'a> Case<'a> {
    fn of(case: &'a Value) -> Self {
        let input = &case["input"];
        let numbers = |name: &str| -> Vec<f64> {
            input[name].as_array().unwrap().iter().map(|of| of.as_f64().unwrap()).collect()
        };
        let scale = input["scale"].as_f64().unwrap_or(1.0);
        let (values, errors, people) = (numbers("est"), numbers("se"), numbers("pop"));
        let mut places: Vec<_> = (0..values.len()).collect();
        if input["subgroup_order"].is_array() {
            let order = numbers("subgroup_order");
            places.sort_by(|a, b| order[*a].total_cmp(&order[*b]));
        }
        let group = |place: &usize| Group {
            value: values[*place] / scale,
            error: Some(errors[*place] / scale),
            limits: None,
            people: people[*place],
        };
        let reference = input["reference"].as_array();
        Self {
            id: case["id"].as_str().unwrap(),
            expected: &case["expected"],
            groups: Groups::new(places.iter().map(group).collect(), 0.0).unwrap(),
            scale,
            ordered: input["ordered"] == 1,
            adverse: input["favourable"] == 0,
            reference: reference.and_then(|of| of.iter().position(|is| is == 1)),
        }
    }

    /// The estimate, times `scale`, and the standard error, times `of_error`; an error there has to be an absence here.
    fn check(&self, report: &mut Report, name: &str, found: Found, scale: f64, of_error: f64) {
        let expected = &self.expected[name];
        let of = (&*format!("WHO {name}"), self.id);
        if expected.is_null() {
            return;
        }
        let Some(value) = expected["estimate"].as_f64() else { return report.absent(of, &found) };
        let Ok(found) = found else {
            return report.wrong.push(format!("{} {}: {found:?} is no number", of.0, of.1));
        };
        report.near(of, found.value * scale, value, 1e-10, 1e-12);
        if let Some((error, found)) = expected["se"].as_f64().zip(found.error) {
            report.near(
                (&format!("WHO {name}, standard error"), self.id),
                found * of_error,
                error,
                1e-10,
                1e-12,
            );
        }
    }

    /// An expected standard error.
    fn error(&self, report: &mut Report, name: &str, found: f64) {
        if let Some(error) = self.expected[name]["se"].as_f64() {
            report.near(
                (&format!("WHO {name}, standard error"), self.id),
                found,
                error,
                1e-10,
                1e-12,
            );
        }
    }

    fn gaps(&self, report: &mut Report) {
        let of = pair(&self.groups, self.ordered, self.adverse, self.reference);
        let level = Confidence::P95;
        self.check(report, "d", gap(&self.groups, of, level), self.scale, self.scale);
        self.check(report, "r", gap_ratio(&self.groups, of, level), 1.0, 1.0);
    }

    fn of_an_order(&self, report: &mut Report) {
        let level = Confidence::P95;
        let found = slope(&self.groups, Scale::Linear, 1.0, level).unwrap();
        // There all equal values are refused: their slope is 0, and the ratio of the ends 1.
        if self.expected["sii_linear"]["error"].is_string() {
            report.near(("WHO sii_linear", self.id), found.absolute.value, 0.0, 0.0, 1e-12);
            report.near(
                ("WHO rii_linear", self.id),
                found.relative.unwrap().value,
                1.0,
                1e-12,
                0.0,
            );
        } else {
            let (of_absolute, of_relative) = found.scatter.unwrap();
            let bare = |of: Estimate| Ok(Estimate { error: None, ..of });
            self.check(report, "sii_linear", bare(found.absolute), self.scale, 1.0);
            self.check(report, "rii_linear", bare(found.relative.unwrap()), 1.0, 1.0);
            self.error(report, "sii_linear", of_absolute);
            self.error(report, "rii_linear", of_relative);
        }
        let logistic = logistic_slope(&self.groups, level);
        for (name, found, scale) in [
            ("sii_logit_popweighted", logistic.map(|of| of.0), self.scale),
            ("rii_logit_popweighted", logistic.map(|of| of.1), 1.0),
        ] {
            if let Some(expected) = self.expected[name]["estimate"].as_f64() {
                report.near(
                    (&format!("WHO {name}"), self.id),
                    found.unwrap().value * scale,
                    expected,
                    1e-7,
                    1e-9,
                );
            }
        }
        let of = concentration(&self.groups, level).unwrap();
        let bare = |of: Found| of.map(|of| Estimate { error: None, ..of });
        self.check(report, "aci", bare(Ok(of.absolute)), self.scale, 1.0);
        for (name, found) in
            [("rci", of.relative), ("rci_wagstaff", of.wagstaff), ("rci_erreygers", of.erreygers)]
        {
            self.check(report, name, bare(found), 1.0, 1.0);
        }
        let mean = self.groups.mean();
        self.error(report, "aci", of.scatter * self.scale);
        self.error(report, "rci", of.scatter / mean);
        self.error(report, "rci_wagstaff", of.scatter / mean / (1.0 - mean));
        self.error(report, "rci_erreygers", 4.0 * of.scatter);
    }

    fn of_any_order(&self, report: &mut Report) {
        let (groups, scale, level) = (&self.groups, self.scale, Confidence::P95);
        let value = |place: &usize| groups.all()[*place].value;
        let places = || (0..groups.all().len()).rev();
        let lowest = places().min_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
        let highest = places().max_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
        let best = if self.adverse { lowest } else { highest };
        let reference = if self.ordered { groups.all().len() - 1 } else { best };
        let found = attributable(groups, reference, self.adverse, level);
        self.check(report, "par", found.map(|of| of.absolute), scale, scale);
        self.check(report, "paf", found.and_then(|of| of.relative), 1.0, 0.01);
        if let Some(error) = found.ok().and_then(|of| of.error) {
            self.error(report, "par", error * scale);
        }
        let of = between_groups(groups, level);
        self.check(report, "bgv", of.map(|of| of.variance), scale * scale, scale * scale);
        self.check(report, "bgsd", of.map(|of| of.deviation), scale, scale);
        self.check(report, "cov", of.and_then(|of| of.coefficient), 1.0, 1.0);
        if groups.all().iter().all(|group| group.value > 0.0) {
            self.check(report, "ti", theil(groups, level), 1000.0, 1.0);
            self.check(report, "mld", mean_log_deviation(groups, level), 1000.0, 1.0);
        } else {
            // healthequal puts 1e-6 in the place of 0.
            let expected = self.expected["ti"]["estimate"].as_f64().unwrap();
            let found = theil(groups, level).unwrap().value * 1000.0;
            report.near(("WHO ti, with 0 in place of 1e-6", self.id), found, expected, 1e-5, 0.0);
            report.absent(("WHO mld", self.id), &mean_log_deviation(groups, level));
        }
        let from = |centre: f64| mean_difference(groups, centre);
        let from_reference = self.reference.map(|of| from(value(&of)));
        let of_reference = from_reference.unwrap_or(Err(NotComputable::FewGroups));
        for (name, found, scale) in [
            ("mdm", from(groups.mean()), scale),
            ("mdb", from(value(&best)), scale),
            ("mdr", of_reference, scale),
            ("idis", disparity(groups), 1.0),
        ] {
            self.check(report, &format!("{name}u"), found.map(|of| of.unweighted), scale, scale);
            self.check(report, &format!("{name}w"), found.map(|of| of.weighted), scale, scale);
        }
    }
}

pub(super) fn summary_measures(report: &mut Report) {
    let all = json("who_summary_measures.json");
    let cases = all["cases"].as_array().unwrap();
    assert!(cases.len() > 8);
    for case in cases {
        let case = Case::of(case);
        case.gaps(report);
        if case.ordered {
            case.of_an_order(report);
        }
        case.of_any_order(report);
    }
}
