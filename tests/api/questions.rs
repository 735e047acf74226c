//! Which collection answers, what is refused and where to ask instead, and lists that change while they are paged through.

use equity_indicators::proto::v1::{
    BreakdownContext, GetSubmissionRequest, ListAvailabilityRequest, WithdrawSubmissionRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::queries::{SYNTHETIC, april, submit};
use crate::support::{Refusal, TestServer, count, header, key, records, totals};

async fn context(server: &TestServer, question: Value) -> BreakdownContext {
    server.ask(question).await.unwrap().context.unwrap()
}

/// A question about April 2020 that names no collection.
fn anywhere(more: &Value) -> Value {
    let mut question = april(more);
    question["query"]["collection"] = json!("");
    question
}

/// What is told where a question is refused.
fn told(refused: &Status) -> String {
    let refusal = Refusal::of(refused);
    format!("{} {:?}", refusal.message, refusal.fields)
}

#[tokio::test]
async fn a_place_is_answered_from_what_its_organisations_submit() {
    let server = TestServer::start().await;
    let (practice, network) =
        (json!({"area": "", "organisations": ["C82010"]}), json!({"area": "U67590"}));
    // Nobody has anything yet: nothing else is named.
    let before = context(&server, anywhere(&json!({}))).await;
    assert_eq!(before.collection, "gpad-regional");
    assert!(!before.empty.unwrap().detail.contains("practice-feed"));
    let rows = records(&json!([{"channel": "VIDEO", "recordCount": 5}]));
    let receipt =
        server.submit(header("C82010", "practice-feed", "2020-04", &[]), rows).await.unwrap();
    for place in [practice, network] {
        let answer = server.ask(anywhere(&place)).await.unwrap();
        assert_eq!(answer.context.as_ref().unwrap().collection, "practice-feed", "{place}");
        assert_eq!(totals(&answer)[""], 5, "{place}");
    }
    // Of the system something is published, only nothing here: who has something is named, from now on.
    let after = context(&server, anywhere(&json!({}))).await;
    assert_eq!(after.collection, "gpad-regional");
    assert!(after.empty.unwrap().detail.contains("there is data in `practice-feed`"));
    assert_eq!(after.data_position, receipt.submission.unwrap().position);
    for other in [
        json!({"area": "04C"}),
        json!({"period": {"first": "2020-05"}}),
        json!({"careSetting": "COMMUNITY"}),
    ] {
        let empty = context(&server, anywhere(&other)).await.empty.unwrap();
        assert!(!empty.detail.contains("practice-feed"), "{other}: {}", empty.detail);
    }
}

#[tokio::test]
async fn a_collection_without_what_a_table_counts_is_refused_and_others_are_named() {
    let server = TestServer::start().await;
    let refused = |collection: &str| april(&json!({"collection": collection}));
    let mut statuses = Vec::new();
    for collection in ["ons-internet-users", "gpad-coverage"] {
        statuses.push(server.table("provision", refused(collection)).await.unwrap_err());
        statuses.push(server.ask(refused(collection)).await.unwrap_err());
    }
    statuses.push(server.table("exclusion", refused("gpad-regional")).await.unwrap_err());
    assert_eq!(statuses.len(), 5);
    for status in statuses {
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.short(), ("FIELD_INVALID", "query.collection"));
        let told = told(&status);
        assert!(told.contains("practice-feed, synthetic-"), "{told}");
        assert!(told.contains("synthetic-llr"), "{told}");
    }
}

#[tokio::test]
async fn channels_are_rows_of_provision_and_no_word_of_access_records() {
    let server = TestServer::start().await;
    let rows = json!([
        {"channel": "FACE_TO_FACE", "recordCount": 3},
        {"channel": "TELEPHONE", "recordCount": 5},
        {"channel": "VIDEO", "recordCount": 7}
    ]);
    submit(&server, ("04C", "2020-04"), &[], rows).await;
    let listed =
        json!({"where": [{"dimension": "channel", "codes": ["TELEPHONE", "FACE_TO_FACE"]}]});
    let by = json!({"by": ["channel"]});
    let both = [("FACE_TO_FACE", 3), ("TELEPHONE", 5)];
    let all = [("", 15), ("FACE_TO_FACE", 3), ("TELEPHONE", 5), ("VIDEO", 7)];
    for (question, expected) in [(&listed, &both[..]), (&by, &all)] {
        let table = server.table("provision", april(question)).await.unwrap();
        let rows: Vec<_> = table.rows.iter().map(key).collect();
        let found: Vec<_> =
            rows.iter().map(|key| (key.as_str(), count(&table, key, "CONTACTS"))).collect();
        assert_eq!(found, expected, "{question}");
        let refused = server.table("exclusion", april(question)).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).reason, "FIELD_INVALID", "{question}");
        assert!(told(&refused).contains("access records describe people"), "{}", told(&refused));
    }
    // Where channels are the columns, they are none of the rows.
    let refused = server.ask(april(&by)).await.unwrap_err();
    assert!(told(&refused).contains("as columns"), "{}", told(&refused));
    assert_eq!(server.ask(april(&listed)).await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_district_has_residents_and_no_organisations() {
    let server = TestServer::start().await;
    let harborough = json!({"area": "E07000131"});
    let refused = server.ask(april(&harborough)).await.unwrap_err();
    let refusal = Refusal::of(&refused);
    assert_eq!(
        (refusal.reason.as_str(), refusal.code),
        ("QUERY_REFUSED", Code::FailedPrecondition)
    );
    let said = told(&refused);
    assert!(said.contains("by RESIDENCE") && said.contains("E10000018"), "{said}");
    // What it names is answered.
    for instead in [
        json!({"area": "E07000131", "areaBasis": "AREA_BASIS_RESIDENCE"}),
        json!({"area": "E10000018"}),
    ] {
        server.ask(april(&instead)).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_is_missed_whom_nobody_expects() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "VIDEO", "residenceLsoa": "E01013600"}]);
    submit(&server, ("C82010", "2020-04"), &[], rows).await;
    for basis in ["AREA_BASIS_PROVIDER", "AREA_BASIS_RESIDENCE"] {
        let context = context(&server, april(&json!({"areaBasis": basis}))).await;
        assert_eq!(context.expected_organisation_count, 137, "the practices, {basis}");
        let missing: Vec<_> = context.notes.iter().filter(|n| n.contains("expected")).collect();
        assert_eq!(missing.len(), 1, "{missing:?}");
        for other in ["03W", "04C", "LA-", "RWE", "GMCA", "IPSOS"] {
            assert!(!missing[0].contains(other), "{missing:?}");
        }
    }
}

#[tokio::test]
async fn what_is_submitted_between_two_pages_moves_no_row() {
    let server = TestServer::start().await;
    let one = || records(&json!([{"channel": "VIDEO"}]));
    let mut made = Vec::new();
    for month in ["2020-04", "2020-05", "2020-06"] {
        let receipt = server.submit(header("04C", SYNTHETIC, month, &[]), one()).await.unwrap();
        made.push(receipt.submission.unwrap().name);
    }
    let page = |token: &str| {
        let (mut reference, page_token) = (server.reference(), token.to_owned());
        let collection = SYNTHETIC.to_owned();
        let request =
            ListAvailabilityRequest { collection, page_size: 2, page_token, ..Default::default() };
        async move { reference.list_availability(request).await.unwrap().into_inner() }
    };
    let first = page("").await;
    // One before what was seen, one of it gone, one of what is to come replaced.
    for month in ["2020-03", "2020-06"] {
        server.submit(header("04C", SYNTHETIC, month, &[]), one()).await.unwrap();
    }
    let gone = WithdrawSubmissionRequest {
        name: made[0].clone(),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    server.submissions().withdraw_submission(gone).await.unwrap();
    let second = page(&first.next_page_token).await;
    assert_eq!(second.next_page_token, "");
    let rows = first.availability.iter().chain(&second.availability);
    let found: Vec<_> = rows.map(|row| (row.month.as_str(), row.version)).collect();
    assert_eq!(found, [("2020-04", 1), ("2020-05", 1), ("2020-06", 1)]);
    // Who begins again sees what there is now.
    let (first, months) = (page("").await, ["2020-03", "2020-05"]);
    assert_eq!(first.availability.iter().map(|row| row.month.as_str()).collect::<Vec<_>>(), months);
}

#[tokio::test]
async fn a_submission_has_one_name() {
    let server = TestServer::start().await;
    let receipt = server
        .submit(header("04C", SYNTHETIC, "2020-04", &[]), records(&json!([{"channel": "VIDEO"}])))
        .await
        .unwrap();
    let name = receipt.submission.unwrap().name;
    let get = |name: String| {
        let mut client = server.submissions();
        async move { client.get_submission(GetSubmissionRequest { name }).await }
    };
    get(name.clone()).await.unwrap();
    let stem = name.strip_suffix('1').unwrap();
    for version in ["+1", "01", "1 1", ""] {
        let refused = get(format!("{stem}{version}")).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", "name"), "{version}");
    }
}
