//! The companions of `OTEL_EXPORTER_OTLP_ENDPOINT` are obeyed: compression, endpoints of one signal, temporality, signals that are not sent,
//! timeouts.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use equity_indicators::proto::v1::ExportBreakdownsRequest;
use equity_indicators::proto::v1::export_service_client::ExportServiceClient;
use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::json;

use super::run::Served;
use super::signals::{assert_children, channel, question, saying, submit};
use crate::support::{Collector, message};

/// A service with these variables, from its start to its end, which it comes to by itself; how long stopping took.
async fn served(folder: &Path, environment: &[(&str, &str)]) -> Duration {
    let (served, _) = Served::logged(folder, environment);
    submit(&channel(&served).await).await;
    let (code, took) = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    assert_eq!(code, Some(0), "{environment:?}");
    took
}

/// How the one submission was counted, in each export that has the count.
fn assert_temporality(collector: &Collector, expected: AggregationTemporality) {
    let metrics = collector.metrics();
    let counted = metrics.iter().filter(|metric| metric.name == "nhs.equity.submissions");
    let found: Vec<_> = counted
        .map(|metric| match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => sum.aggregation_temporality(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(!found.is_empty() && found.iter().all(|of| *of == expected), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_variable_of_a_signal_is_obeyed() {
    let (all, all_at) = Collector::start().await;
    let (own, own_at) = Collector::start_http(None).await;
    let own_at = format!("{own_at}/v1/metrics");
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*all_at),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &*own_at),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "tenant=metrics"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ];
    served(folder.path(), &environment).await;
    assert!(all.spans().is_empty() && own.spans().is_empty(), "traces are off");
    assert!(!saying(&all.log_records(), "the service has started").is_empty());
    assert!(own.log_records().is_empty() && all.last_metrics().is_none(), "each has its own");
    assert_eq!((all.encodings(), own.encodings()), (vec!["gzip"], vec!["gzip"]));
    assert!(all.tenants().is_empty() && own.tenants().iter().all(|tenant| tenant == "metrics"));
    assert_temporality(&own, AggregationTemporality::Delta);

    // The same collector without: nothing is packed, and sums count from the start.
    let (plain, plain_at) = Collector::start_http(None).await;
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*plain_at),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
    ];
    served(folder.path(), &environment).await;
    assert_eq!(plain.encodings(), [""; 0]);
    assert_temporality(&plain, AggregationTemporality::Cumulative);
}

/// A collector that takes connections and never answers: a stop waits for it as long as it was told, and 5 s at most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_takes_no_longer_than_the_variables_say() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_at = format!("http://{}", silent.local_addr().unwrap());
    let others = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*silent_at),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    for variable in [
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
        "OTEL_METRIC_EXPORT_TIMEOUT",
    ] {
        let took = async |millis: &str| {
            let folder = tempfile::tempdir().unwrap();
            served(folder.path(), &[&others[..], &[(variable, millis)]].concat()).await
        };
        let (short, long) = (took("50").await, took("2900").await);
        assert!(short + Duration::from_millis(1_500) < long, "{variable}: {short:?} {long:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_table_of_an_export_is_a_part_of_its_call() {
    let (collector, endpoint) = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let environment =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("OTEL_TRACES_SAMPLER", "always_on")];
    let (served, _) = Served::logged(folder.path(), &environment);
    let channel = channel(&served).await;
    submit(&channel).await;
    let request: ExportBreakdownsRequest = message(json!({
        "question": {"channels": question()}, "areaTypes": ["system"], "periodStep": "PERIOD_STEP_MONTH"
    }));
    let exporting = ExportServiceClient::new(channel).export_breakdowns(request).await;
    let mut stream = exporting.unwrap().into_inner();
    while stream.message().await.unwrap().is_some() {}
    let (code, _) = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    assert_eq!(code, Some(0));
    let parts = ["wait for a place", "plan", "wait for the turn", "scan", "protect"];
    assert_children(&collector.spans(), "equity.v1.ExportService/ExportBreakdowns", &parts);
}
