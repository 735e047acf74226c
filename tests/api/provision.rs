//! Whether face to face is there for those who need it: exact figures of a few consultations, and where they are known from.

use std::time::Duration;

use equity_indicators::proto::v1::{
    AbsenceReason, AccessStatusSources, FaceToFaceProvision, GetFaceToFaceProvisionRequest,
    ProvisionGroup, SubmissionHeader, WatchFaceToFaceProvisionRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::exclusion::{client, counts, snapshot};
use crate::support::{Refusal, TestServer, header, message, records};

const SYNTHETIC: &str = "synthetic-llr";

fn question(more: &Value) -> Value {
    let mut query = json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": "2020-05"}});
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

async fn ask(server: &TestServer, question: Value) -> Result<FaceToFaceProvision, Status> {
    let request: GetFaceToFaceProvisionRequest = message(question);
    let answer = client(server).get_face_to_face_provision(request).await?;
    Ok(answer.into_inner().provision.unwrap())
}

async fn consultations(server: &TestServer) {
    let rows = json!([
        // a: the record says so itself, and was seen in person.
        {"personKey": "a", "channel": "FACE_TO_FACE", "person": {"digitalAccess": "UNABLE"}},
        // b: the snapshot says UNABLE; remote and offered; prefers in person.
        {"personKey": "b", "channel": "TELEPHONE", "faceToFaceOffered": "Y", "preferredChannel": "FACE_TO_FACE",
         "faceToFaceRequested": "Y", "person": {"interpreterNeeded": "Y"}, "interpreterPresent": "N"},
        // b again: remote, not offered, the record not assessed, which lets the snapshot speak.
        {"personKey": "b", "channel": "VIDEO", "faceToFaceOffered": "N",
         "person": {"digitalAccess": "NOT_ASSESSED", "accessibleNeed": "Y"}, "accessibleNeedMet": "Y"},
        // c: the record says ABLE whatever the snapshot says; remote without a word on the offer.
        {"personKey": "c", "channel": "TELEPHONE", "preferredChannel": "TELEPHONE", "person": {"digitalAccess": "ABLE"}},
        // Nobody knows; in person, asked for.
        {"channel": "HOME_VISIT", "recordCount": 4, "faceToFaceRequested": "Y", "person": {"interpreterNeeded": "N"}}
    ]);
    let about = SubmissionHeader {
        person_key_scheme: "nhs".into(),
        ..header(
            "04C",
            SYNTHETIC,
            "2020-05",
            &["digital_access", "interpreter_needed", "accessible_need"],
        )
    };
    server.submit(about, records(&rows)).await.unwrap();
}

fn access(of: &str, says: &str) -> Value {
    json!({"personKey": of, "person": {"digitalAccess": says}})
}

fn group<'a>(table: &'a FaceToFaceProvision, name: &str) -> &'a ProvisionGroup {
    table.rows[0].groups.iter().find(|group| group.group == name).unwrap()
}

/// Contacts, in person, remote; then CH-05 or CH-07, CH-06, CH-08, CH-13, CH-14.
type Figures = ([i64; 3], [[i64; 4]; 5]);

fn figures(of: &ProvisionGroup) -> Figures {
    let cells: Vec<_> = of.indicators.iter().map(counts).collect();
    ([of.contact_count, of.in_person_count, of.remote_count], cells.try_into().unwrap())
}

#[tokio::test]
async fn every_group_has_the_figures_of_its_consultations() {
    let server = TestServer::start().await;
    consultations(&server).await;
    // The latest at or before the month speaks: April's of b, from another organisation; not June's.
    let says = json!([access("b", "ABLE"), access("c", "UNABLE")]);
    snapshot(&server, ("04C", "2020-03"), &["digital_access"], &says).await;
    snapshot(&server, ("04V", "2020-04"), &["digital_access"], &json!([access("b", "UNABLE")]))
        .await;
    snapshot(&server, ("04C", "2020-06"), &["digital_access"], &json!([access("b", "ABLE")])).await;
    let table = ask(&server, question(&json!({}))).await.unwrap();
    let sources = AccessStatusSources {
        record_count: 2,
        snapshot_count: 2,
        unknown_count: 4,
        access_collection: SYNTHETIC.into(),
    };
    assert_eq!(table.sources, Some(sources));
    let none = [0; 4];
    for (name, expected) in [
        (
            "UNABLE",
            ([3, 1, 2], [[2, 3, 0, 0], [0, 1, 0, 0], [1, 1, 2, 0], [0, 1, 0, 0], [1, 1, 0, 0]]),
        ),
        ("WITH_HELP", ([0, 0, 0], [none; 5])),
        (
            "INTERPRETER_NEEDED",
            ([1, 0, 1], [[1, 1, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], none]),
        ),
        ("ACCESSIBLE_NEED", ([1, 0, 1], [[0, 1, 0, 0], none, [0, 0, 1, 0], none, [1, 1, 0, 0]])),
        (
            "ANY_NEED",
            ([3, 1, 2], [[2, 3, 0, 0], [0, 1, 0, 0], [1, 1, 2, 0], [0, 1, 0, 0], [1, 1, 0, 0]]),
        ),
        ("NO_NEED", ([5, 4, 1], [[4, 4, 1, 0], [4, 4, 0, 0], [0, 1, 4, 0], none, none])),
        (
            "ALL",
            ([8, 5, 3], [[6, 7, 1, 0], [4, 5, 0, 0], [1, 2, 6, 0], [0, 1, 0, 0], [1, 1, 0, 0]]),
        ),
    ] {
        assert_eq!(figures(group(&table, name)), expected, "{name}");
    }
    let with_help = &group(&table, "WITH_HELP").indicators[0];
    assert_eq!((with_help.indicator.as_str(), &with_help.share), ("CH-07", &None));
    assert_eq!(with_help.absence.as_ref().unwrap().reason(), AbsenceReason::NoData);
    assert_eq!(group(&table, "NO_NEED").indicators[0].indicator, "CH-05");
    let notes = table.context.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("NOT_ASSESSED")), "{notes:?}");

    // By what is known, the same consultations stand in the rows.
    let table = ask(&server, question(&json!({"by": ["digital_access"]}))).await.unwrap();
    let rows: Vec<_> = table.rows[1..]
        .iter()
        .map(|row| (row.keys[0].code.as_str(), row.groups[6].contact_count))
        .collect();
    assert_eq!(rows, [("ABLE", 1), ("UNABLE", 3), ("NOT_RECORDED", 4)]);
    // Without a snapshot of the collection asked for, the records alone speak.
    let mut other = question(&json!({}));
    other["accessCollection"] = json!("practice-feed");
    let sources = ask(&server, other).await.unwrap().sources.unwrap();
    assert_eq!((sources.record_count, sources.snapshot_count, sources.unknown_count), (2, 0, 6));
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let server = TestServer::start().await;
    for (access, code, reason, field) in [
        ("no-such", Code::NotFound, "COLLECTION_NOT_FOUND", ""),
        ("cds", Code::InvalidArgument, "FIELD_INVALID", "access_collection"),
    ] {
        let mut wrong = question(&json!({}));
        wrong["accessCollection"] = json!(access);
        let refusal = Refusal::of(&ask(&server, wrong).await.unwrap_err());
        assert_eq!((refusal.short(), refusal.code), ((reason, field), code));
    }
    let refusal = Refusal::of(&ask(&server, json!({})).await.unwrap_err());
    assert_eq!(refusal.short(), ("FIELD_INVALID", "query"));
    // A collection without access snapshots is answered from its records.
    let other = question(&json!({"collection": "cds"}));
    let table = ask(&server, other).await.unwrap();
    assert_eq!(table.sources.unwrap().access_collection, "");
    assert_eq!(table.context.unwrap().empty.unwrap().reason(), AbsenceReason::NoData);
}

#[tokio::test]
async fn a_snapshot_changes_what_was_answered() {
    let server = TestServer::start().await;
    consultations(&server).await;
    snapshot(&server, ("04C", "2020-06"), &["digital_access"], &json!([access("b", "ABLE")])).await;
    let request: WatchFaceToFaceProvisionRequest =
        message(json!({"request": question(&json!({}))}));
    let mut stream =
        client(&server).watch_face_to_face_provision(request).await.unwrap().into_inner();
    let mut seen = Vec::new();
    for says in [None, Some("UNABLE"), Some("WITH_HELP")] {
        if let Some(says) = says {
            let month = if says == "UNABLE" { "2019-01" } else { "2020-05" };
            snapshot(&server, ("03W", month), &["digital_access"], &json!([access("b", says)]))
                .await;
        }
        let next = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
        let table = next.unwrap().unwrap().unwrap().provision.unwrap();
        seen.push(["UNABLE", "WITH_HELP"].map(|name| group(&table, name).contact_count));
        assert_eq!(ask(&server, question(&json!({}))).await.unwrap(), table, "kept answers too");
    }
    assert_eq!(seen, [[1, 0], [3, 0], [1, 2]]);
}
