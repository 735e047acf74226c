//! Every answer in every format, from a service that was filled over the command line.

use std::collections::BTreeMap;
use std::time::Duration;

use super::run::{Served, count};

const BUNDLED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/demo/gpad_regional_llr_2019-03_2020-12.csv.gz");
const APRIL: &[&str] = &["breakdown", "channels", "--area", "QK1", "--from", "2020-04"];

fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

#[test]
fn answers_are_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path());
    let receipts = served.ask(&["submit", BUNDLED, "--format", "json"]).json();
    assert_eq!(receipts["receipts"].as_array().unwrap().len(), 66);
    assert_eq!(receipts["refusals"].as_array().unwrap().len(), 0);

    let json = served.ask(&with(APRIL, &["--format", "json"])).json();
    let answer = &json["breakdown"];
    let row = &answer["rows"][0];
    let ids = answer["columns"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|column| column["id"].as_str().unwrap()).collect();
    let from_json: BTreeMap<String, i64> =
        ids.iter().map(|id| ((*id).to_owned(), count(answer, row, id))).collect();
    assert_eq!(from_json["CH-01/FACE_TO_FACE"], 212_251);
    let unknown = ids.iter().position(|id| *id == "CH-01/NOT_KNOWN").unwrap();
    let share = &row["cells"][unknown]["value"];
    assert!(share.is_null(), "a missing state has no share of the known: {share}");

    let csv = served.ask(&with(APRIL, &["--format", "csv"])).well();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let from_csv: BTreeMap<String, i64> = reader
        .records()
        .map(Result::unwrap)
        .map(|line| (line[at("column")].to_owned(), line[at("numerator_count")].parse().unwrap()))
        .collect();
    assert_eq!(from_csv, from_json);
    let exported = [&["export"], &APRIL[1..], &["--output", "-"]].concat();
    assert_eq!(csv, served.ask(&exported).well(), "one dialect of CSV");

    let table = served.ask(APRIL).well();
    assert!(table.contains("212,251") && table.contains("61.6 % (61.4-61.7)"), "{table}");

    let attended = served.ask(&with(APRIL, &["--measure", "attended", "--format", "json"])).json();
    let answer = &attended["breakdown"];
    assert_eq!(count(answer, &answer["rows"][0], "CH-01/FACE_TO_FACE"), 173_255);

    lists_parse(&served);
    let (code, took) = served.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(20), "{took:?}");
}

fn lists_parse(served: &Served) {
    let lists: [(&[&str], &str); 14] = [
        (&["reference", "code-lists"], "code_lists"),
        (&["reference", "code-lists", "--list", "ethnicity"], "-"),
        (&["reference", "dimensions", "--dimension", "sex"], "-"),
        (&["reference", "tables"], "-"),
        (&["reference", "availability", "--collection", "gpad-regional"], "availability"),
        (&["export", "columns"], "-"),
        (
            &["breakdown", "channels", "--area", "QK1", "--from", "2020-04", "--by", "lead_time"],
            "-",
        ),
        (&["reference", "dimensions"], "dimensions"),
        (&["reference", "indicators", "--tag", "NHS-2122-P2"], "indicators"),
        (&["reference", "collections"], "collections"),
        (&["reference", "organisations", "--area", "QK1"], "organisations"),
        (&["reference", "areas"], "areas"),
        (&["submissions", "list"], "submissions"),
        (&["breakdown", "outcomes", "--area", "QK1", "--from", "2020-04"], "breakdown"),
    ];
    for (list, field) in lists {
        let json = served.ask(&with(list, &["--format", "json"])).json();
        let csv = served.ask(&with(list, &["--format", "csv"])).well();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let names: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{list:?}: a column has the name of another");
        let lines: Vec<_> = reader.into_records().map(Result::unwrap).collect();
        assert!(!lines.is_empty(), "{list:?}");
        if let Some(items) = json[field].as_array() {
            assert_eq!(items.len(), lines.len(), "{list:?}");
        }
        assert!(served.ask(list).well().lines().count() > 3, "{list:?}");
    }
}

#[test]
fn generated_records_are_the_same_for_the_same_seed_and_can_be_submitted() {
    let folder = tempfile::tempdir().unwrap();
    let make = |seed: &str| {
        let months = ["--from", "2020-04", "--to", "2020-05"];
        super::run::run(&with(
            &["generate", "--rows", "500", "--seed", seed, "--out", "-"],
            &months,
        ))
        .well()
    };
    assert_eq!(make("1"), make("1"));
    assert_ne!(make("1"), make("2"));
    let file = folder.path().join("synthetic.csv");
    std::fs::write(&file, make("1")).unwrap();
    let served = Served::start(&folder.path().join("data"));
    let file = file.to_str().unwrap();
    let checked = served.ask(&["submit", file, "--validate-only", "--format", "json"]).json();
    assert_eq!(checked["receipts"][0]["validated_only"], true);
    assert_eq!(served.ask(&["submissions", "list", "--format", "csv"]).well().lines().count(), 1);

    let submit = ["submit", file, "--run-id", "one", "--format", "json"];
    let first = served.ask(&submit).json();
    let again = served.ask(&submit).json();
    let of = |answer: &serde_json::Value, field: &str| -> Vec<serde_json::Value> {
        let receipts = answer["receipts"].as_array().unwrap();
        receipts.iter().map(|receipt| receipt["submission"][field].clone()).collect()
    };
    assert_eq!(of(&first, "name"), of(&again, "name"));
    assert!(
        again["receipts"].as_array().unwrap().iter().all(|receipt| receipt["replayed"] == true)
    );
    let accepted: i64 =
        of(&first, "accepted_count").iter().map(|count| count.as_i64().unwrap()).sum();
    assert_eq!(accepted, 500);
}
