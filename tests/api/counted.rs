//! What an answer says of the data behind it: the publications and months of the submissions that were counted, and nothing of others.

use equity_indicators::proto::v1::{
    BreakdownContext, EstimateSource, GetSubmissionRequest, SubmissionHeader,
};
use serde_json::{Value, json};

use crate::support::{Refusal, TestServer, header, message, records};

fn publication(edition: &str) -> EstimateSource {
    let texts = ["NHS England", "Appointments in General Practice", edition, "OGL v3.0"];
    let [publisher, title, edition, licence] = texts.map(str::to_owned);
    EstimateSource { publisher, title, edition, licence, ..EstimateSource::default() }
}

fn published(organisation: &str, month: &str, edition: &str) -> SubmissionHeader {
    let of = header(organisation, "gpad-regional", month, &[]);
    SubmissionHeader { source: Some(publication(edition)), ..of }
}

async fn submit(server: &TestServer, header: SubmissionHeader) {
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 5}]);
    server.submit(header, records(&rows)).await.unwrap();
}

async fn context(server: &TestServer, table: &str, question: Value) -> BreakdownContext {
    server.table(table, question).await.unwrap().context.unwrap()
}

/// Edition, months and number of submissions of each entry.
fn counted(context: &BreakdownContext) -> Vec<(String, String, String, i32)> {
    let of = context.counted.iter().map(|of| {
        let edition = of.source.as_ref().map_or(String::new(), |source| source.edition.clone());
        (edition, of.first_month.clone(), of.last_month.clone(), of.submission_count)
    });
    of.collect()
}

fn entry(edition: &str, first: &str, last: &str, count: i32) -> (String, String, String, i32) {
    (edition.into(), first.into(), last.into(), count)
}

#[tokio::test]
async fn the_source_is_that_of_the_submissions_counted() {
    let server = TestServer::start().await;
    for (organisation, month) in [("03W", "2026-04"), ("04C", "2026-04"), ("03W", "2026-06")] {
        submit(&server, published(organisation, month, "Regional CSV")).await;
    }
    submit(&server, published("04C", "2019-03", "old edition")).await;
    let query = |area: &str, first: &str, last: &str| json!({"query": {"area": area, "period": {"first": first, "last": last}}});
    let whole = context(&server, "channels", query("QK1", "2026-01", "2026-09")).await;
    assert_eq!(counted(&whole), [entry("Regional CSV", "2026-04", "2026-06", 3)]);
    assert_eq!(
        whole.provenance,
        "NHS England, Appointments in General Practice, Regional CSV, 2026-04 to 2026-06; OGL v3.0"
    );
    // Of another place, of other months, and of both editions.
    let one = context(&server, "channels", query("04C", "2026-01", "2026-09")).await;
    assert_eq!(counted(&one), [entry("Regional CSV", "2026-04", "2026-04", 1)]);
    let old = context(&server, "channels", query("QK1", "2019-01", "2019-12")).await;
    assert_eq!(counted(&old), [entry("old edition", "2019-03", "2019-03", 1)]);
    let both = context(&server, "channels", query("QK1", "2019-01", "2026-12")).await;
    let [new, old] = [
        entry("Regional CSV", "2026-04", "2026-06", 3),
        entry("old edition", "2019-03", "2019-03", 1),
    ];
    assert_eq!(counted(&both), [new, old]);
    assert!(both.provenance.contains("old edition, 2019-03; OGL v3.0"), "{}", both.provenance);
    // Nothing counted: what the collection says of itself, without months.
    let none = context(&server, "channels", query("QPM", "2026-01", "2026-09")).await;
    assert!(none.counted.is_empty() && none.provenance.contains("regional CSV"));
    // Not published, in part.
    submit(&server, header("04V", "gpad-regional", "2026-05", &[])).await;
    let some = context(&server, "channels", query("QK1", "2026-01", "2026-09")).await;
    let own = entry("", "2026-05", "2026-05", 1);
    assert_eq!(counted(&some), [own, entry("Regional CSV", "2026-04", "2026-06", 3)]);
    assert!(
        some.provenance.starts_with("NHS England (formerly NHS Digital)"),
        "{}",
        some.provenance
    );
    assert!(
        some.provenance.contains("Licence v3.0; 2026-05; NHS England, App"),
        "{}",
        some.provenance
    );
    // An answer made of two answers names the months of both.
    let now = json!({"query": {"area": "03W", "period": {"first": "2026-04"}}, "baseline": {"first": "2026-06"}});
    let question = json!({"query": now["query"], "baseline": now["baseline"]});
    let restored = context(&server, "restoration", question).await;
    let [first, last] = ["2026-04", "2026-06"].map(|month| entry("Regional CSV", month, month, 1));
    assert_eq!(counted(&restored), [first, last]);
}

#[tokio::test]
async fn another_edition_is_another_version_and_both_survive_a_restart() {
    let server = TestServer::start().await;
    submit(&server, published("04C", "2026-04", "provisional")).await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 5}]);
    let again = server.submit(published("04C", "2026-04", "provisional"), records(&rows)).await;
    assert!(again.unwrap().unchanged, "the same rows of the same edition");
    let receipt = server.submit(published("04C", "2026-04", "final"), records(&rows)).await;
    let made = receipt.unwrap().submission.unwrap();
    assert_eq!((made.version, made.source), (2, Some(publication("final"))));
    let server = server.reopen().await;
    let ask = async |as_of: Option<i64>| {
        let mut query = json!({"area": "04C", "period": {"first": "2026-04"}});
        if let Some(position) = as_of {
            query["asOf"] = json!({"position": position.to_string()});
        }
        counted(&context(&server, "channels", json!({"query": query})).await)
    };
    assert_eq!(ask(None).await, [entry("final", "2026-04", "2026-04", 1)]);
    let earlier = ask(Some(made.position - 1)).await;
    assert_eq!(earlier, [entry("provisional", "2026-04", "2026-04", 1)]);
    let request = GetSubmissionRequest { name: made.name };
    let found = server.submissions().get_submission(request).await.unwrap().into_inner();
    assert_eq!(found.submission.unwrap().source, Some(publication("final")));
}

#[tokio::test]
async fn a_publication_that_is_not_whole_is_refused() {
    let server = TestServer::start().await;
    let rows = records(&json!([{"channel": "TELEPHONE"}]));
    let of = |source: EstimateSource| SubmissionHeader {
        source: Some(source),
        ..header("04C", "gpad-regional", "2026-04", &[])
    };
    let lacks = EstimateSource { title: " ".into(), licence: String::new(), ..publication("x") };
    let refused = server.submit(of(lacks), rows.clone()).await.unwrap_err();
    let fields: Vec<_> = Refusal::of(&refused).fields.into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["header.source.title", "header.source.licence"]);
    let long = EstimateSource { title: "x".repeat(301), ..publication("x") };
    let refused = server.submit(of(long), rows).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", "header.source.title"));
    // Published figures have theirs beside the header.
    let twice = SubmissionHeader {
        source: Some(publication("x")),
        ..header("ONS", "ons-internet-users", "2018-12", &[])
    };
    let own = EstimateSource { series: "x".into(), ..publication("x") };
    let row =
        message(json!({"indicator": "DX-12", "area": "E92000001", "period": "2018", "value": 0.5}));
    let refused = server.submit_estimates(twice, own, vec![row]).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", "header.submission.source"));
}

#[tokio::test]
async fn rates_say_whose_people_they_divide_by() {
    let server = TestServer::start().await;
    submit(&server, published("04C", "2026-04", "Regional CSV")).await;
    let people = SubmissionHeader {
        source: Some(publication("practice coverage")),
        ..header("04C", "gpad-coverage", "2026-04", &[])
    };
    let row = message(json!({"personCount": "1000"}));
    server.submit_people(people, vec![row]).await.unwrap();
    let query = json!({"area": "04C", "period": {"first": "2026-04"}});
    let of = context(&server, "channels", json!({"query": query, "includeRates": true})).await;
    let expected = "collection `gpad-coverage`: NHS England, Appointments in General Practice, practice coverage, 2026-04; OGL v3.0.";
    assert!(of.notes.iter().any(|note| note.ends_with(expected)), "{:?}", of.notes);
    assert_eq!(counted(&of), [entry("Regional CSV", "2026-04", "2026-04", 1)]);
}

/// The people behind the rates of what practices submit: their own, and otherwise those that are published.
#[tokio::test]
async fn rates_of_practices_use_published_patients_unless_practices_submit_their_own() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "TELEPHONE", "recordCount": 5, "person": {"sex": "1"}}]);
    let feed = header("C82001", "practice-feed", "2026-04", &["sex"]);
    server.submit(feed, records(&rows)).await.unwrap();
    let people = async |collection: &str, count: &str| {
        let row = message(json!({"personCount": count, "person": {"sex": "1"}}));
        let of = header("C82001", collection, "2026-04", &["sex"]);
        server.submit_people(of, vec![row]).await.unwrap();
    };
    let query = json!({"organisations": ["C82001"], "collection": "practice-feed", "by": ["sex"], "period": {"first": "2026-04"}});
    let ask = async || {
        let question = json!({"query": query, "includeRates": true});
        let answer = server.ask(question).await.unwrap();
        let context = answer.context.clone().unwrap();
        let named = context.parameters.iter().find(|of| of.name == "population_collection");
        (named.unwrap().value.clone(), crate::support::cell(&answer, "1", "CH-03/TELEPHONE").value)
    };
    assert_eq!(ask().await, ("gp-registered-patients".to_owned(), None), "there are none yet");
    people("gp-registered-patients", "1000").await;
    assert_eq!(ask().await, ("gp-registered-patients".to_owned(), Some(5.0)));
    people("practice-feed", "500").await;
    assert_eq!(ask().await, ("practice-feed".to_owned(), Some(10.0)));
}
