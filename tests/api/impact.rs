//! What channels do to access: exact figures of a few consultations, what followed them, and what is not submitted yet.

use std::time::Duration;

use equity_indicators::proto::v1::{
    AbsenceReason, ChannelImpact, GetChannelImpactRequest, ModeDifference, SubmissionHeader,
    WatchChannelImpactRequest,
};
use serde_json::{Value, json};
use tonic::Status;

use super::exclusion::{client, counts};
use crate::support::{Refusal, TestServer, header, message, records};

const SYNTHETIC: &str = "synthetic-llr";

fn question(more: &Value) -> Value {
    let mut query = json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": "2020-04"}});
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

async fn ask(server: &TestServer, question: Value) -> Result<ChannelImpact, Status> {
    let request: GetChannelImpactRequest = message(question);
    let answer = client(server).get_channel_impact(request).await?;
    Ok(answer.into_inner().impact.unwrap())
}

async fn submit(server: &TestServer, month: &str, rows: &Value) {
    let about = SubmissionHeader {
        person_key_scheme: "nhs".into(),
        ..header("04C", SYNTHETIC, month, &["sex"])
    };
    server.submit(about, records(rows)).await.unwrap();
}

fn seen(person: &str, date: &str, channel: &str, sex: &str) -> Value {
    json!({"personKey": person, "date": date, "channel": channel, "attendance": "5", "person": {"sex": sex}})
}

fn conversion(table: &ChannelImpact, row: usize) -> [i64; 4] {
    let of = table.rows[row].conversion.as_ref().unwrap();
    [of.remote_count, of.followed_count, of.same_day_count, of.not_computable_count]
}

/// The same of consultations in person.
fn in_person(table: &ChannelImpact, row: usize) -> [i64; 4] {
    let of = table.rows[row].conversion.as_ref().unwrap();
    [
        of.in_person_count,
        of.in_person_followed_count,
        of.in_person_same_day_count,
        of.in_person_not_computable_count,
    ]
}

#[tokio::test]
async fn what_followed_is_counted_within_seven_days_across_months_and_in_both_modes() {
    let server = TestServer::start().await;
    let april = json!([
        // Followed on the seventh day, and on the eighth: too late.
        seen("a", "2020-04-01", "TELEPHONE", "1"),
        seen("a", "2020-04-08", "FACE_TO_FACE", "1"),
        seen("b", "2020-04-01", "VIDEO", "1"),
        seen("b", "2020-04-09", "FACE_TO_FACE", "1"),
        // On the same day nobody knows which came first; the day before does not count.
        seen("c", "2020-04-10", "VIDEO", "2"),
        seen("c", "2020-04-10", "HOME_VISIT", "2"),
        seen("d", "2020-04-10", "VIDEO", "2"),
        seen("d", "2020-04-09", "FACE_TO_FACE", "2"),
        // Into the next month; the 23rd is the last day whose seven days lie in April.
        seen("e", "2020-04-28", "TELEPHONE", "2"),
        seen("f", "2020-04-24", "TELEPHONE", "2"),
        seen("g", "2020-04-23", "TELEPHONE", "2"),
        // Cannot be followed: no key, no day. Not attended: no matter.
        {"channel": "VIDEO", "attendance": "5", "recordCount": 3, "date": "2020-04-02", "person": {"sex": "2"}},
        {"channel": "VIDEO", "attendance": "5", "personKey": "h", "person": {"sex": "2"}},
        {"channel": "VIDEO", "attendance": "3", "personKey": "i", "date": "2020-04-02", "person": {"sex": "2"}},
        {"channel": "FACE_TO_FACE", "attendance": "5", "personKey": "i", "date": "2020-04-03", "person": {"sex": "2"}},
        // In person, followed by another after seven days; by another on the same day, which is not one after.
        seen("j", "2020-04-02", "FACE_TO_FACE", "1"),
        seen("j", "2020-04-09", "HOME_VISIT", "1"),
        seen("k", "2020-04-14", "FACE_TO_FACE", "1"),
        seen("k", "2020-04-14", "FACE_TO_FACE", "1"),
        seen("l", "2020-04-29", "FACE_TO_FACE", "1")
    ]);
    submit(&server, "2020-04", &april).await;
    let request: WatchChannelImpactRequest = message(json!({"request": question(&json!({}))}));
    let mut stream = client(&server).watch_channel_impact(request).await.unwrap().into_inner();
    let table = ask(&server, question(&json!({"by": ["sex"]}))).await.unwrap();
    // e and f reach into May, which nobody has submitted.
    let remote = [[5, 1, 1, 6], [2, 1, 0, 0], [3, 0, 1, 6]];
    assert_eq!([0, 1, 2].map(|row| conversion(&table, row)), remote);
    // a, b, j twice, k twice of men; c, d, i of women; l reaches into May.
    let seen_in_person = [[9, 1, 2, 1], [6, 1, 2, 1], [3, 0, 0, 0]];
    assert_eq!([0, 1, 2].map(|row| in_person(&table, row)), seen_in_person);
    let found = table.rows[1].conversion.as_ref().unwrap();
    let (remote, in_person) = (found.share.unwrap(), found.in_person_share.unwrap());
    assert!((remote.value - 0.5).abs() < 1e-12 && remote.lower.unwrap() < 0.5);
    assert!((in_person.value - 1.0 / 6.0).abs() < 1e-12);
    let difference = found.difference.unwrap();
    assert!((difference.value - 1.0 / 3.0).abs() < 1e-12);
    assert!(difference.lower.unwrap() < 0.0 && difference.upper.unwrap() > 1.0 / 3.0);

    let may = json!([
        seen("e", "2020-05-05", "FACE_TO_FACE", "2"),
        seen("f", "2020-05-02", "FACE_TO_FACE", "2"),
    ]);
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(conversion(first.impact.as_ref().unwrap(), 0), [5, 1, 1, 6]);
    submit(&server, "2020-05", &may).await;
    let next = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
    let next = next.unwrap().unwrap().unwrap().impact.unwrap();
    // The next month is part of the table: e followed on the seventh day, f on the eighth.
    assert_eq!(conversion(&next, 0), [7, 2, 1, 4]);
    assert_eq!(ask(&server, question(&json!({}))).await.unwrap(), next);
    // Whom a condition leaves out still follows.
    let videos = json!({"where": [{"dimension": "channel", "codes": ["VIDEO"]}]});
    assert_eq!(conversion(&ask(&server, question(&videos)).await.unwrap(), 0), [3, 0, 1, 4]);
    let tells = next.context.unwrap().notes.iter().any(|note| note.starts_with("Followed"));
    assert!(tells && next.assessments.is_empty());
}

fn outcome<'a>(table: &'a ChannelImpact, id: &str) -> &'a ModeDifference {
    table.rows[0].outcomes.iter().find(|outcome| outcome.indicator == id).unwrap()
}

#[tokio::test]
async fn outcomes_differ_within_the_row_with_limits() {
    let server = TestServer::start().await;
    let many = |channel: &str, attendance: &str, days: i32, count: i32| json!({"channel": channel, "attendance": attendance, "leadTimeDays": days, "recordCount": count});
    // Newcombe's example: 56 of 70 remotely, 48 of 80 in person.
    let rows = json!([
        many("TELEPHONE", "3", 0, 50),
        many("VIDEO", "3", 20, 6),
        many("VIDEO", "5", 20, 14),
        many("FACE_TO_FACE", "3", 14, 48),
        many("FACE_TO_FACE", "6", 15, 32),
        // Too late to be seen; cancelled; the channel or the outcome is not known.
        many("HOME_VISIT", "7", 3, 5),
        many("TELEPHONE", "2", 3, 9),
        many("OTHER", "3", 3, 7),
        {"channel": "VIDEO", "recordCount": 2}
    ]);
    submit(&server, "2020-04", &rows).await;
    let table = ask(&server, question(&json!({}))).await.unwrap();
    let missed = outcome(&table, "CH-09");
    assert_eq!(counts(missed.remote.as_ref().unwrap()), [56, 70, 2, 0]);
    assert_eq!(counts(missed.in_person.as_ref().unwrap()), [48, 80, 0, 0]);
    let difference = missed.difference.unwrap();
    assert!((difference.value - 0.2).abs() < 1e-12);
    assert!((difference.lower.unwrap() - 0.052_431_472_402_364_9).abs() < 1e-12);
    assert!((difference.upper.unwrap() - 0.333_872_654_036_506_9).abs() < 1e-12);
    let same_day = outcome(&table, "CH-11-SAME-DAY");
    assert_eq!(counts(same_day.remote.as_ref().unwrap()), [50, 79, 2, 0]);
    assert_eq!(counts(same_day.in_person.as_ref().unwrap()), [0, 85, 0, 0]);
    let over_14 = outcome(&table, "CH-11-OVER-14");
    assert_eq!(counts(over_14.remote.as_ref().unwrap()), [20, 79, 2, 0]);
    assert_eq!(counts(over_14.in_person.as_ref().unwrap()), [32, 85, 0, 0]);
    // Attended remotely, and none can be followed: 14 without a key.
    let conversion = table.rows[0].conversion.as_ref().unwrap();
    assert_eq!((conversion.remote_count, conversion.not_computable_count), (0, 14));
    assert_eq!(conversion.absence.as_ref().unwrap().reason(), AbsenceReason::NotComputable);

    let mut late = question(&json!({}));
    late["lateCountsAsMissed"] = json!(true);
    let table = ask(&server, late).await.unwrap();
    let missed = outcome(&table, "CH-09");
    assert_eq!(counts(missed.in_person.as_ref().unwrap()), [53, 85, 0, 0]);
    // Of one mode there is no difference.
    let one = json!({"where": [{"dimension": "channel_mode", "codes": ["REMOTE"]}]});
    let table = ask(&server, question(&one)).await.unwrap();
    let missed = outcome(&table, "CH-09");
    assert_eq!(missed.difference, None);
    assert_eq!(missed.absence.as_ref().unwrap().reason(), AbsenceReason::NoData);
}

#[tokio::test]
async fn the_median_wait_is_exact_in_days_and_bounded_in_bands() {
    let server = TestServer::start().await;
    let days = |channel: &str, days: i32, count: i32| json!({"channel": channel, "leadTimeDays": days, "recordCount": count});
    let rows = json!([
        days("FACE_TO_FACE", 2, 3),
        days("HOME_VISIT", 5, 2),
        days("FACE_TO_FACE", 40, 1),
        days("TELEPHONE", 0, 4),
        days("VIDEO", 1, 4),
        {"channel": "VIDEO", "recordCount": 9}
    ]);
    submit(&server, "2020-04", &rows).await;
    let wait = |table: &ChannelImpact| table.rows[0].wait.clone().unwrap();
    let found = wait(&ask(&server, question(&json!({}))).await.unwrap());
    let (in_person, remote) = (found.in_person.unwrap(), found.remote.unwrap());
    assert_eq!((in_person.known_count, in_person.median_days), (6, Some(3.5)));
    assert_eq!((remote.known_count, remote.unknown_count), (8, 9));
    assert_eq!((remote.median_days, found.difference_days), (Some(0.5), Some(-3.0)));
    assert_eq!(found.indicator, "CH-11-MEDIAN");

    // Of bands it is known where it lies, and exactly where that is the day of booking.
    let band = |channel: &str, band: &str| json!({"channel": channel, "leadTimeBand": band, "recordCount": 5});
    let rows = json!([
        band("FACE_TO_FACE", "2 to 7 Days"),
        band("TELEPHONE", "Same Day"),
        days("TELEPHONE", 3, 2)
    ]);
    submit(&server, "2020-04", &rows).await;
    let found = wait(&ask(&server, question(&json!({}))).await.unwrap());
    assert_eq!(found.remote.unwrap().median_days, Some(0.0));
    let in_person = found.in_person.unwrap();
    let why = in_person.absence.unwrap();
    assert_eq!((in_person.median_days, why.reason()), (None, AbsenceReason::NotComputable));
    assert!(why.detail.contains("between 2 and 7 days"), "{}", why.detail);
    assert_eq!(found.difference_days, None);
    assert_eq!(found.absence.unwrap().reason(), AbsenceReason::NotComputable);
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let server = TestServer::start().await;
    for (wrong, reason, field) in [
        (json!({}), "FIELD_INVALID", "query"),
        (question(&json!({"area": "NOWHERE"})), "AREA_NOT_FOUND", ""),
        (question(&json!({"by": ["channel"]})), "FIELD_INVALID", "query.by"),
        (question(&json!({"confidenceLevel": 0.5})), "FIELD_INVALID", "query.confidence_level"),
    ] {
        let refusal = Refusal::of(&ask(&server, wrong).await.unwrap_err());
        assert_eq!(refusal.short(), (reason, field));
    }
    let request: WatchChannelImpactRequest =
        message(json!({"request": question(&json!({"asOf": {"position": 1}}))}));
    let status = client(&server).watch_channel_impact(request).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "request.query.as_of"));
}
