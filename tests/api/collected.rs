//! What a source collects is said in the header, and does not follow from what stands in other rows.

use equity_indicators::proto::v1::{AccessRecord, SubmissionHeader};
use serde_json::{Value, json};

use crate::support::{TestServer, counts, header, message, records, totals};

const COLLECTION: &str = "practice-feed";

fn about(collected: &[&str]) -> SubmissionHeader {
    header("C82001", COLLECTION, "2020-04", collected)
}

fn question(by: &[&str]) -> Value {
    json!({"query": {"collection": COLLECTION, "organisations": ["C82001"],
        "period": {"first": "2020-04"}, "by": by}})
}

#[tokio::test]
async fn a_blank_channel_is_not_recorded_where_the_source_collects_channels() {
    let server = TestServer::start().await;
    let blank = json!([{"recordCount": 5}, {"recordCount": 3}]);
    let one_filled = json!([{"recordCount": 5}, {"recordCount": 3, "channel": "VIDEO"}]);
    for (collected, rows, expected, coverage) in [
        (vec!["channel"], &blank, vec![("NOT_RECORDED", 8)], 1.0),
        (vec!["channel"], &one_filled, vec![("NOT_RECORDED", 5), ("VIDEO", 3)], 1.0),
        (vec![], &blank, vec![("NOT_COLLECTED", 8)], 0.0),
        // Not listed and given is no row problem: then it is collected.
        (vec![], &one_filled, vec![("NOT_RECORDED", 5), ("VIDEO", 3)], 1.0),
    ] {
        let receipt = server.submit(about(&collected), records(rows)).await.unwrap();
        assert_eq!(receipt.submission.unwrap().collected_characteristics, collected);
        let answer = server.ask(question(&[])).await.unwrap();
        let found: Vec<_> = counts(&answer, "").into_iter().collect();
        assert_eq!(found, expected, "{collected:?} {rows}");
        let quality = answer.context.unwrap().quality;
        let channel = quality.iter().find(|quality| quality.dimension == "channel").unwrap();
        assert_eq!(channel.coverage_ratio, Some(coverage), "{collected:?} {rows}");
    }
}

#[tokio::test]
async fn every_field_of_a_consultation_can_be_listed() {
    let server = TestServer::start().await;
    let fields = [
        "care_setting",
        "channel",
        "channel_provenance",
        "attendance",
        "staff_type",
        "first_or_follow_up",
        "lead_time_band",
        "residence_lsoa",
        "face_to_face_offered",
        "face_to_face_requested",
        "interpreter_present",
        "accessible_need_met",
        "preferred_channel",
        "national_category",
    ];
    server.submit(about(&fields), records(&json!([{"recordCount": 4}]))).await.unwrap();
    for (by, expected) in [
        ("staff_type", "NOT_RECORDED"),
        ("lead_time", "NOT_RECORDED"),
        ("face_to_face_offered", "NOT_RECORDED"),
        ("residence_system", "NOT_RECORDED"),
        // Derived of the home, which is collected.
        ("imd2025_decile", "NOT_RECORDED"),
        // What is the only one of the collection need not be said.
        ("care_setting", "PRIMARY_CARE"),
        ("sex", "NOT_COLLECTED"),
    ] {
        let found = totals(&server.ask(question(&[by])).await.unwrap());
        assert_eq!(found.get(expected), Some(&4), "{by}: {found:?}");
    }
}

#[tokio::test]
async fn fields_of_access_records_can_be_listed_too() {
    let server = TestServer::start().await;
    let rows = || vec![message::<AccessRecord>(json!({"recordCount": 6}))];
    let about = |collected: &[&str]| header("C82001", COLLECTION, "2020-04", collected);
    let all = ["app_registered", "exclusion_reason", "online_record", "preferred_channel"];
    let receipt = server.submit_access(about(&all), rows()).await.unwrap();
    let listed = receipt.submission.unwrap().collected_characteristics;
    assert_eq!(
        listed,
        ["preferred_channel", "online_record", "app_registered", "exclusion_reason"]
    );
    // A consultation has a channel, an access record none.
    assert!(server.submit_access(about(&["channel"]), rows()).await.is_err());
}
