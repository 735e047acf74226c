//! The program as an operator starts it, without a filter for its log: what a flood writes to standard error and to the collector.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::support::soon;
use crate::cli::run::Served;
use crate::support::Collector;
use crate::support::hostile::{floods, until_cut};

const CHECK: &str = "/grpc.health.v1.Health/Check";
/// A warning of a kind and peer, and the number of those that were left out.
const LINES_A_SECOND: usize = 2;

fn lines(log: &Path) -> Vec<String> {
    std::fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect()
}

/// The number behind `left_out=` in a line.
fn left_out(line: &str) -> Option<usize> {
    let digits = line.split("left_out=").nth(1)?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_cut_and_writes_a_few_lines_a_second() {
    let (collector, endpoint) = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let environment = [("EQUITY_TELEMETRY_OTLP_ENDPOINT", &*endpoint)];
    let (served, log) = Served::logged(folder.path(), &environment);
    let address = served.address.trim_start_matches("http://").to_owned();
    let before = lines(&log).len();
    let (begun, mut cut) = (Instant::now(), 0);
    // Who was cut comes again at once: acknowledged pings that nobody sent, and pings.
    let floods = floods(CHECK);
    while begun.elapsed() < Duration::from_secs(4) {
        for (_, flood) in &floods[..2] {
            soon(until_cut(TcpStream::connect(&address).await.unwrap(), flood)).await;
            cut += 1;
        }
    }
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap() + 2;
    // The last second is counted when it is over.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let said = lines(&log).split_off(before);
    assert!(cut > 5 * seconds, "only {cut} connections were cut in {seconds} s");
    assert!(said.len() <= LINES_A_SECOND * (seconds + 1), "{cut} were cut: {said:#?}");
    // None is lost from sight.
    let shown = said.iter().filter(|line| line.contains("cut a connection")).count();
    let counted: usize = said.iter().filter_map(|line| left_out(line)).sum();
    assert_eq!(shown + counted, cut, "{said:#?}");
    let ended = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
    assert_eq!(ended.0, Some(0));
    let sent = collector.log_records();
    let warnings: Vec<_> = sent.iter().filter(|one| one.severity_text == "WARN").collect();
    assert!(!warnings.is_empty(), "the collector hears nothing of it: {sent:#?}");
    assert!(
        warnings.len() <= LINES_A_SECOND * (seconds + 1),
        "{} to the collector",
        warnings.len()
    );
    let counts = warnings.iter().filter(|one| format!("{one:?}").contains("left_out")).count();
    assert!(counts > 0, "the collector is not told how many were left out: {warnings:#?}");
}
