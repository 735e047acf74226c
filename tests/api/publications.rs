//! Published tables over gRPC: the same to everybody, of a release, and all that the public reads of controlled data.

use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::erasure_service_client::ErasureServiceClient;
use equity_indicators::proto::v1::publication_service_client::PublicationServiceClient;
use equity_indicators::proto::v1::{
    EraseSubmissionRequest, GetPublishedTableRequest, GetPublishedTableResponse,
    ListPublishedTablesRequest, Publication, PublishedState,
};
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::{Refusal, TestServer, header, message, records};

use super::exports::export;

fn client(server: &TestServer) -> PublicationServiceClient<Channel> {
    PublicationServiceClient::new(server.channel())
}

async fn list(server: &TestServer, release: &str) -> Result<Publication, Status> {
    let request = ListPublishedTablesRequest { release: release.to_owned() };
    let answer = client(server).list_published_tables(request).await?.into_inner();
    Ok(answer.publication.unwrap())
}

async fn get(
    server: &TestServer,
    release: &str,
    table_id: &str,
) -> Result<GetPublishedTableResponse, Status> {
    let (release, table_id) = (release.to_owned(), table_id.to_owned());
    let request = GetPublishedTableRequest { release, table_id };
    Ok(client(server).get_published_table(request).await?.into_inner())
}

/// Four practices of one sub-ICB location, in three months.
async fn submit(server: &TestServer, more: i64) {
    submit_months(server, more, &["2020-04", "2020-05", "2020-06"]).await;
}

async fn submit_months(server: &TestServer, more: i64, months: &[&str]) {
    for (number, organisation) in (0..).zip(["C82001", "C82002", "C82009", "C82010"]) {
        for month in months {
            let header = header(organisation, "practice-feed", month, &["age_band"]);
            let rows = json!([
                {"channel": "TELEPHONE", "recordCount": 40 + number + more, "person": {"ageBand": "30-34"}},
                {"channel": "FACE_TO_FACE", "recordCount": 90 + number, "person": {"ageBand": "70-74"}},
                {"channel": "VIDEO", "recordCount": 1, "person": {"ageBand": "5-9"}},
            ]);
            server.submit(header, records(&rows)).await.unwrap();
        }
    }
}

#[track_caller]
fn is_refused(refused: &Status, code: Code, reason: &str) {
    let of = Refusal::of(refused);
    assert_eq!((of.code, of.reason.as_str()), (code, reason), "{of:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_the_same_tables_and_the_public_nothing_else() {
    let server = TestServer::start().await;
    submit(&server, 0).await;
    is_refused(&list(&server, "").await.unwrap_err(), Code::FailedPrecondition, "NO_RELEASE");
    server.release("first").await;
    let listed = list(&server, "").await.unwrap();
    assert_eq!(listed, list(&server, " releases/first ").await.unwrap());
    assert_eq!((listed.release.as_str(), listed.least_value_count), ("releases/first", 5));
    let ids: Vec<_> = listed.tables.iter().map(|table| table.table_id.clone()).collect();
    assert_eq!(ids, ["channels-by-age", "channels-by-sub-icb"]);
    let mut before = Vec::new();
    for table in &listed.tables {
        let answer = get(&server, "", &table.table_id).await.unwrap();
        assert_eq!(answer.table.as_ref(), Some(table));
        assert_eq!(usize::try_from(table.row_count).unwrap(), answer.rows.len());
        before.push(answer);
    }
    let by_age = &before[0];
    let all = by_age.rows.iter().find(|row| row.keys.is_empty()).unwrap();
    // 12 × 132 and three times 0 + 1 + 2 + 3, twice: 1,608.
    assert_eq!((all.period.as_str(), all.count), ("2020-Q2", Some(1610)));
    let remote = |row: &&equity_indicators::proto::v1::PublishedRow| {
        row.keys.len() == 1 && row.keys[0].code == "REMOTE"
    };
    let remote = by_age.rows.iter().find(remote).unwrap();
    assert_eq!((remote.count, remote.whole_count), (Some(510), Some(1610)));
    assert!((remote.percentage.unwrap() - 100.0 * 510.0 / 1610.0).abs() < 1e-9);
    let withheld = by_age.rows.iter().filter(|row| row.state() == PublishedState::Few);
    let withheld: Vec<_> = withheld.collect();
    assert!(!withheld.is_empty() && withheld.iter().all(|row| row.count.is_none()));

    let unknown = get(&server, "", "none").await.unwrap_err();
    is_refused(&unknown, Code::InvalidArgument, "FIELD_INVALID");
    assert!(unknown.message().contains("`channels-by-age`"), "{unknown:?}");
    let unknown = list(&server, "releases/none").await.unwrap_err();
    is_refused(&unknown, Code::NotFound, "RELEASE_NOT_FOUND");
    let unknown = list(&server, "first").await.unwrap_err();
    is_refused(&unknown, Code::InvalidArgument, "FIELD_INVALID");

    submit(&server, 30).await;
    server.release("second").await;
    let public = |config: &mut equity_indicators::config::Config| {
        config.profile_without_identity = Some(ProfileName::Public);
    };
    let server = server.reopen_with(public).await;
    for answer in before {
        let id = answer.table.as_ref().unwrap().table_id.clone();
        assert_eq!(get(&server, "releases/first", &id).await.unwrap(), answer);
        assert_ne!(get(&server, "", &id).await.unwrap(), answer);
    }
    let question = json!({"query": {"collection": "practice-feed", "area": "QK1", "period": {"first": "2020-04"}}});
    for name in ["channels", "outcomes", "provision", "impact"] {
        let refused = server.table(name, question.clone()).await.unwrap_err();
        is_refused(&refused, Code::FailedPrecondition, "QUERY_REFUSED");
    }
    let request = message(json!({"question": {"channels": question}}));
    let refused = export(&server, &request).await.unwrap_err();
    is_refused(&refused, Code::FailedPrecondition, "QUERY_REFUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_folder_decides_what_is_published() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("published.toml"), "version = \"2\"\n").unwrap();
    let with = |config: &mut equity_indicators::config::Config| {
        config.reference_folder = Some(folder.path().to_owned());
    };
    let server = TestServer::with(with).await;
    submit(&server, 0).await;
    server.release("first").await;
    let refused = list(&server, "").await.unwrap_err();
    is_refused(&refused, Code::FailedPrecondition, "PUBLICATION_REFUSED");
    assert!(refused.message().contains("lists no table"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_data_ends_the_tables_that_count_it_and_no_others() {
    let server = TestServer::start().await;
    // The tables have four periods, so they do not reach the first of these months.
    submit_months(&server, 0, &["2015-03", "2019-09", "2019-12", "2020-03", "2020-06"]).await;
    server.release("first").await;
    let before = list(&server, "").await.unwrap();
    let erase = async |month: &str| {
        let request = EraseSubmissionRequest {
            name: format!(
                "collections/practice-feed/organisations/C82001/datasets/consultations/months/{month}/versions/1"
            ),
            reason: "a test".to_owned(),
            request_id: uuid::Uuid::new_v4().to_string(),
            ..EraseSubmissionRequest::default()
        };
        ErasureServiceClient::new(server.channel()).erase_submission(request).await.unwrap();
    };
    erase("2015-03").await;
    assert_eq!(list(&server, "").await.unwrap(), before);
    erase("2019-09").await;
    let refused = list(&server, "").await.unwrap_err();
    is_refused(&refused, Code::FailedPrecondition, "PUBLICATION_REFUSED");
    assert!(refused.message().contains("was erased since the release was made"), "{refused:?}");
}
