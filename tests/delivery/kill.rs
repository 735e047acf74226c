//! A service that is killed again and again while many events are sent: each partner is told every stored submission at least once, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use serde_json::json;
use tonic::transport::Channel;

use super::plane::{LOCAL, entry, until};
use super::receiver::{Got, Received};
use crate::cli::run::{Served, equity};
use crate::support::{consultations, header, records};

/// Partners that are sent the same, and how many events they get between two kills: with 20 kills 20,000 events.
const PARTNERS: usize = 10;
const EVENTS: usize = 1_000;

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

/// Every event of a partner came, in the order of its first appearance, and always with the same number. Returns how many there are.
fn assert_whole(name: &str, got: &[Got], acknowledged: &BTreeSet<i64>) -> usize {
    let mut by_id: BTreeMap<String, i64> = BTreeMap::new();
    let mut first = Vec::new();
    for got in got {
        let id = got.text("event.id");
        if let Some(sequence) = by_id.get(&id) {
            assert_eq!(*sequence, got.sequence(), "{name}: {id}");
        } else {
            by_id.insert(id, got.sequence());
            first.push(got);
        }
    }
    let sequences: Vec<_> = first.iter().map(|got| got.sequence()).collect();
    let count = i64::try_from(sequences.len()).unwrap();
    assert!(sequences.iter().copied().eq(1..=count), "{name}: {sequences:?}");
    let positions: Vec<_> = first.iter().filter_map(|got| got.whole("log.position")).collect();
    assert!(positions.is_sorted(), "{name}: {positions:?}");
    let told: BTreeSet<_> = positions.into_iter().collect();
    assert!(acknowledged.is_subset(&told), "{name}");
    first.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are for whoever asks for them")]
async fn every_event_arrives_in_order_however_often_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (received, endpoint) = Received::start(Vec::new()).await;
    let names: Vec<_> = (0..PARTNERS).map(|number| format!("partner-{number}")).collect();
    let entry = |name: &String| entry(name, &endpoint, LOCAL).replace("QK1", "C82001");
    let entries: String = names.iter().map(entry).collect();
    let text = format!("trust_domain = \"equity.example\"\n{entries}");
    std::fs::write(folder.path().join("partners.toml"), text).unwrap();
    let mut acknowledged = BTreeSet::new();
    for kill in 0..kills() {
        let served = serve(folder.path()).await;
        let submitting = tokio::spawn(submit(served.address.clone(), kill));
        let enough = received.count() + EVENTS;
        let begin = Instant::now();
        while received.count() < enough {
            assert!(begin.elapsed() < Duration::from_secs(120), "{} of {enough}", received.count());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Not always at the same place.
        tokio::time::sleep(Duration::from_millis(u64::from(kill * 173 % 90))).await;
        // Dropping it kills it.
        drop(served);
        acknowledged.extend(submitting.await.unwrap());
    }
    let _served = serve(folder.path()).await;
    let newest = *acknowledged.last().unwrap();
    let has_all = || {
        let logs = received.logs();
        let has = |name: &String| {
            let is_last = |got: &&Got| got.whole("log.position").is_some_and(|at| at >= newest);
            logs.iter().filter(is_last).any(|got| got.partner == *name)
        };
        names.iter().all(has)
    };
    until("the newest acknowledged submission is told", has_all).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let all = received.logs();
    let mut events = 0;
    for name in &names {
        let got: Vec<_> = all.iter().filter(|got| got.partner == *name).cloned().collect();
        events += assert_whole(name, &got, &acknowledged);
    }
    println!(
        "kill -9 {} times: {} submissions acknowledged, {events} events for {PARTNERS} partners, none missing, {} sent twice or more",
        kills(),
        acknowledged.len(),
        all.len() - events
    );
    assert!(events >= EVENTS * usize::try_from(kills()).unwrap() / 2, "{events}");
}
