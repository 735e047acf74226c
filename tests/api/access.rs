//! Who may do what: every RPC, for every kind of partner, about its own organisation and about another's. Nothing of another's leaks.

use std::time::Duration;

use bytes::Bytes;
use equity_indicators::app::Service;
use equity_indicators::cli::raw::Raw;
use equity_indicators::config::{Config, Tls};
use http::uri::PathAndQuery;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use serde_json::{Value, json};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use crate::support::Refusal;
use crate::support::certificates::{Certificates, named, uri};
use crate::support::tokens::TokenSigner;

pub(super) const OWN: &str = "C82001";
pub(super) const OTHER: &str = "C82002";
/// Consultations of each, which are in no other number.
const MARKS: [(&str, i64); 2] = [(OWN, 761_543), (OTHER, 872_654)];

const PARTNERS: &str = r#"
trust_domain = "equity.example"

# Sends and reads its own data.
[partners.own]
organisation = "C82001"
submit_for = ["C82001"]
read = { profile = "INTERNAL", organisations = ["C82001"], datasets = ["consultations"], indicators = ["*"] }

[partners.other]
organisation = "C82002"
submit_for = ["C82002"]

# Sends for C82001, and reads nothing.
[partners.sender]
organisation = "C82003"
submit_for = ["C82001"]

# Reads the system as partners do.
[partners.reader]
organisation = "C82004"
read = { profile = "PARTNER", areas = ["QK1"], datasets = ["*"], indicators = ["*"] }

[partners.admin]
organisation = "C82005"
roles = ["admin"]

[partners.auditor]
organisation = "C82006"
roles = ["audit"]
[partners.nothing]
organisation = "C82007"
"#;

/// Calls about other datasets than consultations.
const OTHER_DATASETS: [&str; 4] = [
    "GetDigitalExclusionBreakdown",
    "GetIndicatorBreakdown",
    "GetTargetStatus",
    "GetStandardisedRates",
];

/// Partners, and the organisations of their certificates. The last is no partner.
const ROLES: [(&str, &str); 7] = [
    ("own", OWN),
    ("sender", "C82003"),
    ("reader", "C82004"),
    ("admin", "C82005"),
    ("auditor", "C82006"),
    ("nothing", "C82007"),
    ("stranger", "C82008"),
];

/// A request of each RPC, or the messages of its stream, about an organisation.
fn requests(rpc: &str, organisation: &str) -> Vec<Value> {
    let name = format!(
        "collections/practice-feed/organisations/{organisation}/datasets/consultations/months/2020-04/versions/1"
    );
    let id = uuid::Uuid::new_v4().to_string();
    let query = json!({
        "collection": "practice-feed", "organisations": [organisation], "period": {"first": "2020-04"}
    });
    let asked = json!({"query": query});
    let header = json!({
        "organisation": organisation, "collection": "practice-feed", "month": "2020-05", "requestId": id
    });
    let one = match rpc {
        "WatchBreakdown" => json!({"question": {"channels": asked}}),
        "ExportBreakdowns" => json!({"question": {"channels": asked}}),
        "GetInequalitySummary" | "GetGapTrend" => json!({"question": {"channels": asked}}),
        "ListGaps" | "GetRestoration" | "GetStandardisedRates" => json!({"query": query}),
        "GetAreaRisk" => json!({"query": {"collection": "practice-feed", "area": "QK1"}}),
        "GetDigitalExclusionBreakdown"
        | "GetChannelBreakdown"
        | "GetAccessOutcomes"
        | "GetFaceToFaceProvision"
        | "GetChannelImpact"
        | "GetTimeliness"
        | "GetRepresentativeness"
        | "GetConsistency"
        | "GetRecordingQuality" => asked,
        "GetTargetStatus" => json!({"query": query, "target": "C20-SMI"}),
        "GetIndicatorBreakdown" => json!({"query": query, "indicator": "C20-SMI"}),
        "RecordChannelAssessment" => json!({"requestId": id, "assessment": {
            "organisation": organisation, "firstMonth": "2020-04", "text": "text",
            "assessDate": "2020-05-01", "ownerRole": "manager"}}),
        "ListChannelAssessments" => json!({"parent": "organisations/-"}),
        "GetSubmission" => json!({"name": name}),
        "WithdrawSubmission" => {
            json!({"name": name.replace("2020-04", "2020-03"), "requestId": id})
        }
        "ListRowProblems" => json!({"parent": name}),
        "ListSubmissions" => json!({"parent": "collections/-", "includePast": true}),
        "ListAvailability" => json!({"collection": "practice-feed"}),
        "CreateRelease" => json!({"releaseId": "one", "requestId": id, "validateOnly": true}),
        "EraseSubmission" => {
            json!({"name": name.replace("2020-04", "2020-01"), "reason": "a test", "requestId": id})
        }
        "ErasePerson" => {
            json!({"personKey": "nobody", "personKeyScheme": "none", "reason": "a test", "requestId": id})
        }
        "GetRelease" => json!({"name": "releases/none"}),
        "SubmitConsultations" => {
            return vec![
                json!({"header": header}),
                json!({"batch": {"records": [{"channel": "VIDEO"}]}}),
            ];
        }
        "SubmitPopulations" => {
            return vec![json!({"header": header}), json!({"batch": {}})];
        }
        "SubmitDigitalAccess" | "SubmitIndicatorCounts" => {
            return vec![json!({"header": header}), json!({"batch": {}})];
        }
        "SubmitEstimates" => {
            let header = json!({"submission": header});
            return vec![json!({"header": header})];
        }
        _ => json!({}),
    };
    vec![one]
}

/// What a role has to be told.
#[derive(Debug, PartialEq)]
enum Told {
    /// It may: an answer, or a refusal that is not about who asks.
    Something,
    /// It may not.
    Denied(&'static str),
}

fn expected(rpc: &str, role: &str, organisation: &str) -> Told {
    let (is_own, reads, sends) =
        (organisation == OWN, ["own", "reader"].contains(&role), ["own", "sender"].contains(&role));
    let out = Told::Denied("OUT_OF_SCOPE");
    match rpc {
        _ if role == "stranger" => Told::Denied("NO_PARTNER"),
        // Nobody has sent a population: there is nothing that the planner would refuse.
        "GetAreaRisk" if reads => Told::Something,
        "WatchBreakdown"
        | "GetInequalitySummary"
        | "GetGapTrend"
        | "ListGaps"
        | "GetRestoration"
        | "GetStandardisedRates"
        | "ExportBreakdowns"
        | "GetDigitalExclusionBreakdown"
        | "GetChannelBreakdown"
        | "GetAccessOutcomes"
        | "GetFaceToFaceProvision"
        | "GetChannelImpact"
        | "GetIndicatorBreakdown"
        | "GetTargetStatus"
        | "GetTimeliness"
        | "GetRepresentativeness"
        | "GetConsistency"
        | "GetRecordingQuality"
        | "GetAreaRisk" => match role {
            // It may read consultations alone.
            "own" if OTHER_DATASETS.contains(&rpc) || !is_own => out,
            _ if reads => Told::Something,
            _ => out,
        },
        "RecordChannelAssessment"
        | "SubmitConsultations"
        | "SubmitPopulations"
        | "SubmitDigitalAccess"
        | "SubmitIndicatorCounts" => {
            if sends && is_own {
                Told::Something
            } else {
                out
            }
        }
        // Estimates have a header of their own, which is wrong here and refused first.
        "SubmitEstimates" => {
            if sends {
                Told::Something
            } else {
                out
            }
        }
        "WithdrawSubmission" => match (sends, is_own) {
            (true, true) => Told::Something,
            (true, false) => Told::Denied("QUERY_REFUSED"),
            _ => out,
        },
        "GetSubmission" | "ListRowProblems" => {
            if sends && is_own {
                Told::Something
            } else {
                Told::Denied("QUERY_REFUSED")
            }
        }
        "ListAuditEntries" => {
            if role == "auditor" {
                Told::Something
            } else {
                out
            }
        }
        "CreateRelease" | "EraseSubmission" | "ErasePerson" | "ListErasures" => {
            if role == "admin" {
                Told::Something
            } else {
                out
            }
        }
        _ => Told::Something,
    }
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(equity_indicators::proto::FILE_DESCRIPTOR_SET).unwrap()
}

pub(super) fn rpcs() -> Vec<MethodDescriptor> {
    let services: Vec<_> =
        pool().services().filter(|of| of.full_name().starts_with("equity.v1.")).collect();
    services.iter().flat_map(|of| of.methods().collect::<Vec<_>>()).collect()
}

/// Calls an RPC: what it answers first, as JSON.
pub(super) async fn call(
    channel: &Channel,
    rpc: &MethodDescriptor,
    messages: &[Value],
) -> Result<String, Status> {
    call_with(channel, rpc, messages, &[]).await
}

/// The same with these headers `authorization`.
pub(super) async fn call_with(
    channel: &Channel,
    rpc: &MethodDescriptor,
    messages: &[Value],
    authorization: &[String],
) -> Result<String, Status> {
    let metadata: Vec<_> =
        authorization.iter().map(|value| ("authorization", value.as_str())).collect();
    call_as(channel, rpc, messages, &metadata).await
}

/// The same with this metadata.
pub(super) async fn call_as(
    channel: &Channel,
    rpc: &MethodDescriptor,
    messages: &[Value],
    metadata: &[(&'static str, &str)],
) -> Result<String, Status> {
    let path = format!("/{}/{}", rpc.parent_service().full_name(), rpc.name());
    let path: PathAndQuery = path.parse().unwrap();
    let encode = |message: &Value| {
        let read = DynamicMessage::deserialize(rpc.input(), message.clone());
        Bytes::from(
            read.unwrap_or_else(|error| panic!("{}: {error}", rpc.full_name())).encode_to_vec(),
        )
    };
    let messages: Vec<_> = messages.iter().map(encode).collect();
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(tokio_stream::iter(messages));
    for (name, value) in metadata {
        request.metadata_mut().append(*name, value.parse().unwrap());
    }
    let answer = grpc.streaming(request, path, Raw).await?;
    let mut answer = answer.into_inner();
    let first = tokio::time::timeout(Duration::from_secs(10), answer.message()).await.unwrap()?;
    let read = DynamicMessage::decode(rpc.output(), first.unwrap_or_default()).unwrap();
    Ok(serde_json::to_string(&read).unwrap())
}

/// A service with these partners, and data of two organisations.
pub(super) struct Guarded {
    pub(super) certificates: Certificates,
    pub(super) service: Service,
}

impl Guarded {
    pub(super) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let certificates = Certificates::make();
        let partners = certificates.path().join("partners.toml");
        std::fs::write(&partners, PARTNERS).unwrap();
        let files = certificates.files();
        let mut config = Config {
            address: "127.0.0.1:0".parse().unwrap(),
            data_folder: certificates.path().join("data"),
            tls: Tls {
                certificate_file: Some(files.certificate),
                key_file: Some(files.key),
                client_authorities_file: Some(files.client_authorities),
                revocations_file: files.revocations,
            },
            partners_file: Some(partners),
            ..Config::default()
        };
        change(&mut config);
        let service = Service::start(&config).await.unwrap();
        Self { certificates, service }
    }

    pub(super) async fn filled(change: impl FnOnce(&mut Config)) -> Self {
        let guarded = Self::start(change).await;
        let rpcs = rpcs();
        let submit = rpcs.iter().find(|rpc| rpc.name() == "SubmitConsultations").unwrap();
        for (role, (organisation, count)) in ["own", "other"].into_iter().zip(MARKS) {
            let channel = guarded.channel(role, organisation).await;
            for month in ["2020-03", "2020-04"] {
                let header = json!({
                    "organisation": organisation, "collection": "practice-feed", "month": month,
                    "requestId": uuid::Uuid::new_v4().to_string(), "collectedCharacteristics": ["sex"]
                });
                let rows =
                    json!([{"channel": "TELEPHONE", "recordCount": count, "person": {"sex": "1"}}]);
                let messages = [json!({"header": header}), json!({"batch": {"records": rows}})];
                call(&channel, submit, &messages).await.unwrap();
            }
        }
        guarded
    }

    pub(super) async fn channel(&self, role: &str, organisation: &str) -> Channel {
        self.connect(self.certificates.client(role, organisation)).await
    }

    pub(super) async fn connect(&self, tls: ClientTlsConfig) -> Channel {
        let endpoint =
            Endpoint::from_shared(format!("https://{}", self.service.address())).unwrap();
        endpoint.tls_config(tls).unwrap().connect().await.unwrap()
    }
}

pub(super) fn reason(status: &Status) -> String {
    Refusal::of(status).reason
}

/// Every RPC about two organisations is more than a partner's quota.
fn without_quota(config: &mut Config) {
    let many = std::num::NonZeroU32::new(1_000_000).unwrap();
    (config.quotas.requests_per_second, config.quotas.burst) = (many, many);
}

#[tokio::test]
async fn every_rpc_for_every_role_and_nothing_of_others_leaks() {
    every_rpc_for_every_role(&Guarded::filled(without_quota).await, None).await;
}

#[tokio::test]
async fn the_same_holds_of_bearer_tokens_alone() {
    let issuer = TokenSigner::new();
    let guarded = Guarded::filled(|config| {
        without_quota(config);
        config.tokens = issuer.settings();
        config.tokens.without_certificate = true;
    })
    .await;
    every_rpc_for_every_role(&guarded, Some(&issuer)).await;
}

/// Asks with certificates, or with the tokens of an issuer.
async fn every_rpc_for_every_role(guarded: &Guarded, issuer: Option<&TokenSigner>) {
    let (mut wrong, mut leaks, mut calls) = (Vec::new(), Vec::new(), 0);
    for (role, organisation_of_role) in ROLES {
        let (channel, token) = match issuer {
            None => (guarded.channel(role, organisation_of_role).await, Vec::new()),
            Some(issuer) => {
                let nobody = guarded.connect(guarded.certificates.nobody()).await;
                (nobody, vec![format!("Bearer {}", issuer.token(role, |_, _| ()))])
            }
        };
        for rpc in rpcs() {
            for (organisation, _) in MARKS {
                let what = format!("{role}: {} of {organisation}", rpc.name());
                let messages = requests(rpc.name(), organisation);
                let told = call_with(&channel, &rpc, &messages, &token).await;
                calls += 1;
                let text = match &told {
                    Ok(text) => text.clone(),
                    Err(status) => format!("{} {}", reason(status), status.message()),
                };
                let denied = [
                    "OUT_OF_SCOPE",
                    "NO_PARTNER",
                    "NO_IDENTITY",
                    "TOKEN_REFUSED",
                    "QUOTA_EXCEEDED",
                ];
                let is_as_expected = match (expected(rpc.name(), role, organisation), &told) {
                    (Told::Something, Ok(_)) => true,
                    (Told::Something, Err(status)) => !denied.contains(&reason(status).as_str()),
                    (Told::Denied(_), Ok(_)) => false,
                    (Told::Denied("NO_PARTNER"), Err(status)) if issuer.is_some() => {
                        reason(status) == "TOKEN_REFUSED"
                    }
                    (Told::Denied(why), Err(status)) => reason(status) == why,
                };
                if !is_as_expected {
                    wrong.push(format!("{what}: {}", text.chars().take(200).collect::<String>()));
                }
                for (of, mark) in MARKS {
                    let is_its_own = of == OWN && ["own", "sender"].contains(&role);
                    let name = format!("organisations/{of}/");
                    // A refusal repeats the name that was asked for.
                    // Who reads the area reads the assessments of its organisations.
                    // The audit log says of whom others have asked.
                    let is_read = role == "reader" && rpc.name() == "ListChannelAssessments"
                        || role == "auditor" && rpc.name() == "ListAuditEntries";
                    let names = told.is_ok() && text.contains(&name) && !is_read;
                    if !is_its_own && (text.contains(&mark.to_string()) || names) {
                        leaks.push(format!("{what} tells {of}: {text}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {calls}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(leaks.is_empty(), "{} of {calls}:\n{}", leaks.len(), leaks.join("\n"));
    assert!(calls >= 33 * ROLES.len() * 2);
}

#[tokio::test]
async fn a_certificate_has_exactly_one_uri_of_the_right_form() {
    let guarded = Guarded::start(|_| ()).await;
    let rpcs = rpcs();
    let info = rpcs.iter().find(|rpc| rpc.name() == "GetServiceInfo").unwrap();
    let own = uri(OWN, "emis");
    let odd: [(&str, Vec<String>, &str); 5] = [
        ("two", vec![own.clone(), uri(OTHER, "emis")], "NO_IDENTITY"),
        ("none", vec![], "NO_IDENTITY"),
        ("form", vec!["https://equity.example/org/C82001".to_owned()], "NO_IDENTITY"),
        ("domain", vec![own.replace("equity.example", "other.example")], "NO_PARTNER"),
        ("unknown", vec![uri("C82099", "emis")], "NO_PARTNER"),
    ];
    for (what, uris, expected) in odd {
        let tls = guarded.certificates.odd(|params| {
            // The common name is that of a partner, and does not count.
            params.distinguished_name.push(rcgen::DnType::CommonName, "own");
            params.subject_alt_names = uris.iter().map(|uri| named(uri)).collect();
        });
        let refused = call(&guarded.connect(tls).await, info, &[json!({})]).await.unwrap_err();
        assert_eq!(reason(&refused), expected, "{what}: {refused:?}");
        let code =
            if expected == "NO_IDENTITY" { Code::Unauthenticated } else { Code::PermissionDenied };
        assert_eq!(refused.code(), code);
    }
    let told = call(&guarded.channel("own", OWN).await, info, &[json!({})]).await.unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["info"]["caller"]["partner"], "own");
    assert_eq!(told["info"]["caller"]["readOrganisations"], json!([OWN]));
    assert_eq!(told["info"]["instanceId"].as_str().unwrap().len(), 16);
    guarded.service.stop().await.unwrap();
}
