//! Every system of England out of the box: no line of reference data is written for any of these questions.

use std::collections::BTreeMap;

use equity_indicators::domain::codes::Content;
use equity_indicators::proto::v1::{ListAreasRequest, ListOrganisationsRequest};
use serde_json::json;

use crate::support::{Refusal, TestServer, header, records, totals};

/// The small areas of 2011 of Leicester, Leicestershire and Rutland: rows of `lsoa.csv`.
pub(super) fn small_areas_of_llr() -> Vec<BTreeMap<String, String>> {
    let content = Content::embedded();
    let mut reader = csv::Reader::from_reader(content.file("lsoa.csv").unwrap().as_bytes());
    let rows = reader.deserialize().map(Result::<BTreeMap<String, String>, _>::unwrap);
    let in_llr = |row: &BTreeMap<String, String>| ["03W", "04C", "04V"].contains(&&*row["sub_icb"]);
    rows.filter(|row| row["edition"] == "lsoa_2011" && in_llr(row)).collect()
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
