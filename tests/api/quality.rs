//! How characteristics are recorded, against a plain count over the rows that were sent.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::{AbsenceReason, Breakdown, Cell};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{Refusal, TestServer, cell, count, header, ids, keys, records, value, why};

const SYNTHETIC: &str = "synthetic-llr";
const CHARACTERISTICS: [&str; 4] =
    ["ethnic_category", "sexual_orientation", "marital_status", "disability"];
/// Codes of each characteristic as a source writes them, and what each says; an empty code: the row has none.
const CODES: [&[(&str, &str)]; 4] = [
    &[
        ("A", "KNOWN"),
        ("C", "OTHER"),
        ("S", "OTHER"),
        ("R", "KNOWN"),
        ("Z", "NOT_STATED"),
        ("99", "NOT_KNOWN"),
        ("", "NOT_RECORDED"),
        ("INVALID", "INVALID"),
    ],
    &[
        ("1", "KNOWN"),
        ("4", "OTHER"),
        ("Z", "NOT_STATED"),
        ("U", "ASKED_UNSURE"),
        ("9", "NOT_KNOWN"),
        ("", "NOT_RECORDED"),
    ],
    &[
        ("S", "KNOWN"),
        ("N", "NOT_STATED"),
        ("8", "NOT_APPLICABLE"),
        ("9", "NOT_KNOWN"),
        ("", "NOT_RECORDED"),
    ],
    &[
        ("01", "KNOWN"),
        ("01;XX", "OTHER"),
        ("NN", "KNOWN"),
        ("ZZ", "NOT_STATED"),
        ("", "NOT_RECORDED"),
    ],
];
const INDICATORS: [&str; 10] = [
    "DQ-01",
    "DQ-02",
    "DQ-02-UNSURE",
    "DQ-03",
    "DQ-03-NOT-KNOWN",
    "DQ-03-NOT-RECORDED",
    "DQ-04",
    "DQ-04-INVALID",
    "DQ-09",
    "DQ-11",
];

/// A row that was sent: where, when, in which setting, what each characteristic says, and how many it stands for.
#[derive(Debug, Clone)]
struct Sent {
    organisation: &'static str,
    month: &'static str,
    setting: &'static str,
    says: [&'static str; 4],
    count: i64,
}

/// A few hundred rows of three organisations; 04V does not collect the last two characteristics, and 03W collects them in one month only.
async fn world(server: &TestServer) -> Vec<Sent> {
    let (mut all, mut seed) = (Vec::new(), 7_u64);
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for (organisation, month, collected) in [
        ("04C", "2020-04", 4),
        ("04C", "2020-05", 4),
        ("04V", "2020-04", 2),
        ("03W", "2020-04", 4),
        ("03W", "2020-05", 2),
    ] {
        let mut rows = Vec::new();
        for _ in 0..80 {
            let setting = ["PRIMARY_CARE", "OUTPATIENTS"][next(2)];
            let count = i64::try_from(1 + next(4)).unwrap();
            let mut row = json!({"channel": "TELEPHONE", "careSetting": setting, "recordCount": count.to_string(), "person": {}});
            let mut says = ["NOT_COLLECTED"; 4];
            for number in 0..collected {
                let (code, what) = CODES[number][next(CODES[number].len())];
                says[number] = what;
                let name =
                    ["ethnicCategory", "sexualOrientation", "maritalStatus", "disability"][number];
                if number == 3 && !code.is_empty() {
                    row["person"][name] = code.split(';').collect();
                } else if !code.is_empty() {
                    row["person"][name] = json!(code);
                }
            }
            rows.push(row);
            all.push(Sent { organisation, month, setting, says, count });
        }
        let about = header(organisation, SYNTHETIC, month, &CHARACTERISTICS[..collected]);
        server.submit(about, records(&Value::Array(rows))).await.unwrap();
    }
    all
}

fn question(by: &[&str], more: &Value) -> Value {
    let query = json!({"collection": SYNTHETIC, "area": "QK1", "by": by,
        "period": {"first": "2020-04", "last": "2020-05"}});
    let mut question = json!({"query": query, "characteristics": CHARACTERISTICS});
    for (name, value) in more.as_object().unwrap() {
        question[name] = value.clone();
    }
    question
}

async fn ask(server: &TestServer, question: Value) -> Result<Breakdown, Status> {
    server.table("recording", question).await
}

/// Numerator, denominator, unknown, not collected and outside, by the definitions of the indicators.
fn recount(rows: &[&Sent], number: usize, indicator: &str) -> [i64; 5] {
    let mut counts = [0; 5];
    for row in rows {
        let says = row.says[number];
        let is = |all: &[&str]| all.contains(&says);
        let known = is(&["KNOWN", "OTHER"]);
        let place = match indicator {
            "DQ-11" => Some(says != "NOT_COLLECTED"),
            _ if says == "NOT_COLLECTED" => {
                counts[3] += row.count;
                continue;
            }
            _ if says == "NOT_APPLICABLE" => {
                counts[4] += row.count;
                continue;
            }
            "DQ-01" => Some(known),
            "DQ-02" => Some(is(&["NOT_STATED"])),
            "DQ-02-UNSURE" => Some(is(&["ASKED_UNSURE"])),
            "DQ-03" => Some(is(&["NOT_KNOWN", "NOT_RECORDED"])),
            "DQ-03-NOT-KNOWN" => Some(is(&["NOT_KNOWN"])),
            "DQ-03-NOT-RECORDED" => Some(is(&["NOT_RECORDED"])),
            "DQ-04" => (!is(&["NOT_RECORDED"])).then(|| !is(&["INVALID"])),
            "DQ-04-INVALID" => (!is(&["NOT_RECORDED"])).then(|| is(&["INVALID"])),
            "DQ-09" => known.then(|| is(&["OTHER"])),
            other => panic!("{other}"),
        };
        match place {
            Some(yes) => {
                counts[0] += if yes { row.count } else { 0 };
                counts[1] += row.count;
            }
            None => counts[2] += row.count,
        }
    }
    counts
}

fn five(cell: &Cell) -> [i64; 5] {
    [
        cell.numerator_count,
        cell.denominator_count,
        cell.unknown_count,
        cell.not_collected_count,
        cell.outside_count,
    ]
    .map(Option::unwrap)
}

#[allow(clippy::cast_precision_loss, reason = "small")]
fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

#[tokio::test]
async fn every_share_is_that_of_a_plain_count() {
    let server = TestServer::start().await;
    let sent = world(&server).await;
    type KeyOf = fn(&Sent) -> String;
    let by: [(&[&str], KeyOf); 6] = [
        (&[], |_| String::new()),
        (&["organisation"], |row| row.organisation.to_owned()),
        (&["care_setting"], |row| row.setting.to_owned()),
        (&["month"], |row| row.month.to_owned()),
        (&["quarter"], |_| "2020-Q2".to_owned()),
        (&["organisation", "month"], |row| format!("{}|{}", row.organisation, row.month)),
    ];
    let mut compared = 0;
    for (by, key_of) in by {
        let answer = ask(&server, question(by, &json!({"defaultThreshold": 0.05}))).await.unwrap();
        let mut groups: BTreeMap<String, Vec<&Sent>> = BTreeMap::new();
        for row in &sent {
            groups.entry(key_of(row)).or_default().push(row);
            if !by.is_empty() {
                groups.entry(String::new()).or_default().push(row);
            }
        }
        let found: Vec<_> = keys(&answer);
        assert_eq!(found.len(), groups.len(), "{by:?}: {found:?}");
        for (key, rows) in &groups {
            let all: i64 = rows.iter().map(|row| row.count).sum();
            assert_eq!(count(&answer, key, "CONTACTS"), all, "{by:?} {key}");
            for (number, name) in CHARACTERISTICS.iter().enumerate() {
                for indicator in INDICATORS {
                    let told = cell(&answer, key, &format!("{indicator}/{name}"));
                    let expected = recount(rows, number, indicator);
                    assert_eq!(five(told), expected, "{by:?} {key} {indicator} {name}");
                    assert_eq!(expected[1..].iter().sum::<i64>(), all, "everybody once");
                    let share = (expected[1] > 0).then(|| ratio(expected[0], expected[1]));
                    assert_eq!(told.value, share, "{by:?} {key} {indicator} {name}");
                    assert_eq!(told.value.is_some(), told.lower.is_some() && told.upper.is_some());
                    compared += 1;
                }
                let [known, valid, default] = ["DQ-01", "DQ-04", "DQ-03-NOT-KNOWN"]
                    .map(|indicator| recount(rows, number, indicator));
                let score = cell(&answer, key, &format!("DQ-05/{name}"));
                if known[1] == 0 {
                    assert_eq!(why(score), AbsenceReason::NotCollected, "{key} {name}");
                    continue;
                }
                let excess = (ratio(default[0], 1) - 0.05 * ratio(known[1], 1)).max(0.0);
                let expected = (ratio(valid[0], 1) - excess) / ratio(known[1], 1);
                let told = score.value.unwrap();
                assert!((told - expected).abs() < 1e-12, "{key} {name}: {told} {expected}");
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

/// The worked example of the methodology: 2,500 records, 2,400 valid, 100 defaults, threshold 2 %.
#[tokio::test]
async fn the_item_score_of_the_worked_example_comes_back() {
    let server = TestServer::start().await;
    let rows = json!([
        {"channel": "TELEPHONE", "recordCount": "2300", "person": {"ethnicCategory": "A"}},
        {"channel": "TELEPHONE", "recordCount": "100", "person": {"ethnicCategory": "99"}},
        {"channel": "TELEPHONE", "recordCount": "100", "person": {"ethnicCategory": "INVALID"}},
    ]);
    let about = header("04C", SYNTHETIC, "2020-04", &["ethnic_category"]);
    server.submit(about, records(&rows)).await.unwrap();
    let ask = |more: Value| ask(&server, question(&[], &more));
    for (more, expected) in [
        (json!({}), 0.94),
        (json!({"defaultThreshold": 0.02}), 0.94),
        (json!({"defaultThreshold": 0.0}), 0.92),
        (json!({"defaultThreshold": 1.0}), 0.96),
    ] {
        let answer = ask(more.clone()).await.unwrap();
        let score = value(&answer, "", "DQ-05/ethnic_category");
        assert!((score - expected).abs() < 1e-12, "{more}: {score}");
    }
}

/// The index: the mean of the scores, times the share of the expected submissions that have come.
#[tokio::test]
async fn the_index_is_the_mean_score_times_the_coverage() {
    let server = TestServer::start().await;
    let rows = json!([
        {"channel": "TELEPHONE", "recordCount": "2300", "person": {"ethnicCategory": "A", "sex": "1"}},
        {"channel": "TELEPHONE", "recordCount": "100", "person": {"ethnicCategory": "99", "sex": "2"}},
        {"channel": "TELEPHONE", "recordCount": "100", "person": {"ethnicCategory": "INVALID", "sex": "2"}},
    ]);
    // Three locations are expected in two months; two of these six submissions come.
    for month in ["2020-04", "2020-05"] {
        let about = header("04C", "gpad-regional", month, &["ethnic_category", "sex"]);
        server.submit(about, records(&rows)).await.unwrap();
    }
    for (by, expected) in [
        (&[][..], vec![("", 0.97 / 3.0)]),
        (&["organisation"], vec![("", 0.97 / 3.0), ("04C", 0.97)]),
        (&["month"], vec![("", 0.97 / 3.0), ("2020-05", 0.97 / 3.0)]),
        (&["organisation", "month"], vec![("04C|2020-04", 0.97)]),
        // Ethnicity of whom it is known has no default: of men 1, of women half is known or valid.
        (&["sex"], vec![("", 0.97 / 3.0), ("1", 1.0 / 3.0)]),
    ] {
        let mut asked = question(by, &json!({"characteristics": ["ethnic_category", "sex"]}));
        asked["query"]["collection"] = json!("gpad-regional");
        let answer = ask(&server, asked).await.unwrap();
        for (key, expected) in expected {
            let found = value(&answer, key, "DQMI");
            assert!((found - expected).abs() < 1e-12, "{by:?} {key}: {found} {expected}");
        }
    }
    // Collections that do not say whom they expect have no coverage.
    let about = header("04C", SYNTHETIC, "2020-04", &["ethnic_category", "sex"]);
    server.submit(about, records(&rows)).await.unwrap();
    let answer = ask(&server, question(&["organisation"], &json!({}))).await.unwrap();
    assert_eq!(why(cell(&answer, "04C", "DQMI")), AbsenceReason::NotComputable);
}

#[tokio::test]
async fn the_matrix_says_who_collects_what() {
    let server = TestServer::start().await;
    let sent = world(&server).await;
    let only = json!({"indicators": ["DQ-11"]});
    let answer = ask(&server, question(&["organisation"], &only)).await.unwrap();
    let expected = ["CONTACTS".to_owned()].into_iter();
    let expected = expected.chain(CHARACTERISTICS.map(|name| format!("DQ-11/{name}")));
    assert!(expected.eq(ids(&answer)), "{:?}", ids(&answer));
    let of = |key: &str, name: &str| value(&answer, key, &format!("DQ-11/{name}"));
    for name in CHARACTERISTICS {
        assert!((of("04C", name) - 1.0).abs() < 1e-12, "04C collects all");
    }
    for (name, share) in CHARACTERISTICS.into_iter().zip([1.0, 1.0, 0.0, 0.0]) {
        assert!((of("04V", name) - share).abs() < 1e-12, "04V {name}");
    }
    let of_03w: Vec<_> = sent.iter().filter(|row| row.organisation == "03W").collect();
    let april = of_03w.iter().filter(|row| row.month == "2020-04").map(|row| row.count).sum();
    let partly = ratio(april, of_03w.iter().map(|row| row.count).sum());
    assert!((of("03W", "disability") - partly).abs() < 1e-12 && partly > 0.0 && partly < 1.0);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let server = TestServer::start().await;
    for (more, field, says) in [
        (json!({"characteristics": ["etnic_category"]}), "characteristics[0]", "`ethnic_category`"),
        (
            json!({"characteristics": ["sex", "ethnic_group_broad"]}),
            "characteristics[1]",
            "`ethnic_category`",
        ),
        (json!({"characteristics": ["sex", "sex"]}), "characteristics[1]", "twice"),
        // Fields of other records, and numbers without a code list.
        (json!({"characteristics": ["app_registered"]}), "characteristics[0]", "no field"),
        (json!({"characteristics": ["date"]}), "characteristics[0]", "no field"),
        (json!({"indicators": ["DQ-1"]}), "indicators[0]", "DQ-03-NOT-KNOWN"),
        (json!({"indicators": ["CH-01"]}), "indicators[0]", "DQ-01"),
        (json!({"defaultThreshold": -0.01}), "default_threshold", "from 0 to 1"),
        (json!({"defaultThreshold": 1.01}), "default_threshold", "from 0 to 1"),
        (json!({"defaultThreshold": "NaN"}), "default_threshold", "from 0 to 1"),
    ] {
        let refused = ask(&server, question(&[], &more)).await.unwrap_err();
        let told = Refusal::of(&refused);
        assert_eq!(told.short(), ("FIELD_INVALID", field), "{more}: {refused:?}");
        assert!(refused.message().contains(says), "{more}: {}", refused.message());
    }
    let mut elsewhere = question(&[], &json!({}));
    elsewhere["query"]["area"] = json!("QK9");
    let refused = ask(&server, elsewhere).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).short().0, "AREA_NOT_FOUND");
    let missing = ask(&server, json!({})).await.unwrap_err();
    assert_eq!(Refusal::of(&missing).short(), ("FIELD_INVALID", "query"));
    // Nothing was submitted: the answer says so, and has no zeros.
    let empty = ask(&server, question(&[], &json!({}))).await.unwrap();
    assert!(empty.context.as_ref().unwrap().empty.is_some());
    let cells = empty.rows.iter().flat_map(|row| &row.cells);
    assert!(cells.clone().count() > 0 && cells.into_iter().all(|cell| cell.value.is_none()));
}

/// One practice records more ethnic categories each month: records, and how many have a known code, the default code, and none.
const MONTHS: [(&str, [i64; 3]); 3] =
    [("2020-01", [50, 0, 50]), ("2020-02", [140, 10, 50]), ("2020-03", [270, 24, 6])];

#[tokio::test]
async fn rates_over_time_follow_what_was_recorded_in_each_month() {
    let server = TestServer::start().await;
    for (month, counts) in MONTHS {
        let rows = ["A", "99", ""].iter().zip(counts).filter(|(_, count)| *count > 0);
        let row = |(code, count): (&&str, i64)| json!({"channel": "TELEPHONE", "recordCount": count.to_string(), "person": {"ethnicCategory": code}});
        let about = header("C82029", SYNTHETIC, month, &["ethnic_category"]);
        let rows: Vec<_> = rows.map(row).collect();
        server.submit(about, records(&Value::Array(rows))).await.unwrap();
    }
    // Four months are expected, and the last was not submitted.
    let question = |by: &[&str]| {
        json!({"characteristics": ["ethnic_category"], "query": {"collection": SYNTHETIC, "area": "QK1", "by": by,
            "period": {"first": "2020-01", "last": "2020-04"}, "where": [{"dimension": "organisation", "codes": ["C82029"]}]}})
    };
    let by_month = ask(&server, question(&["month"])).await.unwrap();
    assert_eq!(keys(&by_month), ["", "2020-01", "2020-02", "2020-03"]);
    let mut known = Vec::new();
    let mut all = [0; 3];
    let rows = MONTHS.map(|(month, counts)| (month, counts, 1.0));
    for (_, counts, _) in &rows {
        all = [all[0] + counts[0], all[1] + counts[1], all[2] + counts[2]];
    }
    for (key, [valued, default, none], coverage) in rows.into_iter().chain([("", all, 0.75)]) {
        let records = valued + default + none;
        let of = |id: &str| value(&by_month, key, &format!("{id}/ethnic_category"));
        let near = |found: f64, expected: f64, id: &str| {
            assert!((found - expected).abs() < 1e-12, "{key} {id}: {found}, not {expected}");
        };
        near(of("DQ-01"), ratio(valued, records), "DQ-01");
        near(of("DQ-03"), ratio(default + none, records), "DQ-03");
        near(of("DQ-03-NOT-KNOWN"), ratio(default, records), "DQ-03-NOT-KNOWN");
        near(of("DQ-03-NOT-RECORDED"), ratio(none, records), "DQ-03-NOT-RECORDED");
        near(of("DQ-04"), 1.0, "DQ-04");
        // Default codes above 2 % of the records are in excess.
        let excess = (ratio(default, 1) - 0.02 * ratio(records, 1)).max(0.0);
        let score = (ratio(valued + default, 1) - excess) / ratio(records, 1);
        near(of("DQ-05"), score, "DQ-05");
        near(value(&by_month, key, "DQMI"), score * coverage, "DQMI");
        known.push(of("DQ-01"));
    }
    assert!(known[..3].is_sorted(), "{known:?}");
}
