//! When submissions were received, against what was submitted.

use std::time::{SystemTime, UNIX_EPOCH};

use equity_indicators::proto::v1::{AbsenceReason, Breakdown, WithdrawSubmissionRequest};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{
    Refusal, TestServer, cell, count, header, keys, message, records, value, why,
};

const COLLECTION: &str = "gpad-regional";

async fn ask(server: &TestServer, by: &[&str], more: &Value) -> Result<Breakdown, Status> {
    let query = json!({"collection": COLLECTION, "area": "QK1", "by": by,
        "period": {"first": "2020-04", "last": "2020-06"}});
    let mut question = json!({"query": query});
    for (name, value) in more.as_object().unwrap() {
        if name == "query" {
            for (name, value) in value.as_object().unwrap() {
                question["query"][name] = value.clone();
            }
        } else {
            question[name] = value.clone();
        }
    }
    server.table("timeliness", question).await
}

async fn submit(server: &TestServer, organisation: &str, month: &str) {
    let rows = records(&json!([{"channel": "TELEPHONE", "recordCount": "7"}]));
    server.submit(header(organisation, COLLECTION, month, &[]), rows).await.unwrap();
}

/// Expected, received, late, missing.
fn counts(table: &Breakdown, key: &str) -> [i64; 4] {
    ["EXPECTED", "RECEIVED", "LATE", "MISSING"].map(|id| count(table, key, id))
}

/// Whole days since 1970 (UTC).
fn today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400
}

#[tokio::test]
async fn each_expected_submission_is_received_late_or_missing() {
    let server = TestServer::start().await;
    let before = today();
    for (organisation, month) in
        [("04C", "2020-04"), ("04C", "2020-05"), ("04C", "2020-06"), ("04V", "2020-04")]
    {
        submit(&server, organisation, month).await;
    }
    let after = today();
    let all = ask(&server, &[], &json!({})).await.unwrap();
    // Three locations, three months. 03W has submitted nothing.
    assert_eq!(counts(&all, ""), [9, 4, 4, 5]);
    assert!((value(&all, "", "DQ-06") - 4.0 / 9.0).abs() < 1e-12);
    assert!(value(&all, "", "DQ-07").abs() < 1e-12);
    let in_time = ask(&server, &[], &json!({"dueDays": 3650})).await.unwrap();
    // Ten years after the months nothing is late, and what has not come is not due yet.
    assert_eq!(counts(&in_time, ""), [9, 4, 0, 0]);
    assert_eq!(count(&in_time, "", "NOT_DUE"), 5);
    assert!((value(&in_time, "", "DQ-07") - 1.0).abs() < 1e-12);
    assert!(cell(&in_time, "", "DQ-07").lower.is_none(), "these are all: they are no sample");

    let by = ask(&server, &["organisation"], &json!({})).await.unwrap();
    assert_eq!(keys(&by), ["", "03W", "04C", "04V"]);
    assert_eq!(
        ["03W", "04C", "04V"].map(|key| counts(&by, key)),
        [[3, 0, 0, 3], [3, 3, 3, 0], [3, 1, 1, 2]]
    );
    assert_eq!(why(cell(&by, "03W", "DQ-07-DAYS")), AbsenceReason::NoData);
    let by = ask(&server, &["month"], &json!({})).await.unwrap();
    assert_eq!(keys(&by), ["", "2020-04", "2020-05", "2020-06"]);
    assert_eq!(["2020-04", "2020-06"].map(|key| counts(&by, key)), [[3, 2, 2, 1], [3, 1, 1, 2]]);
    // From 30 April 2020, 18,382 days after 1970 began, to today.
    let days = value(&by, "2020-04", "DQ-07-DAYS");
    let possible = [before, after].map(|today| f64::from(u32::try_from(today - 18_382).unwrap()));
    assert!(possible.contains(&days), "{days} {possible:?}");
    let by = ask(&server, &["organisation", "month"], &json!({})).await.unwrap();
    assert_eq!(keys(&by).len(), 1 + 9);
    assert_eq!(counts(&by, "04V|2020-05"), [1, 0, 0, 1]);
    assert!(by.context.as_ref().unwrap().empty.is_none());
    // Conditions on organisations and time leave the others out.
    let only = json!({"query": {"where": [{"dimension": "organisation", "codes": ["04V"]}, {"dimension": "month", "codes": ["2020-04", "2020-05"]}]}});
    let some = ask(&server, &["month"], &only).await.unwrap();
    assert_eq!(counts(&some, "2020-05"), [1, 0, 0, 1]);
    assert!(!keys(&some).contains(&"2020-06".to_owned()));

    // What is withdrawn has no data; an earlier state still has it.
    let position = server.position().await;
    let name = "collections/gpad-regional/organisations/04V/datasets/consultations/months/2020-04/versions/1";
    let withdrawal: WithdrawSubmissionRequest =
        message(json!({"name": name, "requestId": "7b1c2d5e-0c3f-4c56-9d58-1f0a2b3c4d5e"}));
    server.submissions().withdraw_submission(withdrawal).await.unwrap();
    assert_eq!(counts(&ask(&server, &[], &json!({})).await.unwrap(), ""), [9, 3, 3, 6]);
    let then = json!({"query": {"asOf": {"position": position.to_string()}}});
    assert_eq!(counts(&ask(&server, &[], &then).await.unwrap(), ""), [9, 4, 4, 5]);
}

#[tokio::test]
async fn nothing_received_is_all_missing_and_not_an_empty_answer() {
    let server = TestServer::start().await;
    let all = ask(&server, &["organisation"], &json!({})).await.unwrap();
    assert!(all.context.as_ref().unwrap().empty.is_none(), "{:?}", all.context);
    assert_eq!(counts(&all, ""), [9, 0, 0, 9]);
    assert_eq!(counts(&all, "04C"), [3, 0, 0, 3]);
    assert!(value(&all, "", "DQ-06").abs() < 1e-12);
    assert_eq!(why(cell(&all, "", "DQ-07-DAYS")), AbsenceReason::NoData);
}

#[tokio::test]
async fn what_is_not_about_submissions_is_refused_by_name() {
    let server = TestServer::start().await;
    for (by, more, field) in [
        (&["sex"][..], json!({}), "query.by"),
        (&["month", "care_setting"], json!({}), "query.by"),
        (&[], json!({"query": {"where": [{"dimension": "sex", "codes": ["1"]}]}}), "query.where"),
        (&[], json!({"query": {"areaBasis": "AREA_BASIS_RESIDENCE"}}), "query.area_basis"),
        (
            &["organisation"],
            json!({"query": {"comparison": {"reference": "COMPARISON_REFERENCE_WHOLE"}}}),
            "query.comparison",
        ),
        (&[], json!({"query": {"careSetting": "PRIMARY_CARE"}}), "query.care_setting"),
        (&[], json!({"dueDays": -1}), "due_days"),
        (&[], json!({"dueDays": 3651}), "due_days"),
    ] {
        let refused = ask(&server, by, &more).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", field), "{more}: {refused:?}");
    }
}
