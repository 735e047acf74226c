//! The options of tables beside the query: all that are wrong are named at once, and blanks around them change nothing.

use equity_indicators::proto::v1::ListOrganisationsRequest;
use serde_json::json;

use crate::support::{Refusal, TestServer, header, records, totals};

/// The options of a table are named with the fields of its query.
#[tokio::test]
async fn every_wrong_option_of_a_table_is_named_at_once() {
    let server = TestServer::start().await;
    let query = json!({"area": "QK1", "areaBasis": 77, "view": 78, "asOf": {"position": -1}});
    let of_query = ["query.area_basis", "query.view", "query.as_of.position", "query.period.first"];
    for (table, query, options, named) in [
        (
            "channels",
            query.clone(),
            json!({"measure": 99, "denominator": 98, "populationCollection": "gpps"}),
            &["measure", "denominator", "population_collection", "population_collection"][..],
        ),
        (
            "exclusion",
            query.clone(),
            json!({"indicators": ["DX-99"], "estimateCollections": ["nowhere", "practice-feed"]}),
            &["indicators[0]", "estimate_collections", "estimate_collections"],
        ),
        (
            "exclusion",
            json!({"area": "QK1", "careSetting": "GP", "period": {"first": "x"}}),
            json!({"indicators": ["DX-98"]}),
            &["query.care_setting", "indicators[0]", "query.period.first"],
        ),
        (
            "provision",
            query.clone(),
            json!({"accessCollection": "nowhere", "requestMetDays": -1}),
            &["access_collection", "request_met_days"],
        ),
        (
            "provision",
            json!({"area": "QK1", "period": {"first": "2020-04"}, "collection": "synthetic-llr"}),
            json!({"accessCollection": "practice-feed", "requestMetDays": 9999}),
            &["access_collection", "request_met_days"],
        ),
        ("outcomes", query.clone(), json!({}), &[]),
        ("impact", query.clone(), json!({}), &[]),
        (
            "risk",
            json!({"area": "QK1", "view": 78, "asOf": {"position": -1}}),
            json!({"indicator": "DX-97", "scoreCollection": "nowhere"}),
            &["query.view", "query.as_of.position", "indicator", "score_collection"],
        ),
    ] {
        let mut question = options;
        question["query"] = query.clone();
        let refusal = Refusal::of(&server.table(table, question).await.unwrap_err());
        let mut found: Vec<_> = refusal.fields.iter().map(|(field, _)| field.as_str()).collect();
        let of_query = of_query.iter().filter(|_| query["areaBasis"] == 77);
        let mut expected: Vec<_> = named.iter().chain(of_query).copied().collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{table}: {refusal:?}");
    }
}

/// Blanks at the ends of texts are no part of them.
#[tokio::test]
async fn blanks_around_the_texts_of_a_question_change_nothing() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "VIDEO", "person": {"sex": "1"}}]);
    let about = header("C82001", "practice-feed", "2020-04", &["sex"]);
    server.submit(about, records(&rows)).await.unwrap();
    let question = |blank: &str| {
        let padded = |text: &str| format!("{blank}{text}{blank}");
        let query = json!({
            "collection": padded("practice-feed"),
            "careSetting": padded("PRIMARY_CARE"),
            "organisations": [padded("C82001")],
            "period": {"first": padded("2020-04"), "last": padded("2020-04")},
            "by": [padded("age_band")],
            "where": [{"dimension": padded("sex"), "codes": [padded("1")]}],
        });
        json!({"query": query, "includeRates": true, "populationCollection": padded("gpad-coverage")})
    };
    let plain = server.ask(question("")).await.unwrap();
    assert_eq!(totals(&plain)[""], 1);
    assert_eq!(server.ask(question(" \t")).await.unwrap(), plain);
    let risk = |blank: &str| {
        let query = json!({"area": format!("QK1{blank}")});
        json!({"query": query, "indicator": format!("{blank}DX-10"), "scoreCollection": format!("deri{blank}")})
    };
    let plain = server.table("risk", risk("")).await.unwrap();
    assert_eq!(server.table("risk", risk(" ")).await.unwrap(), plain);
    let estimates = |blank: &str| {
        let period = json!({"first": "2020-04"});
        json!({"query": {"area": "QK1", "period": period}, "indicators": [format!(" DX-21{blank}")],
            "estimateCollections": [format!("-{blank}")]})
    };
    let plain = server.table("exclusion", estimates("")).await.unwrap();
    assert_eq!(server.table("exclusion", estimates(" ")).await.unwrap(), plain);
    let list = ListOrganisationsRequest { area: " QK1 ".into(), ..Default::default() };
    let listed = server.reference().list_organisations(list).await.unwrap().into_inner();
    assert!(listed.organisations.iter().any(|organisation| organisation.code == "04C"));
}
