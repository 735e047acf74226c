//! Erasures over gRPC: what later and earlier questions are answered, what is listed, and what is refused.

use std::time::{Duration, Instant};

use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::erasure_service_client::ErasureServiceClient;
use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::{
    AbsenceReason, CreateReleaseRequest, ErasePersonRequest, EraseSubmissionRequest, Erasure,
    ErasureKind, GetSubmissionRequest, ListErasuresRequest, SubmissionState,
};
use serde_json::{Value, json};
use tonic::Status;
use tonic::transport::Channel;

use crate::support::{Refusal, TestServer, header, records, totals, why};

fn client(server: &TestServer) -> ErasureServiceClient<Channel> {
    ErasureServiceClient::new(server.channel())
}

fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn order(name: &str) -> EraseSubmissionRequest {
    let (name, reason) = (name.to_owned(), "sent in error".to_owned());
    EraseSubmissionRequest { name, reason, request_id: id(), ..Default::default() }
}

fn person(key: &str) -> ErasePersonRequest {
    ErasePersonRequest {
        person_key: key.into(),
        person_key_scheme: "scheme".into(),
        reason: "a request".into(),
        request_id: id(),
    }
}

async fn list(server: &TestServer) -> Vec<Erasure> {
    let request = ListErasuresRequest { page_size: 1, ..Default::default() };
    let (mut all, mut request) = (Vec::new(), request);
    loop {
        let page = client(server).list_erasures(request.clone()).await.unwrap().into_inner();
        all.extend(page.erasures);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

/// Submits consultations of an organisation: so many of each person, by name. Returns the name of the submission.
async fn submit(server: &TestServer, organisation: &str, persons: &[&str]) -> (String, i64) {
    submit_month(server, organisation, "2020-04", persons).await
}

async fn submit_month(
    server: &TestServer,
    organisation: &str,
    month: &str,
    persons: &[&str],
) -> (String, i64) {
    let mut header = header(organisation, "practice-feed", month, &["sex"]);
    header.person_key_scheme = "scheme".into();
    let rows = persons
        .iter()
        .map(|key| json!({"channel": "VIDEO", "personKey": key, "person": {"sex": "1"}}));
    let rows = records(&Value::Array(rows.collect()));
    let made = server.submit(header, rows).await.unwrap().submission.unwrap();
    (made.name, made.position)
}

fn question(organisations: &[&str], as_of: &Value) -> Value {
    json!({"query": {"organisations": organisations, "collection": "practice-feed", "period": {"first": "2020-04"}, "asOf": as_of}})
}

async fn total(
    server: &TestServer,
    organisations: &[&str],
    as_of: Value,
) -> Result<i64, AbsenceReason> {
    let table = server.ask(question(organisations, &as_of)).await.unwrap();
    let cell = &table.rows[0].cells[0];
    if cell.value.is_none() {
        return Err(why(cell));
    }
    // Several organisations have a row each, beside that of an area that holds them all.
    let of = |(key, _): &(String, i64)| key.is_empty() || organisations.contains(&key.as_str());
    Ok(totals(&table).into_iter().filter(of).map(|(_, total)| total).sum())
}

async fn state(server: &TestServer, name: &str) -> SubmissionState {
    let request = GetSubmissionRequest { name: name.to_owned() };
    server
        .submissions()
        .get_submission(request)
        .await
        .unwrap()
        .into_inner()
        .submission
        .unwrap()
        .state()
}

#[track_caller]
fn is_refused(refused: &Status, reason: &str) {
    assert_eq!(Refusal::of(refused).reason, reason, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_says_erased_and_the_present_is_whole() {
    let server = TestServer::start().await;
    let (first, before) = submit(&server, "C82001", &["a", "b", "c"]).await;
    let (_, both) = submit(&server, "C82002", &["a", "d"]).await;
    let at = |position: i64| json!({"position": position});
    let two = ["C82001", "C82002"];
    assert_eq!(total(&server, &two, json!(null)).await, Ok(5));
    assert_eq!(total(&server, &two, at(both)).await, Ok(5));
    let request = order(&first);
    let made = client(&server).erase_submission(request.clone()).await.unwrap().into_inner();
    let erasure = made.erasure.unwrap();
    assert_eq!(
        (erasure.kind(), erasure.record_count, made.replayed),
        (ErasureKind::Submission, 3, false)
    );
    assert_eq!(
        (erasure.submissions.len(), erasure.submissions[0].submission.as_str()),
        (1, first.as_str())
    );
    let mut server = server;
    for _ in 0..2 {
        assert_eq!(total(&server, &two, json!(null)).await, Ok(2), "the present has what is left");
        assert_eq!(total(&server, &two, at(both)).await, Err(AbsenceReason::Erased));
        assert_eq!(total(&server, &["C82001"], at(before)).await, Err(AbsenceReason::Erased));
        assert_eq!(total(&server, &["C82002"], at(both)).await, Ok(2), "nothing of it was erased");
        assert_eq!(
            total(&server, &["C82001"], at(erasure.position)).await,
            Err(AbsenceReason::NoData)
        );
        assert_eq!(total(&server, &two, at(before - 1)).await, Err(AbsenceReason::NoData));
        assert_eq!(state(&server, &first).await, SubmissionState::Erased);
        let again = client(&server).erase_submission(request.clone()).await.unwrap().into_inner();
        assert_eq!((again.erasure.unwrap(), again.replayed), (erasure.clone(), true));
        is_refused(
            &client(&server).erase_submission(order(&first)).await.unwrap_err(),
            "ALREADY_ERASED",
        );
        server = server.reopen().await;
    }
    // A new submission stands as usual.
    submit(&server, "C82001", &["b"]).await;
    assert_eq!(total(&server, &two, json!(null)).await, Ok(3));
    for _ in 0..2 {
        assert_eq!(total(&server, &two, at(both)).await, Err(AbsenceReason::Erased));
        let between = total(&server, &["C82001"], at(erasure.position)).await;
        assert_eq!(between, Err(AbsenceReason::NoData), "nothing stood until the new one came");
        server = server.reopen().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_everywhere_and_everybody_else_counts() {
    let server = TestServer::start().await;
    let (first, _) = submit(&server, "C82001", &["a", "b", "a"]).await;
    let (second, both) = submit(&server, "C82002", &["d", "a"]).await;
    let (alone, _) = submit(&server, "C82003", &["a"]).await;
    let (other, _) = submit(&server, "C82005", &["d"]).await;
    let made = client(&server).erase_person(person("a")).await.unwrap().into_inner();
    let erasure = made.erasure.unwrap();
    assert_eq!((erasure.kind(), erasure.record_count), (ErasureKind::Person, 4));
    let next = |name: &str| name.replace("versions/1", "versions/2");
    let names: Vec<_> = erasure
        .submissions
        .iter()
        .map(|of| (of.submission.as_str(), of.replaced_by.clone()))
        .collect();
    assert_eq!(
        names,
        [(&*first, next(&first)), (&*second, next(&second)), (&*alone, String::new())]
    );
    assert_eq!(total(&server, &["C82001"], json!(null)).await, Ok(1));
    assert_eq!(total(&server, &["C82002"], json!(null)).await, Ok(1));
    assert_eq!(total(&server, &["C82003"], json!(null)).await, Err(AbsenceReason::NoData));
    assert_eq!(
        total(&server, &["C82001", "C82005"], json!({"position": both})).await,
        Err(AbsenceReason::Erased)
    );
    assert_eq!(state(&server, &next(&first)).await, SubmissionState::Current);
    assert_eq!(state(&server, &other).await, SubmissionState::Current);
    is_refused(&client(&server).erase_person(person("a")).await.unwrap_err(), "PERSON_NOT_FOUND");
    let all = list(&server).await;
    assert_eq!(all, [erasure]);
    let text = format!("{all:?}");
    assert!(!text.contains("\"a\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_orders_are_refused_and_erase_nothing() {
    let server = TestServer::start().await;
    let (name, _) = submit(&server, "C82001", &["a"]).await;
    let reasons = [
        (EraseSubmissionRequest { reason: " ".into(), ..order(&name) }, "FIELD_INVALID"),
        (EraseSubmissionRequest { request_id: "7".into(), ..order(&name) }, "FIELD_INVALID"),
        (order("collections/x"), "FIELD_INVALID"),
        (order(""), "FIELD_INVALID"),
        (order(&name.replace("versions/1", "versions/2")), "SUBMISSION_NOT_FOUND"),
    ];
    for (request, reason) in reasons {
        is_refused(&client(&server).erase_submission(request).await.unwrap_err(), reason);
    }
    let persons = [
        (person(""), "FIELD_INVALID"),
        (ErasePersonRequest { person_key_scheme: String::new(), ..person("a") }, "FIELD_INVALID"),
        (ErasePersonRequest { reason: String::new(), ..person("a") }, "FIELD_INVALID"),
        (
            ErasePersonRequest { person_key_scheme: "other".into(), ..person("a") },
            "PERSON_NOT_FOUND",
        ),
        (person("z"), "PERSON_NOT_FOUND"),
    ];
    for (request, reason) in persons {
        is_refused(&client(&server).erase_person(request).await.unwrap_err(), reason);
    }
    assert_eq!(state(&server, &name).await, SubmissionState::Current);
    // One id names one order.
    let request = order(&name);
    client(&server).erase_submission(request.clone()).await.unwrap();
    let other = ErasePersonRequest { request_id: request.request_id, ..person("a") };
    is_refused(&client(&server).erase_person(other).await.unwrap_err(), "REQUEST_ID_REUSED");
    assert_eq!(list(&server).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_releases_erase_nothing() {
    let server = TestServer::start().await;
    let (name, _) = submit(&server, "C82001", &["a"]).await;
    let server = server
        .reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner))
        .await;
    is_refused(&client(&server).erase_submission(order(&name)).await.unwrap_err(), "QUERY_REFUSED");
    is_refused(&client(&server).erase_person(person("a")).await.unwrap_err(), "QUERY_REFUSED");
    let listed = client(&server).list_erasures(ListErasuresRequest::default()).await;
    is_refused(&listed.unwrap_err(), "QUERY_REFUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_shows_erased_data_says_so() {
    let server = TestServer::start().await;
    let (name, _) = submit(&server, "C82001", &["a", "b"]).await;
    for organisation in ["C82002", "C82009", "C82010"] {
        submit(&server, organisation, &["c", "d"]).await;
    }
    let request = |id: &str| CreateReleaseRequest {
        release_id: id.into(),
        request_id: uuid::Uuid::new_v4().to_string(),
        validate_only: false,
    };
    let mut releases = ReleaseServiceClient::new(server.channel());
    releases.create_release(request("first")).await.unwrap();
    let all = ["C82001", "C82002", "C82009", "C82010"];
    let first = json!({"release": "first"});
    assert_eq!(total(&server, &all, first.clone()).await, Ok(8));
    client(&server).erase_submission(order(&name)).await.unwrap();
    assert_eq!(total(&server, &all, first.clone()).await, Err(AbsenceReason::Erased));
    assert_eq!(total(&server, &all[1..], first).await, Ok(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_data_is_erased_where_the_settings_say_so_and_nowhere_else() {
    let server = TestServer::start().await;
    let (old, both) = submit(&server, "C82001", &["a", "b"]).await;
    let (new, _) = submit_month(&server, "C82001", "2020-05", &["a"]).await;
    // Without data of late the clock would be doubted.
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let late = today.first_of_month().yesterday().unwrap().strftime("%Y-%m").to_string();
    submit_month(&server, "C82002", &late, &["a"]).await;
    let since = i32::from(today.year() - 2020) * 12 + i32::from(today.month()) - 4;
    let since = u32::try_from(since).unwrap();
    // Off; and the month is not old enough.
    let mut server = server;
    for months in [0, since] {
        server = server.reopen_with(|config| config.retention.records_months = months).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(list(&server).await.is_empty(), "{months} months");
        assert_eq!(total(&server, &["C82001"], json!(null)).await, Ok(2));
    }
    server = server.reopen_with(|config| config.retention.records_months = since - 1).await;
    let begin = Instant::now();
    while list(&server).await.is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "nothing was erased");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let made = list(&server).await;
    assert_eq!((made.len(), made[0].kind(), made[0].record_count), (1, ErasureKind::Retention, 2));
    let names: Vec<_> = made[0].submissions.iter().map(|of| of.submission.as_str()).collect();
    assert_eq!(names, [old.as_str()]);
    assert!(made[0].reason.contains("settings"), "{:?}", made[0].reason);
    assert_eq!(state(&server, &new).await, SubmissionState::Current);
    assert_eq!(total(&server, &["C82001"], json!(null)).await, Err(AbsenceReason::NoData));
    let then = total(&server, &["C82001"], json!({"position": both})).await;
    assert_eq!(then, Err(AbsenceReason::Erased));
    // The next look finds nothing.
    server = server.reopen().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(list(&server).await, made);
}
