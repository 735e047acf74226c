//! Every system of England out of the box: no line of reference data is written for any of these questions.

use std::collections::BTreeMap;

use equity_indicators::config::Config;
use equity_indicators::domain::codes::Content;
use equity_indicators::proto::v1::{Breakdown, ListAreasRequest, ListOrganisationsRequest};
use serde_json::{Value, json};

use crate::support::{Refusal, TestServer, header, records, totals};

/// The small areas of an edition: rows of `lsoa.csv`.
pub(super) fn small_areas(edition: &str) -> Vec<BTreeMap<String, String>> {
    let content = Content::embedded();
    let mut reader = csv::Reader::from_reader(content.file("lsoa.csv").unwrap().as_bytes());
    let rows = reader.deserialize().map(Result::<BTreeMap<String, String>, _>::unwrap);
    rows.filter(|row| row["edition"] == edition).collect()
}

/// The small areas of 2011 of Leicester, Leicestershire and Rutland.
pub(super) fn small_areas_of_llr() -> Vec<BTreeMap<String, String>> {
    let in_llr = |row: &BTreeMap<String, String>| ["03W", "04C", "04V"].contains(&&*row["sub_icb"]);
    small_areas("lsoa_2011").into_iter().filter(in_llr).collect()
}

#[tokio::test]
async fn another_system_submits_and_asks_without_reference_data() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 5}, {"channel": "FACE_TO_FACE", "recordCount": 7}]);
    // Northamptonshire's sub-ICB location, and one of a system that began in April 2026.
    server.submit(header("78H", "gpad-regional", "2026-05", &[]), records(&rows)).await.unwrap();
    server.submit(header("10Q", "gpad-regional", "2026-05", &[]), records(&rows)).await.unwrap();
    for (area, code, total) in [
        ("QPM", "QPM", 12),
        ("E54000059", "QPM", 12),
        ("78H", "78H", 12),
        ("S0E4D", "S0E4D", 12),
        ("Thames Valley", "S0E4D", 12),
        ("QK1", "QK1", 0),
    ] {
        let query = json!({"area": area, "period": {"first": "2026-05"}});
        let answer = server.ask(json!({"query": query})).await.unwrap();
        assert_eq!(totals(&answer).get("").copied().unwrap_or(0), total, "{area}");
        let context = answer.context.unwrap();
        assert_eq!(context.area, code);
        assert!(!context.provenance.contains("Leicester"), "{}", context.provenance);
    }
}

#[tokio::test]
async fn a_name_of_several_areas_is_answered_with_the_codes_and_types() {
    let server = TestServer::start().await;
    let query = json!({"area": "Lincolnshire", "period": {"first": "2026-05"}});
    let refused = server.ask(json!({"query": query})).await.unwrap_err();
    let refusal = Refusal::of(&refused);
    assert_eq!(refusal.short(), ("FIELD_INVALID", "query.area"));
    let said = &refusal.fields[0].1;
    for area in ["`QJM` (system)", "`E10000019` (place)", "`71E` (sub_icb)"] {
        assert!(said.contains(area), "{said}");
    }
}

#[tokio::test]
async fn small_areas_count_in_the_system_of_their_own_sub_icb_location() {
    let server = TestServer::start().await;
    // Eden, in the place Westmorland and Furness: most of that place is in QE1, and this part in QHM.
    let homes = [("E01019305", 3), ("E01013600", 2), ("E01999999", 1)];
    let rows = homes.map(|(home, count)| json!({"recordCount": count, "residenceLsoa": home}));
    server
        .submit(header("04C", "synthetic-llr", "2026-05", &[]), records(&json!(rows)))
        .await
        .unwrap();
    let ask = async |by: &str, area: &str| {
        let query = json!({
            "area": area, "areaBasis": "AREA_BASIS_RESIDENCE", "by": [by], "collection": "synthetic-llr",
            "period": {"first": "2026-05"},
        });
        totals(&server.ask(json!({"query": query})).await.unwrap())
    };
    let one =
        |code: &str, count| BTreeMap::from([(String::new(), count), (code.to_owned(), count)]);
    assert_eq!(ask("residence_system", "QHM").await, one("QHM", 3));
    assert_eq!(ask("residence_system", "E06000064").await, one("QHM", 3), "a place of two systems");
    assert_eq!(ask("residence_lsoa", "QHM").await, one("E01019305", 3));
    assert!(!ask("residence_place", "QE1").await.contains_key("E06000064"));
    for (area, says) in [
        (
            "QHM",
            "E06000064 (Westmorland and Furness) lies in several systems: QE1, QHM. Its row has the people in QHM alone.",
        ),
        ("E06000064", "E06000064 (Westmorland and Furness) lies in several systems: QE1, QHM."),
    ] {
        let query = json!({
            "area": area, "areaBasis": "AREA_BASIS_RESIDENCE", "by": ["residence_place"], "collection": "synthetic-llr",
            "period": {"first": "2026-05"},
        });
        let answer = server.ask(json!({"query": query})).await.unwrap();
        assert_eq!(totals(&answer)["E06000064"], 3, "{area}");
        let notes = answer.context.unwrap().notes;
        assert!(notes.contains(&says.to_owned()), "{area}: {notes:?}");
    }
}

#[tokio::test]
async fn lists_are_searched_by_words_and_codes() {
    let server = TestServer::start().await;
    let areas = async |search: &str, kind: &str| {
        let request =
            ListAreasRequest { search: search.into(), r#type: kind.into(), ..Default::default() };
        let found = server.reference().list_areas(request).await.unwrap().into_inner().areas;
        found.into_iter().map(|area| area.code).collect::<Vec<_>>()
    };
    assert_eq!(areas("leic rut", "system").await, ["QK1"]);
    assert_eq!(areas("e54000059", "").await, ["QPM"]);
    assert!(areas("northampton", "place").await.len() == 2);
    assert!(areas("zzz", "").await.is_empty());
    let request = ListOrganisationsRequest {
        area: "QK1".into(),
        search: "south leic".into(),
        ..Default::default()
    };
    let found = server.reference().list_organisations(request).await.unwrap().into_inner();
    assert!(found.organisations.iter().any(|of| of.code == "C82001"));
    assert!(found.organisations.len() < 5);
}

#[tokio::test]
async fn each_month_is_answered_by_what_was_in_force_in_it() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 12}]);
    let submit = async |organisation: &str, collection: &str, month: &str| {
        let header = header(organisation, collection, month, &[]);
        server.submit(header, records(&rows)).await.map(drop)
    };
    for (organisation, month) in [
        ("10Q", "2026-03"),
        ("10Q", "2026-04"),
        ("D4U1Y", "2026-03"),
        ("U2G6B", "2026-04"),
        ("D9Y0V", "2026-03"),
        ("D9Y0V", "2026-04"),
    ] {
        submit(organisation, "gpad-regional", month).await.unwrap();
    }
    for (organisation, month) in [("D4U1Y", "2026-04"), ("U2G6B", "2026-03")] {
        let refused = submit(organisation, "gpad-regional", month).await.unwrap_err();
        let refusal = Refusal::of(&refused);
        assert_eq!(refusal.short(), ("FIELD_INVALID", "header.month"), "{organisation}");
    }
    let ask = async |area: &str, first: &str, by: &[&str], collection: &str| {
        let period = json!({"first": first, "last": "2026-04"});
        let query = json!({"area": area, "period": period, "by": by, "collection": collection});
        server.ask(json!({"query": query})).await.unwrap()
    };
    // Both months: what a total is, how many are expected, and what the answer says about the area.
    for (area, total, expected, says) in [
        ("QU9", 12, 3, "QU9 (Buckinghamshire, Oxfordshire and Berkshire West) ended after 2026-03"),
        ("S0E4D", 36, 4, "What D4U1Y (Frimley) submitted is not counted here"),
        ("QNQ", 12, 1, "It was divided between QRL"),
        ("QRL", 24, 2, "SERIES BREAK: QRL (Hampshire and Isle of Wight)"),
        ("E54000042", 24, 2, "SERIES BREAK: QRL"),
        ("D4U1Y", 12, 1, "ended after 2026-03"),
    ] {
        let answer = ask(area, "2026-03", &[], "gpad-regional").await;
        assert_eq!(totals(&answer).get("").copied().unwrap_or(0), total, "{area}");
        let context = answer.context.unwrap();
        assert_eq!(context.expected_organisation_count, expected, "{area}");
        let notes = context.notes.join("\n");
        assert!(notes.contains(says), "{area}: {notes}");
    }
    let answer = ask("QU9", "2026-04", &[], "gpad-regional").await;
    assert_eq!(totals(&answer).get("").copied().unwrap_or(0), 0, "the system had ended");
    assert!(answer.context.unwrap().notes.join("").contains("part of S0E4D"));

    // A practice of Frimley that is in Surrey Heartlands since.
    for month in ["2026-03", "2026-04"] {
        submit("H81013", "synthetic-llr", month).await.unwrap();
    }
    let of = async |area: &str, by: &[&str]| {
        let answer = ask(area, "2026-03", by, "synthetic-llr").await;
        totals(&answer)
    };
    let total = |count| BTreeMap::from([(String::new(), count)]);
    assert_eq!(of("92A", &[]).await, total(12), "from April on");
    assert_eq!(of("D4U1Y", &[]).await, total(12), "until March");
    assert_eq!(of("S9B9J", &[]).await, total(24), "what belongs to it now");
    let by = of("S9B9J", &["sub_icb"]).await;
    assert_eq!((by["92A"], by["D4U1Y"]), (12, 12));
    let answer = ask("S9B9J", "2026-03", &["sub_icb"], "synthetic-llr").await;
    let notes = answer.context.unwrap().notes.join(" ");
    assert!(notes.contains("SERIES BREAK: 92A (Surrey Heartlands)"), "{notes}");
}

#[tokio::test]
async fn people_are_counted_in_the_systems_that_they_lived_in_in_each_month() {
    let server = TestServer::start().await;
    // One small area each: of Frimley, now in Thames Valley and in Hampshire; of Hampshire before; of the system QU9; of two parts of QM7.
    let homes = [
        ("E01016180", 1),
        ("E01022846", 2),
        ("E01017136", 4),
        ("E01028422", 8),
        ("E01023289", 16),
        ("E01021741", 32),
    ];
    let rows = homes.map(|(home, count)| json!({"recordCount": count, "residenceLsoa": home}));
    for month in ["2026-03", "2026-04"] {
        let header = header("04C", "synthetic-llr", month, &[]);
        server.submit(header, records(&json!(rows))).await.unwrap();
    }
    let query = |area: &str, first: &str, last: &str| {
        json!({
            "area": area, "areaBasis": "AREA_BASIS_RESIDENCE", "collection": "synthetic-llr",
            "period": {"first": first, "last": last},
        })
    };
    let ask = async |area: &str, first: &str, last: &str| {
        let answer = server.ask(json!({"query": query(area, first, last)})).await.unwrap();
        let total = totals(&answer).get("").copied().unwrap_or(0);
        (total, answer.context.unwrap().notes.join(" "))
    };
    for (area, march, both, says) in [
        ("QNQ", 3, 3, "QNQ (Frimley) ended after 2026-03"),
        ("QU9", 8, 8, "It is part of S0E4D"),
        ("QM7", 48, 48, "It was divided between"),
        ("S0E4D", 9, 18, "live within this boundary"),
        ("QRL", 4, 10, "SERIES BREAK: QRL"),
        ("S1Y5D", 16, 32, "live within this boundary"),
        ("D7T5G", 32, 64, "live within this boundary"),
        ("QK1", 0, 0, ""),
    ] {
        assert_eq!(ask(area, "2026-03", "2026-03").await.0, march, "{area}");
        let (total, notes) = ask(area, "2026-03", "2026-04").await;
        assert_eq!(total, both, "{area}");
        assert!(notes.contains(says), "{area}: {notes}");
        assert_eq!(notes.contains("live within this boundary"), says.starts_with("live"), "{area}");
    }
    for (area, april) in [("QNQ", 0), ("QRL", 6), ("S0E4D", 9)] {
        assert_eq!(ask(area, "2026-04", "2026-04").await.0, april, "{area}");
    }
    // By month, and by what else tells places apart: the columns that are counted are those of several fields.
    for (by, rows) in [
        (&["month"][..], vec![("2026-03", 4), ("2026-04", 6)]),
        (&["residence_system"], vec![("QRL", 10)]),
        (&["residence_lsoa"], vec![("E01017136", 8), ("E01022846", 2)]),
        (&["sex"], vec![("NOT_COLLECTED", 10)]),
    ] {
        let mut query = query("QRL", "2026-03", "2026-04");
        query["by"] = json!(by);
        let mut found = totals(&server.ask(json!({"query": query})).await.unwrap());
        assert_eq!(found.remove(""), Some(10), "{by:?}");
        let rows = rows.into_iter().map(|(code, count)| (code.to_owned(), count));
        assert_eq!(found, rows.collect::<BTreeMap<_, _>>(), "{by:?}");
    }

    // All people of the submissions, by system.
    let by_system = async |first: &str, last: &str, more: Value| {
        let mut query = json!({
            "organisations": ["04C"], "collection": "synthetic-llr", "by": ["residence_system"],
            "period": {"first": first, "last": last},
        });
        more.as_object().unwrap().iter().for_each(|(key, of)| query[key] = of.clone());
        let answer = server.ask(json!({"query": query})).await.unwrap();
        let notes = answer.context.clone().unwrap().notes.join(" ");
        (totals(&answer), notes)
    };
    let rows = |of: &[(&str, i64)]| {
        of.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect::<BTreeMap<_, _>>()
    };
    let march = [("", 63), ("QM7", 48), ("QNQ", 3), ("QRL", 4), ("QU9", 8)];
    let april = [("", 63), ("D7T5G", 32), ("QRL", 6), ("S0E4D", 9), ("S1Y5D", 16)];
    let (found, notes) = by_system("2026-03", "2026-03", json!({})).await;
    assert_eq!(found, rows(&march));
    assert!(!notes.contains("Systems changed"), "{notes}");
    assert_eq!(by_system("2026-04", "2026-04", json!({})).await.0, rows(&april));
    let (found, notes) = by_system("2026-03", "2026-04", json!({})).await;
    let both = [
        ("", 126),
        ("D7T5G", 32),
        ("QM7", 48),
        ("QNQ", 3),
        ("QRL", 10),
        ("QU9", 8),
        ("S0E4D", 9),
        ("S1Y5D", 16),
    ];
    assert_eq!(found, rows(&both));
    assert!(notes.contains("Systems changed in 2026-04."), "{notes}");
    assert!(
        notes.contains("SERIES BREAK: QRL (") && notes.matches("SERIES").count() == 1,
        "{notes}"
    );
    // Conditions mean the systems of each month too.
    for (codes, total) in [(&["QRL"][..], 10), (&["QNQ"], 3), (&["S0E4D"], 9)] {
        let condition = json!({"where": [{"dimension": "residence_system", "codes": codes}]});
        let (found, _) = by_system("2026-03", "2026-04", condition).await;
        assert_eq!(found, rows(&[("", total), (codes[0], total)]), "{codes:?}");
    }
    let codes = ["QRL", "QNQ"];
    let condition = json!({"where": [{"dimension": "residence_system", "codes": codes}]});
    let (found, _) = by_system("2026-03", "2026-04", condition).await;
    assert_eq!(found, rows(&[("QNQ", 3), ("QRL", 10)]));
}

#[tokio::test]
async fn a_trust_counts_in_the_system_of_each_month() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 12}]);
    for month in ["2026-03", "2026-04"] {
        server.submit(header("RTH", "synthetic-llr", month, &[]), records(&rows)).await.unwrap();
    }
    for (area, total) in [("QU9", 12), ("S0E4D", 24), ("QNQ", 0)] {
        let period = json!({"first": "2026-03", "last": "2026-04"});
        let query = json!({"area": area, "period": period, "collection": "synthetic-llr"});
        let answer = server.ask(json!({"query": query})).await.unwrap();
        assert_eq!(totals(&answer).get("").copied().unwrap_or(0), total, "{area}");
    }
}

#[tokio::test]
async fn who_closed_is_expected_in_the_months_before_and_not_after() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 12}]);
    let months = ["2019-06", "2026-05"];
    for month in months {
        let header = header("C82001", "synthetic-llr", month, &[]);
        server.submit(header, records(&rows)).await.unwrap();
    }
    let content = Content::embedded();
    let mut reader =
        csv::Reader::from_reader(content.file("organisations.csv").unwrap().as_bytes());
    let rows = reader.deserialize().map(Result::<BTreeMap<String, String>, _>::unwrap);
    let practices = rows.filter(|row| row["type"] == "practice" && row["areas"].ends_with("QK1"));
    let practices: Vec<_> = practices.collect();
    let mut counts = Vec::new();
    for month in months {
        let there = practices.iter().filter(|row| {
            (row["first_month"].is_empty() || &*row["first_month"] <= month)
                && (row["last_month"].is_empty() || &*row["last_month"] >= month)
        });
        let expected = i32::try_from(there.count()).unwrap();
        let query =
            json!({"area": "QK1", "period": {"first": month}, "collection": "synthetic-llr"});
        let answer = server.ask(json!({"query": query})).await.unwrap();
        assert_eq!(answer.context.unwrap().expected_organisation_count, expected, "{month}");
        counts.push(expected);
    }
    assert!(counts[0] > counts[1], "{counts:?}");
}

/// Adds up the rows of an answer, and compares them with its total.
fn rows_of(answer: &Breakdown) -> (BTreeMap<String, i64>, i64) {
    let mut rows = totals(answer);
    let total = rows.remove("").unwrap();
    (rows, total)
}

#[tokio::test]
async fn homes_whose_former_area_is_not_known_are_counted_in_the_system_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let content = Content::embedded();
    // Without its last column, `former_sub_icb`: where the small areas of Frimley were is not known.
    let lines = content.file("lsoa.csv").unwrap().lines();
    let lines: Vec<_> = lines.map(|line| line.rsplit_once(',').unwrap().0).collect();
    std::fs::write(folder.path().join("lsoa.csv"), lines.join("\n")).unwrap();
    let with = |config: &mut Config| config.reference_folder = Some(folder.path().to_owned());
    let server = TestServer::with(with).await;
    // Of Frimley, now in Thames Valley and in Hampshire; of the system QU9; no home.
    let rows = json!([
        {"recordCount": 100, "residenceLsoa": "E01016180"},
        {"recordCount": 200, "residenceLsoa": "E01022846"},
        {"recordCount": 400, "residenceLsoa": "E01028422"},
        {"recordCount": 800},
    ]);
    for month in ["2026-03", "2026-04"] {
        let header = header("04C", "synthetic-llr", month, &[]);
        server.submit(header, records(&rows)).await.unwrap();
    }
    let says = "They are counted in the system of today: S0E4D (Thames Valley).";
    let of = |rows: &[(&str, i64)]| {
        rows.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect::<BTreeMap<_, _>>()
    };
    let march = [("QRL", 200), ("QU9", 400), ("S0E4D", 100), ("NOT_RECORDED", 800)];
    let april = [("QRL", 200), ("S0E4D", 500), ("NOT_RECORDED", 800)];
    let both = [("QRL", 400), ("QU9", 400), ("S0E4D", 600), ("NOT_RECORDED", 1_600)];
    let ask = async |server: &TestServer, months: [&str; 2], more: Value| {
        let mut query = json!({
            "organisations": ["04C"], "collection": "synthetic-llr", "by": ["residence_system"],
            "period": {"first": months[0], "last": months[1]},
        });
        more.as_object().unwrap().iter().for_each(|(key, of)| query[key] = of.clone());
        server.ask(json!({"query": query})).await.unwrap()
    };
    for (months, rows, is_said) in [
        (["2026-03", "2026-03"], &march[..], true),
        (["2026-04", "2026-04"], &april, false),
        (["2026-03", "2026-04"], &both, true),
    ] {
        let answer = ask(&server, months, json!({})).await;
        let (found, total) = rows_of(&answer);
        assert_eq!(found, of(rows), "{months:?}");
        assert_eq!(found.values().sum::<i64>(), total, "{months:?}");
        let notes = answer.context.unwrap().notes.join(" ");
        assert_eq!(notes.contains(says), is_said, "{notes}");
    }
    let condition = json!({"where": [{"dimension": "residence_system", "codes": ["S0E4D"]}]});
    let answer = ask(&server, ["2026-03", "2026-03"], condition).await;
    assert_eq!(rows_of(&answer), (of(&[("S0E4D", 100)]), 100));
    let notes = answer.context.unwrap().notes.join(" ");
    assert!(notes.contains(says) && !notes.contains("S0E4D (Thames Valley) began"), "{notes}");
}

#[tokio::test]
async fn a_condition_on_an_area_says_in_which_months_it_does_not_exist() {
    let server = TestServer::start().await;
    let rows = json!([
        {"recordCount": 3, "residenceLsoa": "E01016180"}, {"recordCount": 8, "residenceLsoa": "E01028422"},
    ]);
    for month in ["2026-03", "2026-04"] {
        // A practice of Frimley that is in Surrey Heartlands since.
        let header = header("H81013", "synthetic-llr", month, &[]);
        server.submit(header, records(&rows)).await.unwrap();
    }
    let ask = async |dimension: &str, code: &str, months: [&str; 2]| {
        let query = json!({
            "organisations": ["H81013"], "collection": "synthetic-llr",
            "where": [{"dimension": dimension, "codes": [code]}],
            "period": {"first": months[0], "last": months[1]},
        });
        let answer = server.ask(json!({"query": query})).await.unwrap();
        let total = totals(&answer).get("").copied().unwrap_or(0);
        (total, answer.context.unwrap().notes)
    };
    let (march, april) = ("2026-03", "2026-04");
    let ended = "QNQ (Frimley) ended after 2026-03: later months have no figures under this code. It was divided between QRL";
    let began = "S0E4D (Thames Valley) began in 2026-04: earlier months have no figures under this code. Before it there were";
    for (dimension, code, months, total, says) in [
        ("residence_system", "QNQ", [march, march], 3, None),
        ("residence_system", "QNQ", [march, april], 3, Some(ended)),
        ("residence_system", "QNQ", [april, april], 0, Some(ended)),
        ("residence_system", "S0E4D", [april, april], 11, None),
        ("residence_system", "S0E4D", [march, april], 11, Some(began)),
        ("residence_system", "S0E4D", [march, march], 0, Some(began)),
        ("residence_system", "QRL", [march, april], 0, Some("SERIES BREAK: QRL")),
        ("residence_system", "QK1", [march, april], 0, None),
        ("sub_icb", "D4U1Y", [april, april], 0, Some("D4U1Y (Frimley) ended after 2026-03")),
        ("sub_icb", "92A", [march, april], 11, Some("SERIES BREAK: 92A")),
    ] {
        let (found, notes) = ask(dimension, code, months).await;
        assert_eq!(found, total, "{dimension} {code} {months:?}");
        let of_code: Vec<_> = notes.iter().filter(|note| note.contains(code)).collect();
        match says {
            Some(says) => assert!(
                of_code.len() == 1 && of_code[0].starts_with(says),
                "{dimension} {code} {months:?}: {notes:#?}"
            ),
            None => assert!(of_code.is_empty(), "{dimension} {code} {months:?}: {notes:#?}"),
        }
    }
}
