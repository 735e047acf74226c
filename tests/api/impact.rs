//! What channels do to access: exact figures of a few consultations, what followed them, and what is not submitted yet.

use equity_indicators::proto::v1::{AbsenceReason, Breakdown, SubmissionHeader};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{
    Refusal, TestServer, cell, count, four, header, keys, next, records, value, why,
};

const SYNTHETIC: &str = "synthetic-llr";

fn question(more: &Value) -> Value {
    let mut query = json!({"collection": SYNTHETIC, "area": "QK1", "period": {"first": "2020-04"}});
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

async fn ask(server: &TestServer, question: Value) -> Result<Breakdown, Status> {
    server.table("impact", question).await
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

/// Of how many consultations of a mode it is known, how many were followed, how many on the same day only, how many cannot be.
fn conversion(table: &Breakdown, row: &str, mode: &str) -> [i64; 4] {
    let [followed, of, unknown, not_collected] = four(cell(table, row, &format!("CH-12/{mode}")));
    let same_day = count(table, row, &format!("CH-12-SAME-DAY/{mode}"));
    [of, followed, same_day, unknown + not_collected]
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
    let asked = json!({"question": {"impact": question(&json!({}))}});
    let mut stream = server.watch(asked).await.unwrap();
    let table = ask(&server, question(&json!({"by": ["sex"]}))).await.unwrap();
    // e and f reach into May, which nobody has submitted.
    let remote = [[5, 1, 1, 6], [2, 1, 0, 0], [3, 0, 1, 6]];
    assert_eq!(keys(&table), ["", "1", "2"]);
    assert_eq!(["", "1", "2"].map(|row| conversion(&table, row, "REMOTE")), remote);
    // a, b, j twice, k twice of men; c, d, i of women; l reaches into May.
    let seen_in_person = [[9, 1, 2, 1], [6, 1, 2, 1], [3, 0, 0, 0]];
    assert_eq!(["", "1", "2"].map(|row| conversion(&table, row, "IN_PERSON")), seen_in_person);
    assert!((value(&table, "1", "CH-12/REMOTE") - 0.5).abs() < 1e-12);
    assert!(cell(&table, "1", "CH-12/REMOTE").lower.unwrap() < 0.5);
    assert!((value(&table, "1", "CH-12/IN_PERSON") - 1.0 / 6.0).abs() < 1e-12);
    let difference = cell(&table, "1", "CH-12/REMOTE_LESS_IN_PERSON");
    assert!((difference.value.unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert!(difference.lower.unwrap() < 0.0 && difference.upper.unwrap() > 1.0 / 3.0);

    let may = json!([
        seen("e", "2020-05-05", "FACE_TO_FACE", "2"),
        seen("f", "2020-05-02", "FACE_TO_FACE", "2"),
    ]);
    let first = next(&mut stream).await.breakdown.unwrap();
    assert_eq!(conversion(&first, "", "REMOTE"), [5, 1, 1, 6]);
    submit(&server, "2020-05", &may).await;
    let next = next(&mut stream).await.breakdown.unwrap();
    // The next month is part of the table: e followed on the seventh day, f on the eighth.
    assert_eq!(conversion(&next, "", "REMOTE"), [7, 2, 1, 4]);
    assert_eq!(ask(&server, question(&json!({}))).await.unwrap(), next);
    // Whom a condition leaves out still follows.
    let videos = json!({"where": [{"dimension": "channel", "codes": ["VIDEO"]}]});
    let of_videos = ask(&server, question(&videos)).await.unwrap();
    assert_eq!(conversion(&of_videos, "", "REMOTE"), [3, 0, 1, 4]);
    let tells = next.context.unwrap().notes.iter().any(|note| note.starts_with("Followed"));
    assert!(tells && next.assessments.is_empty());
}

/// The counts of an indicator, remote and in person.
fn both(table: &Breakdown, id: &str) -> [[i64; 4]; 2] {
    ["REMOTE", "IN_PERSON"].map(|mode| four(cell(table, "", &format!("{id}/{mode}"))))
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
    assert_eq!(both(&table, "CH-09"), [[56, 70, 2, 0], [48, 80, 0, 0]]);
    let difference = cell(&table, "", "CH-10/REMOTE_LESS_IN_PERSON");
    assert!((difference.value.unwrap() - 0.2).abs() < 1e-12);
    assert!((difference.lower.unwrap() - 0.052_431_472_402_364_9).abs() < 1e-12);
    assert!((difference.upper.unwrap() - 0.333_872_654_036_506_9).abs() < 1e-12);
    assert_eq!(both(&table, "CH-11-SAME-DAY"), [[50, 79, 2, 0], [0, 85, 0, 0]]);
    assert_eq!(both(&table, "CH-11-OVER-14"), [[20, 79, 2, 0], [32, 85, 0, 0]]);
    // Attended remotely, and none can be followed: 14 without a key; of two it is not known whether they were.
    let [of, _, _, not_computable] = conversion(&table, "", "REMOTE");
    assert_eq!((of, not_computable), (0, 16));
    assert_eq!(why(cell(&table, "", "CH-12/REMOTE")), AbsenceReason::NotComputable);
    let difference = cell(&table, "", "CH-12/REMOTE_LESS_IN_PERSON");
    assert_eq!(why(difference), AbsenceReason::NotComputable);

    let mut late = question(&json!({}));
    late["lateCountsAsMissed"] = json!(true);
    let table = ask(&server, late).await.unwrap();
    assert_eq!(both(&table, "CH-09")[1], [53, 85, 0, 0]);
    // Of one mode there is no difference.
    let one = json!({"where": [{"dimension": "channel_mode", "codes": ["REMOTE"]}]});
    let table = ask(&server, question(&one)).await.unwrap();
    assert_eq!(why(cell(&table, "", "CH-10/REMOTE_LESS_IN_PERSON")), AbsenceReason::NoData);
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
    let days_of = |table: &Breakdown, part: &str| {
        let cell = cell(table, "", &format!("CH-11-MEDIAN/{part}"));
        (cell.value, cell.denominator_count, cell.unknown_count)
    };
    let table = ask(&server, question(&json!({}))).await.unwrap();
    assert_eq!(days_of(&table, "IN_PERSON"), (Some(3.5), Some(6), Some(0)));
    assert_eq!(days_of(&table, "REMOTE"), (Some(0.5), Some(8), Some(9)));
    assert_eq!(days_of(&table, "REMOTE_LESS_IN_PERSON"), (Some(-3.0), None, None));

    // Of bands it is known where it lies, and exactly where that is the day of booking.
    let band = |channel: &str, band: &str| json!({"channel": channel, "leadTimeBand": band, "recordCount": 5});
    let rows = json!([
        band("FACE_TO_FACE", "2 to 7 Days"),
        band("TELEPHONE", "Same Day"),
        days("TELEPHONE", 3, 2)
    ]);
    submit(&server, "2020-04", &rows).await;
    let table = ask(&server, question(&json!({}))).await.unwrap();
    assert_eq!(days_of(&table, "REMOTE").0, Some(0.0));
    let in_person = cell(&table, "", "CH-11-MEDIAN/IN_PERSON");
    assert_eq!(why(in_person), AbsenceReason::NotComputable);
    let detail = &in_person.absence.as_ref().unwrap().detail;
    assert!(detail.contains("between 2 and 7 days"), "{detail}");
    let difference = cell(&table, "", "CH-11-MEDIAN/REMOTE_LESS_IN_PERSON");
    assert_eq!(why(difference), AbsenceReason::NotComputable);
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let server = TestServer::start().await;
    for (wrong, reason, field) in [
        (json!({}), "FIELD_INVALID", "query"),
        (question(&json!({"area": "NOWHERE"})), "AREA_NOT_FOUND", ""),
        (question(&json!({"by": ["sex", "sex"]})), "FIELD_INVALID", "query.by"),
        (question(&json!({"confidenceLevel": 0.5})), "FIELD_INVALID", "query.confidence_level"),
    ] {
        let refusal = Refusal::of(&ask(&server, wrong).await.unwrap_err());
        assert_eq!(refusal.short(), (reason, field));
    }
    let past = question(&json!({"asOf": {"position": 1}}));
    let status = server.watch(json!({"question": {"impact": past}})).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "question.impact.query.as_of"));
}
