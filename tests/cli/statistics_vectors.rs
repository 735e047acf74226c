//! Every measure of `equity statistics` against numbers of others: those of `tests/data/statistics` where it has the measure, else those of a paper or
//! of R. All entries are in one file, as one would send them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::run::{Ended, equity};
use equity_indicators::app::statistics::MEASURES;

/// z of 95 % limits.
const Z: f64 = 1.959_963_984_540_054;

/// A number that a line has to have.
#[derive(Clone, Copy, Debug)]
enum Number {
    Is(f64),
    Absent,
    /// The vectors say nothing.
    Any,
}

/// A line that an entry has to have: its measure, its value and limits, and how near they have to be (relative).
struct Expected {
    id: String,
    measure: String,
    numbers: [Number; 3],
    tolerance: f64,
}

/// Entries of a file, and what they have to come to.
#[derive(Default)]
struct Cases {
    entries: Vec<Value>,
    expected: Vec<Expected>,
}

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/statistics").join(name)
}

fn rows(name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(file(name)).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn cases(name: &str) -> Vec<Value> {
    let read: Value = serde_json::from_str(&std::fs::read_to_string(file(name)).unwrap()).unwrap();
    read["cases"].as_array().unwrap().clone()
}

fn float(text: &str) -> f64 {
    text.parse().unwrap()
}

fn whole(text: &str) -> u64 {
    text.parse().unwrap()
}

/// Numbers of a row; empty: absent.
fn numbers<const N: usize>(row: &[String], columns: [usize; N]) -> [Number; N] {
    columns.map(|at| if row[at].is_empty() { Number::Absent } else { Number::Is(float(&row[at])) })
}

fn of_json(number: &Value) -> Number {
    number.as_f64().map_or(Number::Absent, Number::Is)
}

/// The same in another unit.
fn times(number: Number, factor: f64) -> Number {
    match number {
        Number::Is(of) => Number::Is(of * factor),
        Number::Absent | Number::Any => number,
    }
}

impl Cases {
    /// An entry with its fields, and the lines that it has to have.
    fn add(&mut self, measure: &str, mut fields: Value, lines: &[(&str, [Number; 3], f64)]) {
        let id = self.entries.len().to_string();
        fields["measure"] = measure.into();
        fields["id"] = id.clone().into();
        self.entries.push(fields);
        let line = |(measure, numbers, tolerance): &(&str, [Number; 3], f64)| Expected {
            id: id.clone(),
            measure: (*measure).to_owned(),
            numbers: *numbers,
            tolerance: *tolerance,
        };
        self.expected.extend(lines.iter().map(line));
    }

    fn one_group(&mut self) {
        for (level, at) in [(0.95, 0), (0.998, 2)] {
            for row in rows("proportions_wilson.csv") {
                let fields = json!({"numerator": whole(&row[1]), "denominator": whole(&row[2]), "confidence": level});
                let expected = numbers(&row, [3, 4 + at, 5 + at]);
                self.add("proportion", fields, &[("proportion", expected, 1e-12)]);
            }
            for row in rows("rates_byar_exact.csv") {
                let fields = json!({"count": whole(&row[1]), "population": float(&row[2]), "multiplier": float(&row[3]), "confidence": level});
                let expected = numbers(&row, [4, 5 + at, 6 + at]);
                self.add("rate", fields, &[("rate", expected, 1e-10)]);
            }
            let bands = rows("dsr_inputs.csv");
            for row in rows("dsr_expected.csv") {
                let band = |of: &Vec<String>| {
                    let count = (!of[2].is_empty()).then(|| float(&of[2]));
                    json!({"count": count, "population": float(&of[3]), "standard": float(&of[4])})
                };
                let own: Vec<_> = bands.iter().filter(|of| of[0] == row[0]).map(band).collect();
                let expected = numbers(&row, [3, 4 + at, 5 + at]);
                let fields = json!({"bands": own, "confidence": level});
                self.add("standardised_rate", fields, &[("standardised_rate", expected, 1e-12)]);
            }
        }
    }

    fn two_groups(&mut self) {
        for row in rows("proportion_difference_ratio.csv") {
            let fields = json!({"numerator": whole(&row[1]), "denominator": whole(&row[2]), "reference_numerator": whole(&row[3]),
                "reference_denominator": whole(&row[4]), "confidence": float(&row[5])});
            let difference = numbers(&row, [6, 7, 8]);
            self.add("difference", fields.clone(), &[("difference", difference, 1e-12)]);
            self.add("ratio", fields, &[("ratio", numbers(&row, [9, 10, 11]), 1e-12)]);
        }
        for row in rows("rate_ratio_difference.csv") {
            let fields = json!({"count": whole(&row[1]), "population": float(&row[2]), "reference_count": whole(&row[3]),
                "reference_population": float(&row[4]), "confidence": float(&row[5])});
            let ratio = numbers(&row, [6, 7, 8]);
            let [value, lower, upper] = numbers(&row, [6, 9, 10]);
            // Without an upper limit there is none, and no lower one.
            let exact = match upper {
                Number::Absent => [Number::Absent; 3],
                Number::Is(_) | Number::Any => [value, lower, upper],
            };
            let lines = [("rate_ratio", ratio, 1e-12), ("rate_ratio_exact", exact, 1e-8)];
            self.add("rate_ratio", fields.clone(), &lines);
            let difference = numbers(&row, [11, 12, 13]);
            self.add("rate_difference", fields, &[("rate_difference", difference, 1e-12)]);
            // Events a month of two periods are two rates.
            let fields = json!({"count": whole(&row[1]), "months": float(&row[2]), "baseline_count": whole(&row[3]),
                "baseline_months": float(&row[4]), "confidence": float(&row[5])});
            self.add("restoration", fields, &[("restoration", ratio, 1e-12)]);
        }
        // Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10.
        let fields = json!({"both": 36, "first_only": 12, "second_only": 2, "neither": 0});
        let expected = [Number::Is(0.2), Number::Is(0.0569), Number::Is(0.3404)];
        self.add("paired_difference", fields, &[("paired_difference", expected, 1e-3)]);
        // 30 of 60 before, and of all others 80 of 100: the formula of the ratio of two ratios.
        let value = (30.0 / 60.0) / (80.0 / 100.0);
        let reach = (Z * (1.0_f64 / 30.0 + 1.0 / 60.0 + 1.0 / 80.0 + 1.0 / 100.0).sqrt()).exp();
        let fields = json!({"count": 30, "months": 3, "baseline_count": 60, "baseline_months": 3, "whole_count": 110, "whole_baseline_count": 160});
        let expected = [value, value / reach, value * reach].map(Number::Is);
        self.add("restoration", fields, &[("relative_restoration", expected, 1e-12)]);
    }

    fn many_groups(&mut self) {
        for case in cases("sii_rii_phe.json") {
            let is_linear = case["transform"] == false;
            let group = |of: &Value| {
                let mut group = json!({"value": of["value"], "population": of["population"], "standard_error": of["se"]});
                if !is_linear {
                    (group["lower"], group["upper"]) = (of["lcl"].clone(), of["ucl"].clone());
                }
                group
            };
            let groups: Vec<_> = case["input"].as_array().unwrap().iter().map(group).collect();
            let scale = match (is_linear, case["value_type"].as_str()) {
                (true, _) => "linear",
                (false, Some("rate")) => "log",
                (false, _) => "logit",
            };
            let (expected, limits) = (&case["expected"], &case["closed_form_ci"]);
            let of = |name: &str| {
                let limit = |end: &str| of_json(&limits[format!("{name}_{end}")]);
                [of_json(&expected[name]), limit("lower"), limit("upper")]
            };
            // The package gives the intercept times the multiplier, but not on the linear scale.
            let multiplier = case["multiplier"].as_f64().unwrap();
            let of_intercept = if is_linear { 1.0 } else { 1.0 / multiplier.abs() };
            let intercept = times(of_json(&expected["intercept"]), of_intercept);
            let lines = [
                ("SII", of("sii"), 1e-9),
                ("RII", of("rii"), 1e-9),
                ("intercept", [intercept, Number::Absent, Number::Absent], 1e-10),
            ];
            let fields = json!({"groups": groups, "scale": scale, "multiplier": multiplier, "confidence": case["confidence"]});
            self.add("slope", fields, &lines);
        }
        for case in cases("who_summary_measures.json") {
            self.of_who(&case);
        }
    }

    fn of_who(&mut self, case: &Value) {
        let (input, expected) = (&case["input"], &case["expected"]);
        let scale = input["scale"].as_f64().unwrap_or(1.0);
        let of = |name: &str, place: usize| input[name][place].as_f64().unwrap();
        let mut places: Vec<_> = (0..input["est"].as_array().unwrap().len()).collect();
        if input["subgroup_order"].is_array() {
            places.sort_by(|a, b| of("subgroup_order", *a).total_cmp(&of("subgroup_order", *b)));
        }
        let group = |place: &usize| json!({"value": of("est", *place) / scale, "standard_error": of("se", *place) / scale, "population": of("pop", *place)});
        let groups: Vec<_> = places.iter().map(group).collect();
        let reference = input["reference"].as_array();
        let reference = reference.and_then(|of| of.iter().position(|is| is == 1)).map(|at| at + 1);
        let is_ordered = input["ordered"] == 1;
        let polarity =
            if input["favourable"] == 0 { "LOWER_IS_BETTER" } else { "HIGHER_IS_BETTER" };
        // Measures there, here, and the unit of the estimate there. Those that healthequal has otherwise are in the conformance test.
        let one = 1.0 / scale;
        let of_zero = places.iter().any(|place| of("est", *place) == 0.0);
        let mut lines = Vec::new();
        for (name, measure, unit, tolerance) in [
            ("d", "D", one, 1e-10),
            ("r", "R", 1.0, 1e-10),
            ("sii_linear", "SII", one, 1e-10),
            ("rii_linear", "RII", 1.0, 1e-10),
            ("aci", "ACI", one, 1e-10),
            ("rci", "RCI", 1.0, 1e-10),
            ("rci_wagstaff", "RCI-WAGSTAFF", 1.0, 1e-10),
            ("rci_erreygers", "RCI-ERREYGERS", 1.0, 1e-10),
            ("par", "PAR", one, 1e-10),
            ("paf", "PAF", 1.0, 1e-10),
            ("bgv", "BGV", one * one, 1e-10),
            ("bgsd", "BGSD", one, 1e-10),
            ("cov", "COV", 1.0, 1e-10),
            ("mdmu", "MDM", one, 1e-10),
            ("mdmw", "MDM-WEIGHTED", one, 1e-10),
            ("mdbu", "MDB", one, 1e-10),
            ("mdbw", "MDB-WEIGHTED", one, 1e-10),
            ("mdru", "MDR", one, 1e-10),
            ("mdrw", "MDR-WEIGHTED", one, 1e-10),
            ("idisu", "IDIS", 1.0, 1e-10),
            ("idisw", "IDIS-WEIGHTED", 1.0, 1e-10),
            ("ti", "TI", 1e-3, 1e-10),
            ("mld", "MLD", 1e-3, 1e-10),
        ] {
            let is_other = (of_zero && ["ti", "mld"].contains(&name))
                || (expected[name]["error"].is_string() && name.ends_with("linear"));
            if is_other || expected[name].is_null() {
                continue;
            }
            let value = times(of_json(&expected[name]["estimate"]), unit);
            let limits = ["lowerci", "upperci"].map(|end| match name {
                "d" | "r" => times(of_json(&expected[name][end]), unit),
                _ => Number::Any,
            });
            lines.push((measure, [value, limits[0], limits[1]], tolerance));
        }
        let mut fields = json!({"groups": groups, "ordered": is_ordered, "polarity": polarity});
        if let Some(reference) = reference {
            fields["reference"] = reference.into();
        }
        self.add("inequality", fields, &lines);
        if is_ordered && expected["sii_logit_popweighted"]["estimate"].is_number() {
            let of = |name: &str, unit| {
                let value = times(of_json(&expected[name]["estimate"]), unit);
                [value, Number::Any, Number::Any]
            };
            let lines = [
                ("SII", of("sii_logit_popweighted", one), 1e-7),
                ("RII", of("rii_logit_popweighted", 1.0), 1e-7),
            ];
            self.add("logistic_slope", json!({"groups": groups}), &lines);
        }
    }

    fn in_time(&mut self) {
        let list = |text: &str| text.split(';').map(float).collect::<Vec<_>>();
        for row in rows("trend_chi2_proportions.csv") {
            let counts = |text: &str| text.split(';').map(whole).collect::<Vec<_>>();
            let points = counts(&row[1]).into_iter().zip(counts(&row[2]));
            let points: Vec<_> =
                points.map(|(x, n)| json!({"numerator": x, "denominator": n})).collect();
            let line = |at: usize| [numbers(&row, [at])[0], Number::Absent, Number::Absent];
            let lines = [
                ("chi_squared", line(3), 1e-10),
                ("p_value", line(4), 1e-10),
                ("slope", line(5), 1e-10),
            ];
            self.add("trend", json!({"points": points}), &lines);
        }
        for row in rows("trend_recent_values.csv") {
            let [values, lower, upper] = [1, 2, 3].map(|at| list(&row[at]));
            let point =
                |at: usize| json!({"value": values[at], "lower": lower[at], "upper": upper[at]});
            let points: Vec<_> = (0..values.len()).map(point).collect();
            let line = |at: usize| [numbers(&row, [at])[0], Number::Absent, Number::Absent];
            let lines = [
                ("slope", line(4), 1e-10),
                ("chi_squared", line(5), 1e-10),
                ("marker", line(6), 0.0),
            ];
            self.add("recent_trend", json!({"points": points}), &lines);
        }
        // Each gap of the vectors before the next one: the change by the hybrid of their limits.
        let gaps = rows("proportion_difference_ratio.csv");
        let gaps: Vec<_> =
            gaps.iter().filter(|row| row[5] == "0.95" && float(&row[6]) > 0.0).collect();
        assert!(gaps.len() > 3, "{} gaps", gaps.len());
        for pair in gaps.windows(2) {
            let shares = |row: &[String]| {
                json!({"numerator": whole(&row[1]), "denominator": whole(&row[2]), "reference_numerator": whole(&row[3]),
                    "reference_denominator": whole(&row[4])})
            };
            let [before, after] = [0, 1].map(|at| [6, 7, 8].map(|column| float(&pair[at][column])));
            let value = after[0] - before[0];
            let down = (after[0] - after[1]).hypot(before[2] - before[0]);
            let up = (after[2] - after[0]).hypot(before[0] - before[1]);
            let lines = [
                ("gap_before", before.map(Number::Is), 1e-12),
                ("gap_after", after.map(Number::Is), 1e-12),
                ("levelling", [value, value - down, value + up].map(Number::Is), 1e-10),
            ];
            let fields = json!({"before": shares(pair[0]), "after": shares(pair[1])});
            self.add("levelling", fields, &lines);
        }
    }

    /// What has no vectors.
    fn others(&mut self) {
        let one = |value: f64| [Number::Is(value), Number::Absent, Number::Absent];
        // R: `fisher.test(matrix(c(1, 0, 29, 871), 2))`, `fisher.test(matrix(c(3, 1, 1, 3), 2))`, and
        // `prop.test(c(56, 48), c(70, 80), correct = FALSE)`, a chi-squared of 7.0234 with one degree of freedom.
        for ([x, n, y, m], p, tolerance) in [
            ([1, 1, 29, 900], 30.0 / 901.0, 1e-12),
            ([3, 4, 1, 4], 34.0 / 70.0, 1e-12),
            ([56, 70, 48, 80], 0.008_045_081_368_196_56, 1e-9),
        ] {
            let fields = json!({"numerator": x, "denominator": n, "reference_numerator": y, "reference_denominator": m});
            self.add("p_value", fields, &[("p_value", one(p), tolerance)]);
        }
        // R: `p.adjust(p, "BH")`. One entry has a line for each number: the first is compared here, all of them in the test of the lines.
        let adjusted = [0.025, 0.05, 0.05, 0.025, 0.5];
        let lines = adjusted.map(|p| ("adjusted_p_value", one(p), 1e-12));
        let fields = json!({"p_values": [0.01, 0.04, 0.03, 0.005, 0.5]});
        self.add("false_discovery_rate", fields, &lines);
        let fields = json!({"value": 0.3, "lower": 0.2, "upper": 0.4, "benchmark": 0.5, "polarity": "LOWER_IS_BETTER"});
        self.add("comparator", fields, &[("comparator", one(0.3), 0.0)]);
        // 29 % against 39 % of 100 people: 10 people; of 1,000 people: 100.
        let groups = json!([{"numerator": 29, "denominator": 100}, {"numerator": 290, "denominator": 1000}, {"numerator": 40, "denominator": 100}]);
        let fields =
            json!({"groups": groups, "reference_share": 0.39, "polarity": "HIGHER_IS_BETTER"});
        let lines = [10.0, 100.0, 0.0].map(|people| ("level_up", one(people), 0.0));
        self.add("level_up", fields, &lines);
    }
}

/// The lines of the answer by their entry and measure, in their order.
fn lines(answer: &Value) -> BTreeMap<(String, String), Vec<Map<String, Value>>> {
    let mut lines: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in answer.as_array().unwrap() {
        let line = line.as_object().unwrap().clone();
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        lines.entry((text("id"), text("measure"))).or_default().push(line);
    }
    lines
}

#[test]
fn every_measure_has_the_numbers_of_the_vectors() {
    let mut cases = Cases::default();
    cases.one_group();
    cases.two_groups();
    cases.many_groups();
    cases.in_time();
    cases.others();
    let asked: BTreeSet<_> =
        cases.entries.iter().map(|of| of["measure"].as_str().unwrap()).collect();
    assert_eq!(asked, MEASURES.iter().map(|(measure, _)| *measure).collect());

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.json"), Value::Array(cases.entries.clone()).to_string())
        .unwrap();
    let mut command = equity();
    command.args(["statistics", "all.json", "--format", "json"]).current_dir(folder.path());
    let mut lines = lines(&Ended::of(command.output().unwrap()).json());
    let mut wrong = Vec::new();
    for Expected { id, measure, numbers, tolerance } in &cases.expected {
        let found = lines.get_mut(&(id.clone(), measure.clone())).filter(|of| !of.is_empty());
        let entry = || &cases.entries[id.parse::<usize>().unwrap()];
        let Some(found) = found.map(|of| of.remove(0)) else {
            wrong.push(format!("{measure} is missing: {}", entry()));
            continue;
        };
        for (name, number) in ["value", "lower", "upper"].into_iter().zip(numbers) {
            let is = match (found[name].as_f64(), number) {
                (_, Number::Any) => true,
                (None, Number::Absent) => {
                    !found["note"].as_str().unwrap().is_empty() || name != "value"
                }
                (Some(found), Number::Is(of)) => {
                    (found - of).abs() <= (tolerance * of.abs()).max(1e-13)
                }
                (Some(_), Number::Absent) | (None, Number::Is(_)) => false,
            };
            if !is {
                wrong.push(format!("{measure} {name}: {found:?} is not {number:?}: {}", entry()));
            }
        }
    }
    assert!(cases.expected.len() > 450, "{} lines", cases.expected.len());
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}
