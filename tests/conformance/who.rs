//! The summary measures of WHO's healthequal: estimates, standard errors and limits, except where it departs from its own formulas (see the README of
//! the vectors). What is not compared is said with its reason.

use std::cell::RefCell;
use std::collections::BTreeSet;

use equity_indicators::domain::statistics::{
    Confidence, Estimate, Group, Groups, NotComputable, Scale, attributable, between_groups,
    concentration, disparity, gap, gap_ratio, logistic_slope, mean_difference, mean_log_deviation,
    pair, slope, theil,
};
use serde_json::Value;

use super::Report;

type Found = Result<Estimate, NotComputable>;

pub(super) const WEIGHTED_TWICE: &str =
    "healthequal weights the counts by people twice; `popweighted`, once, is compared";
pub(super) const CUT_OFF: &str =
    "limits about a value that is cut off at 0: the service gives no limits there";
pub(super) const NO_EVENTS: &str =
    "error and limits about a reference without events, of width 0: the service gives none";
pub(super) const MILLIONTH: &str =
    "healthequal puts 0.000001 in the place of 0: error and limits of TI, and all of MLD";

/// One case: its groups in their order, on a scale of 0 to 1 where they are shares.
struct Case<'a> {
    id: &'a str,
    expected: &'a Value,
    groups: Groups,
    scale: f64,
    ordered: bool,
    adverse: bool,
    reference: Option<usize>,
    /// The measures that were looked at.
    seen: RefCell<BTreeSet<String>>,
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
            seen: RefCell::default(),
        }
    }

    /// What is expected of a measure; null: nothing.
    fn expected(&self, name: &str) -> &'a Value {
        self.seen.borrow_mut().insert(name.to_owned());
        &self.expected[name]
    }

    /// The estimate and its limits, times `scale`, and the standard error, times `of_error`; an error there has to be an absence here. Limits that go
    /// below `least` there are cut off here.
    fn check(
        &self,
        report: &mut Report,
        name: &str,
        found: Found,
        (scale, of_error): (f64, f64),
        least: f64,
    ) {
        let Some((found, value)) = self.value(report, name, found, scale) else { return };
        if let Some(error) = found.error {
            self.error(report, name, error * of_error);
        }
        let Some((lower, upper)) = self.limits(name) else { return };
        // Where the standard error there has another unit than the estimate, so has the width of the limits.
        let expected =
            [lower, upper].map(|limit| (value + (limit - value) * scale / of_error).max(least));
        // The numbers there have 15 digits, of which a change of the unit leaves fewer.
        let digits = (1e-14 * value.abs() * scale / of_error).max(1e-12);
        let of = (&*format!("WHO {name}, limits"), self.id);
        match found.limits {
            Ok((lower, upper)) => {
                for (found, expected) in [lower, upper].into_iter().zip(expected) {
                    report.near(of, found * scale, expected, 1e-10, digits);
                }
            }
            Err(NotComputable::CutOff) => report.skip(CUT_OFF, format!("{} {name}", self.id)),
            Err(NotComputable::ZeroReference) => {
                report.skip(NO_EVENTS, format!("{} {name}", self.id));
            }
            Err(why) => report.wrong.push(format!("{} {}: no limits: {why}", of.0, of.1)),
        }
    }

    /// An estimate with the standard error from the distances of the groups from a line, which healthequal's limits are made with.
    fn scattered(
        &self,
        report: &mut Report,
        name: &str,
        found: Found,
        scatter: f64,
        (scale, of_error): (f64, f64),
    ) {
        let Some((found, _)) = self.value(report, name, found, scale) else { return };
        self.error(report, name, scatter * of_error);
        let Some(expected) = self.limits(name) else { return };
        let of_ratio = name.starts_with("rii");
        let remade = if of_ratio { Estimate::log_normal } else { Estimate::normal };
        let limits = remade(found.value, scatter, Confidence::P95).unwrap().limits.unwrap();
        for (found, expected) in [(limits.0, expected.0), (limits.1, expected.1)] {
            let of = (&*format!("WHO {name}, limits"), self.id);
            report.near(of, found * scale, expected, 1e-10, 1e-12);
        }
    }

    /// What was found, and the expected estimate; none: nothing is expected, or an absence.
    fn value(
        &self,
        report: &mut Report,
        name: &str,
        found: Found,
        scale: f64,
    ) -> Option<(Estimate, f64)> {
        let expected = self.expected(name);
        let of = (&*format!("WHO {name}"), self.id);
        if expected.is_null() {
            return None;
        }
        let Some(value) = expected["estimate"].as_f64() else {
            report.absent(of, &found);
            return None;
        };
        let Ok(found) = found else {
            report.wrong.push(format!("{} {}: {found:?} is no number", of.0, of.1));
            return None;
        };
        report.near(of, found.value * scale, value, 1e-10, 1e-12);
        Some((found, value))
    }

    fn limits(&self, name: &str) -> Option<(f64, f64)> {
        let expected = self.expected(name);
        let limits = [&expected["lowerci"], &expected["upperci"]].map(Value::as_f64);
        assert_eq!(limits[0].is_some(), limits[1].is_some(), "{} {name}", self.id);
        limits[0].zip(limits[1])
    }

    /// An expected standard error.
    fn error(&self, report: &mut Report, name: &str, found: f64) {
        if let Some(error) = self.expected(name)["se"].as_f64() {
            let of = (&*format!("WHO {name}, standard error"), self.id);
            report.near(of, found, error, 1e-10, 1e-12);
        }
    }

    fn gaps(&self, report: &mut Report) {
        let of = pair(&self.groups, self.ordered, self.adverse, self.reference);
        let level = Confidence::P95;
        let both = (self.scale, self.scale);
        self.check(report, "d", gap(&self.groups, of, level), both, f64::MIN);
        self.check(report, "r", gap_ratio(&self.groups, of, level), (1.0, 1.0), f64::MIN);
    }

    fn of_an_order(&self, report: &mut Report) {
        let level = Confidence::P95;
        let found = slope(&self.groups, Scale::Linear, 1.0, level).unwrap();
        // There all equal values are refused: their slope is 0, and the ratio of the ends 1.
        let refused =
            ["sii_linear", "rii_linear"].map(|name| self.expected(name)["error"].is_string());
        if refused[0] && refused[1] {
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
            let absolute = Ok(found.absolute);
            self.scattered(report, "sii_linear", absolute, of_absolute, (self.scale, 1.0));
            self.scattered(report, "rii_linear", found.relative, of_relative, (1.0, 1.0));
        }
        let logistic = logistic_slope(&self.groups, level);
        for (name, found, scale) in [
            ("sii_logit_popweighted", logistic.map(|of| of.0), self.scale),
            ("rii_logit_popweighted", logistic.map(|of| of.1), 1.0),
        ] {
            if let Some(expected) = self.expected(name)["estimate"].as_f64() {
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
        let mean = self.groups.mean();
        let both = (self.scale, self.scale);
        self.scattered(report, "aci", Ok(of.absolute), of.scatter, both);
        for (name, found, scatter) in [
            ("rci", of.relative, of.scatter / mean),
            ("rci_wagstaff", of.wagstaff, of.scatter / mean / (1.0 - mean)),
            ("rci_erreygers", of.erreygers, 4.0 * of.scatter),
        ] {
            self.scattered(report, name, found, scatter, (1.0, 1.0));
        }
        for name in ["sii_logit_healthequal", "rii_logit_healthequal"] {
            if !self.expected(name).is_null() {
                report.skip(WEIGHTED_TWICE, format!("{} {name}", self.id));
            }
        }
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
        let of_mean = 1.0 / groups.mean();
        self.check(report, "par", found.map(|of| of.absolute), (scale, scale), f64::MIN);
        self.check(report, "paf", found.and_then(|of| of.relative), (1.0, 0.01), f64::MIN);
        // Of a value that is cut off the error is known.
        if let Some(error) = found.ok().filter(|of| of.cut_off).and_then(|of| of.error) {
            self.error(report, "par", error * scale);
            self.error(report, "paf", error * of_mean);
        }
        let of = between_groups(groups, level);
        let squared = (scale * scale, scale * scale);
        self.check(report, "bgv", of.map(|of| of.variance), squared, 0.0);
        self.check(report, "bgsd", of.map(|of| of.deviation), (scale, scale), 0.0);
        self.check(report, "cov", of.and_then(|of| of.coefficient), (1.0, 1.0), 0.0);
        if groups.all().iter().all(|group| group.value > 0.0) {
            self.check(report, "ti", theil(groups, level), (1000.0, 1.0), 0.0);
            self.check(report, "mld", mean_log_deviation(groups, level), (1000.0, 1.0), 0.0);
        } else {
            let expected = self.expected("ti")["estimate"].as_f64().unwrap();
            let found = theil(groups, level).unwrap().value * 1000.0;
            report.near(("WHO ti, with 0 in place of 1e-6", self.id), found, expected, 1e-5, 0.0);
            report.absent(("WHO mld", self.id), &mean_log_deviation(groups, level));
            for name in ["ti", "mld"] {
                assert!(self.limits(name).is_some());
                report.skip(MILLIONTH, format!("{} {name}", self.id));
            }
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
            let both = (scale, scale);
            self.check(report, &format!("{name}u"), found.map(|of| of.unweighted), both, 0.0);
            self.check(report, &format!("{name}w"), found.map(|of| of.weighted), both, 0.0);
        }
    }
}

pub(super) fn summary_measures(report: &mut Report) {
    let all = report.json("who_summary_measures.json");
    let cases = all["cases"].as_array().unwrap();
    assert!(cases.len() > 8);
    for case in cases {
        let case = Case::of(case);
        case.gaps(report);
        if case.ordered {
            case.of_an_order(report);
        }
        case.of_any_order(report);
        let names: BTreeSet<_> = case.expected.as_object().unwrap().keys().cloned().collect();
        let missed: Vec<_> = names.difference(&case.seen.borrow()).cloned().collect();
        assert!(missed.is_empty(), "{}: {missed:?} are not looked at", case.id);
    }
}
