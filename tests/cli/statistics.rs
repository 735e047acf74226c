//! `equity statistics`: measures from a file, and what is refused.

use super::run::{Ended, equity, run};

/// Computes the measures in a text.
fn computed(folder: &std::path::Path, text: &str, options: &[&str]) -> Ended {
    std::fs::write(folder.join("counts.json"), text).unwrap();
    let command =
        equity().args(["statistics", "counts.json"]).args(options).current_dir(folder).output();
    Ended::of(command.unwrap())
}

#[test]
fn every_measure_of_the_help_text_computes_something() {
    let help = run(&["statistics", "--help"]).well();
    let shares = r#""numerator": 29, "denominator": 100, "reference_numerator": 39, "reference_denominator": 100"#;
    let rates =
        r#""count": 12, "population": 300, "reference_count": 9, "reference_population": 410"#;
    let groups = r#"[{"numerator": 30, "denominator": 100}, {"numerator": 25, "denominator": 110}, {"numerator": 20, "denominator": 90}]"#;
    let bands = vec![r#"{"count": 3, "population": 500}"#; 19].join(", ");
    let point = |n: i32| format!(r#"{{"value": {n}, "lower": {}, "upper": {}}}"#, n - 1, n + 1);
    let points = (1..=5).map(point).collect::<Vec<_>>().join(", ");
    let all = [
        ("proportion", r#""numerator": 3, "denominator": 10"#.to_owned()),
        ("rate", r#""count": 3, "population": 1000, "multiplier": 1000"#.to_owned()),
        ("standardised_rate", format!(r#""bands": [{bands}]"#)),
        ("difference", shares.to_owned()),
        ("paired_difference", r#""both": 36, "first_only": 12, "second_only": 2, "neither": 0"#.to_owned()),
        ("ratio", shares.to_owned()),
        ("p_value", shares.to_owned()),
        ("rate_ratio", rates.to_owned()),
        ("rate_difference", rates.to_owned()),
        ("inequality", format!(r#""groups": {groups}, "ordered": true, "polarity": "LOWER_IS_BETTER", "scale": "logit", "reference": 3"#)),
        ("restoration", r#""count": 30, "months": 3, "baseline_count": 40, "baseline_months": 3, "whole_count": 90, "whole_baseline_count": 90"#.to_owned()),
        ("slope", format!(r#""groups": {groups}, "scale": "logit", "multiplier": -100"#)),
        ("logistic_slope", format!(r#""groups": {groups}"#)),
        ("levelling", format!(r#""before": {{{shares}}}, "after": {{{shares}}}, "polarity": "HIGHER_IS_BETTER""#)),
        ("trend", format!(r#""points": {groups}"#)),
        ("recent_trend", format!(r#""points": [{points}]"#)),
        ("false_discovery_rate", r#""p_values": [0.01, 0.04]"#.to_owned()),
        ("comparator", r#""value": 0.3, "lower": 0.2, "upper": 0.4, "benchmark": 0.5, "polarity": "LOWER_IS_BETTER""#.to_owned()),
        ("level_up", format!(r#""groups": {groups}, "reference_share": 0.2, "polarity": "LOWER_IS_BETTER""#)),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (measure, fields) in &all {
        assert!(help.contains(&format!("\n  {measure}: ")), "{measure}: {help}");
        let text = format!(r#"{{"id": "own", "measure": "{measure}", {fields}}}"#);
        let lines = computed(folder.path(), &text, &["--format", "json"]).json();
        let lines = lines.as_array().unwrap();
        assert!(
            lines.iter().all(|line| line["id"] == "own" && line["value"].is_number()),
            "{measure}: {lines:?}"
        );
    }
    let named = help.lines().skip_while(|line| !line.starts_with("Measures and")).skip(1);
    // What is wrapped goes on without a measure.
    let is_measure = |line: &&str| {
        let name = line.strip_prefix("  ").and_then(|line| line.split_once(": "));
        name.is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let named = named.take_while(|line| !line.is_empty()).filter(is_measure);
    assert_eq!(named.count(), all.len(), "{help}");
}

#[test]
fn numbers_are_those_of_the_vectors_and_what_has_none_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"[{"measure": "difference", "numerator": 56, "denominator": 70, "reference_numerator": 48, "reference_denominator": 80},
        {"id": "no ratio", "measure": "ratio", "numerator": 1, "denominator": 2, "reference_numerator": 0, "reference_denominator": 9}]"#;
    let csv = computed(folder.path(), text, &["--format", "csv"]).well();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "id,measure,value,lower,upper,note");
    let numbers = lines[1].split(',').skip(2).take(3);
    let numbers: Vec<f64> = numbers.map(|of| of.parse().unwrap()).collect();
    for (found, expected) in
        numbers.iter().zip([0.2, 0.052_431_472_402_364_9, 0.333_872_654_036_905_9])
    {
        assert!((found - expected).abs() < 1e-13, "{csv}");
    }
    assert!(
        lines[2].starts_with("no ratio,ratio,,,,")
            && lines[2].contains("a ratio to 0 has no value"),
        "{csv}"
    );
    assert!(computed(folder.path(), text, &[]).well().contains("difference"));
}

/// Input that a formula cannot compute with has no value, and a reason in words.
#[test]
fn what_cannot_be_computed_is_absent_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let apart = r#"[{"numerator": 0, "denominator": 90}, {"numerator": 0, "denominator": 80}, {"numerator": 90, "denominator": 90}]"#;
    // A group at 0 %, and a line that begins below 0: both are said of RII.
    let below = r#"{"measure": "inequality", "ordered": true, "scale": "logit", "groups": [{"numerator": 0, "denominator": 100},
        {"numerator": 10, "denominator": 100}, {"numerator": 90, "denominator": 100}]}"#;
    for (text, expected) in [
        (below.into(), "reaches 0 at an end: a ratio of its ends has no value; on the linear scale"),
        (format!(r#"{{"measure": "logistic_slope", "groups": {apart}}}"#), "no line of log odds fits"),
        (format!(r#"{{"measure": "slope", "scale": "logit", "groups": {apart}}}"#), "at 0 % or 100 %"),
        (r#"{"measure": "rate", "count": 3, "population": 1e-320}"#.into(), "too large or too small"),
        (r#"{"measure": "rate", "count": 3, "population": 0}"#.into(), "population is not above 0"),
        (r#"{"measure": "paired_difference", "both": 18446744073709551615, "first_only": 1, "second_only": 1, "neither": 1}"#.into(), "denominator"),
        (r#"{"measure": "inequality", "groups": [{"value": 0.5, "population": 9, "lower": 0.6, "upper": 0.7}, {"value": 0.5, "population": 9}]}"#.into(),
            "limits that do not hold its value"),
        (r#"{"measure": "recent_trend", "points": [{"value": 1e300, "lower": 0.9e300, "upper": 1.1e300}]}"#.into(), "last five points"),
    ] {
        let lines = computed(folder.path(), &text, &["--format", "json"]).json();
        let notes: Vec<_> = lines.as_array().unwrap().iter().map(|line| (&line["value"], &line["note"])).collect();
        let is = |(value, note): &(&serde_json::Value, &serde_json::Value)| {
            value.is_null() && note.as_str().is_some_and(|note| note.contains(expected))
        };
        assert!(notes.iter().any(is), "{text}: {notes:?}");
    }
}

#[test]
fn a_bad_file_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (text, expected) in [
        ("nonsense", "the text is not JSON"),
        (r#"[3]"#, "entry 1 is not an object"),
        (r#"{"numerator": 3}"#, "entry 1: give `measure`, one of proportion"),
        (r#"{"measure": "diffrence"}"#, "did you mean `difference`?"),
        (
            r#"{"measure": "proportion", "numerator": 3}"#,
            "`proportion` takes numerator, denominator",
        ),
        (
            r#"{"measure": "proportion", "numerator": 3, "denominator": 9, "x": 1}"#,
            "unknown field `x`",
        ),
        (
            r#"{"measure": "proportion", "confidence": 0.9, "numerator": 3, "denominator": 9}"#,
            "give 0.95 or 0.998",
        ),
        (r#"{"measure": "false_discovery_rate", "p_values": [2]}"#, "2 is no p-value"),
        (
            r#"{"measure": "rate", "count": 3, "population": 9, "multiplier": -1}"#,
            "give a number above 0",
        ),
        (r#"{"measure": "slope", "groups": [], "multiplier": 0}"#, "`multiplier` is 0"),
        (
            r#"{"measure": "comparator", "value": 3, "lower": 1, "upper": 2, "benchmark": 1}"#,
            "the limits do not hold the value",
        ),
        (
            r#"{"measure": "restoration", "count": 3, "months": 0, "baseline_count": 3, "baseline_months": 1}"#,
            "have to be above 0",
        ),
        (
            r#"{"measure": "restoration", "count": 3, "months": 1, "baseline_count": 3, "baseline_months": 1, "whole_count": 9}"#,
            "give both `whole_count` and",
        ),
        (
            r#"{"measure": "restoration", "count": 3, "months": 1, "baseline_count": 3, "baseline_months": 1, "whole_count": 2, "whole_baseline_count": 9}"#,
            "fewer events than the group",
        ),
        (
            r#"{"measure": "standardised_rate", "bands": [{"count": 1, "population": 2}]}"#,
            "give `standard` for each",
        ),
    ] {
        let ended = computed(folder.path(), text, &[]);
        assert_eq!(ended.code, Some(1), "{text}: {ended:?}");
        assert!(ended.remarks.contains(expected), "{text}: {}", ended.remarks);
    }
}
