//! Disclosure profiles over the interface: what partners and the public get of controlled data, and what they are told instead.

use std::collections::BTreeSet;

use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::{
    AbsenceReason, Breakdown, Disclosure, GetSubmissionRequest, ListAvailabilityRequest,
    ListRowProblemsRequest, ListSubmissionsRequest, Profile, ProtectionMethod, Receipt,
    WithdrawSubmissionRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::exports::export;
use super::queries::SYNTHETIC;
use crate::support::{Refusal, TestServer, cell, header, message, records, why};

const CONTROLLED: &str = "practice-feed";

/// A service for callers of a profile, with controlled and open submissions and a release. The last two receipts are of one each.
async fn started(profile: ProfileName) -> (TestServer, [Receipt; 2]) {
    let before = TestServer::start().await;
    let rows = records(&json!([
        {"channel": "TELEPHONE", "recordCount": 987, "person": {"sex": "1"}},
        {"channel": "VIDEO", "recordCount": 3, "person": {"sex": "2"}},
    ]));
    let mut controlled = None;
    for (organisation, count) in [("C82002", 1), ("C82009", 1), ("C82001", 2)] {
        let about = header(organisation, CONTROLLED, "2020-04", &["sex"]);
        let rows = rows.iter().take(count).cloned().collect();
        controlled = Some(before.submit(about, rows).await.unwrap());
    }
    let open = header("04C", SYNTHETIC, "2020-04", &["sex"]);
    let open = before.submit(open, rows).await.unwrap();
    before.release("first").await;
    let server = before.reopen_with(|config| config.profile_without_identity = Some(profile)).await;
    (server, [controlled.unwrap(), open])
}

fn query(collection: &str, more: &Value) -> Value {
    let mut query =
        json!({"collection": collection, "area": "QK1", "period": {"first": "2020-04"}});
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

fn disclosure(table: &Breakdown) -> &Disclosure {
    table.context.as_ref().unwrap().disclosure.as_ref().unwrap()
}

#[track_caller]
fn is_refused(status: &Status, says: &str) {
    let refused = Refusal::of(status);
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::FailedPrecondition, "QUERY_REFUSED"),
        "{refused:?}"
    );
    assert!(refused.message.contains(says), "{says}: {}", refused.message);
}

#[tokio::test]
async fn partners_see_changed_counts_and_are_told_what_is_withheld() {
    let (server, _) = started(ProfileName::Partner).await;
    let table = server.ask(query(CONTROLLED, &json!({"by": ["sex"]}))).await.unwrap();
    let said = disclosure(&table);
    assert_eq!((said.profile(), said.method()), (Profile::Partner, ProtectionMethod::Perturbed));
    assert!(said.profile_version.starts_with("1-"), "{said:?}");
    let cells = table.rows.iter().flat_map(|row| &row.cells);
    let withheld = cells.filter(|cell| {
        cell.absence.as_ref().is_some_and(|why| why.reason() == AbsenceReason::Withheld)
    });
    assert_eq!(usize::try_from(said.withheld_cell_count).unwrap(), withheld.count());
    assert_eq!(why(cell(&table, "", "CH-01/VIDEO")), AbsenceReason::Withheld);
    assert_eq!(why(cell(&table, "2", "CONTACTS")), AbsenceReason::Withheld);
    let all = cell(&table, "", "CONTACTS").numerator_count.unwrap();
    assert!((2956..=2969).contains(&all), "{all}");
    let notes = table.context.as_ref().unwrap().notes.join(" ");
    assert!(notes.contains("cells are withheld") && notes.contains("perturbed"), "{notes}");
    // The same bytes whenever it is asked.
    let again = server.ask(query(CONTROLLED, &json!({"by": ["sex"]}))).await.unwrap();
    assert_eq!(table, again);
    let open = server.ask(query(SYNTHETIC, &json!({"by": ["sex"]}))).await.unwrap();
    let said = disclosure(&open);
    assert_eq!((said.profile(), said.method()), (Profile::Partner, ProtectionMethod::Exact));
    assert_eq!(said.withheld_cell_count, 0);
    assert_eq!(cell(&open, "", "CONTACTS").numerator_count, Some(990));

    let request =
        message(json!({"question": {"channels": query(CONTROLLED, &json!({"by": ["sex"]}))}}));
    let rows = export(&server, &request).await.unwrap().into_iter().flat_map(|part| part.rows);
    let rows: Vec<_> = rows.collect();
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| row.disclosure.as_ref() == Some(disclosure(&table))));
}

#[tokio::test]
async fn partners_ask_within_the_lattice_over_every_call() {
    let (server, _) = started(ProfileName::Partner).await;
    let wide = json!({"area": "03W", "by": ["sex", "age_band", "ethnic_group_broad"]});
    let past = json!({"asOf": {"position": "1"}});
    for (more, says) in [(&wide, "`QK1`"), (&past, "leave `as_of` out")] {
        for name in ["channels", "outcomes", "provision", "impact"] {
            is_refused(&server.table(name, query(CONTROLLED, more)).await.unwrap_err(), says);
        }
        let question = json!({"channels": query(CONTROLLED, more)});
        let watch = server.watch(json!({"question": question.clone()})).await.unwrap_err();
        is_refused(&watch, says);
        let request = message(json!({"question": question}));
        is_refused(&export(&server, &request).await.unwrap_err(), says);
    }
    server.ask(query(SYNTHETIC, &past)).await.unwrap();
}

#[tokio::test]
async fn receipts_of_controlled_submissions_are_for_who_sent_them() {
    for profile in [ProfileName::Partner, ProfileName::Public] {
        let (server, [controlled, open]) = started(profile).await;
        let mut client = server.submissions();
        let names = [controlled, open].map(|receipt| receipt.submission.unwrap().name);
        let get = |name: &str| GetSubmissionRequest { name: name.to_owned() };
        let says = "is controlled, and its submissions are for the organisations that sent them";
        is_refused(&client.get_submission(get(&names[0])).await.unwrap_err(), says);
        client.get_submission(get(&names[1])).await.unwrap();
        let problems =
            |name: &String| ListRowProblemsRequest { parent: name.clone(), ..Default::default() };
        is_refused(&client.list_row_problems(problems(&names[0])).await.unwrap_err(), says);
        client.list_row_problems(problems(&names[1])).await.unwrap();
        let withdraw = WithdrawSubmissionRequest {
            name: names[0].clone(),
            request_id: uuid::Uuid::new_v4().to_string(),
        };
        is_refused(&client.withdraw_submission(withdraw).await.unwrap_err(), says);
        let list = |of: &str| ListSubmissionsRequest {
            parent: format!("collections/{of}"),
            include_past: true,
            ..Default::default()
        };
        is_refused(&client.list_submissions(list(CONTROLLED)).await.unwrap_err(), says);
        let listed = client.list_submissions(list("-")).await.unwrap().into_inner().submissions;
        assert_eq!(listed.iter().map(|of| &of.name).collect::<Vec<_>>(), [&names[1]]);
        for (collection, count) in [(CONTROLLED, (0, true)), (SYNTHETIC, (990, false))] {
            let request =
                ListAvailabilityRequest { collection: collection.to_owned(), ..Default::default() };
            let found = server.reference().list_availability(request).await.unwrap().into_inner();
            let totals = found.availability.iter();
            let totals: BTreeSet<_> =
                totals.map(|of| (of.total_count, of.total_withheld)).collect();
            assert_eq!(totals, [count].into(), "{collection}");
        }
    }
}

#[tokio::test]
async fn the_public_asks_nothing_of_controlled_data() {
    let (server, _) = started(ProfileName::Public).await;
    for name in ["channels", "outcomes", "provision", "impact"] {
        let refused = server.table(name, query(CONTROLLED, &json!({}))).await.unwrap_err();
        is_refused(&refused, "only published tables of it are read; name an open collection");
    }
    let open = server.ask(query(SYNTHETIC, &json!({}))).await.unwrap();
    assert_eq!(disclosure(&open).profile(), Profile::Public);
}
