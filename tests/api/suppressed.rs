//! Counts that a publisher suppressed: absent with the reason, never 0, and never left out of a rate or share without a word.

use equity_indicators::proto::v1::{
    AbsenceReason, AccessRecord, Breakdown, Cell, EstimateRecord, PopulationRecord, Receipt,
};
use serde_json::{Value, json};

use super::queries::{SYNTHETIC, april, with};
use crate::support::{
    Refusal, TestServer, cell, count, header, keys, message, records, value, why,
};

fn people(rows: &Value) -> Vec<PopulationRecord> {
    rows.as_array().unwrap().iter().map(|row| message(row.clone())).collect()
}

fn is_suppressed(cell: &Cell, least: u32) {
    assert_eq!(why(cell), AbsenceReason::Suppressed, "{cell:?}");
    assert!(cell.value.is_none() && cell.denominator_count.is_none(), "{cell:?}");
    let detail = &cell.absence.as_ref().unwrap().detail;
    assert!(detail.contains(&format!("at least {least} left out")), "{detail}");
}

fn notes(table: &Breakdown) -> String {
    table.context.as_ref().unwrap().notes.join("\n")
}

/// Men of whom the number is suppressed, and 1,300 women.
async fn population(server: &TestServer) -> Receipt {
    let rows = json!([
        {"suppressed": true, "person": {"sex": "1"}},
        {"personCount": 1300, "person": {"sex": "2"}},
    ]);
    let header = header("04C", SYNTHETIC, "2020-04", &["sex"]);
    server.submit_people(header, people(&rows)).await.unwrap()
}

#[tokio::test]
async fn a_rate_is_never_one_over_the_rest_of_its_people() {
    let server = TestServer::start().await;
    let seen = records(&json!([
        {"channel": "VIDEO", "recordCount": 26, "person": {"sex": "1"}},
        {"channel": "VIDEO", "recordCount": 13, "person": {"sex": "2"}},
    ]));
    server.submit(header("04C", SYNTHETIC, "2020-04", &["sex"]), seen).await.unwrap();
    let submission = population(&server).await.submission.unwrap();
    assert_eq!(
        (submission.accepted_count, submission.suppressed_count, submission.total_count),
        (2, 1, 1300)
    );
    let by_sex = with(april(&json!({"by": ["sex"]})), "includeRates", json!(true));
    let check = |table: &Breakdown| {
        assert_eq!(cell(table, "2", "CH-03/VIDEO").value, Some(10.0));
        for row in ["", "1"] {
            let rate = cell(table, row, "CH-03/VIDEO");
            is_suppressed(rate, 1);
            assert!(rate.numerator_count.unwrap() > 0, "the consultations are known");
        }
        assert!(notes(table).contains("does not give some counts of people"), "{}", notes(table));
        // Consultations are whole.
        assert_eq!((count(table, "", "CONTACTS"), count(table, "1", "CONTACTS")), (39, 26));
    };
    check(&server.ask(by_sex.clone()).await.unwrap());
    // Rows are made anew from the log.
    let folder = server.data_folder();
    let kept = server.stop().await;
    std::fs::remove_dir_all(folder.join("sled")).unwrap();
    let server = TestServer::on(kept, &folder).await;
    check(&server.ask(by_sex).await.unwrap());

    // Under a condition that leaves the women, everything is known.
    let women = json!({"where": [{"dimension": "sex", "codes": ["2"]}]});
    let women = server.ask(with(april(&women), "includeRates", json!(true))).await.unwrap();
    assert_eq!(cell(&women, "", "CH-03/VIDEO").value, Some(10.0));
    // People known only more coarsely may be of any category, whatever their number.
    let rows = json!([
        {"suppressed": true, "person": {"ethnicCategory": "white"}},
        {"personCount": 1300, "person": {"ethnicCategory": "A"}},
    ]);
    let about = || {
        let mut about = header("04C", SYNTHETIC, "2020-04", &["ethnic_category"]);
        about.code_systems.insert("ethnic_category".into(), "equity_ethnicity".into());
        about
    };
    let seen = records(&json!([
        {"channel": "VIDEO", "recordCount": 13, "person": {"ethnicCategory": "A"}},
    ]));
    server.submit(about(), seen).await.unwrap();
    server.submit_people(about(), people(&rows)).await.unwrap();
    let by = with(april(&json!({"by": ["ethnic_category"]})), "includeRates", json!(true));
    let table = server.ask(by).await.unwrap();
    for row in keys(&table).into_iter().filter(|row| !row.is_empty()) {
        assert!(cell(&table, &row, "CH-03/VIDEO").value.is_none(), "{row}");
    }
}

#[tokio::test]
async fn consultations_and_shares_with_a_suppressed_count_are_absent() {
    let server = TestServer::start().await;
    let rows = records(&json!([
        {"channel": "TELEPHONE", "attendance": "5", "recordCount": 90, "person": {"sex": "1"}},
        {"channel": "VIDEO", "attendance": "5", "suppressed": true, "person": {"sex": "1"}},
        {"channel": "TELEPHONE", "attendance": "5", "recordCount": 30, "person": {"sex": "2"}},
        {"channel": "FACE_TO_FACE", "attendance": "5", "recordCount": 10, "person": {"sex": "2"}},
        {"channel": "VIDEO", "attendance": "5", "suppressed": true, "person": {"sex": "9"}},
        {"attendance": "5", "suppressed": true, "person": {"sex": "2"}},
    ]));
    server.submit(header("04C", SYNTHETIC, "2020-04", &["sex", "channel"]), rows).await.unwrap();
    let table = server.ask(april(&json!({"by": ["sex"]}))).await.unwrap();
    assert!(notes(&table).contains("SUPPRESSED"), "{}", notes(&table));
    // All of this row is suppressed, and it is there.
    assert_eq!(keys(&table).len(), 4, "{:?}", keys(&table));
    for (row, id, least) in [
        ("", "CONTACTS", 3),
        ("1", "CONTACTS", 1),
        ("1", "CH-01/TELEPHONE", 1),
        ("1", "CH-01/VIDEO", 1),
        ("2", "CONTACTS", 1),
    ] {
        is_suppressed(cell(&table, row, id), least);
    }
    // The channel of the suppressed consultations is not known: they are in no share of known channels, and how many are not known
    // is not said.
    let share = cell(&table, "2", "CH-01/TELEPHONE");
    assert_eq!(
        (share.value, share.denominator_count, share.unknown_count),
        (Some(0.75), Some(40), None)
    );
    let of_all = with(april(&json!({"by": ["sex"]})), "denominator", json!("DENOMINATOR_ALL"));
    let table = server.ask(of_all).await.unwrap();
    is_suppressed(cell(&table, "2", "CH-01/TELEPHONE"), 1);
}

#[tokio::test]
async fn indicators_of_access_records_with_a_suppressed_count_are_absent() {
    let server = TestServer::start().await;
    let rows: Vec<AccessRecord> = [
        json!({"recordCount": 60, "appActive": "Y", "person": {"sex": "1", "ageBand": "65-69"}}),
        json!({"suppressed": true, "appActive": "N", "person": {"sex": "1", "ageBand": "65-69"}}),
        json!({"recordCount": 30, "appActive": "Y", "person": {"sex": "2", "ageBand": "65-69"}}),
        json!({"recordCount": 30, "appActive": "N", "person": {"sex": "2", "ageBand": "65-69"}}),
    ]
    .map(message)
    .to_vec();
    let of = header("04C", SYNTHETIC, "2020-04", &["sex", "age_band", "app_active"]);
    server.submit_access(of, rows).await.unwrap();
    let table = server.table("exclusion", april(&json!({"by": ["sex"]}))).await.unwrap();
    for (row, id) in [("", "PEOPLE"), ("1", "PEOPLE"), ("", "DX-07"), ("1", "DX-07")] {
        is_suppressed(cell(&table, row, id), 1);
    }
    assert_eq!((count(&table, "2", "PEOPLE"), value(&table, "2", "DX-07")), (60, 0.5));
    assert_eq!(why(cell(&table, "1", "DX-06")), AbsenceReason::NotCollected);
}

#[tokio::test]
async fn risk_of_an_area_whose_people_are_suppressed_is_absent() {
    let server = TestServer::start().await;
    let row = |area: &str, value: f64| -> EstimateRecord {
        message(json!({"indicator": "DX-10", "area": area, "period": "2022", "value": value}))
    };
    let source = message(json!({
        "publisher": "P", "title": "T", "edition": "1", "licence": "L", "series": "s"
    }));
    let scores = [("E01013600", 2.0), ("E01013601", 4.0), ("E01013647", 3.0), ("E01032875", 5.0)];
    let scores = scores.map(|(area, score)| row(area, score)).to_vec();
    server.submit_estimates(header("GMCA", "deri", "2022-12", &[]), source, scores).await.unwrap();
    let rows = json!([
        {"personCount": 100, "residenceLsoa": "E01013600", "person": {"ethnicCategory": "white"}},
        {"suppressed": true, "residenceLsoa": "E01013601", "person": {"ethnicCategory": "asian"}},
        {"personCount": 300, "residenceLsoa": "E01013601", "person": {"ethnicCategory": "white"}},
        {"suppressed": true, "residenceLsoa": "E01013600", "person": {"ethnicCategory": "black"}},
    ]);
    let mut of = header("ONS", "census-2021-ethnic-group", "2021-03", &["ethnic_category"]);
    of.code_systems.insert("ethnic_category".into(), "equity_ethnicity".into());
    server.submit_people(of, people(&rows)).await.unwrap();
    let query = json!({"query": {"area": "E06000016", "by": ["ethnic_group_broad"]}});
    let table = server.table("risk", query).await.unwrap();
    assert_eq!((count(&table, "white", "PEOPLE"), value(&table, "white", "DX-10")), (400, 3.5));
    for (row, least) in [("", 2), ("asian", 1), ("black", 1)] {
        is_suppressed(cell(&table, row, "PEOPLE"), least);
        is_suppressed(cell(&table, row, "DX-10"), least);
    }
    // Where people live whose number is suppressed is not without people, and no share of all people is known.
    let notes = &table.context.as_ref().unwrap().notes;
    assert!(notes.iter().all(|note| !note.contains("have no people")), "{notes:?}");
    let share = json!({"query": {"area": "E06000016"}, "highRiskTopShare": 0.2});
    let refused = server.table("risk", share).await.unwrap_err();
    assert!(refused.message().contains("has suppressed counts"), "{}", refused.message());
    // Of two small areas of 2011 that were merged: the people may have lived in either.
    let rows = json!([
        {"personCount": 100, "residenceLsoa": "E01013600", "person": {"ethnicCategory": "white"}},
        {"suppressed": true, "residenceLsoa": "E01034020", "person": {"ethnicCategory": "white"}},
    ]);
    let mut of = header("ONS", "census-2021-ethnic-group", "2021-03", &["ethnic_category"]);
    of.code_systems.insert("ethnic_category".into(), "equity_ethnicity".into());
    server.submit_people(of, people(&rows)).await.unwrap();
    let query = json!({"query": {"area": "E06000016", "by": ["imd2019_quintile"]}});
    let table = server.table("risk", query).await.unwrap();
    assert_eq!(count(&table, "imd_2019:q1", "PEOPLE"), 100);
    for row in ["", "imd_2019:q2", "imd_2019:q3"] {
        is_suppressed(cell(&table, row, "PEOPLE"), 1);
    }
}

#[tokio::test]
async fn what_contradicts_a_suppressed_count_is_a_row_problem() {
    let server = TestServer::start().await;
    let mut about = header("04C", SYNTHETIC, "2020-04", &["sex"]);
    about.person_key_scheme = "nhs".into();
    for (row, field) in [
        (json!({"channel": "VIDEO", "suppressed": true, "recordCount": 3}), "suppressed"),
        (json!({"channel": "VIDEO", "suppressed": true, "personKey": "p1"}), "person_key"),
    ] {
        let status = server.submit(about.clone(), records(&json!([row]))).await.unwrap_err();
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.short(), ("ROWS_INVALID", format!("records[0].{field}").as_str()));
    }
    let rows = people(&json!([{"personCount": 3, "suppressed": true, "person": {"sex": "1"}}]));
    about.person_key_scheme.clear();
    let status = server.submit_people(about, rows).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("ROWS_INVALID", "records[0].suppressed"));
}
