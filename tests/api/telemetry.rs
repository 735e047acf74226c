//! Telemetry of partners end to end: a service, its partners, and their collectors.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use equity_indicators::proto::v1::partner_telemetry_service_client::PartnerTelemetryServiceClient;
use equity_indicators::proto::v1::{self, Receipt};
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::json;
use tonic::transport::Channel;

use super::access::{Guarded, reason, rpcs};
use crate::delivery::plane::until;
use crate::delivery::receiver::{Answer, Got, Received, text, value};
use crate::support::{TestServer, header, records};

/// Practices of one place. The last is of one primary care network with nobody else.
pub(super) const PRACTICES: [&str; 4] = ["C82007", "C82012", "C82014", "C82017"];
const LOCAL: &str = "allow_addresses = [\"127.0.0.0/8\"]\n";

fn write(path: &Path, entries: &str) {
    std::fs::write(path, format!("trust_domain = \"equity.example\"\n{entries}")).unwrap();
}

/// A partner of a profile that sends for the first practice, and reads the system.
pub(super) fn partner(name: &str, endpoint: &str, profile: &str, more: &str) -> String {
    format!(
        "[partners.{name}]\norganisation = \"C82007\"\nsystems = [\"{name}\"]\nsubmit_for = [\"C82007\"]\n\
         read = {{ profile = \"{profile}\", areas = [\"QK1\"], datasets = [\"*\"], indicators = [\"*\"] }}\n\
         [partners.{name}.telemetry]\nendpoint = \"{endpoint}\"\nprotocol = \"grpc\"\n{LOCAL}areas = [\"QK1\"]\ncharacteristics = [\"sex\"]\n{more}\n"
    )
}

pub(super) async fn started(entries: &str) -> (TestServer, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("partners.toml");
    write(&file, entries);
    let server = TestServer::with(|config| config.partners_file = Some(file)).await;
    ready(&server).await;
    (server, folder)
}

/// Waits until the service delivers, a moment after it answers.
pub(super) async fn ready(server: &TestServer) {
    let request = v1::GetDeliveryStatusRequest { partner: "alpha".to_owned() };
    while let Err(status) = telemetry(server).get_delivery_status(request.clone()).await {
        assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) async fn submit(
    server: &TestServer,
    organisation: &str,
    month: &str,
    count: i64,
) -> Receipt {
    let header = header(organisation, "practice-feed", month, &["sex"]);
    let rows = records(&json!([
        {"channel": "VIDEO", "recordCount": count, "person": {"sex": "1"}, "attendance": "5"},
        {"channel": "FACE_TO_FACE", "recordCount": 2 * count, "person": {"sex": "2"}, "attendance": "5"},
    ]));
    server.submit(header, rows).await.unwrap()
}

pub(super) fn telemetry(server: &TestServer) -> PartnerTelemetryServiceClient<Channel> {
    PartnerTelemetryServiceClient::new(server.channel())
}

pub(super) fn of_kind(received: &Received, kind: &str) -> Vec<Got> {
    let name = format!("nhs.equity.{kind}");
    received.logs().into_iter().filter(|got| got.record.event_name == name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figure is for whoever asks for it")]
async fn submissions_findings_and_figures_arrive_by_themselves() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let (server, _folder) = started(&partner("alpha", &endpoint, "PARTNER", "")).await;
    for practice in PRACTICES {
        submit(&server, practice, "2020-04", 400).await;
    }
    until("the own submission", || !of_kind(&received, "submission.accepted").is_empty()).await;
    server.release("first").await;
    let made = std::time::Instant::now();
    until("the first figure", || !of_kind(&received, "indicator.revised").is_empty()).await;
    println!("a release made, its first figure in the collector {:?} later", made.elapsed());
    until("figures", || of_kind(&received, "indicator.revised").len() > 10).await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    let accepted = of_kind(&received, "submission.accepted");
    assert_eq!(accepted.len(), 1, "submissions of others are not told");
    let got = &accepted[0];
    assert_eq!((got.partner.as_str(), got.text("organisation")), ("alpha", "C82007".to_owned()));
    assert_eq!(
        (got.text("collection"), got.text("dataset")),
        ("practice-feed".into(), "consultations".into())
    );
    assert_eq!(
        (got.text("period.start"), got.text("period.end")),
        ("2020-04-01".into(), "2020-04-30".into())
    );
    assert_eq!(got.whole("submission.accepted_count"), Some(2));
    assert_eq!(got.record.severity_text, "INFO");
    let finding = of_kind(&received, "data_quality.finding");
    assert!(finding.iter().any(|got| got.text("finding.code") == "NOT_COLLECTED"), "{finding:?}");

    let revised = of_kind(&received, "indicator.revised");
    let video = revised
        .iter()
        .find(|got| got.text("column") == "CH-01/VIDEO" && got.text("characteristic").is_empty());
    let video = video.unwrap();
    assert_eq!((video.text("area.code"), video.text("release")), ("QK1".into(), "first".into()));
    assert_eq!(
        (video.text("state"), video.text("disclosure.profile")),
        ("PUBLISHED".into(), "PARTNER".into())
    );
    assert_eq!((video.text("unit"), video.text("indicator")), ("RATIO".into(), "CH-01".into()));
    assert!(
        revised
            .iter()
            .any(|got| got.text("characteristic") == "sex" && got.text("category") == "1")
    );
    // Every record has an id of its own, and numbers without a gap.
    let all = received.of("alpha");
    let ids: BTreeSet<_> = all.iter().map(|got| got.text("event.id")).collect();
    assert_eq!(ids.len(), all.len());
    let sequences: Vec<_> = all.iter().map(Got::sequence).collect();
    assert!(sequences.iter().copied().eq(1..=i64::try_from(all.len()).unwrap()), "{sequences:?}");

    let metrics = received.metrics();
    let ratio = metrics.iter().find(|of| of.name == "nhs.equity.indicator.ratio").unwrap();
    assert_eq!(ratio.unit, "1");
    let Some(Data::Gauge(gauge)) = &ratio.data else { panic!("{ratio:?}") };
    let columns: BTreeSet<_> =
        gauge.data_points.iter().map(|of| text(&of.attributes, "nhs.equity.column")).collect();
    assert!(columns.contains("CH-01/VIDEO"), "{columns:?}");
    let sum = metrics.iter().find(|of| of.name == "nhs.equity.submission.count").unwrap();
    let Some(Data::Sum(sum)) = &sum.data else { panic!("{sum:?}") };
    assert!(sum.is_monotonic && sum.data_points[0].start_time_unix_nano > 0);

    // What a release does not change is not told again; what it changes is.
    for practice in PRACTICES {
        submit(&server, practice, "2020-05", 300).await;
    }
    server.release("second").await;
    let second = || {
        let all = of_kind(&received, "indicator.revised").into_iter();
        all.filter(|got| got.text("release") == "second").collect::<Vec<_>>()
    };
    until("figures of the second", || !second().is_empty()).await;
    assert!(
        second().iter().all(|got| got.text("period.start") == "2020-05-01"),
        "April has not changed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_show_and_change_what_is_delivered() {
    let never = Answer::Status(tonic::Code::InvalidArgument, None, "not like this");
    let (received, endpoint) = Received::start(vec![never]).await;
    let (server, _folder) = started(&partner(
        "alpha",
        &endpoint,
        "PARTNER",
        "metrics = false\nevents = [\"submission.accepted\", \"delivery.gap\"]",
    ))
    .await;
    let mut client = telemetry(&server);
    let alpha = || "alpha".to_owned();
    let listed =
        client.list_telemetry_subscriptions(v1::ListTelemetrySubscriptionsRequest::default());
    let listed = listed.await.unwrap().into_inner().subscriptions;
    assert_eq!(
        (listed.len(), &listed[0].endpoint, &listed[0].areas),
        (1, &endpoint, &vec!["QK1".to_owned()])
    );
    let nobody =
        client.get_delivery_status(v1::GetDeliveryStatusRequest { partner: "beta".into() });
    let refused = nobody.await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused)),
        (tonic::Code::NotFound, "SUBSCRIPTION_NOT_FOUND".into())
    );

    submit(&server, "C82007", "2020-04", 10).await;
    let mut dead = Vec::new();
    for _ in 0..500 {
        let request = v1::ListDeadLettersRequest { partner: alpha(), ..Default::default() };
        dead = client.list_dead_letters(request).await.unwrap().into_inner().dead_letters;
        if !dead.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        (dead.len(), dead[0].reason.as_str(), dead[0].message.as_str()),
        (1, "INVALID_ARGUMENT", "not like this")
    );

    let pause = v1::PauseDeliveryRequest { partner: alpha(), ..Default::default() };
    let held = client.pause_delivery(pause).await.unwrap().into_inner().statuses;
    assert_eq!((held.len(), held[0].state()), (1, v1::DeliveryState::Held));
    submit(&server, "C82007", "2020-05", 10).await;
    let id = dead[0].event.clone().unwrap().event_id;
    let which = v1::replay_events_request::Which::Ids(v1::EventIds { event_ids: vec![id.clone()] });
    let replay = v1::ReplayEventsRequest { partner: alpha(), signal: 0, which: Some(which) };
    assert_eq!(client.replay_events(replay).await.unwrap().into_inner().event_count, 1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(received.logs().is_empty(), "held");
    let resume = v1::ResumeDeliveryRequest { partner: alpha(), ..Default::default() };
    client.resume_delivery(resume).await.unwrap();
    until("both", || received.logs().len() == 2).await;
    let again = received.logs().into_iter().find(|got| got.text("event.id") == id).unwrap();
    assert!(again.record.attributes.iter().any(|of| of.key == "nhs.equity.delivery.replay"));

    let request =
        v1::ListTelemetryEventsRequest { partner: alpha(), page_size: 2, ..Default::default() };
    let mut page = client.list_telemetry_events(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.events.iter().map(|of| of.sequence).collect::<Vec<_>>(), [1, 2]);
    let next = v1::ListTelemetryEventsRequest { page_token: page.next_page_token, ..request };
    page = client.list_telemetry_events(next).await.unwrap().into_inner();
    assert_eq!(page.events.iter().map(|of| of.sequence).collect::<Vec<_>>(), [3]);
    assert!(page.next_page_token.is_empty());

    // What waits is given up, and the partner is told which numbers it will not get.
    let pause = v1::PauseDeliveryRequest { partner: alpha(), ..Default::default() };
    client.pause_delivery(pause).await.unwrap();
    submit(&server, "C82007", "2020-06", 10).await;
    let waits = async || {
        let request = v1::GetDeliveryStatusRequest { partner: alpha() };
        client.clone().get_delivery_status(request).await.unwrap().into_inner().statuses[0].clone()
    };
    for _ in 0..500 {
        if waits().await.waiting_count > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let purge = v1::PurgeEventsRequest { partner: alpha(), ..Default::default() };
    assert_eq!(client.purge_events(purge).await.unwrap().into_inner().event_count, 1);
    let resume = v1::ResumeDeliveryRequest { partner: alpha(), ..Default::default() };
    client.resume_delivery(resume).await.unwrap();
    until("the gap", || !of_kind(&received, "delivery.gap").is_empty()).await;
    let gap = of_kind(&received, "delivery.gap").remove(0);
    assert_eq!(
        (gap.whole("gap.first_sequence"), gap.whole("gap.last_sequence")),
        (Some(4), Some(4))
    );
    assert_eq!((gap.text("gap.reason"), received.logs().len()), ("PURGED".to_owned(), 3));

    // Wrong fields are named.
    for request in [
        v1::ReplayEventsRequest { partner: alpha(), ..Default::default() },
        v1::ReplayEventsRequest {
            partner: alpha(),
            which: Some(v1::replay_events_request::Which::Ids(v1::EventIds {
                event_ids: vec!["x".into()],
            })),
            ..Default::default()
        },
        v1::ReplayEventsRequest {
            partner: alpha(),
            signal: 2,
            which: Some(v1::replay_events_request::Which::Sequences(v1::SequenceRange {
                first: 1,
                last: 0,
            })),
        },
    ] {
        let refused = client.replay_events(request).await.unwrap_err();
        assert_eq!(reason(&refused), "FIELD_INVALID");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_submission_is_told_without_its_values_and_partners_see_their_own_alone() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let entries = format!(
        "{}\n[partners.beta]\norganisation = \"C82012\"\n[partners.beta.telemetry]\nendpoint = \"{endpoint}\"\nprotocol = \"grpc\"\n{LOCAL}\n",
        partner("alpha", &endpoint, "PARTNER", "metrics = false")
            .replace("systems = [\"alpha\"]", "systems = [\"emis\"]")
    );
    let guarded =
        Guarded::start(|config| write(config.partners_file.as_ref().unwrap(), &entries)).await;
    let channel = guarded.channel("alpha", "C82007").await;
    let submit = rpcs().into_iter().find(|rpc| rpc.name() == "SubmitConsultations").unwrap();
    let mut header = json!({"organisation": "C82007", "collection": "practice-feed", "month": "2020-04",
        "requestId": uuid::Uuid::new_v4().to_string(), "collectedCharacteristics": ["sex"]});
    // Many wrong values of one field hide nothing of another: the answer to the call names the first of them only.
    let wrong =
        |number| json!({"channel": "VIDEO", "person": {"sex": format!("SECRET-VALUE-{number}")}});
    let mut rows: Vec<_> = (0..1_500).map(wrong).collect();
    rows.push(json!({"channel": "SECRET-VALUE", "person": {"sex": "1"}}));
    rows.push(json!({"channel": "VIDEO", "recordCount": -1, "person": {"sex": "1"}}));
    let rows = json!({"batch": {"records": rows}});
    // A check is no submission.
    header["validateOnly"] = json!(true);
    drop(super::access::call(&channel, &submit, &[json!({"header": header}), rows.clone()]).await);
    header["validateOnly"] = json!(false);
    super::access::call(&channel, &submit, &[json!({"header": header}), rows]).await.unwrap_err();
    until("the refusal", || !of_kind(&received, "submission.rejected").is_empty()).await;
    let rejected = of_kind(&received, "submission.rejected");
    assert_eq!((rejected.len(), rejected[0].partner.as_str()), (1, "alpha"));
    assert_eq!(
        (rejected[0].text("error.reason"), rejected[0].whole("problem.count")),
        ("ROWS_INVALID".into(), Some(1_502))
    );
    let list = |name: &str| {
        let found = value(&rejected[0].record.attributes, &format!("nhs.equity.problem.{name}"));
        let Some(any_value::Value::ArrayValue(all)) = found else { panic!("{found:?}") };
        all.values.iter().map(|of| format!("{:?}", of.value)).collect::<String>()
    };
    for counted in ["channel/UNKNOWN=1", "person.sex/UNKNOWN=1500", "record_count/OUT_OF_RANGE=1"] {
        assert!(list("by_code").contains(counted), "{counted}: {}", list("by_code"));
        let field = counted.split('/').next().unwrap();
        assert!(list("fields").contains(field), "{field}: {}", list("fields"));
    }
    let said = format!("{:?}", rejected[0].record);
    assert!(
        said.contains("person.sex") && said.contains("channel") && !said.contains("SECRET"),
        "{said}"
    );

    let mut client = PartnerTelemetryServiceClient::new(channel);
    let own = v1::GetDeliveryStatusRequest::default();
    let statuses = client.get_delivery_status(own).await.unwrap().into_inner().statuses;
    assert_eq!((statuses.len(), statuses[0].partner.as_str()), (1, "alpha"));
    let listed =
        client.list_telemetry_subscriptions(v1::ListTelemetrySubscriptionsRequest::default());
    assert_eq!(listed.await.unwrap().into_inner().subscriptions.len(), 1);
    let other = v1::GetDeliveryStatusRequest { partner: "beta".into() };
    let refused = client.get_delivery_status(other).await.unwrap_err();
    assert_eq!(reason(&refused), "OUT_OF_SCOPE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_go_when_a_partner_may_read_less_and_a_restart_sends_what_waits() {
    narrowed(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_go_when_a_partner_may_read_less_while_the_service_runs() {
    narrowed(false).await;
}

/// Figures wait while the operator takes the areas away from the partner, and delivery goes on as soon as that is in force.
async fn narrowed(restarts: bool) {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let (server, folder) =
        started(&partner("alpha", &endpoint, "PARTNER", "metrics = false")).await;
    let mut client = telemetry(&server);
    client
        .pause_delivery(v1::PauseDeliveryRequest { partner: "alpha".into(), signal: 0 })
        .await
        .unwrap();
    for practice in PRACTICES {
        submit(&server, practice, "2020-04", 400).await;
    }
    server.release("first").await;
    let newest = async || {
        let request = v1::GetDeliveryStatusRequest { partner: "alpha".into() };
        client.clone().get_delivery_status(request).await.unwrap().into_inner().statuses[0]
            .newest_sequence
    };
    for _ in 0..1_000 {
        if newest().await > 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(newest().await > 10 && received.logs().is_empty());
    // The operator takes the areas away.
    let narrow = partner("alpha", &endpoint, "PARTNER", "metrics = false")
        .replace("areas = [\"QK1\"], d", "organisations = [\"C82007\"], d")
        .replace("areas = [\"QK1\"]\n", "");
    write(&folder.path().join("partners.toml"), &narrow);
    let server = if restarts { server.reopen().await } else { server };
    ready(&server).await;
    let mut client = telemetry(&server);
    let has_areas = async || {
        let request = v1::ListTelemetrySubscriptionsRequest::default();
        let listed = client.clone().list_telemetry_subscriptions(request).await.unwrap();
        !listed.into_inner().subscriptions[0].areas.is_empty()
    };
    while has_areas().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client
        .resume_delivery(v1::ResumeDeliveryRequest { partner: "alpha".into(), signal: 0 })
        .await
        .unwrap();
    until("the gap", || !of_kind(&received, "delivery.gap").is_empty()).await;
    assert_eq!(of_kind(&received, "delivery.gap")[0].text("gap.reason"), "SCOPE_CHANGED");
    assert!(of_kind(&received, "indicator.revised").is_empty());
    assert_eq!(of_kind(&received, "submission.accepted").len(), 1, "what is no figure is sent");
}
