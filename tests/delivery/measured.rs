//! What the operator's metrics say of deliveries.

use std::fs::write;
use std::path::Path;
use std::time::Duration;

use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use equity_indicators::telemetry::metrics::{self, MetricKind};
use serde_json::json;
use tonic::Code;

use super::plane::until;
use super::receiver::{Answer, Received};
use crate::cli::run::Served;
use crate::cli::signals::{channel, page, page_when};
use crate::support::{consultations, header, records};

fn partner(name: &str, endpoint: &str, metrics: bool) -> String {
    format!(
        "[partners.{name}]\norganisation = \"C82001\"\nsystems = [\"{name}\"]\nsubmit_for = [\"C82001\"]\n[partners.{name}.telemetry]\nendpoint = \"{endpoint}\"\n\
         protocol = \"grpc\"\nallow_addresses = [\"127.0.0.0/8\"]\nevents = [\"submission.accepted\"]\nmetrics = {metrics}\n"
    )
}

fn partners(folder: &Path, entries: &[String]) {
    let text = format!("trust_domain = \"equity.example\"\n{}", entries.concat());
    write(folder.join("partners.toml"), text).unwrap();
}

/// A service with the file of partners of a folder, and a page of metrics.
async fn serve(folder: &Path) -> (Served, std::path::PathBuf) {
    let folder = folder.to_owned();
    let started = tokio::task::spawn_blocking(move || {
        let file = folder.join("partners.toml");
        let environment = [
            ("EQUITY_PARTNERS_FILE", file.to_str().unwrap()),
            ("EQUITY_TELEMETRY_PROMETHEUS", "127.0.0.1:0"),
        ];
        Served::logged(&folder, &environment)
    });
    started.await.unwrap()
}

async fn submit(served: &Served, month: &str) {
    let rows = records(&json!([{"channel": "VIDEO"}]));
    let messages = consultations(header("C82001", "practice-feed", month, &[]), vec![rows]);
    let mut client = SubmissionServiceClient::new(channel(served).await);
    client.submit_consultations(tokio_stream::iter(messages)).await.unwrap();
}

/// The value of the one line of a metric that has these labels.
fn value(page: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let name = format!("nhs_equity_delivery_{name}");
    let line = |line: &&str| {
        let of = line.split(['{', ' ']).next();
        of == Some(&*name) && labels.iter().all(|label| line.contains(&format!("\"{label}\"")))
    };
    let lines: Vec<_> = page.lines().filter(line).collect();
    assert!(lines.len() < 2, "{lines:?}");
    lines.first().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_of_deliveries_has_its_value_and_ends_with_the_subscription() {
    let folder = tempfile::tempdir().unwrap();
    let never = Answer::Status(Code::InvalidArgument, None, "no");
    let later = Answer::Status(Code::Unavailable, Some(Duration::from_secs(300)), "later");
    let (alpha, alpha_at) = Received::start(vec![Answer::Partial(2), never, later]).await;
    let refuses = Answer::Status(Code::PermissionDenied, None, "no");
    let (beta, beta_at) = Received::start(vec![refuses]).await;
    partners(folder.path(), &[partner("alpha", &alpha_at, true), partner("beta", &beta_at, false)]);
    let (served, log) = serve(folder.path()).await;
    for (count, month) in ["2020-04", "2020-05", "2020-06"].into_iter().enumerate() {
        submit(&served, month).await;
        until(month, || alpha.attempts() == count + 1 && alpha.metrics().len() == count + 1).await;
    }
    assert_eq!(beta.attempts(), 1);
    // Looked at every 30 s.
    let dead = |page: &str| value(page, "dead_letters", &["alpha", "logs"]) == Some(1.0);
    let seen = page_when(&log, dead);
    let of = |name: &str, labels: &[&str]| value(&seen, name, labels);
    for (name, logs, metrics, refused) in [
        ("waiting", 1.0, 0.0, 3.0),
        ("stopped_ratio", 0.0, 0.0, 1.0),
        ("state_ratio", 1.0, 0.0, 2.0),
        ("dead_letters", 1.0, 0.0, 0.0),
        ("failures", 1.0, 0.0, 1.0),
        ("rejected_total", 2.0, 0.0, 0.0),
    ] {
        let found = [["alpha", "logs"], ["alpha", "metrics"], ["beta", "logs"]]
            .map(|of_stream| of(name, &of_stream));
        assert_eq!(found, [Some(logs), Some(metrics), Some(refused)], "{name}: {seen}");
        assert_eq!(of(name, &["beta", "metrics"]), None, "{name}: it gets none");
    }
    let lag = |labels: &[&str]| of("lag_seconds", labels).unwrap();
    assert!((0.1..120.0).contains(&lag(&["alpha", "logs"])), "{seen}");
    assert!(lag(&["beta", "logs"]) >= lag(&["alpha", "logs"]) && lag(&["alpha", "metrics"]) == 0.0);
    assert!((300.0..10_000.0).contains(&of("size_bytes", &["alpha", "logs"]).unwrap()), "{seen}");
    assert_eq!(
        (of("unread", &[]), of("unread_age_seconds", &[])),
        (Some(0.0), Some(0.0)),
        "{seen}"
    );
    for (labels, count) in [
        (["alpha", "logs", "sent"], 1.0),
        (["alpha", "logs", "never"], 1.0),
        (["alpha", "logs", "again"], 1.0),
        (["alpha", "metrics", "sent"], 3.0),
        (["beta", "logs", "paused"], 1.0),
    ] {
        assert_eq!(of("attempts_total", &labels), Some(count), "{labels:?}: {seen}");
    }
    assert_eq!(of("call_duration_seconds_count", &["alpha", "logs"]), Some(3.0), "{seen}");
    assert!(of("call_duration_seconds_sum", &["alpha", "logs"]).unwrap() < 30.0);
    // None is left out here.
    let all = metrics::all().into_iter().filter(|metric| metric.name.contains(".delivery."));
    for metric in all {
        let total = if metric.kind == MetricKind::Counter { "_total" } else { "" };
        let name = metric.name.replace('.', "_");
        let unit = match metric.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            "1" => "_ratio",
            _ => "",
        };
        let kind = format!("# TYPE {name}{unit}{total} {}\n", metric.kind.name());
        assert!(seen.contains(&kind), "{kind}: {seen}");
    }

    // The operator takes beta's table and alpha's metrics away: nothing of them is left to be alarmed about.
    partners(folder.path(), &[partner("alpha", &alpha_at, false)]);
    let has = |page: &str, labels: &[&str]| value(page, "stopped_ratio", labels).is_some();
    let seen =
        page_when(&log, |page| !has(page, &["beta", "logs"]) && !has(page, &["alpha", "metrics"]));
    assert!(has(&seen, &["alpha", "logs"]));
    for name in ["lag_seconds", "waiting", "state_ratio", "dead_letters", "failures", "size_bytes"]
    {
        assert_eq!(value(&seen, name, &["beta"]), None, "{name}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outbox_that_cannot_be_opened_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (received, endpoint) = Received::start(Vec::new()).await;
    partners(folder.path(), &[]);
    let (served, _) = serve(folder.path()).await;
    submit(&served, "2020-04").await;
    tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    // Something else has its name.
    let outbox = folder.path().join("data/outbox");
    write(&outbox, "a file").unwrap();
    partners(folder.path(), &[partner("alpha", &endpoint, false)]);
    let (served, log) = serve(folder.path()).await;
    let unread = |page: &str| value(page, "unread", &[]);
    let first = page_when(&log, |page| unread(page).is_some());
    assert!(unread(&first).unwrap() >= 2.0, "{first}");
    submit(&served, "2020-05").await;
    // The next look is 30 s later.
    let age = |page: &str| value(page, "unread_age_seconds", &[]).unwrap();
    let later = page_when(&log, |page| age(page) > 20.0);
    assert!(unread(&later) > unread(&first), "{later}");
    // Mended while it runs.
    std::fs::remove_file(&outbox).unwrap();
    let mended = page_when(&log, |page| unread(page) == Some(0.0));
    assert!(age(&mended) < 0.1 && value(&mended, "waiting", &["alpha", "logs"]) == Some(0.0));
    submit(&served, "2020-06").await;
    until("what comes after it", || !received.logs().is_empty()).await;
    assert!(page(&log, "GET /metrics").contains("200"));
}
