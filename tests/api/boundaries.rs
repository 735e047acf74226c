//! Questions over the months around April 2026, when areas began, ended and changed their boundaries: who is expected in each month, which
//! months can have data, and what an answer says of areas that are not the same before and after.

use std::collections::BTreeSet;

use equity_indicators::proto::v1::{Breakdown, BreakdownContext};
use serde_json::{Value, json};

use super::members::{APRIL, AREAS, MARCH, Row, World, question, rows};
use crate::support::{TestServer, count, header, keys, records};

const MONTHS: [&str; 2] = [MARCH, APRIL];

/// Whether a row of `organisations.csv` exists in a month and belongs to an area in it, by the file alone.
fn is_expected(row: &Row, (area, last): (&str, &str), month: &str) -> bool {
    let is_there = row["first_month"].as_str() <= month
        && (row["last_month"].is_empty() || month <= row["last_month"].as_str());
    let since = |of: &str| {
        let (code, since) = of.split_once('@').unwrap_or((of, ""));
        code == area && since <= month
    };
    is_there && (last.is_empty() || month <= last) && row["areas"].split(';').any(since)
}

fn counts(table: &Breakdown, key: &str) -> [i64; 3] {
    ["EXPECTED", "RECEIVED", "MISSING"].map(|id| count(table, key, id))
}

#[tokio::test]
async fn an_organisation_is_expected_in_the_months_in_which_it_is_in_the_area() {
    let server = TestServer::start().await;
    let world = World::new();
    world.submit(&server).await;
    let practices: Vec<_> =
        rows("organisations.csv").into_iter().filter(|row| row["type"] == "practice").collect();
    let areas = rows("areas.csv");
    let ask = async |area: &str, more: Value| {
        server.table("timeliness", question(area, (MARCH, APRIL), more)).await.unwrap()
    };
    let mut differ = 0;
    for area in AREAS {
        let last = areas.iter().find(|row| row["code"] == area).unwrap()["last_month"].as_str();
        let expected = |month: &str| {
            let of = practices.iter().filter(|row| is_expected(row, (area, last), month));
            of.map(|row| row["code"].clone()).collect::<BTreeSet<_>>()
        };
        let [march, april] = MONTHS.map(expected);
        differ += usize::from(march != april);
        let by = ask(area, json!({"by": ["organisation", "month"]})).await;
        let (mut found, mut all) = (BTreeSet::new(), [0; 3]);
        for (of, month) in [(&march, MARCH), (&april, APRIL)] {
            for code in of {
                let received = i64::from(world.counts.contains_key(&(code.clone(), month.into())));
                let key = format!("{code}|{month}");
                assert_eq!(counts(&by, &key), [1, received, 1 - received], "{area} {key}");
                all = [all[0] + 1, all[1] + received, all[2] + 1 - received];
                found.insert(key);
            }
        }
        let listed: BTreeSet<_> = keys(&by).into_iter().filter(|key| !key.is_empty()).collect();
        assert_eq!(listed, found, "{area}");
        assert_eq!(counts(&by, ""), all, "{area}");
    }
    assert!(differ >= 5, "members of both months are others: {differ}");
    // A practice of Frimley that is in Surrey since April.
    let by = ask("92A", json!({"by": ["sub_icb"]})).await;
    assert_eq!(keys(&by), ["", "92A"]);
    let by = ask("92A", json!({"by": ["organisation", "month"]})).await;
    let of_h81013: Vec<_> = keys(&by).into_iter().filter(|key| key.starts_with("H81013")).collect();
    assert_eq!(of_h81013, ["H81013|2026-04"]);
    // A condition on an area means the members of each month too.
    let listed = json!([{"dimension": "sub_icb", "codes": ["D4U1Y"]}]);
    let by = ask("S9B9J", json!({"by": ["month"], "where": listed})).await;
    assert_eq!(keys(&by), ["", MARCH]);
}

async fn context(server: &TestServer, question: Value) -> BreakdownContext {
    server.ask(question).await.unwrap().context.unwrap()
}

#[tokio::test]
async fn months_in_which_nothing_can_be_are_not_missing() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 12}]);
    for (organisation, month) in
        [("D4U1Y", MARCH), ("10Q", APRIL), ("D9Y0V", MARCH), ("D9Y0V", APRIL), ("U2G6B", APRIL)]
    {
        let header = header(organisation, "gpad-regional", month, &[]);
        server.submit(header, records(&rows)).await.unwrap();
    }
    let months = async |place: Value| {
        let mut query =
            json!({"collection": "gpad-regional", "period": {"first": MARCH, "last": APRIL}});
        place.as_object().unwrap().iter().for_each(|(key, of)| query[key] = of.clone());
        let context = context(&server, json!({"query": query})).await;
        let note = context.notes.iter().find(|note| note.starts_with("Months without"));
        (context.month_count, context.expected_month_count, note.cloned().unwrap_or_default())
    };
    let whole = |count| (count, count, String::new());
    for (place, expected) in [
        (json!({"area": "QNQ"}), whole(1)),
        (json!({"organisations": ["D4U1Y"]}), whole(1)),
        (json!({"organisations": ["U2G6B"]}), whole(1)),
        (json!({"organisations": ["D4U1Y", "U2G6B"]}), whole(2)),
        (json!({"area": "QRL"}), whole(2)),
        // Thames Valley began in April. Its figures of March are of the organisations that belong to it now: 10Q is missing.
        (json!({"area": "S0E4D"}), (1, 2, "Months without a submission: 1 of 2 (2026-03).".into())),
    ] {
        assert_eq!(months(place.clone()).await, expected, "{place}");
    }
    let header = header("10Q", "gpad-regional", MARCH, &[]);
    server.submit(header, records(&rows)).await.unwrap();
    assert_eq!(months(json!({"area": "S0E4D"})).await, whole(2));
    // Where people live: nothing is counted for Frimley after March.
    let people = json!([{"channel": "TELEPHONE", "recordCount": 12, "residenceLsoa": "E01016180"}]);
    for month in MONTHS {
        let header = crate::support::header("04C", "synthetic-llr", month, &[]);
        server.submit(header, records(&people)).await.unwrap();
    }
    let living =
        json!({"area": "QNQ", "areaBasis": "AREA_BASIS_RESIDENCE", "collection": "synthetic-llr"});
    assert_eq!(months(living).await, whole(1));
}

#[tokio::test]
async fn rows_of_areas_with_another_boundary_are_marked() {
    let server = TestServer::start().await;
    let world = World::new();
    world.submit(&server).await;
    let notes = async |months: (&str, &str), more: Value| {
        context(&server, question("S9B9J", months, more)).await.notes.join(" ")
    };
    for by in [json!(["sub_icb"]), json!(["sub_icb", "month"]), json!(["month", "sub_icb"])] {
        let said = notes((MARCH, APRIL), json!({"by": by})).await;
        assert!(said.contains("SERIES BREAK: 92A (Surrey Heartlands)"), "{by}: {said}");
        assert_eq!(said.matches("SERIES BREAK").count(), 1, "{by}: {said}");
    }
    for (months, by) in [
        ((MARCH, MARCH), json!(["sub_icb"])),
        ((APRIL, APRIL), json!(["sub_icb"])),
        ((MARCH, APRIL), json!(["month"])),
        ((MARCH, APRIL), json!(["organisation"])),
    ] {
        let said = notes(months, json!({"by": by})).await;
        assert!(!said.contains("SERIES BREAK"), "{months:?} {by}: {said}");
    }
    // Locations that submit themselves, and systems where people live.
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 12, "residenceLsoa": "E01022846"}]);
    for month in MONTHS {
        for (organisation, collection) in [("D9Y0V", "gpad-regional"), ("04C", "synthetic-llr")] {
            let header = header(organisation, collection, month, &[]);
            server.submit(header, records(&rows)).await.unwrap();
        }
    }
    for (place, by, says) in [
        (json!({"area": "QRL", "collection": "gpad-regional"}), "organisation", "D9Y0V"),
        (
            json!({"organisations": ["04C"], "collection": "synthetic-llr"}),
            "residence_system",
            "QRL",
        ),
    ] {
        let mut query = json!({"by": [by], "period": {"first": MARCH, "last": APRIL}});
        place.as_object().unwrap().iter().for_each(|(key, of)| query[key] = of.clone());
        let said = context(&server, json!({"query": query})).await.notes.join(" ");
        assert!(said.contains(&format!("SERIES BREAK: {says} (")), "{by}: {said}");
    }
}

#[tokio::test]
async fn a_code_of_another_boundary_is_answered_with_a_word() {
    let server = TestServer::start().await;
    World::new().submit(&server).await;
    for (given, months, says) in [
        (
            "E54000042",
            (APRIL, APRIL),
            "E54000042 is the code of QRL (Hampshire and Isle of Wight) for its boundary until 2026-03.",
        ),
        ("E54000042", (MARCH, APRIL), "for its boundary until 2026-03."),
        (
            "E54000067",
            (MARCH, MARCH),
            "E54000067 is the code of QRL (Hampshire and Isle of Wight) for its boundary from 2026-04 on.",
        ),
        ("E38000264", (APRIL, APRIL), "E38000264 is the code of 92A (Surrey Heartlands)"),
        ("E38000248", (APRIL, APRIL), "E38000248 is a former code of 70F"),
        ("E54000042", (MARCH, MARCH), ""),
        ("E54000067", (APRIL, APRIL), ""),
        ("QRL", (MARCH, APRIL), ""),
    ] {
        for basis in ["AREA_BASIS_PROVIDER", "AREA_BASIS_RESIDENCE"] {
            // Nobody lives in a sub-ICB location, as residence is told here.
            if given.starts_with("E38") && basis.ends_with("RESIDENCE") {
                continue;
            }
            let asked = question(given, months, json!({"areaBasis": basis}));
            let notes = context(&server, asked).await.notes;
            let said: Vec<_> = notes.iter().filter(|note| note.starts_with(given)).collect();
            let said_of_code = said.iter().filter(|note| note.contains("code of")).count();
            assert_eq!(
                said_of_code,
                usize::from(!says.is_empty()),
                "{given} {months:?}: {notes:?}"
            );
            assert!(notes.join(" ").contains(says), "{given} {months:?}: {notes:?}");
        }
    }
}

#[tokio::test]
async fn an_organisation_that_was_divided_says_into_what() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 12}]);
    let submit = async |month: &str| {
        let header = header("D4U1Y", "gpad-regional", month, &[]);
        server.submit(header, records(&rows)).await
    };
    submit(MARCH).await.unwrap();
    let divided = "it was divided between 92A, D9Y0V and U2G6B";
    let refused = submit(APRIL).await.unwrap_err();
    let refusal = crate::support::Refusal::of(&refused);
    assert!(refusal.fields[0].1.contains(divided), "{refusal:?}");
    let query = json!({"organisations": ["D4U1Y"], "period": {"first": MARCH, "last": APRIL}});
    let notes = context(&server, json!({"query": query})).await.notes.join(" ");
    assert!(notes.contains(&format!("D4U1Y after 2026-03 ({divided})")), "{notes}");
    assert!(!notes.contains("took its place"), "{notes}");
}
