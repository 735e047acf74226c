//! Releases over gRPC: made once, for ever the same, refused where single organisations would show, read by their names.

use equity_indicators::app;
use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::{
    CreateReleaseRequest, CreateReleaseResponse, GetReleaseRequest, ListReleasesRequest, Release,
    ReleaseReason,
};
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::{Refusal, TestServer, header, records, totals};

fn releases(server: &TestServer) -> ReleaseServiceClient<Channel> {
    ReleaseServiceClient::new(server.channel())
}

fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn ask(
    server: &TestServer,
    release_id: &str,
    request_id: &str,
    validate_only: bool,
) -> Result<CreateReleaseResponse, Status> {
    let (release_id, request_id) = (release_id.to_owned(), request_id.to_owned());
    let request = CreateReleaseRequest { release_id, request_id, validate_only };
    Ok(releases(server).create_release(request).await?.into_inner())
}

async fn create(server: &TestServer, release_id: &str) -> Result<Release, Status> {
    Ok(ask(server, release_id, &id(), false).await?.release.unwrap())
}

async fn list(server: &TestServer, page_size: i32, page_token: &str) -> (Vec<Release>, String) {
    let request = ListReleasesRequest { page_size, page_token: page_token.to_owned() };
    let page = releases(server).list_releases(request).await.unwrap().into_inner();
    (page.releases, page.next_page_token)
}

async fn get(server: &TestServer, name: &str) -> Result<Release, Status> {
    let request = GetReleaseRequest { name: name.to_owned() };
    Ok(releases(server).get_release(request).await?.into_inner().release.unwrap())
}

async fn submit(server: &TestServer, organisation: &str, count: i64) {
    let header = header(organisation, "practice-feed", "2020-04", &[]);
    let rows = records(&json!([{"channel": "VIDEO", "recordCount": count}]));
    server.submit(header, rows).await.unwrap();
}

/// A place with many practices: the first of them, by code.
async fn practices(server: &TestServer, most: usize) -> Vec<String> {
    let request = equity_indicators::proto::v1::ListOrganisationsRequest {
        area: "E06000016".into(),
        ..Default::default()
    };
    let found = server.reference().list_organisations(request).await.unwrap().into_inner();
    let practices = found.organisations.into_iter().filter(|of| of.r#type == "practice");
    practices.map(|of| of.code).take(most).collect()
}

fn question(as_of: &Value) -> Value {
    json!({"query": {"area": "E06000016", "collection": "practice-feed", "period": {"first": "2020-04"}, "asOf": as_of}})
}

async fn total(server: &TestServer, as_of: Value) -> i64 {
    totals(&server.ask(question(&as_of)).await.unwrap())[""]
}

#[tokio::test]
async fn a_release_stays_what_it_was_also_after_a_restart_and_from_the_log_alone() {
    let server = TestServer::start().await;
    let all = practices(&server, 4).await;
    for organisation in &all {
        submit(&server, organisation, 100).await;
    }
    let request = id();
    let made = ask(&server, " 2026-11 ", &request, false).await.unwrap();
    let release = made.release.clone().unwrap();
    assert_eq!(
        (release.name.as_str(), release.release_id.as_str()),
        ("releases/2026-11", "2026-11")
    );
    assert_eq!(
        (release.reason(), release.least_changed_organisation_count),
        (ReleaseReason::Operator, 3)
    );
    assert_eq!(release.position, release.shown_position + 1);
    assert!(release.create_time.is_some() && release.closed_month.len() == 7 && !made.replayed);
    for organisation in &all[..3] {
        submit(&server, organisation, 1_000).await;
    }
    let second = create(&server, "2026-12").await.unwrap();
    let expected = [second.clone(), release.clone()];
    let mut server = server;
    for _ in 0..2 {
        assert_eq!(total(&server, json!({"release": "2026-11"})).await, 400);
        assert_eq!(total(&server, json!({"release": " 2026-12 "})).await, 3_100);
        assert_eq!(total(&server, json!({"position": release.shown_position})).await, 400);
        let answer = server.ask(question(&json!({"release": "2026-11"}))).await.unwrap();
        assert_eq!(answer.context.unwrap().release, "2026-11");
        let answer = server.ask(question(&json!(null))).await.unwrap();
        assert_eq!(answer.context.unwrap().release, "");
        let again = ask(&server, "2026-11", &request, false).await.unwrap();
        assert_eq!(again, CreateReleaseResponse { replayed: true, ..made.clone() });
        assert_eq!(list(&server, 0, "").await.0, expected);
        assert_eq!(get(&server, "releases/2026-12").await.unwrap(), second);
        server = server.reopen().await;
    }
    let folder = server.data_folder();
    let kept = server.stop().await;
    let report = app::verify(&folder, None, None, &mut |_, _| {}).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    let report = app::rebuild(&folder, None, &mut |_, _| {}).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    let server = TestServer::on(kept, &folder).await;
    assert_eq!(list(&server, 0, "").await.0, expected);
    assert_eq!(total(&server, json!({"release": "2026-11"})).await, 400);
}

#[tokio::test]
async fn what_would_show_single_organisations_is_refused_with_the_areas() {
    let server = TestServer::start().await;
    let empty = create(&server, "first").await.unwrap_err();
    assert_eq!(
        (empty.code(), Refusal::of(&empty).reason.as_str()),
        (Code::FailedPrecondition, "RELEASE_REFUSED")
    );
    assert!(empty.message().contains("there is no data to release"), "{}", empty.message());
    let all = practices(&server, 5).await;
    for organisation in &all {
        submit(&server, organisation, 100).await;
    }
    create(&server, "first").await.unwrap();
    for (changed, organisation) in all.iter().take(2).enumerate() {
        submit(&server, organisation, 77).await;
        for validate_only in [true, false] {
            let refused = ask(&server, "second", &id(), validate_only).await.unwrap_err();
            let told = refused.message();
            assert_eq!(Refusal::of(&refused).reason, "RELEASE_REFUSED");
            let numbers =
                format!("{} of 5 organisations, consultations of practice-feed", changed + 1);
            for part in [
                "since release `first`",
                "E06000016 (Leicester)",
                &numbers,
                "release when at least 3",
            ] {
                assert!(told.contains(part), "{part}: {told}");
            }
        }
    }
    // The same content again is no change.
    submit(&server, &all[2], 100).await;
    assert!(create(&server, "second").await.is_err());
    submit(&server, &all[2], 55).await;
    let position = server.position().await;
    let checked = ask(&server, "second", &id(), true).await.unwrap().release.unwrap();
    assert_eq!(
        (checked.shown_position, checked.position, checked.create_time),
        (position, 0, None)
    );
    assert_eq!(list(&server, 0, "").await.0.len(), 1, "it was only checked");
    create(&server, "second").await.unwrap();
}

#[tokio::test]
async fn bad_input_is_refused() {
    let server = TestServer::start().await;
    submit(&server, "C82001", 5).await;
    create(&server, "2026-11").await.unwrap();
    let refusal = |refused: Result<Release, Status>| {
        let refused = refused.unwrap_err();
        (refused.code(), Refusal::of(&refused).reason, refused.message().to_owned())
    };
    let (code, reason, told) = refusal(create(&server, "2026-11").await);
    assert_eq!((code, reason.as_str()), (Code::AlreadyExists, "RELEASE_EXISTS"));
    assert!(told.contains("releases/2026-11"), "{told}");
    for bad in ["", "2026-Q4", "a b", "-", "releases/x", &"a".repeat(64)] {
        let (code, reason, told) = refusal(create(&server, bad).await);
        assert_eq!((code, reason.as_str()), (Code::InvalidArgument, "FIELD_INVALID"), "{bad}");
        assert!(told.contains("release_id") && told.contains("2026-11"), "{told}");
    }
    let both = ask(&server, "A", "1", false).await.unwrap_err();
    let fields: Vec<_> = Refusal::of(&both).fields.into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["release_id", "request_id"]);
    for bad in ["", "2026-11", "releases/"] {
        let (code, reason, _) = refusal(get(&server, bad).await);
        assert_eq!((code, reason.as_str()), (Code::InvalidArgument, "FIELD_INVALID"), "{bad}");
    }
    let (code, reason, told) = refusal(get(&server, "releases/2026-1").await);
    assert_eq!((code, reason.as_str()), (Code::NotFound, "RELEASE_NOT_FOUND"));
    assert!(told.contains("equity releases list"), "{told}");
    let unknown = server.ask(question(&json!({"release": "2026.11"}))).await.unwrap_err();
    assert_eq!(
        (unknown.code(), Refusal::of(&unknown).reason.as_str()),
        (Code::NotFound, "RELEASE_NOT_FOUND")
    );
    assert!(unknown.message().contains("the nearest is `2026-11`"), "{}", unknown.message());
}

#[tokio::test]
async fn pages_together_are_the_list_whatever_comes_between() {
    let server = TestServer::start().await;
    submit(&server, "C82001", 5).await;
    for number in 0..7 {
        create(&server, &format!("r{number}")).await.unwrap();
    }
    let (mut all, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let (page, next) = list(&server, 3, &token).await;
        all.extend(page.into_iter().map(|release| release.release_id));
        (token, pages) = (next, pages + 1);
        if token.is_empty() {
            break;
        }
        create(&server, &format!("later{pages}")).await.unwrap();
    }
    assert_eq!((all, pages), ((0..7).rev().map(|n| format!("r{n}")).collect(), 3));
    let request = ListReleasesRequest { page_size: -1, ..Default::default() };
    let refused = releases(&server).list_releases(request).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, "FIELD_INVALID");
}
