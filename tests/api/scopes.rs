//! What a scope leaves out is told by nothing: not by a refusal, a list of another dataset, a token of another reader, or a call that began before
//! the scope was made smaller.

use std::time::Duration;

use equity_indicators::config::Config;
use equity_indicators::proto::v1;
use equity_indicators::proto::v1::export_service_client::ExportServiceClient;
use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use equity_indicators::proto::v1::submit_consultations_request::Part;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::access::{Guarded, OTHER, call, reason, rpcs};

const PARTNERS: &str = r#"
trust_domain = "equity.example"

[partners.loader]
organisation = "C82003"
submit_for = ["*"]

[partners.activity]
organisation = "C82004"
read = { profile = "INTERNAL", areas = ["QK1"], datasets = ["consultations"], indicators = ["*"] }

[partners.reader]
organisation = "C82005"
read = { profile = "PARTNER", areas = ["QK1"], datasets = ["*"], indicators = ["*"] }

[partners.sender]
organisation = "C82009"
submit_for = ["C82009"]

[partners.nothing]
organisation = "C82007"

[partners.before]
organisation = "QNQ"
submit_for_areas = ["QNQ"]

[partners.since]
organisation = "S9B9J"
submit_for_areas = ["S9B9J"]
roles = ["admin"]
"#;

fn write(config: &Config, text: &str) {
    let file = config.partners_file.as_ref().unwrap();
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}

pub(super) async fn ask(channel: &Channel, rpc: &str, asked: Value) -> Result<Value, Status> {
    let rpcs = rpcs();
    let rpc = rpcs.iter().find(|of| of.name() == rpc).unwrap();
    let told = call(channel, rpc, &[asked]).await?;
    Ok(serde_json::from_str(&told).unwrap())
}

pub(super) fn header(organisation: &str, month: &str) -> Value {
    let id = uuid::Uuid::new_v4().to_string();
    json!({"organisation": organisation, "collection": "practice-feed", "month": month, "requestId": id})
}

fn name(dataset: &str, month: &str, version: u32) -> String {
    format!(
        "collections/practice-feed/organisations/{OTHER}/datasets/{dataset}/months/{month}/versions/{version}"
    )
}

/// A service with consultations of three months, and people of one, of one organisation.
pub(super) async fn filled() -> (Guarded, Config) {
    let mut kept = Config::default();
    let guarded = Guarded::start(|config| {
        write(config, PARTNERS);
        kept = config.clone();
    })
    .await;
    let (loader, rpcs) = (guarded.channel("loader", "C82003").await, rpcs());
    let rows = |rows: Value| json!({"batch": {"records": rows}});
    let consultations = rows(json!([{"channel": "TELEPHONE", "recordCount": 100}]));
    let people = rows(json!([{"personCount": 872_654}]));
    for (rpc, month, rows) in [
        ("SubmitConsultations", "2020-03", &consultations),
        ("SubmitConsultations", "2020-04", &consultations),
        ("SubmitConsultations", "2020-05", &consultations),
        ("SubmitPopulations", "2020-04", &people),
    ] {
        let rpc = rpcs.iter().find(|of| of.name() == rpc).unwrap();
        let messages = [json!({"header": header(OTHER, month)}), rows.clone()];
        call(&loader, rpc, &messages).await.unwrap();
    }
    (guarded, kept)
}

#[tokio::test]
async fn a_refusal_does_not_tell_whether_there_is_a_submission() {
    let (guarded, _) = filled().await;
    let id = || uuid::Uuid::new_v4().to_string();
    for (role, organisation) in
        [("nothing", "C82007"), ("reader", "C82005"), ("sender", "C82009"), ("activity", "C82004")]
    {
        let channel = guarded.channel(role, organisation).await;
        for rpc in ["GetSubmission", "ListRowProblems", "WithdrawSubmission"] {
            let (there, missing) =
                (name("populations", "2020-04", 1), name("populations", "2020-04", 2));
            let mut told = Vec::new();
            for of in [&there, &missing, &name("populations", "2020-07", 1)] {
                let asked = match rpc {
                    "GetSubmission" => json!({"name": of}),
                    "ListRowProblems" => json!({"parent": of}),
                    _ => json!({"name": of, "requestId": id()}),
                };
                let refused = ask(&channel, rpc, asked).await.unwrap_err();
                told.push((reason(&refused), refused.message().replace(of, "NAME")));
            }
            assert!(told.iter().all(|one| *one == told[0]), "{role} {rpc}: {told:#?}");
        }
    }
    guarded.service.stop().await.unwrap();
}

#[tokio::test]
async fn submissions_of_datasets_out_of_scope_are_in_no_list() {
    let (guarded, _) = filled().await;
    let channel = guarded.channel("activity", "C82004").await;
    let asked = json!({"name": name("consultations", "2020-04", 1)});
    let own = ask(&channel, "GetSubmission", asked).await.unwrap();
    assert_eq!(own["submission"]["totalCount"], "100");
    let refused =
        ask(&channel, "GetSubmission", json!({"name": name("populations", "2020-04", 1)})).await;
    assert_eq!(reason(&refused.unwrap_err()), "QUERY_REFUSED");
    for (rpc, asked) in [
        ("ListSubmissions", json!({"parent": "collections/-"})),
        ("ListSubmissions", json!({"parent": "collections/practice-feed"})),
        ("ListAvailability", json!({"collection": "practice-feed"})),
    ] {
        let told = ask(&channel, rpc, asked).await.unwrap().to_string();
        assert!(told.contains("2020-04") && told.contains("DATASET_CONSULTATIONS"), "{told}");
        assert!(!told.contains("POPULATIONS") && !told.contains("872654"), "{rpc}: {told}");
    }
    let told = ask(&channel, "GetServiceInfo", json!({})).await.unwrap();
    assert_eq!(told["info"]["collections"][0]["submissionCount"], "3", "{told}");
    guarded.service.stop().await.unwrap();
}

/// Its token would show a reader of releases the newest state.
#[tokio::test]
async fn a_token_of_one_reader_is_no_token_of_another() {
    let (guarded, _) = filled().await;
    let internal = guarded.channel("activity", "C82004").await;
    let reader = guarded.channel("reader", "C82005").await;
    let asked = json!({"collection": "practice-feed", "pageSize": 1});
    let refused = ask(&reader, "ListAvailability", asked.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "NO_RELEASE");
    let told = ask(&internal, "ListAvailability", asked.clone()).await.unwrap();
    let mut next = asked;
    next["pageToken"] = told["nextPageToken"].clone();
    assert!(ask(&internal, "ListAvailability", next.clone()).await.is_ok());
    let refused = ask(&reader, "ListAvailability", next).await.unwrap_err();
    assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
    guarded.service.stop().await.unwrap();
}

/// A reader of releases is told of controlled data what the newest release has: not that more has come since, and nothing before the first.
#[tokio::test]
async fn readers_of_releases_are_told_of_no_data_behind_the_newest_release() {
    let (guarded, _) = filled().await;
    let reader = guarded.channel("reader", "C82005").await;
    let (admin, loader) =
        (guarded.channel("since", "S9B9J").await, guarded.channel("loader", "C82003").await);
    let told = async || {
        let told = ask(&reader, "GetServiceInfo", json!({})).await.unwrap();
        told["info"]["collections"].clone()
    };
    assert_eq!(told().await, Value::Null, "nothing is released");
    let id = uuid::Uuid::new_v4().to_string();
    let release = json!({"releaseId": "one", "requestId": id});
    ask(&admin, "CreateRelease", release).await.unwrap();
    let released = told().await;
    assert_eq!(released[0]["collection"], "practice-feed", "{released}");
    assert_eq!(
        (&released[0]["submissionCount"], &released[0]["lastMonth"]),
        (&json!("4"), &json!("2020-05"))
    );
    let rpcs = rpcs();
    let submit = rpcs.iter().find(|rpc| rpc.name() == "SubmitConsultations").unwrap();
    let rows = json!({"batch": {"records": [{"channel": "VIDEO", "recordCount": 3}]}});
    for (organisation, month) in [(OTHER, "2020-06"), ("C82001", "2020-04")] {
        let header = json!({"header": header(organisation, month)});
        call(&loader, submit, &[header, rows.clone()]).await.unwrap();
    }
    assert_eq!(told().await, released);
    // What is its own it is told at once.
    let header = json!({"header": header("C82005", "2020-07")});
    call(&loader, submit, &[header, rows]).await.unwrap();
    let own = told().await;
    assert_eq!(
        (&own[0]["submissionCount"], &own[0]["lastMonth"]),
        (&json!("5"), &json!("2020-07"))
    );
    let listed = ask(&reader, "ListAvailability", json!({"collection": "practice-feed"})).await;
    assert_eq!(listed.unwrap()["availability"].as_array().unwrap().len(), 4);
    guarded.service.stop().await.unwrap();
}

/// Waits until what a partner may do has changed.
async fn until_changed(channel: &Channel, is_changed: impl Fn(&Value) -> bool) {
    for _ in 0..300 {
        let told = ask(channel, "GetServiceInfo", json!({})).await.unwrap();
        if is_changed(&told["info"]["caller"]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the file was not looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_began_before_its_scope_was_taken_away_is_not_stored() {
    let (guarded, config) = filled().await;
    let channel = guarded.channel("sender", "C82009").await;
    let (send, parts) = mpsc::channel(4);
    let part = |part| v1::SubmitConsultationsRequest { part: Some(part) };
    let header = v1::SubmissionHeader {
        organisation: "C82009".into(),
        collection: "practice-feed".into(),
        month: "2020-04".into(),
        request_id: uuid::Uuid::new_v4().to_string(),
        ..Default::default()
    };
    send.send(part(Part::Header(header))).await.unwrap();
    let mut client = SubmissionServiceClient::new(channel.clone());
    let submitting =
        tokio::spawn(async move { client.submit_consultations(ReceiverStream::new(parts)).await });
    let record = v1::ConsultationRecord { channel: "VIDEO".into(), ..Default::default() };
    let batch = || Part::Batch(v1::ConsultationBatch { records: vec![record.clone()] });
    send.send(part(batch())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!submitting.is_finished());
    write(&config, &PARTNERS.replace("submit_for = [\"C82009\"]", ""));
    until_changed(&channel, |caller| caller["submitOrganisations"].is_null()).await;
    send.send(part(batch())).await.unwrap();
    drop(send);
    let refused = submitting.await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "PARTNER_CHANGED", "{refused:?}");
    let told = ask(&channel, "ListSubmissions", json!({"parent": "collections/-"})).await.unwrap();
    assert!(told["submissions"].is_null(), "{told}");
    guarded.service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_ends_when_its_scope_is_taken_away() {
    let (guarded, config) = filled().await;
    let slow = Endpoint::from_shared(format!("https://{}", guarded.service.address())).unwrap();
    let slow = slow
        .tls_config(guarded.certificates.client("activity", "C82004"))
        .unwrap()
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(65_535)
        .connect()
        .await
        .unwrap();
    let query = v1::BreakdownQuery {
        collection: "practice-feed".into(),
        area: "QK1".into(),
        period: Some(v1::PeriodRange { first: "2013".into(), last: "2022".into() }),
        ..Default::default()
    };
    let channels = v1::GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let request = v1::ExportBreakdownsRequest {
        question: Some(v1::BreakdownQuestion {
            table: Some(v1::breakdown_question::Table::Channels(channels)),
        }),
        area_types: vec!["sub_icb".into(), "pcn".into()],
        period_step: v1::PeriodStep::Month.into(),
        ..Default::default()
    };
    let mut export =
        ExportServiceClient::new(slow).export_breakdowns(request).await.unwrap().into_inner();
    let first = export.message().await.unwrap().unwrap();
    let channel = guarded.channel("activity", "C82004").await;
    let narrow = PARTNERS.replace("\"INTERNAL\", areas = [\"QK1\"]", "\"PARTNER\", areas = []");
    write(&config, &narrow);
    until_changed(&channel, |caller| caller["profile"] == "PARTNER").await;
    let mut tables = 1;
    let ended = loop {
        match export.message().await {
            Ok(Some(_)) => tables += 1,
            Ok(None) => break None,
            Err(ended) => break Some(ended),
        }
    };
    let ended = ended
        .unwrap_or_else(|| panic!("it was sent to its end: {tables} of {}", first.table_count));
    assert_eq!(reason(&ended), "PARTNER_CHANGED", "{ended:?}");
    guarded.service.stop().await.unwrap();
}

/// A rate and a comparison with the population tell how many people there are.
#[tokio::test]
async fn people_out_of_scope_are_behind_no_rate() {
    let (guarded, _) = filled().await;
    let channel = guarded.channel("activity", "C82004").await;
    let query = |by: Value| json!({"collection": "practice-feed", "organisations": [OTHER], "period": {"first": "2020-04"}, "by": by});
    for (rpc, asked) in [
        ("GetChannelBreakdown", json!({"query": query(json!([])), "includeRates": true})),
        ("GetRepresentativeness", json!({"query": query(json!(["sex"]))})),
    ] {
        let refused = ask(&channel, rpc, asked).await.map_err(|refused| {
            assert!(!refused.message().contains("872654"), "{refused:?}");
            reason(&refused)
        });
        assert_eq!(refused.unwrap_err(), "OUT_OF_SCOPE", "{rpc}");
    }
    let asked = json!({"query": query(json!(["sex"]))});
    ask(&channel, "GetChannelBreakdown", asked).await.unwrap();
    guarded.service.stop().await.unwrap();
}

/// Access snapshots are looked up by person. Whoever sends a consultation with the key of a person must not learn what others recorded of that
/// person.
#[tokio::test]
async fn snapshots_of_organisations_out_of_scope_tell_nothing() {
    let guarded = Guarded::start(|config| {
        let own = r#"
[partners.own]
organisation = "C82001"
submit_for = ["C82001"]
read = { profile = "INTERNAL", organisations = ["C82001"], datasets = ["*"], indicators = ["*"] }

[partners.wide]
organisation = "C82008"
read = { profile = "INTERNAL", areas = ["QK1"], datasets = ["*"], indicators = ["*"] }
"#;
        write(config, &format!("{PARTNERS}{own}"));
    })
    .await;
    let own = guarded.channel("own", "C82001").await;
    let loader = guarded.channel("loader", "C82003").await;
    let wide = guarded.channel("wide", "C82008").await;
    let rpcs = rpcs();
    let send = async |channel: &Channel, rpc: &str, organisation: &str, row: Value| {
        let rpc = rpcs.iter().find(|of| of.name() == rpc).unwrap();
        let mut header = header(organisation, "2020-04");
        header["personKeyScheme"] = json!("nhs");
        header["allowShrinking"] = json!(true);
        if rpc.name() == "SubmitDigitalAccess" {
            header["collectedCharacteristics"] = json!(["digital_access"]);
        }
        let messages = [json!({"header": header}), json!({"batch": {"records": [row]}})];
        call(channel, rpc, &messages).await.unwrap();
    };
    let consultation =
        json!({"channel": "VIDEO", "attendance": "5", "personKey": "the person", "recordCount": 1});
    send(&own, "SubmitConsultations", "C82001", consultation).await;
    let told = async |channel: &Channel| {
        let query = json!({"collection": "practice-feed", "organisations": ["C82001"], "period": {"first": "2020-04"}});
        let mut by = query.clone();
        by["by"] = json!(["digital_access"]);
        let mut told = Vec::new();
        for (rpc, query) in [("GetFaceToFaceProvision", &query), ("GetChannelImpact", &by)] {
            let answer = ask(channel, rpc, json!({"query": query})).await.unwrap();
            told.push(answer["breakdown"]["rows"].clone());
        }
        told
    };
    let before = told(&own).await;
    assert_eq!(before, told(&wide).await);
    let snapshot = json!({"personKey": "the person", "person": {"digitalAccess": "UNABLE"}});
    send(&loader, "SubmitDigitalAccess", OTHER, snapshot.clone()).await;
    // Whoever may read both organisations is told, and that answer is not kept for the other reader.
    let of_both = told(&wide).await;
    assert!(before[0] != of_both[0] && before[1] != of_both[1], "{of_both:?}");
    assert_eq!(told(&own).await, before, "the snapshot is of an organisation out of scope");
    assert_eq!(told(&wide).await, of_both);
    // Its own snapshots tell.
    send(&own, "SubmitDigitalAccess", "C82001", snapshot).await;
    assert_eq!(told(&own).await, of_both);
    guarded.service.stop().await.unwrap();
}

/// Numerator and denominator are the indicator.
#[tokio::test]
async fn an_indicator_out_of_scope_is_not_read_by_its_counts() {
    let guarded = Guarded::start(|config| {
        let narrow = r#"
[partners.narrow]
organisation = "C82008"
read = { profile = "INTERNAL", areas = ["QK1"], datasets = ["*"], indicators = ["CH-09"] }
"#;
        write(config, &format!("{PARTNERS}{narrow}"));
    })
    .await;
    let (loader, rpcs) = (guarded.channel("loader", "C82003").await, rpcs());
    let submit = rpcs.iter().find(|of| of.name() == "SubmitIndicatorCounts").unwrap();
    let mut header = header(OTHER, "2020-04");
    header["collectedCharacteristics"] = json!(["sex"]);
    let row = |sex: &str| json!({"indicator": "C20-SMI", "numeratorCount": 761_543, "denominatorCount": 872_654, "person": {"sex": sex}});
    let messages = [json!({"header": header}), json!({"batch": {"records": [row("1"), row("2")]}})];
    call(&loader, submit, &messages).await.unwrap();
    let narrow = guarded.channel("narrow", "C82008").await;
    let query = |by: Value| json!({"collection": "practice-feed", "organisations": [OTHER], "period": {"first": "2020-04"}, "by": by});
    let counts = json!({"query": query(json!(["sex"])), "indicator": "C20-SMI"});
    for (rpc, asked) in [
        ("GetIndicatorBreakdown", counts.clone()),
        ("WatchBreakdown", json!({"question": {"indicators": counts}})),
        ("ExportBreakdowns", json!({"question": {"indicators": counts}})),
        ("GetInequalitySummary", json!({"question": {"indicators": counts}})),
        ("GetTargetStatus", json!({"query": query(json!([])), "target": "C20-SMI"})),
        ("ListGaps", json!({"query": query(json!([])), "indicators": ["C20-SMI"]})),
    ] {
        let told = match ask(&narrow, rpc, asked).await {
            Ok(told) => told.to_string(),
            Err(refused) => reason(&refused),
        };
        assert_eq!(told, "OUT_OF_SCOPE", "{rpc}");
    }
    guarded.service.stop().await.unwrap();
}

/// Who may read one indicator is told the gaps of that one.
#[tokio::test]
async fn gaps_are_scanned_within_the_indicators_of_the_scope() {
    let guarded = Guarded::start(|config| {
        let narrow = r#"
[partners.narrow]
organisation = "C82008"
read = { profile = "INTERNAL", areas = ["QK1"], datasets = ["*"], indicators = ["CH-09"] }
"#;
        write(config, &format!("{PARTNERS}{narrow}"));
    })
    .await;
    let (loader, rpcs) = (guarded.channel("loader", "C82003").await, rpcs());
    let submit = rpcs.iter().find(|of| of.name() == "SubmitConsultations").unwrap();
    let mut header = header(OTHER, "2020-04");
    header["collectedCharacteristics"] = json!(["sex"]);
    let row = |sex: &str, attendance: &str, count: u32| json!({"channel": "TELEPHONE", "attendance": attendance, "recordCount": count, "person": {"sex": sex}});
    let rows = [row("1", "5", 900), row("1", "3", 100), row("2", "5", 600), row("2", "3", 400)];
    let messages = [json!({"header": header}), json!({"batch": {"records": rows}})];
    call(&loader, submit, &messages).await.unwrap();
    let narrow = guarded.channel("narrow", "C82008").await;
    let query = json!({"collection": "practice-feed", "organisations": [OTHER], "period": {"first": "2020-04"}});
    let told =
        ask(&narrow, "ListGaps", json!({"query": query, "dimensions": ["sex"]})).await.unwrap();
    let rows = told["breakdown"]["rows"].as_array().unwrap();
    assert!(!rows.is_empty(), "{told}");
    for row in rows {
        let figure = row["keys"][2]["code"].as_str().unwrap();
        assert!(figure.starts_with("CH-09"), "{row}");
    }
    guarded.service.stop().await.unwrap();
}
