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

/// Rates of the practices of an answer, by code; none: absent. And what the answer says of the people.
async fn rates(server: &TestServer, more: &Value) -> (Vec<(String, Option<f64>)>, String, String) {
    let mut question = json!({"includeRates": true, "query": {
        "organisations": ["C82001", "C82002"], "collection": "practice-feed", "period": {"first": "2026-04"},
    }});
    more.as_object().unwrap().iter().for_each(|(key, of)| question[key] = of.clone());
    let answer = server.ask(question).await.unwrap();
    let rate = |code: &str| {
        (code.to_owned(), crate::support::cell(&answer, code, "CH-03/TELEPHONE").value)
    };
    let rates = ["C82001", "C82002"].map(rate).to_vec();
    let context = answer.context.clone().unwrap();
    let named = context.parameters.iter().find(|of| of.name == "population_collection");
    (rates, named.unwrap().value.clone(), context.notes.join(" "))
}

#[tokio::test]
async fn the_own_people_of_one_practice_leave_the_rates_of_others() {
    let server = TestServer::start().await;
    for (organisation, count) in [("C82001", 5), ("C82002", 8)] {
        let rows = json!([{"channel": "TELEPHONE", "recordCount": count}]);
        let feed = header(organisation, "practice-feed", "2026-04", &[]);
        server.submit(feed, records(&rows)).await.unwrap();
    }
    let people = async |organisation: &str, collection: &str, count: &str| {
        let row = message(json!({"personCount": count}));
        let of = header(organisation, collection, "2026-04", &[]);
        server.submit_people(of, vec![row]).await.unwrap();
    };
    people("C82001", "gp-registered-patients", "1000").await;
    people("C82002", "gp-registered-patients", "2000").await;
    people("C82001", "practice-feed", "500").await;
    let both = |one: Option<f64>, other: Option<f64>| {
        vec![("C82001".to_owned(), one), ("C82002".to_owned(), other)]
    };
    let (found, named, notes) = rates(&server, &json!({})).await;
    assert_eq!((found, &*named), (both(Some(5.0), Some(4.0)), "gp-registered-patients"));
    let says = "Collection `practice-feed` has people of C82001 too. They are not used";
    assert!(notes.contains(says), "{notes}");
    // Whoever wants the practices' own people names their collection, and is told whom they lack.
    let own = json!({"populationCollection": "practice-feed"});
    let (found, named, notes) = rates(&server, &own).await;
    assert_eq!((found, &*named), (both(Some(10.0), None), "practice-feed"));
    let says = "Collection `practice-feed` has no people of C82002 for some of the months.";
    assert!(notes.contains(says), "{notes}");
    // If all practices have submitted their own, these are the people.
    people("C82002", "practice-feed", "800").await;
    let (found, named, notes) = rates(&server, &json!({})).await;
    assert_eq!((found, &*named), (both(Some(10.0), Some(10.0)), "practice-feed"));
    assert!(!notes.contains("not used") && !notes.contains("has no people"), "{notes}");
}

/// Numbers of published files of registered patients, by sex and first year of the age.
fn registered(files: &[&str], practices: &[&str]) -> Vec<(String, i64, f64)> {
    let mut found = Vec::new();
    for file in files {
        let path = format!("{}/tests/cases/{file}", env!("CARGO_MANIFEST_DIR"));
        let mut reader = csv::Reader::from_path(path).unwrap();
        let names = reader.headers().unwrap().clone();
        let place = |wanted: &str| names.iter().position(|name| name.starts_with(wanted)).unwrap();
        let [code, sex, age, count] = ["ORG_CODE", "SEX", "AGE", "NUMBER_OF"].map(place);
        for row in reader.records().map(Result::unwrap) {
            let first = row[age].split(['_', '+']).next().unwrap().parse::<i64>();
            let (Ok(first), true) = (first, practices.contains(&&row[code])) else { continue };
            found.push((row[sex].to_owned(), first, row[count].parse().unwrap()));
        }
    }
    found
}

/// The rates of practices over both editions of the published patients, against a plain count of the files.
#[tokio::test]
async fn rates_over_published_patients_by_age_and_sex_are_those_of_the_files() {
    const SINGLE: [&str; 2] = ["registered_single_male.csv", "registered_single_female.csv"];
    const FIVE: [&str; 1] = ["registered_five_year.csv"];
    let practices = ["C82001", "C82002"];
    for (files, bands) in [
        (&SINGLE[..], &[("age_band", "25-34", 25, 34), ("age_band", "75+", 75, 200)][..]),
        (&FIVE, &[("age_5y", "30-34", 30, 34), ("age_5y", "90+", 90, 200)]),
    ] {
        let server = TestServer::start().await;
        let folder = tempfile::tempdir().unwrap();
        let path = |file: &&str| format!("{}/tests/cases/{file}", env!("CARGO_MANIFEST_DIR"));
        let paths: Vec<_> = files.iter().map(path).collect();
        let whole = folder.path().join("registered.csv");
        let parts: Vec<_> = paths.iter().map(std::path::Path::new).collect();
        equity_indicators::ingest::join(&parts, std::fs::File::create(&whole).unwrap()).unwrap();
        server.submit_file(&whole).await;
        for organisation in practices {
            let rows = json!([
                {"channel": "TELEPHONE", "recordCount": 7, "person": {"ageYears": 31, "sex": "1"}},
                {"channel": "TELEPHONE", "recordCount": 5, "person": {"ageYears": 92, "sex": "2"}},
            ]);
            let feed = header(organisation, "practice-feed", "2026-04", &["age_band", "sex"]);
            server.submit(feed, records(&rows)).await.unwrap();
        }
        let people = registered(files, &practices);
        let of = |holds: &dyn Fn(&(String, i64, f64)) -> bool| {
            people.iter().filter(|row| holds(row)).map(|(_, _, count)| count).sum::<f64>()
        };
        let ask = async |by: &str| {
            let query = json!({"area": "QK1", "collection": "practice-feed", "by": [by], "period": {"first": "2026-04"}});
            server.ask(json!({"query": query, "includeRates": true})).await.unwrap()
        };
        let rate = |answer: &equity_indicators::proto::v1::Breakdown, row: &str| {
            crate::support::cell(answer, row, "CH-03/TELEPHONE").value
        };
        let answer = ask("sex").await;
        for (code, sex, count) in [("1", "MALE", 14.0), ("2", "FEMALE", 10.0)] {
            let found = rate(&answer, code).unwrap();
            let expected = count * 1000.0 / of(&|row| row.0 == sex);
            assert!((found - expected).abs() < 1e-9, "{files:?} {sex}: {found} {expected}");
        }
        for &(by, code, first, last) in bands {
            let answer = ask(by).await;
            let found = rate(&answer, code).unwrap();
            let count = if first > 31 { 10.0 } else { 14.0 };
            let expected = count * 1000.0 / of(&|row| (first..=last).contains(&row.1));
            assert!((found - expected).abs() < 1e-9, "{files:?} {code}: {found} {expected}");
        }
        // Bands of five years do not tell who is 15, so none of the bands that begin or end there has a rate.
        if files.len() == 1 {
            let answer = ask("age_band").await;
            let cell = crate::support::cell(&answer, "25-34", "CH-03/TELEPHONE");
            let why = &cell.absence.as_ref().unwrap().detail;
            assert!(
                cell.value.is_none() && why.contains("more coarsely than by age_band"),
                "{why}"
            );
        }
    }
}
