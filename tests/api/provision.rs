//! Whether face to face is there for those who need it: exact figures of a few consultations, and where they are known from.

use equity_indicators::proto::v1::{AbsenceReason, Breakdown, Cell, SubmissionHeader};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::exclusion::snapshot;
use crate::support::{
    Refusal, TestServer, cell, column, count, four, header, keys, next, parameter, records, why,
};

const SYNTHETIC: &str = "synthetic-llr";

fn question(more: &Value) -> Value {
    let mut query = json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": "2020-05"}});
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

async fn ask(server: &TestServer, question: Value) -> Result<Breakdown, Status> {
    server.table("provision", question).await
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

/// A cell of the total, of a group of people; `ALL` is everybody.
fn of<'a>(table: &'a Breakdown, name: &str, group: &str) -> &'a Cell {
    let id = if group == "ALL" { name.to_owned() } else { format!("{name}/{group}") };
    cell(table, "", &id)
}

/// Face to face given or offered: CH-05 of people without a need, CH-07 of people with one.
fn given(group: &str) -> &'static str {
    if ["ALL", "NO_NEED", "NEED_NOT_KNOWN"].contains(&group) { "CH-05" } else { "CH-07" }
}

/// Contacts, in person, remote; then CH-05 or CH-07, CH-06, CH-08, CH-13, CH-14.
type Figures = ([i64; 3], [[i64; 4]; 5]);

const COUNTS: [&str; 3] = ["CONTACTS", "IN_PERSON", "REMOTE"];

fn figures(table: &Breakdown, group: &str) -> Figures {
    (
        COUNTS.map(|name| of(table, name, group).numerator_count.unwrap()),
        [given(group), "CH-06", "CH-08", "CH-13", "CH-14"].map(|id| four(of(table, id, group))),
    )
}

/// How many consultations tell a need themselves, by a snapshot, or not at all.
fn sources(table: &Breakdown, need: &str) -> [i64; 3] {
    ["RECORD", "SNAPSHOT", "NOT_KNOWN"].map(|source| count(table, "", &format!("{need}/{source}")))
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
    assert_eq!(sources(&table, "ACCESS_STATUS"), [4, 2, 4]);
    assert_eq!(sources(&table, "INTERPRETER_NEEDED"), [7, 0, 3]);
    assert_eq!(sources(&table, "ACCESSIBLE_NEED"), [3, 0, 7]);
    let from = &column(&table, "ACCESS_STATUS/SNAPSHOT").group_labels[0];
    assert!(from.contains(SYNTHETIC), "{from}");
    let none = [0; 4];
    // Whom nobody knows to be of a group is neither in it nor out of it: in the third of the four counts.
    for (name, unknown, expected) in [
        (
            "UNABLE",
            4,
            ([3, 1, 2], [[2, 3, 4, 0], [0, 1, 6, 0], [1, 1, 6, 0], [0, 1, 2, 0], [1, 1, 6, 0]]),
        ),
        (
            "WITH_HELP",
            4,
            ([0, 0, 0], [[0, 0, 4, 0], [0, 0, 4, 0], [0, 0, 4, 0], none, [0, 0, 4, 0]]),
        ),
        (
            "INTERPRETER_NEEDED",
            3,
            ([1, 0, 1], [[1, 1, 3, 0], [0, 1, 3, 0], [1, 1, 3, 0], [0, 1, 3, 0], [0, 0, 4, 0]]),
        ),
        (
            "ACCESSIBLE_NEED",
            7,
            ([1, 0, 1], [[0, 1, 7, 0], [0, 0, 8, 0], [0, 0, 8, 0], [0, 0, 4, 0], [1, 1, 7, 0]]),
        ),
        (
            "ANY_NEED",
            5,
            ([3, 1, 2], [[2, 3, 5, 0], [0, 1, 7, 0], [1, 1, 7, 0], [0, 1, 3, 0], [1, 1, 7, 0]]),
        ),
        ("NO_NEED", 5, ([2, 2, 0], [[1, 2, 5, 0], [1, 2, 5, 0], [0, 0, 7, 0], none, none])),
        (
            "NEED_NOT_KNOWN",
            0,
            ([5, 4, 1], [[4, 5, 0, 0], [4, 4, 1, 0], [0, 1, 4, 0], [0, 0, 1, 0], [0, 0, 5, 0]]),
        ),
        (
            "ALL",
            0,
            ([10, 7, 3], [[7, 10, 0, 0], [5, 7, 3, 0], [1, 2, 8, 0], [0, 1, 3, 0], [1, 1, 7, 0]]),
        ),
    ] {
        assert_eq!(figures(&table, name), expected, "{name}");
        for (count, counted) in COUNTS.map(|count| (count, of(&table, count, name))) {
            // Of a mode there is a count alone.
            let (unknown, none) =
                if count == "CONTACTS" { (Some(unknown), Some(0)) } else { (None, None) };
            let missing = (counted.unknown_count, counted.not_collected_count, &counted.absence);
            assert_eq!(missing, (unknown, none, &None), "{name} {count}");
        }
        let members = of(&table, "CONTACTS", name);
        let whole = members.numerator_count.unwrap() + unknown + members.outside_count.unwrap();
        assert_eq!(whole, 10, "{name}: everybody is in it, out of it, or not known to be either");
        // A group has one of the two.
        let other = if given(name) == "CH-05" { "CH-07" } else { "CH-05" };
        let is_other = |id: &str| id == format!("{other}/{name}") || (name == "ALL" && id == other);
        assert!(table.columns.iter().all(|column| !is_other(&column.id)), "{name}");
    }
    assert_eq!(why(of(&table, "CH-07", "WITH_HELP")), AbsenceReason::NotComputable);
    // c was seen remotely, and the offer is not known.
    assert_eq!(four(of(&table, "CH-05-HIGHEST", "NEED_NOT_KNOWN")), [5, 5, 0, 0]);
    assert_eq!(four(of(&table, "CH-05-HIGHEST", "ALL")), [8, 10, 0, 0]);
    let notes = table.context.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("NOT_ASSESSED")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("Of 1 of 10 consultations")), "{notes:?}");

    // By what is known, the same consultations stand in the rows.
    let table = ask(&server, question(&json!({"by": ["digital_access"]}))).await.unwrap();
    let rows: Vec<_> =
        keys(&table).into_iter().map(|key| (count(&table, &key, "CONTACTS"), key)).collect();
    let expected = [(10, ""), (3, "ABLE"), (3, "UNABLE"), (4, "NOT_RECORDED")];
    assert_eq!(rows, expected.map(|(count, key)| (count, key.to_owned())));
    // Where needs are known from is told of every row.
    let from = |key: &str, source: &str| count(&table, key, &format!("ACCESS_STATUS/{source}"));
    assert_eq!(["RECORD", "SNAPSHOT", "NOT_KNOWN"].map(|of| from("UNABLE", of)), [1, 2, 0]);
    assert_eq!(["RECORD", "SNAPSHOT", "NOT_KNOWN"].map(|of| from("NOT_RECORDED", of)), [0, 0, 4]);
}

#[tokio::test]
async fn a_request_is_met_within_the_days_asked_for() {
    let server = TestServer::start().await;
    consultations(&server).await;
    // Four after 14 days, one after 8 to 14; one remote and one that the provider cancelled are not met.
    for (days, told, expected) in [
        (0, 14, [5, 7, 3, 0]),
        (14, 14, [5, 7, 3, 0]),
        (13, 13, [0, 6, 4, 0]),
        (7, 7, [0, 7, 3, 0]),
        (3650, 3650, [5, 7, 3, 0]),
    ] {
        let mut asked = question(&json!({}));
        asked["requestMetDays"] = json!(days);
        let table = ask(&server, asked).await.unwrap();
        assert_eq!(parameter(&table, "request_met_days"), told.to_string());
        assert_eq!(four(of(&table, "CH-06", "ALL")), expected, "{days}");
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
    for name in
        ["UNABLE", "WITH_HELP", "INTERPRETER_NEEDED", "ACCESSIBLE_NEED", "ANY_NEED", "NO_NEED"]
    {
        for (count, counted) in COUNTS.map(|count| (count, of(&table, count, name))) {
            let counts =
                (counted.numerator_count, counted.unknown_count, counted.not_collected_count);
            let expected =
                if count == "CONTACTS" { (None, Some(0), Some(7)) } else { (None, None, None) };
            assert_eq!(counts, expected, "{name} {count}");
            assert_eq!(why(counted), AbsenceReason::NotCollected, "{name}");
        }
        let given = of(&table, given(name), name);
        assert_eq!(four(given), [0, 0, 0, 7], "{name}");
        assert_eq!(why(given), AbsenceReason::NotCollected);
    }
    for name in ["NEED_NOT_KNOWN", "ALL"] {
        for counted in ["CONTACTS", "IN_PERSON"].map(|count| of(&table, count, name)) {
            assert_eq!((counted.numerator_count, &counted.absence), (Some(7), &None), "{name}");
        }
        // Nobody says what became of the appointments, nor when they were booked; the offer is known, and may not be all.
        assert_eq!(four(of(&table, "CH-05", name)), [0, 7, 0, 0], "{name}");
        assert_eq!(four(of(&table, "CH-05-HIGHEST", name)), [7, 7, 0, 0], "{name}");
        assert_eq!(four(of(&table, "CH-06", name)), [0, 0, 0, 7], "{name}");
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
    let found = |name: &str| four(of(&table, given(name), name));
    assert_eq!(found("UNABLE"), [0, 1, 0, 0]);
    assert_eq!(found("INTERPRETER_NEEDED"), [0, 1, 0, 0]);
    assert_eq!(found("ACCESSIBLE_NEED"), [0, 1, 0, 0]);
    assert_eq!(found("NO_NEED"), [1, 1, 0, 0]);
    assert_eq!(sources(&table, "INTERPRETER_NEEDED"), [1, 1, 0]);
    assert_eq!(sources(&table, "ACCESSIBLE_NEED"), [0, 2, 0]);
    let by = ask(&server, question(&json!({"by": ["accessible_need"]}))).await.unwrap();
    assert_eq!(keys(&by), ["", "Y", "N"]);
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
    let from = &column(&table, "ACCESS_STATUS/SNAPSHOT").group_labels[0];
    assert!(from.contains("no collection"), "{from}");
    assert_eq!(table.context.unwrap().empty.unwrap().reason(), AbsenceReason::NoData);
}

#[tokio::test]
async fn a_snapshot_changes_what_was_answered() {
    let server = TestServer::start().await;
    consultations(&server).await;
    snapshot(&server, ("04C", "2020-06"), &["digital_access"], &json!([access("b", "ABLE")])).await;
    let asked = json!({"question": {"provision": question(&json!({}))}});
    let mut stream = server.watch(asked).await.unwrap();
    let mut seen = Vec::new();
    for says in [None, Some("UNABLE"), Some("WITH_HELP")] {
        if let Some(says) = says {
            let month = if says == "UNABLE" { "2019-01" } else { "2020-05" };
            snapshot(&server, ("03W", month), &["digital_access"], &json!([access("b", says)]))
                .await;
        }
        let table = next(&mut stream).await.breakdown.unwrap();
        let members = |name: &str| of(&table, "CONTACTS", name).numerator_count.unwrap();
        seen.push(["UNABLE", "WITH_HELP"].map(members));
        assert_eq!(ask(&server, question(&json!({}))).await.unwrap(), table, "kept answers too");
    }
    assert_eq!(seen, [[1, 0], [3, 0], [1, 2]]);
}
