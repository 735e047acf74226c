//! How unequal groups are, and how a gap moves, against the formulas of the page of statistics over the counts that were sent.

use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::{
    Absence, AbsenceReason, Cell, IndicatorCountRecord, PersonCharacteristics, Verdict,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{Refusal, TestServer, cell, header, keys};

/// People in the numerator and in the denominator of each fifth of deprivation, most deprived first, month by month.
const MONTHS: [(&str, [(i64, i64); 5]); 6] = [
    ("2024-01", [(290, 1_000), (320, 1_100), (340, 900), (360, 800), (390, 700)]),
    ("2024-02", [(300, 1_000), (325, 1_100), (341, 900), (361, 800), (391, 700)]),
    ("2024-03", [(330, 1_000), (330, 1_100), (342, 900), (362, 800), (392, 700)]),
    ("2024-04", [(360, 1_000), (335, 1_100), (343, 900), (363, 800), (393, 700)]),
    ("2024-05", [(400, 1_000), (340, 1_100), (344, 900), (364, 800), (394, 700)]),
    ("2024-06", [(440, 1_000), (345, 1_100), (345, 900), (365, 800), (395, 700)]),
];
const PRACTICE: &str = "C82001";
/// The indicator: higher is better, and the counts of months are of people at their end.
const INDICATOR: &str = "FSL";
const Z: f64 = 1.959_963_984_540_054;
const Z_998: f64 = 3.090_232_306_167_813_5;

fn why(cell: &Cell) -> &Absence {
    cell.absence.as_ref().unwrap_or_else(|| panic!("no reason: {cell:?}"))
}

async fn world() -> TestServer {
    let server = TestServer::start().await;
    for (month, fifths) in MONTHS {
        submit(&server, month, &fifths).await;
    }
    server
}

async fn submit(server: &TestServer, month: &str, fifths: &[(i64, i64)]) {
    let record = |(fifth, (numerator_count, denominator_count)): (usize, &(i64, i64))| {
        let deprivation = (2 * fifth + 1).to_string();
        IndicatorCountRecord {
            indicator: INDICATOR.into(),
            numerator_count: *numerator_count,
            denominator_count: *denominator_count,
            person: Some(PersonCharacteristics { deprivation, ..Default::default() }),
            ..Default::default()
        }
    };
    let rows = fifths.iter().enumerate().map(record).collect();
    let header = header(PRACTICE, "practice-feed", month, &["deprivation"]);
    server.submit_counts(header, rows).await.unwrap();
}

fn shares(by: &[&str], first: &str, last: &str, more: &Value) -> Value {
    let mut query = json!({"area": "QK1", "by": by, "period": {"first": first, "last": last}});
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"indicators": {"indicator": INDICATOR, "query": query}})
}

#[allow(clippy::cast_precision_loss)] // small counts
fn of(fifths: &[(i64, i64)]) -> (Vec<f64>, Vec<f64>) {
    let all: i64 = fifths.iter().map(|(_, n)| n).sum();
    let weight = |(_, n): &(i64, i64)| *n as f64 / all as f64;
    let share = |(x, n): &(i64, i64)| *x as f64 / *n as f64;
    (fifths.iter().map(weight).collect(), fifths.iter().map(share).collect())
}

/// What the page of statistics says the measures are, written down once more.
fn measures(fifths: &[(i64, i64)]) -> Vec<(&'static str, f64)> {
    let (p, y) = of(fifths);
    let sum = |of: &dyn Fn(usize) -> f64| (0..p.len()).map(of).sum::<f64>();
    let mean = sum(&|k| p[k] * y[k]);
    let middle = |k: usize| p[..k].iter().sum::<f64>() + p[k] / 2.0;
    let best = y.iter().copied().fold(0.0, f64::max);
    let mut found = vec![
        ("D", y[4] - y[0]),
        ("R", y[4] / y[0]),
        ("ACI", sum(&|k| p[k] * (2.0 * middle(k) - 1.0) * y[k])),
        ("PAR", y[4] - mean),
        ("PAF", 100.0 * (y[4] - mean) / mean),
        ("BGV", sum(&|k| p[k] * (y[k] - mean).powi(2))),
        ("MDM", sum(&|k| (y[k] - mean).abs()) / 5.0),
        ("MDM-WEIGHTED", sum(&|k| p[k] * (y[k] - mean).abs())),
        ("MDB", sum(&|k| (y[k] - best).abs()) / 5.0),
        ("TI", sum(&|k| p[k] * y[k] / mean * (y[k] / mean).ln())),
        ("MLD", sum(&|k| -p[k] * (y[k] / mean).ln())),
    ];
    found.push(("RCI", found[2].1 / mean));
    // The regression through the transformed points, weighted by people.
    let logit = |share: f64| (share / (1.0 - share)).ln();
    let back = |of: f64| 1.0 / (1.0 + (-of).exp());
    let (b, g) = (sum(&|k| p[k] * middle(k)), sum(&|k| p[k] * logit(y[k])));
    let slope = sum(&|k| p[k] * (middle(k) - b) * (logit(y[k]) - g))
        / sum(&|k| p[k] * (middle(k) - b).powi(2));
    let start = g - slope * b;
    found.push(("SII", back(start + slope) - back(start)));
    found.push(("RII", back(start + slope) / back(start)));
    found
}

fn near(found: &Cell, expected: f64, what: &str) {
    let value = found.value.unwrap_or_else(|| panic!("{what}: {found:?}"));
    assert!(
        (value - expected).abs() < 1e-9 * expected.abs().max(1.0),
        "{what}: {value}, not {expected}"
    );
}

#[tokio::test]
async fn every_measure_of_an_order_is_that_of_its_formula_in_each_period() {
    let server = world().await;
    for (month, fifths) in [MONTHS[0], MONTHS[5]] {
        let question = shares(&["imd2025_quintile"], month, month, &json!({}));
        let found = server.table("inequality", json!({"question": question})).await.unwrap();
        for (id, expected) in measures(&fifths) {
            let measured = cell(&found, INDICATOR, id);
            near(measured, expected, &format!("{month} {id}"));
            if let (Some(lower), Some(upper)) = (measured.lower, measured.upper) {
                assert!(lower <= expected && expected <= upper, "{month} {id}: {measured:?}");
            }
        }
        for id in ["D", "R", "SII", "RII", "ACI", "RCI"] {
            assert!(cell(&found, INDICATOR, id).lower.is_some(), "{id} has limits");
        }
    }
    let by = ["month", "imd2025_quintile"];
    let question = shares(&by, "2024-01", "2024-06", &json!({}));
    let found = server.table("inequality", json!({"question": question})).await.unwrap();
    assert_eq!(found.rows.len(), MONTHS.len());
    for (month, fifths) in MONTHS {
        for (id, expected) in measures(&fifths) {
            near(
                cell(&found, &format!("{month}|{INDICATOR}"), id),
                expected,
                &format!("{month} {id}"),
            );
        }
    }
}

#[tokio::test]
async fn a_group_without_records_leaves_no_measure_of_the_order_and_two_groups_leave_the_pair() {
    let server = TestServer::start().await;
    submit(&server, "2024-01", &MONTHS[0].1[..4]).await;
    let ask = async |more: Value| {
        let question = shares(&["imd2025_quintile"], "2024-01", "2024-01", &more);
        server.table("inequality", json!({"question": question})).await.unwrap()
    };
    let found = ask(json!({})).await;
    for id in ["D", "R", "SII", "RII", "ACI", "RCI"] {
        let reason = why(cell(&found, INDICATOR, id));
        assert_eq!(reason.reason(), AbsenceReason::NotComputable, "{id}");
        assert!(!reason.detail.is_empty(), "{id}");
    }
    // Of four of the fifths every record is known, so measures without an order are there.
    assert!(cell(&found, INDICATOR, "BGV").value.is_some());
    let two = json!({"where": [{"dimension": "imd2025_quintile", "codes": ["imd_2025:q1", "imd_2025:q2"]}]});
    let found = ask(two).await;
    assert!(why(cell(&found, INDICATOR, "BGV")).detail.contains("more than two groups"));
}

fn trend(question: &Value, more: &Value) -> Value {
    let mut asked = json!({"question": question});
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    asked
}

/// Limits of a share by Wilson.
#[allow(clippy::cast_precision_loss)] // small counts
fn wilson((x, n): (i64, i64), z: f64) -> (f64, f64) {
    let (x, n) = (x as f64, n as f64);
    let (p, middle) = (x / n, (2.0 * x + z * z) / (2.0 * (n + z * z)));
    let reach = z * (z * z + 4.0 * x * (1.0 - p)).sqrt() / (2.0 * (n + z * z));
    (middle - reach, middle + reach)
}

#[tokio::test]
async fn a_named_group_is_followed_against_all_people_or_another_group() {
    let server = world().await;
    let question = shares(&["month", "imd2025_quintile"], "2024-01", "2024-06", &json!({}));
    let first = json!({"groupCode": "imd_2025:q1"});
    let found = server.table("gap_trend", trend(&question, &first)).await.unwrap();
    for (month, fifths) in MONTHS {
        let (p, y) = of(&fifths);
        let mean: f64 = p.iter().zip(&y).map(|(p, y)| p * y).sum();
        near(cell(&found, month, "VALUE/imd_2025:q1"), y[0], month);
        near(cell(&found, month, "VALUE/ALL"), mean, month);
        near(cell(&found, month, "D"), y[0] - mean, month);
        near(cell(&found, month, "R"), y[0] / mean, month);
        // All people are taken as fixed, as among the largest gaps.
        let (lower, _) = wilson(fifths[0], Z);
        let limit = cell(&found, month, "D").lower.unwrap();
        assert!((limit - (lower - mean)).abs() < 1e-9, "{month}");
    }
    let gaps = json!({"indicators": [INDICATOR], "dimensions": ["imd2025_quintile"],
        "query": {"area": "QK1", "period": {"first": "2024-01"}}});
    let gaps = server.table("gaps", gaps).await.unwrap();
    let largest = cell(&gaps, "imd2025_quintile|imd_2025:q1|FSL", "D");
    assert_eq!(largest.value, cell(&found, "2024-01", "D").value, "one gap has one size");
    assert_eq!(largest.lower, cell(&found, "2024-01", "D").lower);

    let both = json!({"groupCode": "imd_2025:q1", "referenceCode": "imd_2025:q5"});
    let found = server.table("gap_trend", trend(&question, &both)).await.unwrap();
    let (_, y) = of(&MONTHS[5].1);
    near(cell(&found, "2024-06", "D"), y[0] - y[4], "the two");
    let change = cell(&found, "", "D-CHANGE");
    let (_, before) = of(&MONTHS[0].1);
    near(change, (y[4] - y[0]) - (before[4] - before[0]), "change of the size");
    assert_eq!(change.verdict(), Verdict::LevelledUp);
    assert_eq!(cell(&found, "", "D-SLOPE").verdict(), Verdict::Increasing, "less below 0");

    for (asked, field, says) in [
        (json!({"groupCode": "q1"}), "group_code", "no category `q1`"),
        (json!({"referenceCode": "imd_2025:q1"}), "reference_code", "needs `group_code`"),
        (
            json!({"groupCode": "imd_2025:q1", "referenceCode": "imd_2025:q1"}),
            "reference_code",
            "another group",
        ),
        (
            json!({"groupCode": "imd_2025:q1", "referenceCode": "NOT_KNOWN"}),
            "reference_code",
            "no category",
        ),
    ] {
        let refused = server.table("gap_trend", trend(&question, &asked)).await.unwrap_err();
        let refused = Refusal::of(&refused);
        assert_eq!(refused.code, Code::InvalidArgument, "{refused:?}");
        assert!(refused.message.contains(field) && refused.message.contains(says), "{refused:?}");
    }
}

/// The marker of Fingertips has 95 % limits by definition, whichever the answer has.
#[tokio::test]
async fn the_recent_trend_is_the_same_at_both_levels_of_confidence() {
    let server = world().await;
    let ask = async |level: f64, more: Value| {
        let by = ["month", "imd2025_quintile"];
        let level = json!({"confidenceLevel": level});
        let question = shares(&by, "2024-01", "2024-06", &level);
        server.table("gap_trend", trend(&question, &more)).await.unwrap()
    };
    for more in [json!({}), json!({"groupCode": "imd_2025:q1"})] {
        let (usual, wider) = (ask(0.95, more.clone()).await, ask(0.998, more).await);
        let [slope, other] = [&usual, &wider].map(|of| cell(of, "", "D-SLOPE"));
        assert_eq!((slope.value, slope.verdict()), (other.value, other.verdict()));
        assert_ne!(slope.verdict(), Verdict::NoChange, "{slope:?}");
        let [narrow, wide] = [&usual, &wider].map(|of| {
            let of = cell(of, "2024-06", "VALUE/imd_2025:q1");
            (of.lower.unwrap(), of.upper.unwrap())
        });
        for (found, z) in [(narrow, Z), (wide, Z_998)] {
            let (lower, upper) = wilson(MONTHS[5].1[0], z);
            assert!((found.0 - lower).abs() < 1e-9 && (found.1 - upper).abs() < 1e-9);
        }
    }
}

#[tokio::test]
async fn a_gap_that_turned_is_as_wide_as_it_is_now() {
    let server = TestServer::start().await;
    let months = [("2024-01", (400, 500)), ("2024-02", (700, 500))];
    for (month, (first, last)) in months {
        let between = [(450, 1_000); 3];
        let fifths = [&[(first, 1_000)], &between[..], &[(last, 1_000)]].concat();
        submit(&server, month, &fifths).await;
    }
    let question = shares(&["month", "imd2025_quintile"], "2024-01", "2024-02", &json!({}));
    let found = server.table("gap_trend", json!({"question": question})).await.unwrap();
    let change = cell(&found, "", "D-CHANGE");
    near(change, 0.1, "from 10 points to 20 on the other side");
    assert_eq!(change.verdict(), Verdict::Widened);
    let sentence =
        found.rows.iter().find(|row| row.keys.is_empty()).unwrap().sentence.clone().unwrap();
    assert!(
        sentence.contains("widened: 10.0 points") && sentence.contains("20.0 in the last"),
        "{sentence}"
    );
    assert!(sentence.contains("turned"), "{sentence}");
}

/// Without naming an indicator those that were submitted are scanned with the tables of records.
#[tokio::test]
async fn submitted_indicators_are_among_the_largest_gaps() {
    let server = world().await;
    let asked = |more: Value| {
        let mut asked = json!({"query": {"area": "QK1", "collection": "practice-feed", "period": {"first": "2024-01"}}});
        for (name, value) in more.as_object().unwrap() {
            asked[name] = value.clone();
        }
        asked
    };
    let found = server.table("gaps", asked(json!({}))).await.unwrap();
    assert!(
        keys(&found).contains(&"imd2025_quintile|imd_2025:q1|FSL".to_owned()),
        "{:?}",
        keys(&found)
    );
    let row = found.rows.iter().find(|row| row.keys[2].code == INDICATOR).unwrap();
    assert_eq!(row.source_table(), "INDICATORS");
    let sentence = row.sentence.clone().unwrap();
    assert!(sentence.contains("people") && sentence.contains("with 95 % confidence"), "{sentence}");
    // The same as when it is named.
    let named = server.table("gaps", asked(json!({"indicators": [INDICATOR]}))).await.unwrap();
    assert_eq!(keys(&named), keys(&found));
    // An answer that is kept is dropped when another indicator is submitted, and a state before that has the list of then.
    let position = server.table_whole("gaps", asked(json!({}))).await.unwrap().1;
    let record = |sex: &str, numerator_count| IndicatorCountRecord {
        indicator: "C20-SMI".into(),
        numerator_count,
        denominator_count: 1_000,
        person: Some(PersonCharacteristics { sex: sex.into(), ..Default::default() }),
        ..Default::default()
    };
    let about = header("C82002", "practice-feed", "2024-01", &["sex"]);
    server.submit_counts(about, vec![record("1", 100), record("2", 900)]).await.unwrap();
    let later = server.table("gaps", asked(json!({}))).await.unwrap();
    assert!(keys(&later).contains(&"sex|1|C20-SMI".to_owned()), "{:?}", keys(&later));
    let then = json!({"query": {"area": "QK1", "collection": "practice-feed", "period": {"first": "2024-01"},
        "asOf": {"position": position.to_string()}}});
    let then = server.table("gaps", asked(then)).await.unwrap();
    assert_eq!(keys(&then), keys(&found));
}

/// A partner sees no figure of a small group. Measures that need no order are there if few people are in such groups.
#[tokio::test]
async fn measures_are_there_for_a_partner_if_few_are_in_groups_without_a_figure() {
    for (small, is_there) in [(3, true), (2_000, false)] {
        let server = TestServer::start().await;
        for practice in ["C82001", "C82002", "C82009"] {
            let record = |(category, (numerator_count, denominator_count)): (&str, (i64, i64))| {
                let ethnic_category = category.to_owned();
                IndicatorCountRecord {
                    indicator: INDICATOR.into(),
                    numerator_count,
                    denominator_count,
                    person: Some(PersonCharacteristics { ethnic_category, ..Default::default() }),
                    ..Default::default()
                }
            };
            let rows =
                [("A", (400, 1_000)), ("H", (250, 800)), ("M", (200, 700)), ("S", (1, small))];
            let rows = rows.into_iter().map(record).collect();
            let header = header(practice, "practice-feed", "2024-01", &["ethnic_category"]);
            server.submit_counts(header, rows).await.unwrap();
        }
        server.release("first").await;
        let server = server
            .reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner))
            .await;
        let question = shares(&["ethnic_group_broad"], "2024-01", "2024-01", &json!({}));
        let found = server.table("inequality", json!({"question": question})).await.unwrap();
        let variance = cell(&found, INDICATOR, "BGV");
        let sentence = found.rows[0].sentence();
        assert_eq!(variance.value.is_some(), is_there, "{small}: {variance:?}");
        assert!(sentence.contains("are in groups without a figure"), "{sentence}");
    }
}

/// Who names a reference asks about that group: a measure of another one in its place would be read as of it.
#[tokio::test]
async fn a_named_reference_without_a_figure_leaves_no_measure_of_a_reference() {
    let server = TestServer::start().await;
    let record = |(category, numerator_count): (&str, i64)| IndicatorCountRecord {
        indicator: INDICATOR.into(),
        numerator_count,
        denominator_count: 1_000,
        person: Some(PersonCharacteristics {
            ethnic_category: category.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let rows = [("A", 400), ("H", 250), ("M", 200)].map(record).into();
    let about = header(PRACTICE, "practice-feed", "2024-01", &["ethnic_category"]);
    server.submit_counts(about, rows).await.unwrap();
    let of_reference = ["D", "R", "MDR", "MDR-WEIGHTED"];
    for (reference, is_there) in [("asian", true), ("other", false), ("mixed", false)] {
        let question = shares(&["ethnic_group_broad"], "2024-01", "2024-01", &json!({}));
        let asked = json!({"question": question, "referenceCode": reference});
        let found = server.table("inequality", asked).await.unwrap();
        for id in of_reference {
            let measured = cell(&found, INDICATOR, id);
            assert_eq!(measured.value.is_some(), is_there, "{reference} {id}: {measured:?}");
            if !is_there {
                assert_eq!(why(measured).reason(), AbsenceReason::NotComputable, "{id}");
                assert!(why(measured).detail.contains("reference"), "{id}: {measured:?}");
            }
        }
        // Measures that need no reference are there.
        for id in ["BGV", "MDM", "MDB", "PAR", "TI"] {
            assert!(cell(&found, INDICATOR, id).value.is_some(), "{reference} {id}");
        }
        let sentence = found.rows[0].sentence();
        assert_eq!(sentence.contains("D compares"), is_there, "{reference}: {sentence}");
        if is_there {
            near(cell(&found, INDICATOR, "D"), 0.25 - 0.2, "the reference less the worst group");
        }
    }
}
