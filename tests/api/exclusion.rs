//! Who is digitally excluded: exact figures of a few people, refusals, and following the table.

use std::time::Duration;

use equity_indicators::proto::v1::digital_exclusion_service_client::DigitalExclusionServiceClient;
use equity_indicators::proto::v1::submit_digital_access_request::Part;
use equity_indicators::proto::v1::{
    AbsenceReason, AccessBatch, AccessRecord, CategoryState, DigitalExclusionBreakdown,
    ExclusionRow, GetDigitalExclusionBreakdownRequest, IndicatorCell, SubmissionHeader,
    SubmitDigitalAccessRequest, WatchChannelBreakdownRequest, WatchChannelImpactRequest,
    WatchDigitalExclusionBreakdownRequest, WatchFaceToFaceProvisionRequest,
};
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::{Refusal, TestServer, header, message};

const SYNTHETIC: &str = "synthetic-llr";

pub(super) fn client(server: &TestServer) -> DigitalExclusionServiceClient<Channel> {
    DigitalExclusionServiceClient::new(server.channel())
}

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
    let parts = [Part::Header(about), Part::Batch(AccessBatch { records })];
    let messages = parts.map(|part| SubmitDigitalAccessRequest { part: Some(part) });
    let answer =
        server.submissions().submit_digital_access(tokio_stream::iter(messages)).await.unwrap();
    answer.into_inner().receipt.unwrap().submission.unwrap().position
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

async fn ask(server: &TestServer, question: Value) -> Result<DigitalExclusionBreakdown, Status> {
    let request: GetDigitalExclusionBreakdownRequest = message(question);
    let answer = client(server).get_digital_exclusion_breakdown(request).await?;
    Ok(answer.into_inner().breakdown.unwrap())
}

fn row<'a>(table: &'a DigitalExclusionBreakdown, key: &str) -> &'a ExclusionRow {
    let of = |row: &ExclusionRow| {
        row.keys.iter().map(|key| key.code.as_str()).collect::<Vec<_>>().join("|")
    };
    table
        .rows
        .iter()
        .find(|row| of(row) == key)
        .unwrap_or_else(|| panic!("no row {key}: {table:?}"))
}

/// Numerator, denominator, unknown, not collected.
pub(super) fn counts(cell: &IndicatorCell) -> [i64; 4] {
    [cell.numerator_count, cell.denominator_count, cell.unknown_count, cell.not_collected_count]
}

fn cell<'a>(row: &'a ExclusionRow, id: &str) -> &'a IndicatorCell {
    row.indicators.iter().find(|cell| cell.indicator == id).unwrap()
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

const COLLECTED: [&str; 3] = ["age", "sex", "digital_access"];

#[tokio::test]
async fn every_indicator_has_the_figures_of_the_people() {
    let server = TestServer::start().await;
    // Of the quarter, the last snapshot stands.
    snapshot(&server, ("04C", "2020-04"), &COLLECTED, &json!([{"recordCount": 900}])).await;
    snapshot(&server, ("04C", "2020-06"), &COLLECTED, &people()).await;
    let table = ask(&server, question(&json!({"by": ["sex"]}))).await.unwrap();
    let total = row(&table, "");
    assert_eq!(total.person_count, 8);
    let ids: Vec<_> = total.indicators.iter().map(|cell| cell.indicator.as_str()).collect();
    assert!(ids.is_sorted() && ids.len() == 15, "{ids:?}");
    for (id, expected) in [
        ("DX-01", [3, 7, 1, 0]),
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
        ("DX-19", [0, 0, 0, 0]),
    ] {
        assert_eq!(counts(cell(total, id)), expected, "{id}");
    }
    // Wilson's limits of 3 of 5.
    let share = cell(total, "DX-20").share.unwrap();
    assert!((share.value - 0.6).abs() < 1e-12);
    assert!((share.lower.unwrap() - 0.230_724).abs() < 1e-6, "{share:?}");
    assert!((share.upper.unwrap() - 0.882_379).abs() < 1e-6, "{share:?}");
    let uncollected = cell(total, "DX-23");
    assert_eq!(uncollected.share, None);
    assert_eq!(uncollected.absence.as_ref().unwrap().reason(), AbsenceReason::NotCollected);
    // A child is in one share of the gap and not in the other: no limits.
    let gap = cell(total, "DX-19").share.unwrap();
    assert!((gap.value - (3.0 / 7.0 - 1.0 / 6.0)).abs() < 1e-12);
    assert_eq!((gap.lower, gap.upper), (None, None));
    // Women are all adults of whom both are known.
    let women = row(&table, "2");
    let gap = cell(women, "DX-19").share.unwrap();
    assert!(
        (gap.value - 0.5).abs() < 1e-12 && gap.lower.unwrap() < 0.5 && gap.upper.unwrap() > 0.5
    );

    let reasons: Vec<_> = total
        .reasons
        .iter()
        .map(|r| (r.reason.as_str(), r.state(), r.count, r.share.map(|share| share.value)))
        .collect();
    let known = CategoryState::Known;
    let third = |n: f64| Some(n / 3.0);
    assert_eq!(
        reasons,
        [
            ("NO_DEVICE", known, 1, third(1.0)),
            ("SKILLS", known, 2, third(2.0)),
            ("NONE", CategoryState::None, 1, third(1.0)),
            ("NOT_RECORDED", CategoryState::NotRecorded, 1, None),
        ]
    );
    assert_eq!(total.reason_base_count, 3);

    let context = table.context.unwrap();
    assert_eq!((context.limits_unit.as_str(), context.submission_count), ("persons", 1));
    assert!(context.notes.iter().any(|note| note.contains("last snapshot")), "{:?}", context.notes);
    let legend: Vec<_> = context.legend.iter().map(|l| l.dimension.as_str()).collect();
    assert_eq!(legend, ["sex", "exclusion_reason"]);
    assert!(table.estimates.is_empty());

    // Month by month each snapshot stands, and the total is still of the last.
    let table = ask(&server, question(&json!({"by": ["month"]}))).await.unwrap();
    let people: Vec<_> = ["", "2020-04", "2020-06"].map(|key| row(&table, key).person_count).into();
    assert_eq!(people, [8, 900, 8]);
    // Some indicators alone, and no limits in the BASIC view.
    let mut some = question(&json!({"view": "BREAKDOWN_VIEW_BASIC"}));
    some["indicators"] = json!(["DX-21", "DX-06", "DX-06"]);
    let table = ask(&server, some).await.unwrap();
    let ids: Vec<_> = table.rows[0].indicators.iter().map(|cell| &cell.indicator).collect();
    assert_eq!(ids, ["DX-06", "DX-21"]);
    assert_eq!(table.rows[0].indicators[0].share.unwrap().lower, None);
}

#[tokio::test]
async fn nothing_is_said_where_nobody_has_submitted() {
    let server = TestServer::start().await;
    let table = ask(&server, question(&json!({}))).await.unwrap();
    assert_eq!(row(&table, "").person_count, 0);
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
            "leave it empty",
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
    let request: WatchDigitalExclusionBreakdownRequest = message(json!({}));
    let status = client(&server).watch_digital_exclusion_breakdown(request).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "request"));
}

#[tokio::test]
async fn a_followed_table_comes_again_with_every_snapshot_of_it() {
    let server = TestServer::start().await;
    let request: WatchDigitalExclusionBreakdownRequest =
        message(json!({"request": question(&json!({}))}));
    let mut stream =
        client(&server).watch_digital_exclusion_breakdown(request).await.unwrap().into_inner();
    let mut seen = Vec::new();
    for people in [0, 5, 7] {
        if people > 0 {
            // One that is not of the table, and one that is.
            snapshot(&server, ("04C", "2020-07"), &[], &json!([{"recordCount": 3}])).await;
            let month = if people == 5 { "2020-04" } else { "2020-05" };
            snapshot(&server, ("04C", month), &[], &json!([{"recordCount": people}])).await;
        }
        let next = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
        let next = next.unwrap().unwrap().unwrap();
        seen.push(next.breakdown.as_ref().unwrap().rows[0].person_count);
        // Kept answers are the same table.
        assert_eq!(ask(&server, question(&json!({}))).await.unwrap(), next.breakdown.unwrap());
    }
    assert_eq!(seen, [0, 5, 7]);
}

#[tokio::test]
async fn what_is_followed_is_refused_with_fields_from_the_request_on() {
    let server = TestServer::start().await;
    let wrong = json!({"request": question(&json!({"period": {"first": "2020-99"}}))});
    let mut client = client(&server);
    let refused = [
        client
            .watch_digital_exclusion_breakdown(message::<WatchDigitalExclusionBreakdownRequest>(
                wrong.clone(),
            ))
            .await
            .err(),
        client
            .watch_face_to_face_provision(message::<WatchFaceToFaceProvisionRequest>(wrong.clone()))
            .await
            .err(),
        client
            .watch_channel_impact(message::<WatchChannelImpactRequest>(wrong.clone()))
            .await
            .err(),
        server
            .channels()
            .watch_channel_breakdown(message::<WatchChannelBreakdownRequest>(wrong))
            .await
            .err(),
    ];
    for status in refused {
        let refusal = Refusal::of(&status.unwrap());
        assert_eq!(refusal.short(), ("FIELD_INVALID", "request.query.period.first"));
        assert!(refusal.message.starts_with("request.query.period.first: "), "{refusal:?}");
    }
}
