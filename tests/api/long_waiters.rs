//! Long waiters: pathways of more than 18, 52, 65, 78 and 104 weeks by ethnicity and deprivation, against a plain sum over the counts that
//! were sent; month by month, and with the gap to the least deprived.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::{IndicatorCountRecord, PersonCharacteristics};
use serde_json::json;

use crate::support::{TestServer, cell, header, keys, value};

const WEEKS: [u32; 5] = [18, 52, 65, 78, 104];
const ETHNIC: [(&str, &str); 4] = [("A", "white"), ("D", "mixed"), ("H", "asian"), ("N", "black")];
const DECILES: [(&str, &str); 5] = [
    ("1", "imd_2019:q1"),
    ("4", "imd_2019:q2"),
    ("6", "imd_2019:q3"),
    ("7", "imd_2019:q4"),
    ("10", "imd_2019:q5"),
];
const PROVIDERS: [&str; 2] = ["C82005", "C82003"];
const MONTHS: [&str; 2] = ["2026-03", "2026-04"];

/// A count that was sent, with the codes of its rows.
struct Sent {
    month: &'static str,
    weeks: u32,
    ethnic: &'static str,
    fifth: &'static str,
    counts: (i64, i64),
}

/// Everybody who waits longer also waits as long as the shorter limits.
async fn world(server: &TestServer) -> Vec<Sent> {
    let (mut all, mut seed) = (Vec::new(), 3_i64);
    for (month, provider) in MONTHS.iter().flat_map(|month| PROVIDERS.map(|of| (*month, of))) {
        let mut rows = Vec::new();
        for (code, ethnic) in ETHNIC {
            for (decile, fifth) in DECILES {
                seed = (seed * 1_103 + 12_345) % 65_536;
                let people = 200 + seed % 300;
                let mut waiting = people * (40 + seed % 20) / 100;
                for weeks in WEEKS {
                    rows.push(IndicatorCountRecord {
                        indicator: format!("RTT-LW-{weeks}"),
                        numerator_count: waiting,
                        denominator_count: people,
                        person: Some(PersonCharacteristics {
                            ethnic_category: code.into(),
                            deprivation: decile.into(),
                            ..Default::default()
                        }),
                        ..Default::default()
                    });
                    let counts = (waiting, people);
                    all.push(Sent { month, weeks, ethnic, fifth, counts });
                    waiting = waiting * (30 + seed % 10) / 100;
                }
            }
        }
        let mut about =
            header(provider, "practice-feed", month, &["ethnic_category", "deprivation"]);
        about.code_systems.insert("deprivation".into(), "imd_2019".into());
        server.submit_counts(about, rows).await.unwrap();
    }
    all
}

/// Numerator and denominator of each row and of all.
fn recount<'a>(
    sent: impl Iterator<Item = &'a Sent>,
    key: impl Fn(&Sent) -> String,
) -> BTreeMap<String, (i64, i64)> {
    let mut rows = BTreeMap::new();
    for of in sent {
        for key in [key(of), String::new()] {
            let row: &mut (i64, i64) = rows.entry(key).or_default();
            (row.0, row.1) = (row.0 + of.counts.0, row.1 + of.counts.1);
        }
    }
    rows
}

#[tokio::test]
#[allow(clippy::cast_precision_loss, reason = "counts are small")]
async fn each_limit_by_ethnicity_and_deprivation_is_a_plain_sum() {
    let server = TestServer::start().await;
    let sent = world(&server).await;
    let mut before: BTreeMap<String, i64> = BTreeMap::new();
    for weeks in WEEKS {
        let indicator = format!("RTT-LW-{weeks}");
        let asked = json!({"indicator": indicator, "query": {"area": "QK1", "by": ["ethnic_group_broad", "imd2019_quintile"],
            "period": {"first": MONTHS[0], "last": MONTHS[1]}}});
        let answer = server.table("indicators", asked).await.unwrap();
        // Pathways at the end of a month are never added up over months: the last month counts.
        let last = sent.iter().filter(|of| of.weeks == weeks && of.month == MONTHS[1]);
        let expected = recount(last, |of| format!("{}|{}", of.ethnic, of.fifth));
        assert_eq!(expected.len(), 21);
        for (key, counts) in &expected {
            let found = cell(&answer, key, &indicator);
            let pair = (found.numerator_count.unwrap(), found.denominator_count.unwrap());
            assert_eq!(pair, *counts, "{indicator} {key}");
            assert!((found.value.unwrap() - counts.0 as f64 / counts.1 as f64).abs() < 1e-12);
            // Who waits longer than this limit is among those of the limit before.
            let shorter = before.insert(key.clone(), counts.0);
            assert!(shorter.is_none_or(|shorter| counts.0 <= shorter), "{indicator} {key}");
        }
        assert_eq!(keys(&answer).len(), expected.len());
    }
}

#[tokio::test]
#[allow(clippy::cast_precision_loss, reason = "counts are small")]
async fn each_month_has_its_own_long_waiters_and_the_gap_is_to_the_least_deprived() {
    let server = TestServer::start().await;
    let sent = world(&server).await;
    let mut query = json!({"area": "QK1", "by": ["month", "imd2019_quintile"], "period": {"first": MONTHS[0], "last": MONTHS[1]},
        "comparison": {"reference": "COMPARISON_REFERENCE_LEAST_DEPRIVED", "dimension": "imd2019_quintile"}});
    let asked = json!({"indicator": "RTT-LW-52", "query": query});
    let answer = server.table("indicators", asked).await.unwrap();
    let of_limit = || sent.iter().filter(|of| of.weeks == 52);
    let expected = recount(of_limit(), |of| format!("{}|{}", of.month, of.fifth));
    let share = |key: &str| expected[key].0 as f64 / expected[key].1 as f64;
    for month in MONTHS {
        let reference = format!("{month}|imd_2019:q5");
        for (_, fifth) in DECILES {
            let key = format!("{month}|{fifth}");
            assert!((value(&answer, &key, "RTT-LW-52") - share(&key)).abs() < 1e-12, "{key}");
            if key != reference {
                let gap = value(&answer, &key, "RTT-LW-52/DIFFERENCE");
                assert!((gap - (share(&key) - share(&reference))).abs() < 1e-12, "{key}");
            }
        }
    }
    // Of one ethnic group alone.
    query["where"] = json!([{"dimension": "ethnic_group_broad", "codes": ["black"]}]);
    query["by"] = json!(["imd2019_quintile"]);
    query["period"] = json!({"first": MONTHS[0]});
    let answer = server
        .table("indicators", json!({"indicator": "RTT-LW-104", "query": query}))
        .await
        .unwrap();
    let of =
        sent.iter().filter(|of| of.weeks == 104 && of.month == MONTHS[0] && of.ethnic == "black");
    for (key, counts) in recount(of, |of| of.fifth.to_owned()) {
        assert_eq!(cell(&answer, &key, "RTT-LW-104").numerator_count, Some(counts.0), "{key}");
    }
}
