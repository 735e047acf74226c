//! Each RPC that changes data says so in the audit log before it changes anything. Which these are, the contract says.

use std::collections::BTreeSet;
use std::time::Duration;

use equity_indicators::proto::v1::erasure_service_client::ErasureServiceClient;
use equity_indicators::proto::v1::{
    AuditEntry, AuditEvent, ErasePersonRequest, ListAuditEntriesRequest, ListSubmissionsRequest,
};
use serde_json::{Value, json};
use tonic::Code;
use tonic::transport::Channel;

use super::access::{call, reason, rpcs};
use super::audit::{list, rpc, written};
use crate::support::TestServer;

/// How the names of RPCs begin that only read.
const READS: [&str; 4] = ["Get", "List", "Watch", "Export"];
/// A partner whose telemetry goes nowhere.
const PARTNERS: &str = "trust_domain = \"equity.example\"\n[partners.alpha]\norganisation = \"C82001\"\n\
    [partners.alpha.telemetry]\nendpoint = \"http://127.0.0.1:9\"\nprotocol = \"grpc\"\nallow_addresses = [\"127.0.0.0/8\"]\n";

fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The RPCs of the contract that change something, `Service/Method`.
fn changing() -> BTreeSet<String> {
    let all = rpcs().into_iter();
    let all = all.filter(|rpc| !READS.iter().any(|verb| rpc.name().starts_with(verb)));
    all.map(|rpc| format!("{}/{}", rpc.parent_service().name(), rpc.name())).collect()
}

fn header(organisation: &str, month: &str) -> Value {
    json!({"organisation": organisation, "collection": "practice-feed", "month": month, "requestId": id(),
        "personKeyScheme": "scheme"})
}

/// The messages of one submission to each stream.
fn submissions() -> [(&'static str, [Value; 2]); 6] {
    let of = |header: Value, row: Value| {
        [json!({"header": header}), json!({"batch": {"records": [row]}})]
    };
    let consultation = json!({"channel": "VIDEO", "personKey": "7f3a91"});
    let mut counts = header("C82001", "2020-04");
    counts["personKeyScheme"] = json!("");
    let mut people = counts.clone();
    (counts["requestId"], people["requestId"]) = (json!(id()), json!(id()));
    let published = json!({"organisation": "ONS", "collection": "ons-internet-users", "month": "2018-12", "requestId": id()});
    let source = json!({"publisher": "Office for National Statistics", "title": "Internet users", "edition": "2018",
        "licence": "Open Government Licence v3.0", "series": "labour-force-survey"});
    let estimate =
        json!({"indicator": "DX-12", "area": "K02000001", "period": "2018", "value": 0.1});
    [
        ("SubmitConsultations", of(header("C82001", "2020-04"), consultation.clone())),
        ("SubmitConsultations", of(header("C82001", "2020-05"), consultation)),
        ("SubmitPopulations", of(people, json!({"personCount": 70}))),
        ("SubmitDigitalAccess", of(header("C82002", "2020-04"), json!({"personKey": "81c004"}))),
        (
            "SubmitIndicatorCounts",
            of(counts, json!({"indicator": "C20-SMI", "numeratorCount": 3, "denominatorCount": 7})),
        ),
        ("SubmitEstimates", of(json!({"submission": published, "source": source}), estimate)),
    ]
}

/// What changes the streams of telemetry, once the service delivers.
async fn change_telemetry(channel: &Channel) {
    let asked = json!({"partner": "alpha"});
    while let Err(status) = call(channel, &rpc("GetDeliveryStatus"), &[asked.clone()]).await {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for name in ["PauseDelivery", "ResumeDelivery", "PurgeEvents"] {
        call(channel, &rpc(name), &[asked.clone()]).await.unwrap();
    }
    let which = json!({"partner": "alpha", "sequences": {"first": "1"}});
    call(channel, &rpc("ReplayEvents"), &[which]).await.unwrap();
}

fn counted<'a>(entries: impl Iterator<Item = &'a AuditEntry>, name: &str) -> usize {
    entries.filter(|one| one.rpc.ends_with(name)).count()
}

#[tokio::test]
async fn every_change_is_announced() {
    let place = tempfile::tempdir().unwrap();
    let partners = place.path().join("partners.toml");
    std::fs::write(&partners, PARTNERS).unwrap();
    let server = TestServer::with(|config| config.partners_file = Some(partners)).await;
    let channel = server.channel();
    for (name, messages) in submissions() {
        let sent = call(&channel, &rpc(name), &messages).await;
        sent.unwrap_or_else(|status| panic!("{name}: {status:?}"));
    }
    let mut checked = header("C82001", "2020-06");
    checked["validateOnly"] = json!(true);
    let rows = json!({"batch": {"records": [{"channel": "VIDEO"}]}});
    call(&channel, &rpc("SubmitConsultations"), &[json!({"header": checked}), rows]).await.unwrap();
    let name = "collections/practice-feed/organisations/C82001/datasets/consultations/months/2020-04/versions/1";
    for (rpc_name, asked) in [
        ("CreateRelease", json!({"releaseId": "one", "requestId": id()})),
        (
            "RecordChannelAssessment",
            json!({"requestId": id(), "assessment": {
            "organisation": "C82001", "firstMonth": "2020-04", "text": "text",
            "assessDate": "2020-05-01", "ownerRole": "manager"}}),
        ),
        ("WithdrawSubmission", json!({"name": name, "requestId": id()})),
        ("EraseSubmission", json!({"name": name, "reason": "a test", "requestId": id()})),
        (
            "ErasePerson",
            json!({"personKey": "7f3a91", "personKeyScheme": "scheme", "reason": "7f3a91", "requestId": id()}),
        ),
    ] {
        call(&channel, &rpc(rpc_name), &[asked])
            .await
            .unwrap_or_else(|status| panic!("{rpc_name}: {status:?}"));
    }
    change_telemetry(&channel).await;
    let listed = ListSubmissionsRequest { parent: "collections/-".into(), ..Default::default() };
    server.submissions().list_submissions(listed).await.unwrap();
    let again = ErasePersonRequest {
        person_key: "7f3a91".into(),
        person_key_scheme: "scheme".into(),
        reason: "7f3a91".into(),
        request_id: id(),
    };
    let gone = ErasureServiceClient::new(channel.clone()).erase_person(again).await.unwrap_err();
    assert_eq!(reason(&gone), "PERSON_NOT_FOUND");
    drop(channel);
    let folder = server.data_folder();
    let server = server.reopen().await;
    let all = list(&server.channel(), ListAuditEntriesRequest::default()).await;
    let intended = || all.iter().filter(|one| one.event() == AuditEvent::Intended);
    // Those that change something, and no other.
    assert_eq!(intended().map(|one| one.rpc.clone()).collect::<BTreeSet<_>>(), changing());
    // Once for each change: not for what is only checked, and also for an erasure that finds nobody.
    for (name, count) in [("SubmitConsultations", 2), ("ErasePerson", 2)] {
        assert_eq!(counted(intended(), name), count, "{name}");
    }
    assert_eq!(intended().count(), changing().len() + 2);
    // Every change of data has its outcome and its place.
    let done = all.iter().filter(|one| one.event() == AuditEvent::Ended && one.data_position > 0);
    let done: Vec<_> = done.filter(|one| changing().contains(&one.rpc)).collect();
    assert_eq!(done.len(), submissions().len() + 5, "{done:?}");
    let erased: Vec<_> = all.iter().filter(|one| one.rpc.ends_with("ErasePerson")).collect();
    for one in &erased {
        let question: Value = serde_json::from_str(&one.question).unwrap();
        let fields: Vec<_> = question.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["request_id"]);
    }
    let _place = server.stop().await;
    let kept = written(&folder);
    assert!(!kept.windows(6).any(|window| window == b"7f3a91"), "the key of the person is kept");
}
