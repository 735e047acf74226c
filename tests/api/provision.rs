//! Whether face to face is there for those who need it: exact figures of a few consultations, and where they are known from.

use std::time::Duration;

use equity_indicators::proto::v1::{
    AbsenceReason, AccessStatusSources, FaceToFaceProvision, GetFaceToFaceProvisionRequest,
    NeedSources, ProvisionGroup, SubmissionHeader, WatchFaceToFaceProvisionRequest,
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
         "faceToFaceRequested": "Y", "leadTimeDays": 3, "person": {"interpreterNeeded": "Y"}, "interpreterPresent": "N"},
        // b again: remote, not offered, the record not assessed, which lets the snapshot speak.
        {"personKey": "b", "channel": "VIDEO", "faceToFaceOffered": "N",
         "person": {"digitalAccess": "NOT_ASSESSED", "accessibleNeed": "Y"}, "accessibleNeedMet": "Y"},
        // c: the record says ABLE whatever the snapshot says; remote without a word on the offer.
        {"personKey": "c", "channel": "TELEPHONE", "preferredChannel": "TELEPHONE", "person": {"digitalAccess": "ABLE"}},
        // Nobody knows; in person, asked for, given after 14 days.
        {"channel": "HOME_VISIT", "recordCount": 4, "faceToFaceRequested": "Y", "leadTimeDays": 14,
         "person": {"interpreterNeeded": "N"}},
        // Two without any need: the provider cancelled one, the person the other, which was given.
        {"channel": "FACE_TO_FACE", "attendance": "4", "faceToFaceOffered": "N", "faceToFaceRequested": "Y", "leadTimeDays": 2,
         "person": {"digitalAccess": "ABLE", "interpreterNeeded": "N", "accessibleNeed": "N"}},
        {"channel": "FACE_TO_FACE", "attendance": "2", "faceToFaceRequested": "Y", "leadTimeBand": "8 to 14 Days",
         "person": {"digitalAccess": "ABLE", "interpreterNeeded": "N", "accessibleNeed": "N"}}
    ]);
    let mut rows = rows;
    for row in rows.as_array_mut().unwrap() {
        let attended = row.as_object_mut().unwrap().entry("attendance");
        attended.or_insert_with(|| json!("5"));
    }
    submit(server, &rows, &["digital_access", "interpreter_needed", "accessible_need"]).await;
}

async fn submit(server: &TestServer, rows: &Value, collected: &[&str]) {
    let about = SubmissionHeader {
        person_key_scheme: "nhs".into(),
        ..header("04C", SYNTHETIC, "2020-05", collected)
    };
    server.submit(about, records(rows)).await.unwrap();
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
    let need = |dimension: &str, record_count, unknown_count| NeedSources {
        dimension: dimension.into(),
        record_count,
        snapshot_count: 0,
        unknown_count,
    };
    let sources = AccessStatusSources {
        record_count: 4,
        snapshot_count: 2,
        unknown_count: 4,
        access_collection: SYNTHETIC.into(),
        other_needs: vec![need("interpreter_needed", 7, 3), need("accessible_need", 3, 7)],
    };
    assert_eq!(table.sources, Some(sources));
    let none = [0; 4];
    // Whom nobody knows to be of a group is neither in it nor out of it: in the third of the four counts.
    for (name, unknown, expected) in [
        (
            "UNABLE",
            4,
            ([3, 1, 2], [[2, 3, 4, 0], [0, 1, 4, 0], [1, 1, 6, 0], [0, 1, 2, 0], [1, 1, 6, 0]]),
        ),
        (
            "WITH_HELP",
            4,
            ([0, 0, 0], [[0, 0, 4, 0], [0, 0, 4, 0], [0, 0, 4, 0], none, [0, 0, 4, 0]]),
        ),
        (
            "INTERPRETER_NEEDED",
            3,
            ([1, 0, 1], [[1, 1, 3, 0], [0, 1, 0, 0], [1, 1, 3, 0], [0, 1, 3, 0], [0, 0, 4, 0]]),
        ),
        (
            "ACCESSIBLE_NEED",
            7,
            ([1, 0, 1], [[0, 1, 7, 0], [0, 0, 5, 0], [0, 0, 8, 0], [0, 0, 4, 0], [1, 1, 7, 0]]),
        ),
        (
            "ANY_NEED",
            5,
            ([3, 1, 2], [[2, 3, 5, 0], [0, 1, 4, 0], [1, 1, 7, 0], [0, 1, 3, 0], [1, 1, 7, 0]]),
        ),
        ("NO_NEED", 5, ([2, 2, 0], [[1, 2, 5, 0], [1, 2, 4, 0], [0, 0, 7, 0], none, none])),
        (
            "NEED_NOT_KNOWN",
            0,
            ([5, 4, 1], [[4, 4, 1, 0], [4, 4, 0, 0], [0, 1, 4, 0], [0, 0, 1, 0], [0, 0, 5, 0]]),
        ),
        (
            "ALL",
            0,
            ([10, 7, 3], [[7, 9, 1, 0], [5, 7, 0, 0], [1, 2, 8, 0], [0, 1, 3, 0], [1, 1, 7, 0]]),
        ),
    ] {
        let of = group(&table, name);
        assert_eq!(figures(of), expected, "{name}");
        let missing = (of.unknown_count, of.not_collected_count, &of.absence);
        assert_eq!(missing, (unknown, 0, &None), "{name}");
    }
    let with_help = &group(&table, "WITH_HELP").indicators[0];
    assert_eq!((with_help.indicator.as_str(), &with_help.share), ("CH-07", &None));
    assert_eq!(with_help.absence.as_ref().unwrap().reason(), AbsenceReason::NotComputable);
    assert_eq!(group(&table, "NO_NEED").indicators[0].indicator, "CH-05");
    assert_eq!(group(&table, "NEED_NOT_KNOWN").indicators[0].indicator, "CH-05");
    let notes = table.context.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("NOT_ASSESSED")), "{notes:?}");

    // By what is known, the same consultations stand in the rows.
    let table = ask(&server, question(&json!({"by": ["digital_access"]}))).await.unwrap();
    let rows: Vec<_> = table.rows[1..]
        .iter()
        .map(|row| (row.keys[0].code.as_str(), row.groups[7].contact_count))
        .collect();
    assert_eq!(rows, [("ABLE", 3), ("UNABLE", 3), ("NOT_RECORDED", 4)]);
}

#[tokio::test]
async fn a_request_is_met_within_the_days_asked_for() {
    let server = TestServer::start().await;
    consultations(&server).await;
    // Four after 14 days, one after 8 to 14; one remote and one that the provider cancelled are not met.
    for (days, told, expected) in [
        (0, 14, [5, 7, 0, 0]),
        (14, 14, [5, 7, 0, 0]),
        (13, 13, [0, 6, 1, 0]),
        (7, 7, [0, 7, 0, 0]),
        (3650, 3650, [5, 7, 0, 0]),
    ] {
        let mut asked = question(&json!({}));
        asked["requestMetDays"] = json!(days);
        let table = ask(&server, asked).await.unwrap();
        assert_eq!(table.request_met_days, told);
        let met = &group(&table, "ALL").indicators[1];
        assert_eq!((met.indicator.as_str(), counts(met)), ("CH-06", expected), "{days}");
    }
    for days in [-1, 3651] {
        let mut wrong = question(&json!({}));
        wrong["requestMetDays"] = json!(days);
        let refusal = Refusal::of(&ask(&server, wrong).await.unwrap_err());
        assert_eq!(refusal.short(), ("FIELD_INVALID", "request_met_days"));
    }
}

#[tokio::test]
async fn what_nobody_asked_is_no_answer() {
    let server = TestServer::start().await;
    let row = json!([{"channel": "FACE_TO_FACE", "recordCount": 7, "faceToFaceOffered": "N", "faceToFaceRequested": "Y"}]);
    submit(&server, &row, &[]).await;
    let table = ask(&server, question(&json!({}))).await.unwrap();
    for of in &table.rows[0].groups[..6] {
        assert_eq!((of.contact_count, of.unknown_count, of.not_collected_count), (0, 0, 7));
        let why = of.absence.as_ref().unwrap().reason();
        assert_eq!(why, AbsenceReason::NotCollected, "{}", of.group);
        let given = &of.indicators[0];
        assert_eq!(counts(given), [0, 0, 0, 7], "{}", of.group);
        assert_eq!(given.absence.as_ref().unwrap().reason(), AbsenceReason::NotCollected);
    }
    for name in ["NEED_NOT_KNOWN", "ALL"] {
        let of = group(&table, name);
        assert_eq!((of.contact_count, of.in_person_count, &of.absence), (7, 7, &None), "{name}");
        // Nobody says what became of the appointments, nor when they were booked.
        for cell in &of.indicators[..2] {
            assert_eq!(counts(cell), [0, 0, 0, 7], "{name} {}", cell.indicator);
        }
    }
}

#[tokio::test]
async fn a_snapshot_tells_every_need_that_the_record_does_not() {
    let server = TestServer::start().await;
    let needs = ["digital_access", "interpreter_needed", "accessible_need"];
    let seen = json!([
        {"personKey": "a", "channel": "TELEPHONE", "attendance": "5", "faceToFaceOffered": "N"},
        // The record speaks first.
        {"personKey": "b", "channel": "TELEPHONE", "attendance": "5", "faceToFaceOffered": "Y",
         "person": {"interpreterNeeded": "N"}}
    ]);
    submit(&server, &seen, &["interpreter_needed"]).await;
    let says = |person: &str, interpreter: &str, accessible: &str| {
        json!({"personKey": person, "person":
            {"digitalAccess": "ABLE", "interpreterNeeded": interpreter, "accessibleNeed": accessible}})
    };
    let april = json!([says("a", "Y", "Y"), says("b", "Y", "N")]);
    snapshot(&server, ("04V", "2020-04"), &needs, &april).await;
    // A later snapshot that does not collect a need takes nothing back.
    snapshot(&server, ("04C", "2020-05"), &["digital_access"], &json!([access("a", "UNABLE")]))
        .await;
    let table = ask(&server, question(&json!({}))).await.unwrap();
    let given = |name: &str| counts(&group(&table, name).indicators[0]);
    assert_eq!(given("UNABLE"), [0, 1, 0, 0]);
    assert_eq!(given("INTERPRETER_NEEDED"), [0, 1, 0, 0]);
    assert_eq!(given("ACCESSIBLE_NEED"), [0, 1, 0, 0]);
    assert_eq!(given("NO_NEED"), [1, 1, 0, 0]);
    let sources = table.sources.unwrap();
    let found: Vec<_> = sources
        .other_needs
        .iter()
        .map(|need| (need.record_count, need.snapshot_count, need.unknown_count))
        .collect();
    assert_eq!(found, [(1, 1, 0), (0, 2, 0)]);
    let by = ask(&server, question(&json!({"by": ["accessible_need"]}))).await.unwrap();
    let codes: Vec<_> = by.rows[1..].iter().map(|row| row.keys[0].code.as_str()).collect();
    assert_eq!(codes, ["Y", "N"]);
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let server = TestServer::start().await;
    for (access, code, reason, field) in [
        ("no-such", Code::NotFound, "COLLECTION_NOT_FOUND", ""),
        ("cds", Code::InvalidArgument, "FIELD_INVALID", "access_collection"),
        ("practice-feed", Code::InvalidArgument, "FIELD_INVALID", "access_collection"),
    ] {
        let mut wrong = question(&json!({}));
        wrong["accessCollection"] = json!(access);
        let refusal = Refusal::of(&ask(&server, wrong).await.unwrap_err());
        assert_eq!((refusal.short(), refusal.code), ((reason, field), code));
    }
    let refusal = Refusal::of(&ask(&server, json!({})).await.unwrap_err());
    assert_eq!(refusal.short(), ("FIELD_INVALID", "query"));
    // Synthetic never meets real, whichever of the two asks.
    for (collection, access, names) in
        [(SYNTHETIC, "practice-feed", SYNTHETIC), ("practice-feed", SYNTHETIC, "practice-feed")]
    {
        let mut wrong = question(&json!({"collection": collection}));
        wrong["accessCollection"] = json!(access);
        let status = ask(&server, wrong).await.unwrap_err();
        assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "access_collection"));
        let says = status.message();
        assert!(says.contains("never meet") && says.contains(&format!("`{names}`")), "{says}");
    }
    // What is open to everybody does not stand on what is not.
    let mut wrong = question(&json!({"collection": "gpad-regional"}));
    wrong["accessCollection"] = json!("practice-feed");
    let status = ask(&server, wrong).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "access_collection"));
    assert!(status.message().contains("open to everybody"), "{}", status.message());
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
