//! Published figures as they come back: every one of the bundled files, from the nearest area and one by one.

use std::collections::BTreeSet;
use std::path::Path;

use equity_indicators::ingest::{Defaults, Records, read_all};
use equity_indicators::proto::v1::{
    EstimateRecord, EstimateSource, ListEstimatesRequest, ListIndicatorsRequest, PublishedEstimate,
};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{Refusal, TestServer, message};

const FILES: [&str; 4] = [
    "internet_users_2012_2018.csv",
    "gpps_2018_2021_digital_access_by_age.csv",
    "gpps_national_2026.csv",
    "deri_depahri_lsoa11_llr.csv",
];

fn demo(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/demo").join(name)
}

async fn page(
    server: &TestServer,
    question: Value,
) -> Result<(Vec<PublishedEstimate>, String), Status> {
    let request: ListEstimatesRequest = message(question);
    let answer = server.exclusion().list_estimates(request).await?.into_inner();
    Ok((answer.estimates, answer.next_page_token))
}

async fn list(server: &TestServer, mut question: Value) -> Vec<PublishedEstimate> {
    let mut all = Vec::new();
    question["pageSize"] = json!(400);
    loop {
        let (found, token) = page(server, question.clone()).await.unwrap();
        all.extend(found);
        if token.is_empty() {
            return all;
        }
        question["pageToken"] = json!(token);
    }
}

async fn beside(server: &TestServer, question: Value) -> Vec<PublishedEstimate> {
    server.table("exclusion", question).await.unwrap().estimates
}

fn value(estimate: &PublishedEstimate) -> f64 {
    estimate.record.as_ref().unwrap().value.unwrap()
}

fn indicators(estimates: &[PublishedEstimate]) -> BTreeSet<&str> {
    estimates.iter().map(|one| one.record.as_ref().unwrap().indicator.as_str()).collect()
}

#[tokio::test]
async fn every_figure_of_the_bundled_files_can_be_read() {
    let server = TestServer::start().await;
    let mut given: Vec<(EstimateRecord, EstimateSource)> = Vec::new();
    for file in FILES {
        server.submit_file(&demo(file)).await;
        for parcel in read_all(&demo(file), &Defaults::default()).unwrap() {
            let Records::Estimates(source, rows) = parcel.rows else { panic!("{file}") };
            given.extend(rows.into_iter().map(|row| (row, source.clone())));
        }
    }
    assert_eq!(given.len(), 435 + 71 + 298 + 611 * 6);
    let listed = list(&server, json!({})).await;
    let found: Vec<_> = listed
        .iter()
        .map(|one| (one.record.clone().unwrap(), one.source.clone().unwrap()))
        .collect();
    assert!(found == given, "{} of {} figures came back", found.len(), given.len());

    // By what only the publisher breaks down by, by place, by time.
    let employment = |one: &&PublishedEstimate| {
        let record = one.record.as_ref().unwrap();
        record.keys.iter().any(|key| key.dimension == "publisher:employment_status")
    };
    let of_2018 = list(&server, json!({"indicator": "DX-12-USED", "period": "2018"})).await;
    assert_eq!((of_2018.len(), of_2018.iter().filter(employment).count()), (69, 8));
    let local = list(&server, json!({"area": "NAME:Leicestershire CC and Rutland"})).await;
    assert_eq!(local.last().map(value), Some(0.912));
    let deri = list(&server, json!({"collection": "deri", "indicator": "DX-10"})).await;
    assert_eq!(deri.len(), 611);

    // The nearest area around the one asked about that has any.
    for (area, published, of) in [
        ("E10000018", 0.912, "Leicestershire CC and Rutland"),
        ("E06000017", 0.912, "Leicestershire CC and Rutland"),
        ("E06000016", 0.867, "Leicester"),
        ("QK1", 0.884, "East Midlands"),
    ] {
        let question = json!({"query": {"area": area, "period": {"first": "2018"}},
            "estimateCollections": ["ons-internet-users"]});
        let found = beside(&server, question).await;
        let told: Vec<_> = found.iter().map(|one| (value(one), one.area_name.as_str())).collect();
        assert_eq!(told, [(published, of)], "{area}");
    }

    // The answers of the whole questionnaire only where their collection is named.
    let query = json!({"area": "QK1", "period": {"first": "2026-08"}});
    let unasked = beside(&server, json!({"query": query})).await;
    assert!(!indicators(&unasked).contains("SURVEY-ANSWER"));
    assert!(indicators(&unasked).is_superset(&["CH-04-LAST", "DX-12-USED", "DX-16"].into()));
    let named = beside(&server, json!({"query": query, "estimateCollections": ["gpps"]})).await;
    assert!(indicators(&named).contains("SURVEY-ANSWER") && named.len() > 288);
    let one = beside(&server, json!({"query": query, "indicators": ["DX-06"]})).await;
    assert_eq!(one, []);
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let server = TestServer::start().await;
    for (question, reason, field) in [
        (json!({"collection": "nowhere"}), "COLLECTION_NOT_FOUND", ""),
        (json!({"collection": "practice-feed"}), "FIELD_INVALID", "collection"),
        (json!({"indicator": "DX-99"}), "INDICATOR_NOT_FOUND", ""),
        (json!({"area": "NAME:Nowhere"}), "AREA_NOT_FOUND", ""),
        (json!({"period": "soon"}), "FIELD_INVALID", "period"),
        (json!({"pageSize": -1}), "FIELD_INVALID", "page_size"),
        (json!({"pageToken": "x"}), "PAGE_TOKEN_INVALID", ""),
    ] {
        let refusal = Refusal::of(&page(&server, question.clone()).await.unwrap_err());
        assert_eq!(refusal.short(), (reason, field), "{question}");
    }
    assert_eq!(page(&server, json!({"area": "QK1"})).await.unwrap(), (Vec::new(), String::new()));
}

/// Wider areas are there so that what was published of them is found: nothing that is counted here would be about all of them.
#[tokio::test]
async fn tables_of_what_is_wider_than_all_that_is_known_are_refused() {
    let server = TestServer::start().await;
    for (area, name) in [("E12000004", "East Midlands"), ("K02000001", "United Kingdom")] {
        for basis in ["AREA_BASIS_PROVIDER", "AREA_BASIS_RESIDENCE"] {
            let query = json!({"area": area, "areaBasis": basis, "period": {"first": "2020-04"}});
            let refused = server.ask(json!({"query": query})).await.unwrap_err();
            let refusal = Refusal::of(&refused);
            assert_eq!(refusal.reason, "QUERY_REFUSED");
            for part in [name, "`QK1`", "ListEstimates"] {
                assert!(refusal.message.contains(part), "{part}: {}", refusal.message);
            }
        }
    }
}

/// Every indicator of digital exclusion is listed; where no figure of it can be there, the reason stands with it.
#[tokio::test]
async fn what_has_no_figures_here_says_why() {
    let server = TestServer::start().await;
    let request = ListIndicatorsRequest { page_size: 1_000, ..Default::default() };
    let listed = server.reference().list_indicators(request).await.unwrap().into_inner().indicators;
    for number in 1..=19 {
        let id = format!("DX-{number:02}");
        let is = |found: &str| found == id || found.starts_with(&format!("{id}-"));
        assert!(listed.iter().any(|indicator| is(&indicator.id)), "{id}");
    }
    let without = listed.iter().filter(|indicator| !indicator.unavailable.is_empty());
    let without: Vec<_> = without.map(|indicator| indicator.id.as_str()).collect();
    assert_eq!(without, ["C20-HYP-FIND", "CH-04", "DX-05", "DX-08", "DX-13", "DX-14", "WF-REP"]);
}
