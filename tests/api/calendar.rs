//! The calendar of submissions: early, on time on the last day, late, not due yet, missing, by collection and dataset.

use equity_indicators::proto::v1::{
    Breakdown, Collection, IndicatorCountRecord, ListCollectionsRequest,
};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::support::{Refusal, TestServer, cell, count, header, parameter, records, value, why};

const COLLECTION: &str = "gpad-regional";
const COLUMNS: [&str; 5] = ["EXPECTED", "RECEIVED", "LATE", "MISSING", "NOT_DUE"];

/// Today (UTC), as receipts are dated.
fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The month so many months before a day, `2026-10`, and the days from its end to the day: negative while it lasts.
fn month(day: Date, back: i32) -> (String, i32) {
    let first = day.first_of_month().checked_sub(back.months()).unwrap();
    let days = (day - first.last_of_month()).get_days();
    (first.strftime("%Y-%m").to_string(), days)
}

async fn submit(server: &TestServer, organisation: &str, month: &str) {
    let rows = records(&json!([{"channel": "TELEPHONE", "recordCount": "7"}]));
    server.submit(header(organisation, COLLECTION, month, &[]), rows).await.unwrap();
}

async fn ask(server: &TestServer, (first, last): (&str, &str), due_days: Option<i32>) -> Breakdown {
    let query = json!({"collection": COLLECTION, "area": "QK1", "by": ["month"],
        "period": {"first": first, "last": last}});
    let mut asked = json!({"query": query});
    if let Some(days) = due_days {
        asked["dueDays"] = json!(days);
    }
    server.table("timeliness", asked).await.unwrap()
}

fn counts(table: &Breakdown, key: &str) -> [i64; 5] {
    COLUMNS.map(|id| count(table, key, id))
}

/// A reference folder in which the collection has another deadline.
fn folder(deadline: &str) -> tempfile::TempDir {
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("services/domain/codes/data/collections.toml");
    let text = std::fs::read_to_string(built_in).unwrap();
    let (before, rest) = text.split_once("deadline = { days = 31,").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{before}deadline = {deadline}\n{after}");
    std::fs::write(folder.path().join("collections.toml"), text).unwrap();
    folder
}

/// Whether a day passed while it ran: then nothing is said.
async fn every_state_of_a_submission() -> bool {
    let day = today();
    let ([(this, _), (before, since)], (long_ago, _)) =
        ([0, 1].map(|back| month(day, back)), month(day, 4));
    let server = TestServer::start().await;
    // One location submits before this month is over, on this day for the month before, and for a month that was due long ago.
    for month in [&this, &before, &long_ago] {
        submit(&server, "04C", month).await;
    }
    let asked = async |days| ask(&server, (&long_ago, &this), days).await;
    let [on_last_day, day_after, by_collection] =
        [asked(Some(since)).await, asked(Some(since - 1)).await, asked(None).await];
    if today() != day {
        return false;
    }
    // The last day of the deadline: what comes is on time, and what does not is not due yet.
    assert_eq!(counts(&on_last_day, &before), [3, 1, 0, 0, 2]);
    assert!((value(&on_last_day, &before, "DQ-07") - 1.0).abs() < 1e-12);
    assert!((value(&on_last_day, &before, "DQ-06") - 1.0).abs() < 1e-12);
    // One day shorter: late, and missing.
    assert_eq!(counts(&day_after, &before), [3, 1, 1, 2, 0]);
    assert!(value(&day_after, &before, "DQ-07").abs() < 1e-12);
    assert!((value(&day_after, &before, "DQ-06") - 1.0 / 3.0).abs() < 1e-12);
    for answer in [&on_last_day, &day_after, &by_collection] {
        // Early: before its month is over. With any deadline.
        assert_eq!(counts(answer, &this), [3, 1, 0, 0, 2]);
        assert!(value(answer, &this, "DQ-07-DAYS").abs() < 1e-12);
        let sums: Vec<_> = COLUMNS.iter().map(|id| count(answer, "", id)).collect();
        assert_eq!(
            sums[0],
            sums[1] + sums[3] + sums[4],
            "expected is received, missing and not due"
        );
        assert_eq!(sums[0], 15);
    }
    // The deadline of the collection: 31 days, with who set it.
    assert_eq!(parameter(&by_collection, "due_days"), "31");
    assert_eq!(counts(&by_collection, &long_ago), [3, 1, 1, 2, 0]);
    assert_eq!(counts(&by_collection, &before)[2], 0, "a month has 31 days at most");
    let notes = &by_collection.context.as_ref().unwrap().notes;
    assert!(notes.iter().any(|note| note.starts_with("Deadline: NHS England")), "{notes:?}");
    // Nothing is due of a month that is not over and that nobody has submitted.
    let other = TestServer::start().await;
    let nothing = ask(&other, (&this, &this), None).await;
    assert_eq!(counts(&nothing, &this), [3, 0, 0, 0, 3]);
    let absent = cell(&nothing, &this, "DQ-06");
    let _ = why(absent);
    assert!(absent.absence.as_ref().unwrap().detail.contains("due yet"), "{absent:?}");

    // The calendar is data: other days, and a first month.
    let content = folder(&format!(
        "{{ days = {}, first_month = \"{before}\", source = \"A test\" }}",
        since - 1
    ));
    let path = content.path().to_owned();
    let server = server.reopen_with(|config| config.reference_folder = Some(path)).await;
    let own = ask(&server, (&long_ago, &this), None).await;
    assert_eq!(parameter(&own, "due_days"), (since - 1).to_string());
    assert_eq!(counts(&own, &before), [3, 1, 1, 2, 0]);
    assert_eq!(count(&own, "", "EXPECTED"), 6, "months before the first are not expected");
    let notes = &own.context.as_ref().unwrap().notes;
    assert!(notes.iter().any(|note| note == "Deadline: A test."), "{notes:?}");
    let request = ListCollectionsRequest { page_size: 1_000, ..Default::default() };
    let list = server.reference().list_collections(request).await;
    let list = list.unwrap().into_inner().collections;
    let found = |id: &str| -> Collection { list.iter().find(|of| of.id == id).unwrap().clone() };
    let deadline = found(COLLECTION).deadline.unwrap();
    assert_eq!(
        (deadline.days, deadline.first_month, deadline.source.as_str()),
        (since - 1, before, "A test")
    );
    assert_eq!(found("practice-feed").deadline.unwrap().days, 30);
    assert!(found("pomi").deadline.is_none());
    true
}

#[tokio::test]
async fn a_submission_is_early_on_time_late_not_due_or_missing() {
    // Again if midnight came between.
    assert!(
        Box::pin(every_state_of_a_submission()).await
            || Box::pin(every_state_of_a_submission()).await
    );
}

#[tokio::test]
async fn a_deadline_beyond_all_bounds_is_refused() {
    use equity_indicators::app::Service;
    let content = folder("{ days = 3651 }");
    let server = TestServer::start().await;
    let mut config = server.config();
    server.stop().await;
    let data = tempfile::tempdir().unwrap();
    config.data_folder = data.path().join("data");
    config.reference_folder = Some(content.path().to_owned());
    let refused = Service::start(&config).await.err().map(|error| format!("{error:#}")).unwrap();
    assert!(refused.contains("days of its deadline are 0 to 3650"), "{refused}");
}

#[tokio::test]
async fn each_dataset_of_a_collection_has_its_own_submissions() {
    let server = TestServer::start().await;
    let count_of = |numerator_count| IndicatorCountRecord {
        indicator: "FSL".into(),
        numerator_count,
        denominator_count: 10,
        ..Default::default()
    };
    let feed = "practice-feed";
    server.submit_counts(header("C82029", feed, "2020-04", &[]), vec![count_of(3)]).await.unwrap();
    let rows = records(&json!([{"channel": "TELEPHONE"}]));
    for practice in ["C82029", "C82657"] {
        server.submit(header(practice, feed, "2020-04", &[]), rows.clone()).await.unwrap();
    }
    let asked = |collection: &str, dataset: &str| -> Value {
        json!({"dataset": dataset, "query": {"collection": collection,
            "organisations": ["C82029", "C82657"], "period": {"first": "2020-04"}}})
    };
    for (dataset, received, words) in [
        ("DATASET_UNSPECIFIED", [1, 1], "consultations"),
        ("DATASET_CONSULTATIONS", [1, 1], "consultations"),
        ("DATASET_INDICATOR_COUNTS", [1, 0], "indicator-counts"),
        ("DATASET_POPULATIONS", [0, 0], "populations"),
        ("DATASET_DIGITAL_ACCESS", [0, 0], "digital-access"),
    ] {
        let answer = server.table("timeliness", asked(feed, dataset)).await.unwrap();
        assert_eq!(parameter(&answer, "dataset"), words);
        for (practice, received) in ["C82029", "C82657"].into_iter().zip(received) {
            let found = counts(&answer, practice);
            assert_eq!(found, [1, received, received, 1 - received, 0], "{dataset} {practice}");
        }
    }
    for (collection, dataset, field) in [
        (feed, "DATASET_ESTIMATES", "dataset"),
        (COLLECTION, "DATASET_INDICATOR_COUNTS", "query.collection"),
    ] {
        let refused = server.table("timeliness", asked(collection, dataset)).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", field), "{refused:?}");
    }
}
