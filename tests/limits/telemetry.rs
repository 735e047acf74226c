//! A collector in this process receives what the operator would see: one span a call, the metrics, and nothing when idle.
//! A collector that never answers does not keep the service.
//!
//! Telemetry is a process's own and starts once: each test starts itself again in a process of its own.

use std::time::{Duration, Instant};

use equity_indicators::server::ServerSettings;
use equity_indicators::telemetry::metrics::SECONDS;
use equity_indicators::telemetry::{self, Otlp, TelemetrySettings};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::net::TcpListener;
use tonic::Request;
use tracing::level_filters::LevelFilter;

use super::support::{ECHO, TestServer, soon};
use crate::support::Collector;

fn settings(endpoint: String) -> TelemetrySettings {
    TelemetrySettings {
        otlp: Otlp { endpoint: Some(endpoint), ..Otlp::default() },
        sample_ratio: 1.0,
        service_instance_id: Some("test-1".to_owned()),
        ..TelemetrySettings::default()
    }
}

fn attribute(span: &Span, key: &str) -> String {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key);
    let value =
        attribute.and_then(|attribute| attribute.value.clone()).and_then(|value| value.value);
    match value {
        Some(Value::StringValue(text)) => text,
        other => panic!("{key} is {other:?} of {:?}", span.attributes),
    }
}

/// Whether this process is the test's own. If not, the test runs in one that is.
fn is_alone(test: &str) -> bool {
    const ALONE: &str = "EQUITY_TEST_ALONE";
    if std::env::var(ALONE).as_deref() == Ok(test) {
        return true;
    }
    let itself = std::env::current_exe().unwrap();
    let name = format!("limits::telemetry::{test}");
    let output = std::process::Command::new(itself)
        .args(["--exact", &name, "--nocapture"])
        .env(ALONE, test)
        .env_remove("EQUITY_LOG")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let logged = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{logged}");
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_is_one_span_and_one_measurement() {
    if !is_alone("one_call_is_one_span_and_one_measurement") {
        return;
    }
    let (collector, endpoint) = Collector::start().await;
    let guard = telemetry::init(&settings(endpoint)).unwrap();
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;

    let mut request = Request::new("word".to_owned());
    let callers = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    request.metadata_mut().insert("traceparent", callers.parse().unwrap());
    request.metadata_mut().insert("baggage", "secret=1".parse().unwrap());
    soon(client.send(ECHO, request)).await.unwrap();
    assert!(soon(guard.flush()).await);

    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:#?}");
    let span = &spans[0];
    assert_eq!((span.name.as_str(), span.kind()), ("_OTHER", SpanKind::Server));
    assert_eq!(attribute(span, "rpc.system.name"), "grpc");
    assert_eq!(attribute(span, "rpc.method"), "_OTHER");
    assert_eq!(attribute(span, "rpc.response.status_code"), "OK");
    assert!(span.parent_span_id.is_empty(), "a caller must not become our parent");
    assert_eq!(span.links.len(), 1);
    assert_eq!(
        span.links[0].trace_id,
        0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes()
    );
    assert_ne!(span.trace_id, span.links[0].trace_id);
    assert!(!format!("{span:?}").contains("secret"), "baggage was taken in");
    assert_measured(&collector);

    let logs = collector.log_count();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(soon(guard.flush()).await);
    }
    assert_eq!(collector.spans().len(), 1, "exporting causes exports");
    assert_eq!(collector.log_count(), logs, "exporting causes logs");
    assert!(soon(guard.shutdown()).await);
}

/// The duration has the conventions' name, bounds in seconds and attributes from closed sets.
fn assert_measured(collector: &Collector) {
    let last = collector.last_metrics().expect("metrics were exported");
    let resource = format!("{:?}", last.resource_metrics[0].resource);
    assert!(resource.contains("equity-indicators") && resource.contains("test-1"), "{resource}");
    let scopes = last.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let metrics: Vec<_> = scopes.flat_map(|scope| &scope.metrics).collect();
    let duration = metrics.iter().find(|metric| metric.name == "rpc.server.call.duration");
    let duration = duration.expect("calls are measured");
    assert_eq!(duration.unit, "s");
    let Some(Data::Histogram(histogram)) = &duration.data else { panic!("{duration:?}") };
    let point = histogram
        .data_points
        .iter()
        .find(|point| format!("{point:?}").contains("_OTHER"))
        .expect("our call is among them");
    assert_eq!(point.explicit_bounds, SECONDS);
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    for name in ["nhs.equity.submissions.rows", "nhs.equity.cache.hits", "nhs.equity.server.panics"]
    {
        assert!(names.contains(&name), "{name} not in {names:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_does_not_keep_us() {
    if !is_alone("a_collector_that_never_answers_does_not_keep_us") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let guard = telemetry::init(&settings(endpoint)).unwrap();
    let server = TestServer::start(ServerSettings::default()).await;
    soon(server.client().await.unary(ECHO)).await.unwrap();

    let begun = Instant::now();
    let sent = guard.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert!(!sent, "what nobody took counts as sent");
    drop(listener);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_a_span_is_refused_before_it_is_made() {
    if !is_alone("without_a_collector_a_span_is_refused_before_it_is_made") {
        return;
    }
    let guard = telemetry::init(&TelemetrySettings::default()).unwrap();
    // The first check of the macro: nothing of the span is made, and no subscriber is asked.
    assert_eq!(LevelFilter::current(), LevelFilter::INFO);
    assert!(tracing::debug_span!("fsync").is_none());
    drop(guard);
}
