//! What is acknowledged is in the audit log, whenever the service is killed; and what the audit log cannot hold is not acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use equity_indicators::proto::v1::audit_service_client::AuditServiceClient;
use equity_indicators::proto::v1::{AuditEntry, AuditEvent, ListAuditEntriesRequest};
use tonic::transport::Channel;

use super::{
    feed::{Dice, Parcel, seed},
    kill::rounds,
    running::{Running, check_with},
};

/// Every entry.
async fn list(channel: &Channel) -> Vec<AuditEntry> {
    let mut client = AuditServiceClient::new(channel.clone());
    let mut request = ListAuditEntriesRequest { page_size: 1_000, ..Default::default() };
    let mut all = Vec::new();
    loop {
        let page = client.list_audit_entries(request.clone()).await.unwrap().into_inner();
        all.extend(page.entries);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

fn request_id(entry: &AuditEntry) -> Option<String> {
    let question: serde_json::Value = serde_json::from_str(&entry.question).ok()?;
    Some(question["header"]["request_id"].as_str()?.to_owned())
}

/// Submissions by request id that have an entry of this kind, and the position of each.
fn submissions(all: &[AuditEntry], event: AuditEvent) -> BTreeMap<String, i64> {
    let of = all.iter().filter(|one| one.event() == event && ["", "OK"].contains(&&*one.status));
    of.filter_map(|one| Some((request_id(one)?, one.data_position))).collect()
}

async fn send(channel: Channel, acknowledged: Arc<Mutex<BTreeMap<String, i64>>>, seed: u64) {
    let mut dice = Dice::new(seed);
    loop {
        let parcel = Parcel::new(&mut dice, 20);
        match parcel.send(&channel).await {
            Ok((made, _)) => {
                acknowledged.lock().unwrap().insert(parcel.request_id.clone(), made.position);
            }
            Err(_) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_in_the_audit_log() {
    let (place, mut dice) = (tempfile::tempdir().unwrap(), Dice::new(seed()));
    let folder = place.path().join("data");
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    for _ in 0..rounds() {
        let running = Running::start(&folder);
        let channel = running.channel().await;
        let senders: Vec<_> = (0..4)
            .map(|_| tokio::spawn(send(channel.clone(), Arc::clone(&acknowledged), dice.roll())))
            .collect();
        // On a busy machine the first acknowledgement of a round may take longer.
        let (before, begin) = (acknowledged.lock().unwrap().len(), Instant::now());
        while acknowledged.lock().unwrap().len() <= before + 1 {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", running.said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.below(300))).await;
        running.kill();
        for sender in senders {
            sender.await.unwrap();
        }
    }
    let running = Running::start(&folder);
    let all = list(&running.channel().await).await;
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() as u64 > rounds(), "the load was none: {}", acknowledged.len());
    let (ended, intended) =
        (submissions(&all, AuditEvent::Ended), submissions(&all, AuditEvent::Intended));
    for (id, position) in &acknowledged {
        assert_eq!(ended.get(id), Some(position), "{id} has another outcome or none");
        assert!(intended.contains_key(id), "{id} was not announced");
    }
    let told: BTreeSet<_> = ended.keys().collect();
    assert!(intended.len() >= told.len(), "each change was announced");
    running.kill();
    verified(&folder);
}

#[track_caller]
fn verified(folder: &Path) {
    let ended = check_with(&["audit".as_ref(), "verify".as_ref()], folder);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// A service that could write its log and not its audit log: the folder is taken away under it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_without_an_entry() {
    let (place, mut dice) = (tempfile::tempdir().unwrap(), Dice::new(seed()));
    let folder = place.path().join("data");
    let running = Running::start(&folder);
    let channel = running.channel().await;
    Parcel::new(&mut dice, 10).send(&channel).await.unwrap();
    std::fs::rename(folder.join("audit"), place.path().join("audit")).unwrap();
    let refused = Parcel::new(&mut dice, 10).send(&channel).await.unwrap_err();
    assert!(refused.message().contains("audit log"), "{refused:?}");
    assert!(running.said().contains("the audit log cannot be written"), "{}", running.said());
    let begin = Instant::now();
    while running.serves("").await {
        assert!(begin.elapsed() < Duration::from_secs(10), "health does not say it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.kill();
    std::fs::rename(place.path().join("audit"), folder.join("audit")).unwrap();
    let running = Running::start(&folder);
    Parcel::new(&mut dice, 10).send(&running.channel().await).await.unwrap();
    running.kill();
    verified(&folder);
}
