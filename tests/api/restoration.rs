//! Activity beside that of a baseline, against a plain recount of the rows that were sent.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::proto::v1::{AbsenceReason, Breakdown, Verdict};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{
    Refusal, TestServer, cell, count, header, keys, parameter, records, value, why,
};

const SYNTHETIC: &str = "synthetic-llr";
/// Each month, with the attended and missed consultations of sexes 1 and 2. Sex 9 occurs in the baseline alone.
const MONTHS: [(&str, [(u32, u32); 2]); 4] = [
    ("2019-04", [(300, 20), (200, 10)]),
    ("2019-05", [(340, 5), (240, 7)]),
    ("2020-04", [(150, 9), (180, 3)]),
    ("2020-05", [(210, 1), (195, 8)]),
];

async fn world() -> TestServer {
    let server = TestServer::start().await;
    for (month, counts) in MONTHS {
        let mut rows = Vec::new();
        for (sex, (attended, missed)) in ["1", "2"].iter().zip(counts) {
            for (attendance, count) in [("5", attended), ("3", missed)] {
                rows.push(
                    json!({"channel": "TELEPHONE", "attendance": attendance, "recordCount": count,
                    "person": {"sex": sex}}),
                );
            }
        }
        if month == "2019-04" {
            rows.push(json!({"channel": "VIDEO", "attendance": "5", "recordCount": 30, "person": {"sex": "9"}}));
        }
        let header = header("C82001", SYNTHETIC, month, &["sex"]);
        server.submit(header, records(&Value::Array(rows))).await.unwrap();
    }
    server
}

fn question(first: &str, last: &str, by: &[&str]) -> Value {
    let period = json!({"first": first, "last": last});
    json!({"query": {"collection": SYNTHETIC, "area": "QK1", "by": by, "period": period}})
}

fn limits(answer: &Breakdown, key: &str, column: &str) -> (f64, f64) {
    let cell = cell(answer, key, column);
    (cell.lower.unwrap(), cell.upper.unwrap())
}

/// The ratio with its limits by the formula of the page of statistics.
fn near(answer: &Breakdown, key: &str, column: &str, (ratio, variance): (f64, f64)) {
    let reach = (1.959_963_984_540_054 * variance.sqrt()).exp();
    let found = (value(answer, key, column), limits(answer, key, column));
    let expected = (ratio, (ratio / reach, ratio * reach));
    let pairs = [(found.0, expected.0), (found.1.0, expected.1.0), (found.1.1, expected.1.1)];
    assert!(
        pairs.iter().all(|(one, other)| (one - other).abs() < 1e-9),
        "{key} {column}: {pairs:?}"
    );
}

#[tokio::test]
async fn activity_is_beside_that_of_the_same_months_before_the_pandemic() {
    let server = world().await;
    let asked = question("2020-04", "2020-05", &["sex"]);
    let answer = server.table("restoration", asked).await.unwrap();
    assert_eq!(parameter(&answer, "baseline"), "2019-04 to 2019-05");
    for (key, now, before) in [("1", 360, 640), ("2", 375, 440), ("", 735, 1_110)] {
        assert_eq!(count(&answer, key, "ATTENDED_CONTACTS"), now, "{key}");
        assert_eq!(count(&answer, key, "BASELINE"), before, "{key}");
        let (x, y) =
            (f64::from(i32::try_from(now).unwrap()), f64::from(i32::try_from(before).unwrap()));
        near(&answer, key, "RESTORATION", (x / y, 1.0 / x + 1.0 / y));
    }
    // Of sex 1 the others are sex 2, and sex 9 in the baseline.
    let ratio = (360.0 / 640.0) / (375.0 / 470.0);
    near(&answer, "1", "RELATIVE", (ratio, 1.0 / 360.0 + 1.0 / 640.0 + 1.0 / 375.0 + 1.0 / 470.0));
    assert_eq!(cell(&answer, "1", "RELATIVE").verdict(), Verdict::Worse);
    assert_eq!(cell(&answer, "2", "RELATIVE").verdict(), Verdict::Better);
    // A group that is there no more has a row, with its baseline.
    assert!(keys(&answer).contains(&"9".to_owned()), "{:?}", keys(&answer));
    assert_eq!(count(&answer, "9", "BASELINE"), 30);
    assert_eq!(why(cell(&answer, "9", "RESTORATION")), AbsenceReason::NoData);
    let sentence = &answer
        .rows
        .iter()
        .find(|row| row.keys.iter().any(|key| key.code == "1"))
        .unwrap()
        .sentence
        .as_deref()
        .unwrap();
    assert!(
        sentence.starts_with("56.2 % of the activity of the baseline (")
            && sentence.ends_with("0.70 times that of all others: WORSE."),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_named_baseline_counts_by_its_months() {
    let server = world().await;
    let mut asked = question("2020-05", "", &[]);
    asked["baseline"] = json!({"first": "2019-04", "last": "2019-05"});
    let answer = server.table("restoration", asked.clone()).await.unwrap();
    // 405 in one month, 1,110 in two.
    near(&answer, "", "RESTORATION", (405.0 / 555.0, 1.0 / 405.0 + 1.0 / 1_110.0));
    asked["baseline"] = json!({"first": "2018-04"});
    let answer = server.table("restoration", asked).await.unwrap();
    assert_eq!(count(&answer, "", "ATTENDED_CONTACTS"), 405);
    assert_eq!(why(cell(&answer, "", "RESTORATION")), AbsenceReason::NoData);
    let notes = &answer.context.as_ref().unwrap().notes;
    assert!(
        notes.iter().any(|note| note.contains("Baseline: 2018-04 to 2018-04. 0 of ")),
        "{notes:?}"
    );
}

#[tokio::test]
async fn wrong_questions_are_refused_by_field() {
    let server = world().await;
    for (field, name, wrong) in [
        ("query.by", "by", json!(["month"])),
        ("query.comparison", "comparison", json!({"reference": "COMPARISON_REFERENCE_LARGEST"})),
        ("query.period", "period", json!({"first": "x"})),
    ] {
        let mut asked = question("2020-04", "", &[]);
        asked["query"][name] = wrong;
        let refused = server.table("restoration", asked).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let named = Refusal::of(&refused).fields;
        assert!(named.iter().any(|(of, _)| of.starts_with(field)), "{field}: {named:?}");
    }
    for (field, wrong) in [
        ("baseline.first", json!({"first": "x"})),
        ("baseline.first", json!({})),
        ("baseline.last", json!({"first": "2019-04", "last": "y"})),
        ("baseline.last", json!({"first": "2019-04", "last": "2019-03"})),
    ] {
        let mut asked = question("2020-04", "", &[]);
        asked["baseline"] = wrong.clone();
        let refused = server.table("restoration", asked).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", field), "{wrong}");
    }
}

/// Ethnic category, decile, and attended consultations.
type OfGroup = (&'static str, &'static str, u32);

/// Each month, with the attended consultations of ethnic categories by decile; the last category is in the later year alone.
const BY_PERSON: [(&str, &[OfGroup]); 2] = [
    (
        "2019-04",
        &[
            ("A", "1", 400),
            ("A", "10", 500),
            ("H", "1", 120),
            ("H", "9", 80),
            ("N", "2", 90),
            ("", "6", 30),
        ],
    ),
    (
        "2020-04",
        &[
            ("A", "1", 220),
            ("A", "10", 420),
            ("H", "1", 50),
            ("H", "9", 60),
            ("N", "2", 85),
            ("", "6", 10),
            ("S", "", 7),
        ],
    ),
];

#[tokio::test]
async fn restoration_by_ethnicity_and_by_deprivation_is_a_plain_sum() {
    let server = TestServer::start().await;
    for (month, rows) in BY_PERSON {
        let row = |(ethnic, decile, count): &(&str, &str, u32)| {
            json!({"channel": "TELEPHONE", "attendance": "5", "recordCount": count,
                "person": {"ethnicCategory": ethnic, "deprivation": decile}})
        };
        let mut about = header("C82001", SYNTHETIC, month, &["ethnic_category", "deprivation"]);
        about.code_systems.insert("deprivation".into(), "imd_2019".into());
        let rows: Vec<_> = rows.iter().map(row).collect();
        server.submit(about, records(&Value::Array(rows))).await.unwrap();
    }
    let broad = |ethnic: &str| match ethnic {
        "A" => "white",
        "H" => "asian",
        "N" => "black",
        "S" => "other",
        _ => "NOT_RECORDED",
    };
    let fifth = |decile: &str| match decile {
        "" => "NOT_RECORDED".to_owned(),
        decile => format!("imd_2019:q{}", decile.parse::<u32>().unwrap().div_ceil(2)),
    };
    type KeyOf<'a> = &'a dyn Fn(&str, &str) -> String;
    let crossed = |ethnic: &str, decile: &str| format!("{}|{}", broad(ethnic), fifth(decile));
    let by: [(&[&str], KeyOf<'_>); 3] = [
        (&["ethnic_group_broad"], &|ethnic, _| broad(ethnic).to_owned()),
        (&["imd2019_quintile"], &|_, decile| fifth(decile)),
        (&["ethnic_group_broad", "imd2019_quintile"], &crossed),
    ];
    let mut verdicts = Vec::new();
    for (by, key_of) in by {
        let answer = server.table("restoration", question("2020-04", "", by)).await.unwrap();
        let sums = |place: usize| {
            let mut sums = BTreeMap::<String, f64>::new();
            for (ethnic, decile, count) in BY_PERSON[place].1 {
                for key in [key_of(ethnic, decile), String::new()] {
                    *sums.entry(key).or_default() += f64::from(*count);
                }
            }
            sums
        };
        let (before, now) = (sums(0), sums(1));
        let rows: BTreeSet<_> = before.keys().chain(now.keys()).cloned().collect();
        assert_eq!(keys(&answer).into_iter().collect::<BTreeSet<_>>(), rows, "{by:?}");
        for key in &rows {
            let of = |sums: &BTreeMap<String, f64>| sums.get(key).copied().unwrap_or(0.0);
            let (x, y) = (of(&now), of(&before));
            assert!((value(&answer, key, "ATTENDED_CONTACTS") - x).abs() < 1e-9, "{key}");
            if y == 0.0 || x == 0.0 {
                let _ = why(cell(&answer, key, "RESTORATION"));
                continue;
            }
            near(&answer, key, "RESTORATION", (x / y, 1.0 / x + 1.0 / y));
            if key.is_empty() || key.contains('|') {
                continue;
            }
            let (others, others_before) = (now[""] - x, before[""] - y);
            let relative = (x / y) / (others / others_before);
            let variance = 1.0 / x + 1.0 / y + 1.0 / others + 1.0 / others_before;
            near(&answer, key, "RELATIVE", (relative, variance));
            let (lower, upper) = limits(&answer, key, "RELATIVE");
            let expected = match (lower > 1.0, upper < 1.0) {
                (true, _) => Verdict::Better,
                (_, true) => Verdict::Worse,
                (false, false) => Verdict::Similar,
            };
            let found = cell(&answer, key, "RELATIVE").verdict();
            assert_eq!(found, expected, "{key}");
            verdicts.push(found);
        }
    }
    for expected in [Verdict::Better, Verdict::Similar, Verdict::Worse] {
        assert!(verdicts.contains(&expected), "{verdicts:?}");
    }
}
