//! What an operator sees while a service starts, and how it stops: at a signal, at a second one, and with calls that run.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use equity_indicators::proto::v1::{SubmitConsultationsRequest, SubmitConsultationsResponse};
use serde_json::json;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};

use super::run::Served;
use super::signals::{channel, page_when};
use crate::support::{consultations, header, records};

/// Waits until a file says something; all that it says.
fn until_said(log: &Path, what: &str) -> String {
    let begun = Instant::now();
    loop {
        let said = std::fs::read_to_string(log).unwrap_or_default();
        if said.contains(what) {
            return said;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no {what}: {said}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The page during a start has no figure that was not measured: 0 bytes of free space would wake somebody up. And it has no connections, so that a
/// start that does not end is seen.
#[test]
fn during_a_start_the_page_has_nothing_that_was_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    // The start waits for whoever writes the secret.
    let secret = folder.path().join("secret.key");
    assert!(Command::new("mkfifo").arg(&secret).status().unwrap().success());
    let environment = [
        ("EQUITY_TELEMETRY_PROMETHEUS", "127.0.0.1:0"),
        ("EQUITY_SECRET_FILE", secret.to_str().unwrap()),
    ];
    let log = folder.path().join("service.log");
    let (during, (served, log)) = std::thread::scope(|scope| {
        let starting = scope.spawn(|| Served::logged(folder.path(), &environment));
        until_said(&log, "metrics for Prometheus");
        let during = page_when(&log, |page| page.contains("process_memory_usage_bytes"));
        std::fs::write(&secret, "ab".repeat(32)).unwrap();
        (during, starting.join().unwrap())
    });
    let named = |page: &str| -> Vec<String> {
        let lines = page.lines().filter(|line| line.starts_with("nhs_equity_"));
        lines.map(|line| line.split([' ', '{']).next().unwrap().to_owned()).collect()
    };
    let measured = named(&during);
    assert!(measured.contains(&"nhs_equity_server_panics_total".to_owned()), "{during}");
    let early = |name: &String| {
        name.starts_with("nhs_equity_store_")
            || name.starts_with("nhs_equity_memory_")
            || name == "nhs_equity_audit_unwritable_ratio"
            || name == "nhs_equity_server_certificate_left_seconds"
            || name == "nhs_equity_server_connection_count"
    };
    let wrong: Vec<_> = measured.iter().filter(|name| early(name)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    // A service that serves has all of them, with no connection too.
    let page = page_when(&log, |page| page.contains("\nnhs_equity_store_disk_free_bytes "));
    assert!(!page.contains("\nnhs_equity_store_disk_free_bytes 0\n"), "{page}");
    for line in ["server_connection_count 0", "server_certificate_left_seconds 0"] {
        assert!(page.contains(&format!("\nnhs_equity_{line}\n")), "{line}: {page}");
    }
    assert_eq!(served.terminate().0, Some(0));
}

type Call = JoinHandle<Result<Response<SubmitConsultationsResponse>, Status>>;

/// A submission that has begun and waits for its rows.
async fn begun(served: &Served) -> (Sender<SubmitConsultationsRequest>, Call) {
    let (parts, upload) = tokio::sync::mpsc::channel(2);
    let about = header("C82007", "practice-feed", "2020-04", &["sex"]);
    for part in consultations(about, Vec::new()) {
        parts.send(part).await.unwrap();
    }
    let mut client = SubmissionServiceClient::new(channel(served).await);
    let call = async move { client.submit_consultations(ReceiverStream::new(upload)).await };
    let call = tokio::spawn(call);
    tokio::time::sleep(Duration::from_millis(500)).await;
    (parts, call)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_line_has_the_position_of_a_change_that_came_while_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (served, log) = Served::logged(folder.path(), &[("EQUITY_LIMITS_DRAIN", "50s")]);
    let (parts, call) = begun(&served).await;
    served.signal("-TERM");
    until_said(&log, "stopping");
    let rows = records(&json!([{"channel": "VIDEO", "person": {"sex": "1"}}]));
    let about = header("C82007", "practice-feed", "2020-04", &["sex"]);
    parts.send(consultations(about, vec![rows]).remove(1)).await.unwrap();
    drop(parts);
    let receipt = call.await.unwrap().unwrap().into_inner().receipt.unwrap();
    let position = receipt.submission.unwrap().position;
    let (code, _) = tokio::task::spawn_blocking(move || served.ends()).await.unwrap();
    assert_eq!(code, Some(0));
    let said = std::fs::read_to_string(log).unwrap();
    let stopped = said.lines().find(|line| line.contains("the service has stopped")).unwrap();
    assert!(stopped.contains(&format!("position={position} ")), "{position}: {stopped}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_stops_at_once() {
    for (first, second) in [("-TERM", "-TERM"), ("-INT", "-TERM"), ("-TERM", "-INT")] {
        let folder = tempfile::tempdir().unwrap();
        let (served, log) = Served::logged(folder.path(), &[("EQUITY_LIMITS_DRAIN", "100s")]);
        let (parts, call) = begun(&served).await;
        served.signal(first);
        until_said(&log, "stopping");
        // It waits for the call.
        tokio::time::sleep(Duration::from_millis(500)).await;
        served.signal(second);
        let (code, took) = tokio::task::spawn_blocking(move || served.ends()).await.unwrap();
        assert!(took < Duration::from_secs(20), "{first} {second}: {took:?}");
        let said = std::fs::read_to_string(log).unwrap();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("stopped at once"), "{said}");
        call.await.unwrap().unwrap_err();
        drop(parts);
    }
}
