//! Alerts and the dashboard name metrics that the service exports, as the collector of `deploy/collector.yaml` writes them for Prometheus.

use std::collections::BTreeSet;
use std::path::PathBuf;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;

use super::text;
use crate::cli::run::{Served, equity};
use crate::cli::signals::page_when;
use crate::support::Collector;

/// What a rule of Prometheus counts as a name of ours.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours =
        words.filter(|word| word.starts_with("nhs_equity_") || word.starts_with("rpc_server_"));
    ours.map(str::to_owned).collect()
}

/// The name of a metric, as the exporter for Prometheus of the collector makes it.
fn of_prometheus(name: &str, unit: &str, data: &Data) -> Vec<String> {
    let name = name.replace('.', "_");
    let unit = match (unit, data) {
        ("By", _) => "_bytes",
        ("s", _) => "_seconds",
        ("1", Data::Gauge(_)) => "_ratio",
        _ => "",
    };
    match data {
        Data::Sum(sum) if sum.is_monotonic => vec![format!("{name}{unit}_total")],
        Data::Histogram(_) => {
            ["bucket", "count", "sum"].map(|part| format!("{name}{unit}_{part}")).to_vec()
        }
        // Alerts and the dashboard name both.
        _ if unit == "_ratio" => vec![format!("{name}{unit}"), name],
        _ => vec![format!("{name}{unit}")],
    }
}

/// Everything that a service exports that has taken a submission, and the attributes.
async fn exported() -> (BTreeSet<String>, BTreeSet<String>) {
    let (collector, endpoint) = Collector::start().await;
    let folder: tempfile::TempDir = tempfile::tempdir().unwrap();
    let data: PathBuf = folder.path().join("data");
    tokio::task::spawn_blocking(move || {
        let partners = folder.path().join("partners.toml");
        // A partner whose endpoint does not answer.
        let alpha = "trust_domain = \"equity.example\"\n[partners.alpha]\norganisation = \"C82001\"\nsystems = [\"emis\"]\nsubmit_for = [\"C82001\"]\n\
             read = { profile = \"PARTNER\", areas = [\"QK1\"], datasets = [\"*\"], indicators = [\"*\"] }\n\
             [partners.alpha.telemetry]\nendpoint = \"http://127.0.0.1:1\"\nprotocol = \"grpc\"\nallow_addresses = [\"127.0.0.0/8\"]\nareas = [\"QK1\"]\n";
        std::fs::write(&partners, alpha).unwrap();
        let mut command = equity();
        command.arg("serve").env("EQUITY_TELEMETRY_OTLP_ENDPOINT", endpoint);
        command.env("EQUITY_PARTNERS_FILE", &partners);
        let log = folder.path().join("service.log");
        command.env("EQUITY_TELEMETRY_PROMETHEUS", "127.0.0.1:0");
        command.stderr(std::fs::File::create(&log).unwrap());
        let served = Served::by(command, "127.0.0.1:0", &data);
        let file = folder.path().join("rows.csv");
        std::fs::write(&file, "channel\nTELEPHONE\n").unwrap();
        let month = ["--organisation", "C82001", "--month", "2025-02"];
        let submit = ["submit", file.to_str().unwrap(), "--collection", "practice-feed"];
        served.ask(&[&submit[..], &month].concat()).well();
        // What is looked at now and then, and streams, which there may be only at the second look, half a minute later.
        page_when(&log, |page| {
            ["delivery_lag_seconds{", "delivery_dead_letters{", "collection_age_seconds{"]
                .iter()
                .all(|name| page.contains(&format!("\nnhs_equity_{name}")))
        });
        assert_eq!(served.terminate().0, Some(0));
    })
    .await
    .unwrap();
    let last = collector.last_metrics().unwrap();
    let scopes = last.resource_metrics.iter().flat_map(|of| &of.scope_metrics);
    let (mut metrics, mut attributes) = (BTreeSet::new(), BTreeSet::new());
    for metric in scopes.flat_map(|scope| &scope.metrics) {
        let data = metric.data.as_ref().unwrap();
        metrics.extend(of_prometheus(&metric.name, &metric.unit, data));
        let points: Vec<_> = match data {
            Data::Gauge(of) => of.data_points.iter().map(|of| &of.attributes).collect(),
            Data::Sum(of) => of.data_points.iter().map(|of| &of.attributes).collect(),
            Data::Histogram(of) => of.data_points.iter().map(|of| &of.attributes).collect(),
            _ => Vec::new(),
        };
        attributes.extend(points.into_iter().flatten().map(|of| of.key.replace('.', "_")));
    }
    (metrics, attributes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_and_the_dashboard_name_what_the_service_exports() {
    let (metrics, attributes) = exported().await;
    assert!(metrics.contains("rpc_server_call_duration_seconds_bucket"), "{metrics:?}");
    assert!(attributes.contains("rpc_method"), "{attributes:?}");
    for file in ["alerts.yaml", "dashboard.json"] {
        let named = names(&text(file));
        assert!(named.len() > 15, "{file}: {named:?}");
        let unknown: Vec<_> = named
            .iter()
            .filter(|name| !metrics.contains(*name) && !attributes.contains(*name))
            .collect();
        assert!(
            unknown.is_empty(),
            "{file} names what the service does not export: {unknown:?}\n{metrics:#?}"
        );
    }
}

/// What the operator must not miss has an alert about its own metric.
#[test]
fn alerts_watch_what_must_not_be_missed() {
    let alerts = text("alerts.yaml");
    for (alert, metric) in [
        ("EquityNotSeen", "nhs_equity_server_connection_count"),
        ("EquityWritingStopped", "nhs_equity_store_writing_stopped"),
        ("EquityAuditUnwritable", "nhs_equity_audit_unwritable"),
        ("EquityDiskFull", "nhs_equity_store_disk_free_bytes"),
        ("EquitySubmissionsFail", "nhs_equity_submissions_total"),
        ("EquityFsyncSlow", "nhs_equity_store_fsync_duration_seconds_bucket"),
        ("EquityPanics", "nhs_equity_server_panics_total"),
        ("EquityCertificateEnds", "nhs_equity_server_certificate_left_seconds"),
        ("EquityDataOld", "nhs_equity_collection_age_seconds"),
        ("EquityDeliveryLate", "nhs_equity_delivery_lag_seconds"),
        ("EquityDeliveryStopped", "nhs_equity_delivery_stopped"),
    ] {
        let rules = alerts.split("- alert: ").skip(1);
        let rule = rules.into_iter().find(|rule| rule.lines().next() == Some(alert));
        let rule = rule.unwrap_or_else(|| panic!("no alert {alert}"));
        assert!(names(rule).contains(metric), "{alert} is not about {metric}: {rule}");
        let waits = rule.lines().any(|line| line.trim().starts_with("for: "));
        // What is a gauge may be wrong for a moment; an increase is over when it is seen.
        assert!(waits || rule.contains("increase(") || alert == "EquityCertificateEnds", "{rule}");
    }
}

/// Each alert names a section of the runbook that there is.
#[test]
fn alerts_lead_into_the_runbook() {
    let sections: BTreeSet<String> = text("runbook.md")
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    let alerts = text("alerts.yaml");
    let named: Vec<_> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("runbook: ")).collect();
    assert_eq!(named.len(), alerts.matches("- alert: ").count(), "every alert has one");
    for name in named {
        assert!(sections.contains(name), "{name} is no section: {sections:?}");
    }
}
