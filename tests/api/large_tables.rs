//! Tables of small areas: what is counted is what occurs in the area asked about, and what would be too large says what to ask instead.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::proto::v1::SubmissionHeader;
use serde_json::{Value, json};

use super::england::small_areas;
use super::members::rows;
use crate::support::{Refusal, TestServer, header, records, totals};

const COLLECTION: &str = "synthetic-llr";

/// The cells of a table are a product: 4,194,304 at most.
const LIMIT: usize = 4_194_304;

/// The sub-ICB locations of a system, by `areas.csv`.
fn locations(system: &str) -> BTreeSet<String> {
    let of = rows("areas.csv").into_iter().filter(|row| {
        row["type"] == "sub_icb" && row["parents"].split(';').any(|parent| parent == system)
    });
    of.map(|row| row["code"].clone()).collect()
}

/// A record for each small area of England's north east, and some that live elsewhere.
fn homes() -> (Vec<String>, Vec<String>) {
    let here = locations("QHM");
    let (inside, mut outside): (Vec<_>, Vec<_>) =
        small_areas("lsoa_2021").into_iter().partition(|row| here.contains(&row["sub_icb"]));
    outside.truncate(500);
    let codes = |rows: Vec<BTreeMap<String, String>>| {
        rows.iter().map(|row| row["lsoa"].clone()).collect::<Vec<_>>()
    };
    (codes(inside), codes(outside))
}

fn question(by: &[&str]) -> Value {
    json!({"query": {
        "area": "QHM", "areaBasis": "AREA_BASIS_RESIDENCE", "collection": COLLECTION, "by": by,
        "period": {"first": "2026-05"},
    }})
}

#[tokio::test]
async fn a_table_of_small_areas_is_answered_until_what_occurs_is_too_much() {
    let server = TestServer::start().await;
    let (inside, outside) = homes();
    assert_eq!(inside.len(), 1_889);
    let channels = ["TELEPHONE", "VIDEO", "FACE_TO_FACE"];
    let sex = |n: usize| if (n / 90).is_multiple_of(2) { "1" } else { "2" };
    let record = |(n, home): (usize, &String)| {
        json!({"channel": channels[n % 3], "residenceLsoa": home, "person": {
            "ageYears": n % 90, "sex": sex(n),
            "religion": char::from(b'A' + u8::try_from(n % 12).unwrap()),
        }})
    };
    let all: Vec<_> = inside.iter().chain(&outside).enumerate().map(record).collect();
    let header = SubmissionHeader {
        code_systems: [("residence_lsoa".into(), "lsoa_2021".into())].into(),
        ..header("04C", COLLECTION, "2026-05", &["age_band", "religion", "sex"])
    };
    server.submit(header, records(&json!(all))).await.unwrap();

    // 90 years by 2 sexes by 3 channels: for all small areas of England it would be too large.
    assert!(34_789 * 90 * 2 * 3 > LIMIT && inside.len() * 90 * 2 * 3 < LIMIT);
    let answer = server.ask(question(&["residence_lsoa", "age_years", "sex"])).await.unwrap();
    let mut found = totals(&answer);
    assert_eq!(found.remove(""), Some(1_889));
    let expected =
        inside.iter().enumerate().map(|(n, home)| (format!("{home}|{}|{}", n % 90, sex(n)), 1));
    assert_eq!(found, expected.collect::<BTreeMap<_, i64>>());

    // 12 religions in the place of 2 sexes are too many.
    let cells = inside.len() * 90 * 12 * 3;
    assert!(cells > LIMIT);
    let asked = question(&["residence_lsoa", "age_years", "religion"]);
    let refused = server.ask(asked).await.unwrap_err();
    let refusal = Refusal::of(&refused);
    assert_eq!(refusal.reason, "BREAKDOWN_TOO_LARGE", "{refusal:?}");
    assert_eq!(refusal.metadata["limit"], LIMIT.to_string());
    assert!(refusal.metadata["cells"].parse::<usize>().unwrap() >= cells, "{refusal:?}");
    let nearest = "asks by `residence_district` in the place of `residence_lsoa`";
    assert!(refused.message().contains(nearest), "{refused:?}");
    // What it names is answered, and is of the same people.
    let answer =
        server.ask(question(&["residence_district", "age_years", "religion"])).await.unwrap();
    let mut found = totals(&answer);
    assert_eq!(found.remove(""), Some(1_889));
    assert_eq!(found.values().sum::<i64>(), 1_889);
}
