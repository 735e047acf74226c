//! What an indicator means where a part of the answer is missing: whom it counts, and that all its counts are everybody.

use equity_indicators::proto::v1::{Breakdown, SubmissionHeader};
use serde_json::{Value, json};

use super::exclusion::snapshot;
use crate::support::{TestServer, cell, count, four, header, records};

/// The table of consultations of these rows, none of which has more than these fields.
async fn consultations(table: &str, rows: Value, more: Value) -> Breakdown {
    let server = TestServer::start().await;
    let about: SubmissionHeader = header("C82001", "practice-feed", "2026-04", &[]);
    server.submit(about, records(&rows)).await.unwrap();
    ask(&server, table, more).await
}

async fn ask(server: &TestServer, table: &str, more: Value) -> Breakdown {
    let collection = if table == "exclusion" { "synthetic-llr" } else { "practice-feed" };
    let period = json!({"first": "2026-04"});
    let query = json!({"collection": collection, "organisations": ["C82001"], "period": period});
    let mut question = json!({ "query": query });
    let more = more.as_object().unwrap().clone();
    question.as_object_mut().unwrap().extend(more);
    server.table(table, question).await.unwrap()
}

/// Numerator, denominator, unknown, not collected, outside, of the total.
fn five(table: &Breakdown, id: &str) -> [i64; 5] {
    let of = cell(table, "", id);
    let [numerator, denominator, unknown, not_collected] = four(of);
    [numerator, denominator, unknown, not_collected, of.outside_count.unwrap()]
}

/// The offer alone is known: who was not offered it counts too, and may have been seen.
#[tokio::test]
async fn an_offer_counts_whatever_it_says() {
    let row = |offered: &str, records: i64| json!({"channel": "NOT_KNOWN", "attendance": "5", "faceToFaceOffered": offered, "recordCount": records});
    let table = consultations("provision", json!([row("Y", 10), row("N", 90)]), json!({})).await;
    assert_eq!(five(&table, "CH-05"), [10, 100, 0, 0, 0]);
    assert_eq!(five(&table, "CH-05-HIGHEST"), [100, 100, 0, 0, 0]);
    let notes = table.context.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("Of 90 of 100 consultations")), "{notes:?}");
}

/// What does not apply is outside, in every table and by every denominator.
#[tokio::test]
async fn what_does_not_apply_is_outside_every_share() {
    let rows = json!([{"channel": "TELEPHONE", "attendance": "5", "recordCount": 60},
                      {"channel": "NOT_APPLICABLE", "attendance": "5", "recordCount": 40}]);
    let server = TestServer::start().await;
    let about: SubmissionHeader = header("C82001", "practice-feed", "2026-04", &[]);
    server.submit(about, records(&rows)).await.unwrap();
    for denominator in ["DENOMINATOR_KNOWN_ONLY", "DENOMINATOR_ALL"] {
        let table = ask(&server, "channels", json!({"denominator": denominator})).await;
        assert_eq!(five(&table, "CH-01/TELEPHONE"), [60, 60, 0, 0, 40], "{denominator}");
        assert!(cell(&table, "", "CH-01/NOT_APPLICABLE").value.is_none());
        let quality = &table.context.as_ref().unwrap().quality;
        let channel = quality.iter().find(|line| line.dimension == "channel").unwrap();
        assert_eq!((channel.coverage_ratio, channel.unknown_ratio), (Some(1.0), Some(0.0)));
    }
}

fn person(services: [&str; 3], records: i64) -> Value {
    let mut row = json!({"recordCount": records});
    let names = ["onlineAppointments", "onlinePrescriptions", "onlineRecord"];
    for (name, said) in names.into_iter().zip(services).filter(|(_, said)| !said.is_empty()) {
        row[name] = json!(said);
    }
    row
}

/// The order of the services does not matter, and who is not enabled for one counts as who is.
#[tokio::test]
async fn one_service_that_is_known_counts_whatever_it_says() {
    let (none, unknown) = ("NOT_APPLICABLE", "NOT_KNOWN");
    let rows = json!([
        person(["N", "N", none], 10),
        person([none, unknown, unknown], 20),
        person([unknown, none, unknown], 30),
        person(["N", "N", "N"], 40),
        person([unknown, "N", "N"], 5),
        person([none; 3], 2),
    ]);
    let server = TestServer::start().await;
    snapshot(&server, ("C82001", "2026-04"), &[], &rows).await;
    let table = ask(&server, "exclusion", json!({})).await;
    assert_eq!(five(&table, "DX-01"), [0, 55, 50, 0, 2]);
    assert_eq!(five(&table, "DX-01-HIGHEST"), [5, 55, 50, 0, 2]);
    // Only one is collected: 10 of 100, not 10 of 10.
    let rows = json!([person(["Y", "", ""], 10), person(["N", "", ""], 90)]);
    snapshot(&server, ("C82001", "2026-04"), &[], &rows).await;
    let table = ask(&server, "exclusion", json!({})).await;
    assert_eq!(five(&table, "DX-01"), [10, 100, 0, 0, 0]);
    assert_eq!(five(&table, "DX-01-HIGHEST"), [100, 100, 0, 0, 0]);
}

/// What the source does not collect is not collected, whether or not it is known to whom it applies.
#[tokio::test]
async fn what_is_not_collected_is_not_unknown() {
    let server = TestServer::start().await;
    let row = |access: &str, records: i64| {
        json!({"supportOffered": "NOT_KNOWN", "recordCount": records,
               "person": {"digitalAccess": access, "ageYears": 80}})
    };
    let rows = json!([row("UNABLE", 10), row("NOT_KNOWN", 4)]);
    snapshot(&server, ("C82001", "2026-04"), &["digital_access", "age_band"], &rows).await;
    let table = ask(&server, "exclusion", json!({})).await;
    assert_eq!(five(&table, "DX-18-ACCEPTED"), [0, 0, 0, 14, 0]);
    assert_eq!(five(&table, "DX-18-OFFERED"), [0, 0, 14, 0, 0]);
    assert_eq!(count(&table, "", "PEOPLE"), 14);
}
