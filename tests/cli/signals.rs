//! What an operator sees of a service that runs: traces, metrics and logs at a collector, the page for Prometheus, and what of it is refused.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use equity_indicators::proto::v1::breakdown_service_client::BreakdownServiceClient;
use equity_indicators::proto::v1::consultation_channel_service_client::ConsultationChannelServiceClient;
use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use equity_indicators::proto::v1::{GetChannelBreakdownRequest, WatchBreakdownRequest};
use equity_indicators::telemetry::metrics::{self, MetricKind, SECONDS};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;
use tonic::transport::Channel;

use super::run::{Ended, Served, equity};
use crate::support::certificates::Certificates;
use crate::support::{Collector, consultations, header, message, records};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/guides/operate.md");
const ROWS: f64 = 2.0;

pub(crate) async fn channel(served: &Served) -> Channel {
    Channel::from_shared(served.address.clone()).unwrap().connect().await.unwrap()
}

pub(crate) async fn submit(channel: &Channel) {
    let header = header("C82007", "practice-feed", "2020-04", &["sex"]);
    let rows = records(&json!([
        {"channel": "VIDEO", "recordCount": 40, "person": {"sex": "1"}, "attendance": "5"},
        {"channel": "FACE_TO_FACE", "recordCount": 60, "person": {"sex": "2"}, "attendance": "5"},
    ]));
    let messages = tokio_stream::iter(consultations(header, vec![rows]));
    let mut client = SubmissionServiceClient::new(channel.clone());
    client.submit_consultations(messages).await.unwrap();
}

pub(super) fn question() -> serde_json::Value {
    json!({"query": {"area": "QK1", "period": {"first": "2020-04", "last": "2020-04"},
        "collection": "practice-feed", "by": ["sex"]}})
}

/// The page for Prometheus of a service that says in its log where it is.
pub(crate) fn page(log: &Path, request: &str) -> String {
    let said = std::fs::read_to_string(log).unwrap();
    let address = said.split("metrics for Prometheus at http://").nth(1).unwrap();
    let mut stream = TcpStream::connect(address.split('/').next().unwrap()).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The page when something holds for it.
pub(crate) fn page_when(log: &Path, holds: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let page = page(log, "GET /metrics");
        if holds(&page) {
            return page;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{page}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The value of a line of the page.
fn value(page: &str, line: &str) -> f64 {
    let found = page.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {line} in {page}")).parse().unwrap()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|of| of.key == key).and_then(|of| of.value.clone()?.value);
    match found {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The log records that say this.
pub(super) fn saying(records: &[LogRecord], what: &str) -> Vec<LogRecord> {
    let says = |record: &&LogRecord| format!("{:?}", record.body).contains(what);
    records.iter().filter(says).cloned().collect()
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The metrics of the last export.
pub(super) fn exported(collector: &Collector) -> Vec<Metric> {
    let last = collector.last_metrics().expect("metrics arrive");
    let scopes = last.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

/// The attribute keys and the value of each point.
fn points(metric: &Metric) -> Vec<(Vec<KeyValue>, f64)> {
    let number = |value: &Option<number_data_point::Value>| match value {
        Some(number_data_point::Value::AsDouble(number)) => *number,
        Some(number_data_point::Value::AsInt(number)) => number.to_string().parse().unwrap(),
        None => f64::NAN,
    };
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => {
            let points = gauge.data_points.iter();
            points.map(|of| (of.attributes.clone(), number(&of.value))).collect()
        }
        Data::Sum(sum) => {
            assert!(sum.is_monotonic, "{}", metric.name);
            let points = sum.data_points.iter();
            points.map(|of| (of.attributes.clone(), number(&of.value))).collect()
        }
        Data::Histogram(of) => {
            assert!(of.data_points.iter().all(|of| of.explicit_bounds == SECONDS));
            let points = of.data_points.iter();
            points
                .map(|of| (of.attributes.clone(), of.count.to_string().parse().unwrap()))
                .collect()
        }
        other => panic!("{other:?}"),
    }
}

/// Every metric of a service that sends nothing to partners.
fn without_partners() -> Vec<&'static metrics::metric::Metric> {
    let of_partner = |metric: &&metrics::metric::Metric| metric.name.contains(".delivery.");
    metrics::all().into_iter().filter(|metric| !of_partner(metric)).collect()
}

/// Every metric of the service has come, with its unit, its meaning and no other attributes than those that it may have.
fn assert_all_metrics(exported: &[Metric]) {
    for known in without_partners() {
        let found = exported.iter().find(|metric| metric.name == known.name);
        let found = found.unwrap_or_else(|| panic!("{} did not come", known.name));
        assert_eq!((&*found.unit, &*found.description), (known.unit, known.description));
        let points = points(found);
        assert!(!points.is_empty(), "{}", known.name);
        for key in points.iter().flat_map(|(attributes, _)| attributes) {
            assert!(known.attributes.contains(&&*key.key), "{}: {}", known.name, key.key);
        }
        let is_kind = match (known.kind, found.data.as_ref().unwrap()) {
            (MetricKind::Gauge, Data::Gauge(_)) | (MetricKind::Counter, Data::Sum(_)) => true,
            (kind, data) => kind == MetricKind::Histogram && matches!(data, Data::Histogram(_)),
        };
        assert!(is_kind, "{}", known.name);
    }
    assert_eq!(exported.len(), without_partners().len(), "{exported:#?}");
    let one = |name: &str| {
        let found = exported.iter().find(|metric| metric.name == name).unwrap();
        points(found).iter().map(|(_, value)| value).sum::<f64>()
    };
    assert!(one("nhs.equity.store.position") >= 3.0);
    assert!((one("nhs.equity.submissions.rows") - ROWS).abs() < 0.1);
    assert!(one("nhs.equity.store.writing.stopped").abs() < 0.1);
    assert!(one("nhs.equity.store.fsync.duration") >= 1.0);
    assert!(one("process.memory.usage") > 1_000_000.0 && one("process.cpu.time") > 0.0);
    let ages = exported.iter().find(|metric| metric.name == "nhs.equity.collection.age").unwrap();
    let ages = points(ages);
    assert_eq!(ages.len(), 1);
    assert_eq!(text(&ages[0].0, "nhs.equity.collection"), "practice-feed");
    assert!((0.0..120.0).contains(&ages[0].1), "{ages:?}");
}

/// The spans that a call is made of.
pub(super) fn assert_children(spans: &[Span], method: &str, expected: &[&str]) {
    let call = spans.iter().find(|span| span.name == method).expect(method);
    assert!(call.parent_span_id.is_empty() && call.kind() == SpanKind::Server);
    let within = spans.iter().filter(|span| {
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
        span.trace_id == call.trace_id && span.parent_span_id == call.span_id
    });
    let within: BTreeSet<&str> = within.map(|span| span.name.as_str()).collect();
    for name in expected {
        assert!(within.contains(name), "{method}: no {name} in {within:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_alone_switch_everything_on() {
    let (collector, endpoint) = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_SERVICE_NAME", "equity-test"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("EQUITY_TELEMETRY_SLOW_CALL", "1ms"),
        ("EQUITY_TELEMETRY_PROMETHEUS", "127.0.0.1:0"),
    ];
    let (served, log) = Served::logged(folder.path(), &environment);
    let channel = channel(&served).await;
    submit(&channel).await;
    let asked: GetChannelBreakdownRequest = message(question());
    let mut asking = ConsultationChannelServiceClient::new(channel.clone());
    asking.get_channel_breakdown(asked).await.unwrap();
    let mut watching = BreakdownServiceClient::new(channel.clone());
    let watch: WatchBreakdownRequest = message(json!({"question": {"channels": question()}}));
    let mut watch = watching.watch_breakdown(watch).await.unwrap().into_inner();
    watch.message().await.unwrap();

    // The page has the same.
    let watches = "nhs_equity_server_calls_active{nhs_equity_call_kind=\"watch\"}";
    let page = page_when(&log, |page| {
        // The submission is told at the next look of a second.
        page.contains("nhs_equity_store_fsync_duration_seconds_count")
            && page.contains("nhs_equity_collection_age")
            && page.contains(&format!("{watches} 1"))
    });
    assert_page(&page, &log);

    let (code, _) = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    assert_eq!(code, Some(0));
    drop(watch);
    assert_all_metrics(&exported(&collector));
    let resource = format!("{:?}", collector.last_metrics().unwrap().resource_metrics[0].resource);
    for said in ["equity-test", "deployment.environment.name", "uk.nhs.equity"] {
        assert!(resource.contains(said), "{said}: {resource}");
    }

    let spans = collector.spans();
    let submission = "equity.v1.SubmissionService/SubmitConsultations";
    assert_children(&spans, submission, &["wait for the writer", "fsync", "apply"]);
    let parts = ["wait for a place", "plan", "wait for the turn", "scan", "protect", "encode"];
    let answer = "equity.v1.ConsultationChannelService/GetChannelBreakdown";
    assert_children(&spans, answer, &parts);
    for root in spans.iter().filter(|span| span.parent_span_id.is_empty()) {
        assert_eq!(root.kind(), SpanKind::Server, "{root:?}");
    }

    let records = collector.log_records();
    let [started, stopped, served] =
        ["the service has started", "the service has stopped", "no call is served any more"].map(
            |what| {
                let found = saying(&records, what);
                assert_eq!(found.len(), 1, "{what}: {records:#?}");
                found[0].attributes.clone()
            },
        );
    assert_eq!(text(&started, "version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(text(&started, "position"), "2");
    assert!(text(&started, "seconds").parse::<f64>().unwrap() < 60.0);
    // As far as the last export of metrics, which is made when the last call has ended.
    let position = exported(&collector);
    let position = position.iter().find(|of| of.name == "nhs.equity.store.position").unwrap();
    let position = points(position)[0].1;
    assert!((text(&stopped, "position").parse::<f64>().unwrap() - position).abs() < 0.1);
    assert_eq!((&*text(&served, "running"), &*text(&served, "cut_off")), ("1", "0"));
    let slow = saying(&records, "a call was slow");
    let slow = slow.iter().find(|record| text(&record.attributes, "rpc") == submission).unwrap();
    assert!(text(&slow.attributes, "seconds").parse::<f64>().unwrap() > 0.001);
    let call = spans.iter().find(|span| span.name == submission).unwrap();
    assert_eq!(text(&slow.attributes, "trace_id"), hex(&call.trace_id));
    let watched = "equity.v1.BreakdownService/WatchBreakdown";
    let is_of_watch = |record: &LogRecord| text(&record.attributes, "rpc") == watched;
    assert!(!records.iter().any(is_of_watch), "a watch is no slow call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_a_stop_ends_is_counted_and_its_partner_named() {
    let certificates = Certificates::make();
    let (folder, files) = (tempfile::tempdir().unwrap(), certificates.files());
    let partners = folder.path().join("partners.toml");
    let own = "trust_domain = \"equity.example\"\n[partners.own]\norganisation = \"C82007\"\n\
               submit_for = [\"C82007\"]\n";
    std::fs::write(&partners, own).unwrap();
    let path = |of: &Path| of.to_str().unwrap().to_owned();
    let environment = [
        ("EQUITY_TLS_CERTIFICATE_FILE", path(&files.certificate)),
        ("EQUITY_TLS_KEY_FILE", path(&files.key)),
        ("EQUITY_TLS_CLIENT_AUTHORITIES_FILE", path(&files.client_authorities)),
        ("EQUITY_PARTNERS_FILE", path(&partners)),
        ("EQUITY_TELEMETRY_SLOW_CALL", "1ms".to_owned()),
        ("EQUITY_LIMITS_DRAIN", "1s".to_owned()),
    ];
    let (served, log) =
        Served::logged(folder.path(), &environment.each_ref().map(|(key, value)| (*key, &**value)));
    let address = served.address.replace("127.0.0.1", "localhost");
    let address = Channel::from_shared(address).unwrap();
    let tls = certificates.client("own", "C82007");
    let channel = address.tls_config(tls).unwrap().connect().await.unwrap();
    // An upload that does not end.
    let (parts, upload) = tokio::sync::mpsc::channel(2);
    let about = header("C82007", "practice-feed", "2020-04", &["sex"]);
    for part in consultations(about, Vec::new()) {
        parts.send(part).await.unwrap();
    }
    let mut client = SubmissionServiceClient::new(channel);
    let upload = tokio_stream::wrappers::ReceiverStream::new(upload);
    let call = tokio::spawn(async move { client.submit_consultations(upload).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (code, _) = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    assert_eq!(code, Some(0));
    call.await.unwrap().unwrap_err();
    let said = std::fs::read_to_string(log).unwrap();
    let line = |what: &str| {
        said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {said}"))
    };
    let stopped = line("no call is served any more");
    assert!(stopped.contains("running=1 ended=1 cut_off=0"), "{stopped}");
    let slow = line("a call was slow");
    assert!(slow.contains("partner=\"own\"") && slow.contains("SubmitConsultations"), "{slow}");
    drop(parts);
}

fn assert_page(page: &str, log: &Path) {
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("text/plain; version=0.0.4"),
        "{head}"
    );
    let kinds = body.lines().filter(|line| line.starts_with("# TYPE ")).count();
    let all = without_partners();
    assert_eq!(kinds, all.len() + 1, "{body}");
    for metric in all {
        let unit = match metric.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" => "_ratio",
            _ => "",
        };
        let total = if metric.kind == MetricKind::Counter { "_total" } else { "" };
        let name = format!("{}{unit}{total}", metric.name.replace('.', "_"));
        assert!(
            body.contains(&format!("# TYPE {name} {}\n", metric.kind.name())),
            "{name}: {body}"
        );
        assert!(body.contains(&format!("# HELP {name} ")), "{name}");
    }
    assert!(body.contains("target_info{") && body.contains("service_name=\"equity-test\""));
    assert!(value(body, "nhs_equity_store_position") >= 3.0);
    assert!((value(body, "nhs_equity_submissions_rows_total") - ROWS).abs() < 0.1);
    // Buckets add up, and the last holds all.
    let method = "rpc_method=\"equity.v1.SubmissionService/SubmitConsultations\"";
    let buckets: Vec<f64> = body
        .lines()
        .filter(|line| line.starts_with("rpc_server_call_duration_seconds_bucket"))
        .filter(|line| line.contains(method))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(buckets.len(), SECONDS.len() + 1);
    assert!(buckets.is_sorted() && (buckets[SECONDS.len()] - 1.0).abs() < 0.1, "{buckets:?}");
    for (request, answer) in [
        ("GET /", "HTTP/1.1 404"),
        ("POST /metrics", "HTTP/1.1 405"),
        ("GET /metrics/../metrics2", "HTTP/1.1 404"),
    ] {
        let got = self::page(log, request);
        assert!(got.starts_with(answer), "{request}: {got}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_is_reached_over_tls_and_over_http() {
    let certificates = Certificates::make();
    let authority = certificates.authority.certificate();
    let authority = authority.to_str().unwrap();
    let trusts = ("OTEL_EXPORTER_OTLP_CERTIFICATE", authority);
    for (protocol, is_secure, trust, arrives) in [
        ("grpc", true, Some(trusts), true),
        ("http/protobuf", true, Some(trusts), true),
        ("http/protobuf", false, None, true),
        // What the system trusts, and a system that does not trust the collector.
        ("grpc", true, Some(("SSL_CERT_FILE", authority)), true),
        ("http/protobuf", true, None, false),
        ("grpc", true, None, false),
    ] {
        let tls = is_secure.then_some(&certificates);
        let (collector, endpoint) = match protocol {
            "grpc" => Collector::start_grpc(tls).await,
            _ => Collector::start_http(tls).await,
        };
        let folder = tempfile::tempdir().unwrap();
        let mut environment = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "tenant=a%20b"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
        ];
        environment.extend(trust);
        let (served, _) = Served::logged(folder.path(), &environment);
        submit(&channel(&served).await).await;
        let (code, _) = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
        assert_eq!(code, Some(0), "{protocol}");
        let came = (
            collector.spans().len() > 3,
            collector.last_metrics().is_some(),
            !saying(&collector.log_records(), "the service has started").is_empty(),
        );
        assert_eq!(came, (arrives, arrives, arrives), "{protocol} {is_secure} {trust:?}");
        let tenants = collector.tenants();
        assert!(tenants.is_empty() != arrives && tenants.iter().all(|tenant| tenant == "a b"));
    }
}

#[test]
fn what_a_start_refuses_a_check_refuses_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let rubbish = folder.path().join("rubbish.pem");
    std::fs::write(&rubbish, "no certificate").unwrap();
    let (rubbish, data) = (rubbish.to_str().unwrap(), folder.path().join("data"));
    let secure = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4317");
    for (environment, named) in [
        (vec![("EQUITY_LOG", "equity=loud")], "EQUITY_LOG"),
        (vec![("OTEL_TRACES_SAMPLER", "sometimes")], "OTEL_TRACES_SAMPLER"),
        (vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317")], "OTEL_EXPORTER_OTLP_ENDPOINT"),
        (vec![secure, ("OTEL_EXPORTER_OTLP_CERTIFICATE", rubbish)], "rubbish.pem"),
        (vec![("EQUITY_TELEMETRY_PROMETHEUS", "localhost")], "EQUITY_TELEMETRY_PROMETHEUS"),
        (vec![("EQUITY_TELEMETRY_PROMETHEUS", "192.0.2.1:0")], "telemetry.prometheus"),
        (vec![("EQUITY_TELEMETRY_SLOW_CALL", "0s")], "EQUITY_TELEMETRY_SLOW_CALL"),
        (vec![("EQUITY_HOME_AREA", "QK2")], "home_area"),
    ] {
        for options in [&["--check"][..], &[]] {
            let mut command = equity();
            command.args(["serve", "--address", "127.0.0.1:0", "--data-folder"]).arg(&data);
            let ended =
                Ended::of(command.args(options).envs(environment.clone()).output().unwrap());
            assert_eq!(ended.code, Some(1), "{environment:?} {options:?}: {ended:?}");
            assert!(ended.remarks.contains(named), "{named}: {ended:?}");
            assert!(!data.try_exists().unwrap(), "{environment:?} {options:?}: a folder was made");
        }
    }
    // A start refuses a page whose address is taken; a check says it, for it may run beside the service.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let with = |options: &[&str]| {
        let mut command = equity();
        command.args(["serve", "--address", "127.0.0.1:0", "--data-folder"]).arg(&data);
        let command = command.args(options).env("EQUITY_TELEMETRY_PROMETHEUS", &address);
        Ended::of(command.output().unwrap())
    };
    let (started, checked) = (with(&[]), with(&["--check"]));
    assert!(started.code == Some(1) && started.remarks.contains(&address), "{started:?}");
    assert!(checked.code == Some(0) && checked.remarks.contains("in use now"), "{checked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_only_reads_says_that_writing_has_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let page = [("EQUITY_TELEMETRY_PROMETHEUS", "127.0.0.1:0")];
    let (served, _) = Served::logged(folder.path(), &page);
    submit(&channel(&served).await).await;
    served.terminate();
    std::fs::remove_dir_all(folder.path().join("data/log")).unwrap();
    let (served, log) = Served::logged(folder.path(), &page);
    page_when(&log, |page| page.contains("\nnhs_equity_store_writing_stopped_ratio 1\n"));
    served.terminate();

    // Disabled, nothing is served.
    let disabled = [page[0], ("OTEL_SDK_DISABLED", "true")];
    let other = tempfile::tempdir().unwrap();
    let (served, log) = Served::logged(other.path(), &disabled);
    served.terminate();
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("the service has started") && !said.contains("Prometheus"), "{said}");
}

#[test]
fn the_guide_has_every_metric_with_its_kind_unit_attributes_and_meaning() {
    let guide = std::fs::read_to_string(GUIDE).unwrap();
    let rows: BTreeSet<String> = guide
        .lines()
        .filter(|line| line.starts_with("| `") && line.matches('|').count() == 6)
        .map(str::to_owned)
        .collect();
    let expected = metrics::all().into_iter().map(|metric| {
        let attributes: Vec<_> = metric.attributes.iter().map(|key| format!("`{key}`")).collect();
        let (name, kind, unit) = (metric.name, metric.kind.name(), metric.unit);
        format!(
            "| `{name}` | {kind} | `{unit}` | {} | {} |",
            attributes.join(", "),
            metric.description
        )
    });
    let expected: BTreeSet<String> = expected.collect();
    let missing: Vec<_> = expected.difference(&rows).collect();
    let unknown: Vec<_> = rows.difference(&expected).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing: {missing:#?}\nunknown: {unknown:#?}"
    );
}
