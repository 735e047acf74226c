//! Who is digitally excluded: exact figures of a few people, refusals, and following the table.

use equity_indicators::proto::v1::{
    AbsenceReason, AccessRecord, Breakdown, CategoryState, SubmissionHeader,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{
    Refusal, TestServer, cell, cells_of, dimensions, four, header, ids, message, next, totals,
    value, why,
};

const SYNTHETIC: &str = "synthetic-llr";

/// Submits a snapshot, with person keys of the scheme `nhs`.
pub(super) async fn snapshot(
    server: &TestServer,
    (organisation, month): (&str, &str),
    collected: &[&str],
    rows: &Value,
) -> i64 {
    let about = SubmissionHeader {
        person_key_scheme: "nhs".into(),
        ..header(organisation, SYNTHETIC, month, collected)
    };
    let records: Vec<AccessRecord> =
        rows.as_array().unwrap().iter().cloned().map(message).collect();
    server.submit_access(about, records).await.unwrap().submission.unwrap().position
}

fn question(more: &Value) -> Value {
    let mut query = json!({
        "collection": SYNTHETIC, "area": "QK1", "period": {"first": "2020-04", "last": "2020-06"}
    });
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

async fn ask(server: &TestServer, question: Value) -> Result<Breakdown, Status> {
    server.table("exclusion", question).await
}

/// The ids of the indicators' columns.
fn indicators(table: &Breakdown) -> Vec<&str> {
    let mut ids = ids(table);
    assert_eq!(ids.remove(0), "PEOPLE");
    ids.retain(|id| !id.contains('/'));
    ids
}

/// Eight people of one practice: six adults, a child, and somebody of unknown age.
fn people() -> Value {
    json!([
        {"personKey": "a", "onlineRecord": "Y", "onlineAppointments": "N", "onlinePrescriptions": "N",
         "appRegistered": "Y", "appActive": "Y", "mobileRecorded": "Y",
         "person": {"ageYears": 30, "sex": "1", "digitalAccess": "ABLE"}},
        {"personKey": "b", "onlineRecord": "Y", "onlineAppointments": "N", "onlinePrescriptions": "N",
         "appRegistered": "Y", "appActive": "N", "mobileRecorded": "N",
         "person": {"ageYears": 40, "sex": "2", "digitalAccess": "WITH_HELP"},
         "exclusionReason": ["SKILLS", "NO_DEVICE"], "supportOffered": "Y", "supportAccepted": "N"},
        {"personKey": "c", "onlineRecord": "N", "onlineAppointments": "N", "onlinePrescriptions": "N",
         "appRegistered": "N", "appActive": "N", "proxyAccess": "Y",
         "person": {"ageYears": 80, "sex": "2", "digitalAccess": "UNABLE"},
         "exclusionReason": ["SKILLS"], "supportOffered": "N"},
        {"personKey": "d", "onlineRecord": "N", "onlineAppointments": "N", "onlinePrescriptions": "N",
         "appRegistered": "N", "appActive": "N", "proxyAccess": "N",
         "person": {"ageYears": 90, "sex": "1", "digitalAccess": "UNABLE"},
         "exclusionReason": ["NONE"]},
        {"personKey": "e", "onlineRecord": "N", "onlineAppointments": "N", "onlinePrescriptions": "N",
         "appRegistered": "N", "appActive": "N",
         "person": {"ageYears": 70, "sex": "2", "digitalAccess": "UNABLE"}},
        {"personKey": "f", "onlineRecord": "Y", "onlineAppointments": "N", "onlinePrescriptions": "N",
         "appRegistered": "N", "appActive": "N",
         "person": {"ageYears": 50, "sex": "2", "digitalAccess": "NOT_ASSESSED"}},
        {"personKey": "g", "onlineRecord": "N", "onlineAppointments": "N", "onlinePrescriptions": "N",
         "appRegistered": "Y", "appActive": "Y", "person": {"ageYears": 8, "sex": "1"}},
        {"personKey": "h", "appRegistered": "Y", "appActive": "Y", "person": {"sex": "1"}}
    ])
}

const COLLECTED: [&str; 3] = ["age_band", "sex", "digital_access"];

#[tokio::test]
async fn every_indicator_has_the_figures_of_the_people() {
    let server = TestServer::start().await;
    // Of the quarter, the last snapshot stands.
    snapshot(&server, ("04C", "2020-04"), &COLLECTED, &json!([{"recordCount": 900}])).await;
    snapshot(&server, ("04C", "2020-06"), &COLLECTED, &people()).await;
    let table = ask(&server, question(&json!({"by": ["sex"]}))).await.unwrap();
    assert_eq!(totals(&table)[""], 8);
    let ids = indicators(&table);
    assert!(ids.is_sorted() && ids.len() == 16, "{ids:?}");
    for (id, expected) in [
        ("DX-01", [3, 7, 1, 0]),
        ("DX-01-HIGHEST", [3, 7, 1, 0]),
        ("DX-02", [0, 7, 1, 0]),
        ("DX-03", [0, 7, 1, 0]),
        ("DX-04", [3, 7, 1, 0]),
        // Of those known to be 13 and over; of one it is not known.
        ("DX-06", [2, 6, 1, 0]),
        ("DX-07", [1, 6, 1, 0]),
        // Of those known not to be able; of two it is not known.
        ("DX-09", [1, 2, 3, 0]),
        ("DX-17", [5, 8, 0, 0]),
        ("DX-18-OFFERED", [1, 2, 4, 0]),
        ("DX-18-ACCEPTED", [0, 1, 6, 0]),
        ("DX-20", [3, 5, 2, 0]),
        ("DX-21", [4, 5, 2, 0]),
        ("DX-22", [1, 2, 6, 0]),
        ("DX-23", [0, 0, 0, 8]),
    ] {
        assert_eq!(four(cell(&table, "", id)), expected, "{id}");
    }
    // A difference has no counts of its own.
    let gap = cell(&table, "", "DX-19");
    let counts = [gap.numerator_count, gap.denominator_count, gap.unknown_count];
    assert_eq!((counts, gap.not_collected_count, gap.outside_count), ([None; 3], None, None));
    // Wilson's limits of 3 of 5; the child and whoever is of unknown age or ability.
    let share = cell(&table, "", "DX-20");
    assert!((share.value.unwrap() - 0.6).abs() < 1e-12);
    assert!((share.lower.unwrap() - 0.230_724).abs() < 1e-6, "{share:?}");
    assert!((share.upper.unwrap() - 0.882_379).abs() < 1e-6, "{share:?}");
    assert_eq!(why(cell(&table, "", "DX-23")), AbsenceReason::NotCollected);
    // A child is in one share of the gap and not in the other: no limits.
    assert!((gap.value.unwrap() - (3.0 / 7.0 - 1.0 / 6.0)).abs() < 1e-12);
    assert_eq!((gap.lower, gap.upper), (None, None));
    // Everybody is in one of the four counts beside the numerator.
    for id in ids.into_iter().filter(|id| *id != "DX-19") {
        let [_, of, unknown, not_collected] = four(cell(&table, "", id));
        let outside = cell(&table, "", id).outside_count.unwrap();
        assert_eq!(of + unknown + not_collected + outside, 8, "{id}");
    }
    // Women are all adults of whom both are known.
    let gap = cell(&table, "2", "DX-19");
    assert!((value(&table, "2", "DX-19") - 0.5).abs() < 1e-12);
    assert!(gap.lower.unwrap() < 0.5 && gap.upper.unwrap() > 0.5);

    let third = |n: f64| Some(n / 3.0);
    let reasons = [
        ("NO_DEVICE", CategoryState::Known, 1, third(1.0)),
        ("SKILLS", CategoryState::Known, 2, third(2.0)),
        ("NONE", CategoryState::None, 1, third(1.0)),
        ("NOT_RECORDED", CategoryState::NotRecorded, 1, None),
    ];
    let found: Vec<_> = cells_of(&table, "")
        .filter(|(column, _)| column.indicator == "DX-21-REASON")
        .map(|(column, cell)| {
            assert_eq!(cell.denominator_count, cell.value.map(|_| 3), "{column:?}");
            let key = &column.group[0];
            (key.code.as_str(), key.state(), cell.numerator_count.unwrap(), cell.value)
        })
        .collect();
    assert_eq!(found, reasons);
    assert_eq!(dimensions(&table), ["sex"]);

    let context = table.context.unwrap();
    assert_eq!((context.limits_unit.as_str(), context.submission_count), ("persons", 1));
    assert!(context.notes.iter().any(|note| note.contains("last snapshot")), "{:?}", context.notes);
    assert!(table.estimates.is_empty());

    // Month by month each snapshot stands, and the total is still of the last.
    let table = ask(&server, question(&json!({"by": ["month"]}))).await.unwrap();
    let people = ["", "2020-04", "2020-06"].map(|key| totals(&table)[key]);
    assert_eq!(people, [8, 900, 8]);
    // Some indicators alone, and no limits in the BASIC view.
    let mut some = question(&json!({"view": "BREAKDOWN_VIEW_BASIC"}));
    some["indicators"] = json!(["DX-21", "DX-06", "DX-06"]);
    let table = ask(&server, some).await.unwrap();
    assert_eq!(indicators(&table), ["DX-06", "DX-21"]);
    assert!(value(&table, "", "DX-06") > 0.0);
    assert_eq!(cell(&table, "", "DX-06").lower, None);

    // The reasons come when they are asked for, alone too.
    let asked = |ids: &[&str]| {
        let mut asked = question(&json!({}));
        asked["indicators"] = json!(ids);
        asked
    };
    let reasons = |table: &Breakdown| {
        table.columns.iter().filter(|column| column.indicator == "DX-21-REASON").count()
    };
    for (ids, counted, with_reasons) in [
        (&["DX-21"] as &[&str], &["DX-21"] as &[&str], false),
        (&["DX-21-REASON"], &[], true),
        (&["DX-21", "DX-21-REASON"], &["DX-21"], true),
    ] {
        let table = ask(&server, asked(ids)).await.unwrap();
        assert_eq!(indicators(&table), counted);
        assert_eq!(reasons(&table) > 0, with_reasons, "{ids:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_where_nobody_has_submitted() {
    let server = TestServer::start().await;
    let table = ask(&server, question(&json!({}))).await.unwrap();
    assert_eq!(totals(&table)[""], 0);
    let context = table.context.unwrap();
    assert_eq!(context.empty.unwrap().reason(), AbsenceReason::NoData);
    // Without a collection, the one that takes access records by default.
    let table = ask(&server, question(&json!({"collection": ""}))).await.unwrap();
    assert_eq!(table.context.unwrap().collection, "practice-feed");
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let server = TestServer::start().await;
    let with = |name: &str, value: Value| {
        let mut question = question(&json!({}));
        question[name] = value;
        question
    };
    for (question, code, reason, field, says) in [
        (json!({}), Code::InvalidArgument, "FIELD_INVALID", "query", ""),
        (
            question(&json!({"careSetting": "PRIMARY_CARE"})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.care_setting",
            "must be empty",
        ),
        (
            question(&json!({"collection": "cds"})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.collection",
            "synthetic-llr",
        ),
        (question(&json!({"by": ["no_such"]})), Code::NotFound, "DIMENSION_NOT_FOUND", "", ""),
        (
            with("indicators", json!(["DX-6"])),
            Code::NotFound,
            "INDICATOR_NOT_FOUND",
            "",
            "the nearest is `DX-",
        ),
        (
            with("indicators", json!(["DX-01", "DX-12"])),
            Code::FailedPrecondition,
            "QUERY_REFUSED",
            "",
            "DX-12",
        ),
        (
            with("indicators", json!(["DX-05"])),
            Code::FailedPrecondition,
            "QUERY_REFUSED",
            "",
            "DX-05 (Online transactions) is not counted here: no source of transactions",
        ),
        (
            with("estimateCollections", json!(["-", "deri"])),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "estimate_collections",
            "alone",
        ),
        (
            with("estimateCollections", json!(["cds"])),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "estimate_collections",
            "cds",
        ),
        (
            with("estimateCollections", json!(["no-such"])),
            Code::NotFound,
            "COLLECTION_NOT_FOUND",
            "",
            "no-such",
        ),
    ] {
        let text = question.to_string();
        let refusal = Refusal::of(&ask(&server, question).await.unwrap_err());
        assert_eq!((refusal.short(), refusal.code), ((reason, field), code), "{text}");
        let told = format!("{} {:?}", refusal.message, refusal.fields);
        assert!(told.contains(says), "{text}: {told}");
    }
    let status = server.watch(json!({"question": {"exclusion": {}}})).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "question.exclusion.query"));
}

#[tokio::test]
async fn a_followed_table_comes_again_with_every_snapshot_of_it() {
    let server = TestServer::start().await;
    let asked = json!({"question": {"exclusion": question(&json!({}))}});
    let mut stream = server.watch(asked).await.unwrap();
    let mut seen = Vec::new();
    for people in [0, 5, 7] {
        if people > 0 {
            // One that is not of the table, and one that is.
            snapshot(&server, ("04C", "2020-07"), &[], &json!([{"recordCount": 3}])).await;
            let month = if people == 5 { "2020-04" } else { "2020-05" };
            snapshot(&server, ("04C", month), &[], &json!([{"recordCount": people}])).await;
        }
        let table = next(&mut stream).await.breakdown.unwrap();
        seen.push(totals(&table)[""]);
        // Kept answers are the same table.
        assert_eq!(ask(&server, question(&json!({}))).await.unwrap(), table);
    }
    assert_eq!(seen, [0, 5, 7]);
}

#[tokio::test]
async fn what_is_followed_is_refused_with_fields_from_the_question_on() {
    let server = TestServer::start().await;
    let wrong = question(&json!({"period": {"first": "2020-99"}}));
    for table in ["channels", "outcomes", "exclusion", "provision", "impact"] {
        let status = server.watch(json!({"question": {table: wrong}})).await.unwrap_err();
        let (refusal, field) =
            (Refusal::of(&status), format!("question.{table}.query.period.first"));
        assert_eq!(refusal.short(), ("FIELD_INVALID", field.as_str()));
        assert!(refusal.message.starts_with(&format!("{field}: ")), "{refusal:?}");
    }
    // Of area risk, the period itself is refused.
    let status = server.watch(json!({"question": {"risk": wrong}})).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "question.risk.query.period"));
}
