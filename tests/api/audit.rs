//! The audit log over gRPC: who asked for what, what was answered, and who may read that.

use std::time::{Duration, Instant};

use equity_indicators::app::Service;
use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::audit_service_client::AuditServiceClient;
use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::{
    AbsenceReason, AuditEntry, AuditEvent, Breakdown, CreateReleaseRequest, ListAuditEntriesRequest,
};
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::access::{Guarded, call, call_as, reason, rpcs};
use super::exports::export;
use crate::support::{TestServer, header, message, next, records};

async fn page(
    channel: &Channel,
    request: &ListAuditEntriesRequest,
) -> Result<(Vec<AuditEntry>, String), Status> {
    let mut client = AuditServiceClient::new(channel.clone());
    let page = client.list_audit_entries(request.clone()).await?.into_inner();
    Ok((page.entries, page.next_page_token))
}

/// All pages, newest first.
pub(super) async fn list(
    channel: &Channel,
    mut request: ListAuditEntriesRequest,
) -> Vec<AuditEntry> {
    let mut all = Vec::new();
    loop {
        let (entries, token) = page(channel, &request).await.unwrap();
        all.extend(entries);
        if token.is_empty() {
            return all;
        }
        assert_ne!(token, request.page_token);
        request.page_token = token;
    }
}

/// The entries of an RPC, oldest first, once there are so many. It has to be soon.
async fn of(channel: &Channel, rpc: &str, count: usize) -> Vec<AuditEntry> {
    let begin = Instant::now();
    loop {
        let request = ListAuditEntriesRequest { rpc: rpc.into(), ..Default::default() };
        let mut found = list(channel, request).await;
        if found.len() >= count {
            found.reverse();
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{rpc}: {found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(super) fn rpc(name: &str) -> prost_reflect::MethodDescriptor {
    rpcs().into_iter().find(|rpc| rpc.name() == name).unwrap()
}

fn told(entry: &AuditEntry) -> (&str, &str, AuditEvent) {
    (&entry.status, &entry.reason, entry.event())
}

const OK: (&str, &str, AuditEvent) = ("OK", "", AuditEvent::Ended);
const INTENDED: (&str, &str, AuditEvent) = ("", "", AuditEvent::Intended);

#[tokio::test]
async fn reads_changes_and_refusals_say_who_and_what() {
    let guarded = Guarded::filled(|_| ()).await;
    let auditor = guarded.channel("auditor", "C82006").await;
    let own = guarded.channel("own", "C82001").await;
    let nothing = guarded.channel("nothing", "C82007").await;
    let stranger = guarded.channel("stranger", "C82008").await;
    let asked = json!({"query": {
        "collection": "practice-feed", "organisations": ["C82001"], "period": {"first": "2020-04"}}});
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let metadata = [("purpose-of-use", "HSYSADMIN"), ("traceparent", &*traceparent)];
    let get = rpc("GetChannelBreakdown");
    let refused = call_as(&own, &get, &[asked.clone()], &[("purpose-of-use", "x")]).await;
    assert_eq!(reason(&refused.unwrap_err()), "PURPOSE_INVALID");
    let purposes =
        call(&own, &rpc("ListCodeLists"), &[json!({"codeList": "purpose_of_use"})]).await;
    let metadata =
        if purposes.unwrap().contains("HSYSADMIN") { &metadata[..] } else { &metadata[1..] };
    call_as(&own, &get, &[asked.clone()], metadata).await.unwrap();
    assert_eq!(reason(&call(&nothing, &get, &[asked.clone()]).await.unwrap_err()), "OUT_OF_SCOPE");
    assert_eq!(reason(&call(&stranger, &get, &[asked.clone()]).await.unwrap_err()), "NO_PARTNER");

    let found = of(&auditor, "ConsultationChannelService/GetChannelBreakdown", 4).await;
    let refusals = [&found[0], &found[2], &found[3]].map(told);
    assert_eq!(refusals[0], ("INVALID_ARGUMENT", "PURPOSE_INVALID", AuditEvent::Ended));
    assert_eq!(refusals[1], ("PERMISSION_DENIED", "OUT_OF_SCOPE", AuditEvent::Ended));
    assert_eq!(refusals[2], ("PERMISSION_DENIED", "NO_PARTNER", AuditEvent::Ended));
    let (read, caller) = (&found[1], found[1].caller.clone().unwrap());
    assert_eq!(told(read), OK);
    assert_eq!(
        (&*caller.partner, &*caller.organisation, &*caller.system),
        ("own", "C82001", "emis")
    );
    assert_eq!((caller.certificate.len(), &*caller.address), (64, "127.0.0.1"));
    assert_eq!((&*read.profile, &*read.about.join(" ")), ("INTERNAL", "C82001"));
    assert_eq!((&*read.trace_id, read.call_count), (trace, 1));
    let question: Value = serde_json::from_str(&read.question).unwrap();
    assert_eq!(question["query"]["organisations"], json!(["C82001"]));
    assert!(read.data_position > 0 && read.released_cell_count > 0);
    // Who was refused is named as far as it is known, and what it has asked was not looked at.
    let callers = [2, 3].map(|at| found[at].caller.clone().unwrap());
    assert_eq!((&*callers[0].partner, &*callers[0].organisation), ("nothing", "C82007"));
    assert_eq!((&*callers[1].partner, &*callers[1].organisation), ("", "C82008"));
    assert!(found[3].question.is_empty());

    // Of each submission one entry before it, and one with its outcome; of neither a row.
    let submitted = of(&auditor, "SubmissionService/SubmitConsultations", 8).await;
    for pair in submitted.chunks(2) {
        assert_eq!([told(&pair[0]), told(&pair[1])], [INTENDED, OK]);
        let header: Value = serde_json::from_str(&pair[1].question).unwrap();
        assert_eq!(header["header"]["organisation"], pair[1].about[0]);
        assert!(header.get("batch").is_none());
        assert!(pair[0].data_position == 0 && pair[1].data_position > 0);
    }
    // The auditor's own calls are recorded like all others, and nobody else may list them.
    for channel in [&own, &nothing, &stranger] {
        let refused = page(channel, &ListAuditEntriesRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let lists = of(&auditor, "AuditService/ListAuditEntries", 4).await;
    let organisations = lists.iter().filter(|one| one.status == "PERMISSION_DENIED");
    assert_eq!(organisations.count(), 3);
    let mine = ListAuditEntriesRequest { organisation: "C82007".into(), ..Default::default() };
    assert!(
        list(&auditor, mine)
            .await
            .iter()
            .all(|one| one.caller.as_ref().unwrap().partner == "nothing")
    );
    guarded.service.stop().await.unwrap();
}

#[tokio::test]
async fn a_bearer_token_is_named_and_never_kept() {
    let issuer = crate::support::tokens::TokenSigner::new();
    let guarded = Guarded::start(|config| {
        config.tokens = issuer.settings();
        config.tokens.without_certificate = true;
    })
    .await;
    let channel = guarded.connect(guarded.certificates.nobody()).await;
    let token = issuer.token("own", |_, _| ());
    let info = rpc("GetServiceInfo");
    let bearer = format!("Bearer {token}");
    call_as(&channel, &info, &[json!({})], &[("authorization", &bearer)]).await.unwrap();
    let wrong = format!("{bearer}x");
    let refused = call_as(&channel, &info, &[json!({})], &[("authorization", &wrong)]).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
    let auditor = guarded.channel("auditor", "C82006").await;
    let found = of(&auditor, "ServiceInfoService/GetServiceInfo", 2).await;
    let callers: Vec<_> = found.iter().map(|one| one.caller.clone().unwrap()).collect();
    assert_eq!((&*callers[0].partner, &*callers[0].token_id), ("own", "id-of-a-token"));
    assert!(callers[0].certificate.is_empty());
    assert_eq!((&*found[1].reason, &*callers[1].partner), ("TOKEN_REFUSED", ""));
    guarded.service.stop().await.unwrap();
    let kept = written(&guarded.certificates.path().join("data"));
    assert!(!kept.is_empty());
    for part in token.split('.') {
        assert!(!kept.windows(part.len()).any(|window| window == part.as_bytes()));
    }
}

/// Everything in the files of the audit log.
pub(super) fn written(data_folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(data_folder.join("audit")).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn query(more: &Value) -> Value {
    let mut query =
        json!({"collection": "practice-feed", "area": "QK1", "period": {"first": "2020-04"}});
    for (name, value) in more.as_object().unwrap() {
        query[name] = value.clone();
    }
    json!({"query": query})
}

fn cells(table: &Breakdown) -> (i64, i64) {
    let cells = || table.rows.iter().flat_map(|row| &row.cells);
    let withheld = cells().filter(|cell| {
        cell.absence.as_ref().is_some_and(|why| why.reason() == AbsenceReason::Withheld)
    });
    (cells().filter(|cell| cell.value.is_some()).count() as i64, withheld.count() as i64)
}

/// The same counts whether an answer was computed, came from the cache, or was one of a watch or of an export.
#[tokio::test]
async fn cells_are_those_of_the_answer() {
    let server = TestServer::start().await;
    let rows = records(&json!([
        {"channel": "TELEPHONE", "recordCount": 987, "person": {"sex": "1"}},
        {"channel": "VIDEO", "recordCount": 3, "person": {"sex": "2"}},
    ]));
    for organisation in ["C82002", "C82009", "C82001"] {
        let about = header(organisation, "practice-feed", "2020-04", &["sex"]);
        server.submit(about, rows.clone()).await.unwrap();
    }
    let release = CreateReleaseRequest {
        release_id: "first".into(),
        request_id: uuid::Uuid::new_v4().to_string(),
        validate_only: false,
    };
    ReleaseServiceClient::new(server.channel()).create_release(release).await.unwrap();
    let profile = Some(ProfileName::Partner);
    let server = server.reopen_with(|config| config.profile_without_identity = profile).await;
    let asked = query(&json!({"by": ["sex"]}));
    let table = server.ask(asked.clone()).await.unwrap();
    server.ask(asked.clone()).await.unwrap();
    server.ask(query(&json!({}))).await.unwrap();
    let question = json!({"question": {"channels": asked}});
    let mut watch = server.watch(question.clone()).await.unwrap();
    let watched = next(&mut watch).await;
    drop(watch);
    let parts = export(&server, &message(question)).await.unwrap();
    let refused = page(&server.channel(), &ListAuditEntriesRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "QUERY_REFUSED");
    let profile = Some(ProfileName::Internal);
    let server = server.reopen_with(|config| config.profile_without_identity = profile).await;

    let channel = server.channel();
    let found = of(&channel, "ConsultationChannelService/GetChannelBreakdown", 3).await;
    let shown = |one: &AuditEntry| (one.released_cell_count, one.withheld_cell_count);
    let (released, withheld) = cells(&table);
    assert!(released > 0 && withheld > 0);
    assert_eq!(found.iter().map(|one| one.call_count).collect::<Vec<_>>(), [1, 1, 1]);
    let same: Vec<_> = found.iter().filter(|one| one.question.contains("sex")).collect();
    assert_eq!(same.len(), 2, "the second is a repetition, written when the service stopped");
    for one in same {
        assert_eq!(shown(one), (released, withheld));
        assert_eq!((&*one.profile, &*one.release), ("PARTNER", "first"));
    }
    let made = of(&channel, "ReleaseService/CreateRelease", 2).await;
    assert_eq!([told(&made[0]), told(&made[1])], [INTENDED, OK]);
    assert!(made[1].data_position > 0, "{made:?}");
    let watches = of(&channel, "BreakdownService/WatchBreakdown", 2).await;
    assert_eq!(told(&watches[0]), ("", "", AuditEvent::Begun));
    assert_eq!(told(&watches[1]), ("CANCELLED", "", AuditEvent::Ended));
    assert_eq!(shown(&watches[1]), cells(watched.breakdown.as_ref().unwrap()));
    let exports = of(&channel, "ExportService/ExportBreakdowns", 2).await;
    assert_eq!([told(&exports[0]).2, told(&exports[1]).2], [AuditEvent::Begun, AuditEvent::Ended]);
    let rows: Vec<_> = parts.iter().flat_map(|part| &part.rows).collect();
    let count = |is: &dyn Fn(&&&equity_indicators::proto::v1::ExportRow) -> bool| {
        rows.iter().filter(is).count() as i64
    };
    let exported = (
        count(&|row| row.value.is_some()),
        count(&|row| {
            row.absence.as_ref().is_some_and(|why| why.reason() == AbsenceReason::Withheld)
        }),
    );
    assert!(exported.0 > 0 && exported.1 > 0);
    assert_eq!((shown(&exports[1]), &*exports[1].release), (exported, "first"));
    server.stop().await;
}

#[tokio::test]
async fn identical_reads_are_counted_and_pages_of_any_size_are_the_list() {
    let server = TestServer::start().await;
    let channel = server.channel();
    for _ in 0..50 {
        server.ask(query(&json!({}))).await.unwrap();
    }
    for month in 1..=9 {
        let first = format!("2020-0{month}");
        server.ask(query(&json!({"period": {"first": first}}))).await.unwrap();
    }
    let server = server.reopen().await;
    drop(channel);
    let channel = server.channel();
    let rpc = "ConsultationChannelService/GetChannelBreakdown";
    let found = of(&channel, rpc, 10).await;
    // The question about April came again among the others.
    assert_eq!(found.iter().map(|one| one.call_count).sum::<i64>(), 59);
    assert_eq!(found.len(), 10, "nine questions, and the repetitions of one");
    for size in [1, 3, 10, 1_000] {
        let request =
            ListAuditEntriesRequest { rpc: rpc.into(), page_size: size, ..Default::default() };
        let mut paged = list(&channel, request).await;
        paged.reverse();
        assert_eq!(paged, found, "{size}");
    }
    let (entries, token) =
        page(&channel, &ListAuditEntriesRequest { page_size: 1, ..Default::default() })
            .await
            .unwrap();
    assert_eq!(entries.len(), 1);
    let of_another =
        ListAuditEntriesRequest { page_token: token, status: "OK".into(), ..Default::default() };
    assert_eq!(reason(&page(&channel, &of_another).await.unwrap_err()), "PAGE_TOKEN_INVALID");
    let wrong = ListAuditEntriesRequest {
        from_time: Some(prost_types::Timestamp { seconds: -1, nanos: 0 }),
        ..Default::default()
    };
    assert_eq!(reason(&page(&channel, &wrong).await.unwrap_err()), "FIELD_INVALID");
    // Times are those of writing.
    let at = found[4].write_time;
    let later = ListAuditEntriesRequest { from_time: at, rpc: rpc.into(), ..Default::default() };
    let earlier = ListAuditEntriesRequest { to_time: at, rpc: rpc.into(), ..Default::default() };
    let (later, earlier) = (list(&channel, later).await, list(&channel, earlier).await);
    assert_eq!(later.len() + earlier.len(), 10);
    assert!(later.contains(&found[4]) && !earlier.contains(&found[4]));
    let events: Vec<_> = list(&channel, ListAuditEntriesRequest::default()).await;
    let events = events.iter().filter(|one| one.rpc.is_empty()).map(AuditEntry::event);
    let expected = [AuditEvent::Started, AuditEvent::Stopped, AuditEvent::Started];
    assert_eq!(events.collect::<Vec<_>>(), expected);
    server.stop().await;
}

/// Nobody waits for the entry of a read: the log writes it by itself, within a second.
#[tokio::test]
async fn a_read_is_on_disk_within_a_second_though_nobody_waits_for_it() {
    let server = TestServer::start().await;
    let (folder, rpc) = (server.data_folder(), b"GetChannelBreakdown");
    server.ask(query(&json!({}))).await.unwrap();
    let begun = Instant::now();
    while !written(&folder).windows(rpc.len()).any(|window| window == rpc) {
        assert!(begun.elapsed() < Duration::from_millis(1_500), "it is not written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_question_that_is_too_long_has_its_hash() {
    let server = TestServer::start().await;
    let organisations: Vec<_> = (0..100).map(|number| format!("{number:0>200}")).collect();
    let asked = json!({"query": {"organisations": organisations, "period": {"first": "2020-04"}}});
    server.ask(asked).await.unwrap_err();
    let found = of(&server.channel(), "ConsultationChannelService/GetChannelBreakdown", 1).await;
    assert_eq!((&*found[0].question, found[0].question_hash.len()), ("", 64));
    assert_eq!(found[0].status, "INVALID_ARGUMENT");
    server.stop().await;
}

/// A log that cannot be written: nothing is answered and nothing changed, and health says so.
#[tokio::test]
async fn a_damaged_log_refuses_every_call_until_it_is_set_aside() {
    let server = TestServer::start().await;
    server.ask(query(&json!({}))).await.unwrap();
    let folder = server.data_folder();
    let (config, kept) = (server.config(), server.stop().await);
    let segment = std::fs::read_dir(folder.join("audit")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let server = TestServer::on(std::sync::Arc::clone(&kept), &folder).await;
    let refused = server.ask(query(&json!({}))).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), refused.code()), ("AUDIT_STOPPED", Code::Unavailable));
    let about = header("C82001", "practice-feed", "2020-04", &[]);
    let refused = server.submit(about, records(&json!([{"channel": "VIDEO"}]))).await.unwrap_err();
    assert_eq!(reason(&refused), "AUDIT_STOPPED");
    let mut health = tonic_health::pb::health_client::HealthClient::new(server.channel());
    let asked = Request::new(tonic_health::pb::HealthCheckRequest::default());
    let answer = health.check(asked).await.unwrap().into_inner();
    assert_eq!(answer.status(), tonic_health::pb::health_check_response::ServingStatus::NotServing);
    server.stop().await;
    // What the runbook says.
    std::fs::rename(folder.join("audit"), folder.join("audit-damaged-1")).unwrap();
    std::fs::remove_file(folder.join("secret.key.witness.audit")).unwrap();
    let service = Service::start(&config).await.unwrap();
    let channel = Channel::from_shared(format!("http://{}", service.address())).unwrap();
    let channel = channel.connect().await.unwrap();
    call(&channel, &rpc("GetServiceInfo"), &[json!({})]).await.unwrap();
    drop(channel);
    service.stop().await.unwrap();
}

/// The purpose is a text of the caller. Kept as it comes, calls that are refused would make one entry each, at any rate.
#[tokio::test]
async fn texts_of_refused_callers_make_no_entries() {
    let guarded = Guarded::start(|_| ()).await;
    let auditor = guarded.channel("auditor", "C82006").await;
    let (get, info) = (rpc("GetChannelBreakdown"), rpc("GetServiceInfo"));
    for (role, organisation) in [("stranger", "C82008"), ("nothing", "C82007")] {
        let channel = guarded.channel(role, organisation).await;
        for number in 0..150 {
            let purpose = format!("text {number}");
            let told = call_as(&channel, &get, &[json!({})], &[("purpose-of-use", &purpose)]).await;
            assert!(told.is_err());
        }
    }
    let nothing = guarded.channel("nothing", "C82007").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let known = [("purpose-of-use", "EQUITY_MONITORING")];
    call_as(&nothing, &info, &[json!({})], &known).await.unwrap();
    let told = of(&auditor, "ServiceInfoService/GetServiceInfo", 1).await;
    assert_eq!(told[0].purpose, "EQUITY_MONITORING");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let request = ListAuditEntriesRequest {
        rpc: "ConsultationChannelService/GetChannelBreakdown".into(),
        page_size: 1_000,
        ..Default::default()
    };
    let all = list(&auditor, request).await;
    // For each of the two: refused, and refused because of the quota.
    assert!((2..=6).contains(&all.len()), "{} entries: {:?}", all.len(), &all[..3]);
    assert!(all.iter().all(|one| one.purpose.is_empty()), "{all:?}");
    guarded.service.stop().await.unwrap();
}
