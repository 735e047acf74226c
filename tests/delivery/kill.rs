//! A service that is killed again and again: every stored submission is told at least once, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use serde_json::json;
use tonic::transport::Channel;

use super::plane::{LOCAL, entry, until};
use super::receiver::Received;
use crate::cli::run::{Served, equity};
use crate::support::{consultations, header, records};

/// How often it is killed; `EQUITY_KILLS` for more.
fn kills() -> u32 {
    std::env::var("EQUITY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

async fn serve(folder: &Path) -> Served {
    let (folder, log) = (folder.to_owned(), folder.join("log.txt"));
    let started = tokio::task::spawn_blocking(move || {
        let mut command = equity();
        command.arg("serve").env("EQUITY_PARTNERS_FILE", folder.join("partners.toml"));
        command.stderr(File::options().create(true).append(true).open(log).unwrap());
        Served::by(command, "127.0.0.1:0", &folder.join("data"))
    });
    started.await.unwrap()
}

/// Submits until the service is gone. Returns the positions that were acknowledged.
async fn submit(address: String, seed: u32) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    let address = if address.starts_with("http") { address } else { format!("http://{address}") };
    let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
    for number in 0.. {
        let month = format!("20{:02}-{:02}", 15 + (number / 12) % 9, 1 + number % 12);
        let rows =
            records(&json!([{"channel": "VIDEO", "recordCount": 1 + seed * 10_000 + number}]));
        let messages = consultations(header("C82001", "practice-feed", &month, &[]), vec![rows]);
        let mut client = SubmissionServiceClient::new(channel.clone());
        match client.submit_consultations(tokio_stream::iter(messages)).await {
            Ok(answer) => {
                acknowledged.push(answer.into_inner().receipt.unwrap().submission.unwrap().position)
            }
            Err(_) => break,
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are for whoever asks for them")]
async fn every_event_arrives_in_order_however_often_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (received, endpoint) = Received::start(Vec::new()).await;
    let entry = entry("alpha", &endpoint, LOCAL).replace("QK1", "C82001");
    let text = format!("trust_domain = \"equity.example\"\n{entry}");
    std::fs::write(folder.path().join("partners.toml"), text).unwrap();
    let mut acknowledged = BTreeSet::new();
    for kill in 0..kills() {
        let served = serve(folder.path()).await;
        let submitting = tokio::spawn(submit(served.address.clone(), kill));
        tokio::time::sleep(Duration::from_millis(300 + u64::from(kill * 173 % 900))).await;
        // Dropping it kills it.
        drop(served);
        acknowledged.extend(submitting.await.unwrap());
    }
    let _served = serve(folder.path()).await;
    let accepted = |received: &Received| -> BTreeMap<i64, Vec<i64>> {
        let mut all: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for got in received
            .logs()
            .iter()
            .filter(|got| got.record.event_name == "nhs.equity.submission.accepted")
        {
            all.entry(got.whole("log.position").unwrap()).or_default().push(got.sequence());
        }
        all
    };
    let has_all = || {
        let told = accepted(&received);
        acknowledged.iter().all(|position| told.contains_key(position))
    };
    until("every acknowledged submission is told", has_all).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let got = received.logs();
    // The first appearance of each id: in order, and no number left out.
    let mut seen = BTreeSet::new();
    let first: Vec<_> = got.iter().filter(|got| seen.insert(got.text("event.id"))).collect();
    let sequences: Vec<_> = first.iter().map(|got| got.sequence()).collect();
    assert!(
        sequences.iter().copied().eq(1..=i64::try_from(sequences.len()).unwrap()),
        "{sequences:?}"
    );
    let positions: Vec<_> = first.iter().filter_map(|got| got.whole("log.position")).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    // The same event has the same number each time.
    let mut by_id: BTreeMap<String, i64> = BTreeMap::new();
    for got in &got {
        let sequence = *by_id.entry(got.text("event.id")).or_insert(got.sequence());
        assert_eq!(sequence, got.sequence());
    }
    println!(
        "{} kills, {} submissions acknowledged, {} events, {} of them sent twice or more",
        kills(),
        acknowledged.len(),
        first.len(),
        got.len() - first.len()
    );
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
}
