//! A snapshot that is taken while submissions and erasures go on: a service on what is restored of it answers the same bytes, and no file of it
//! has what was erased.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, EraseSubmissionRequest, GetAccessOutcomesRequest,
    GetChannelBreakdownRequest, GetRecordingQualityRequest, ListSubmissionsRequest, Measure,
    PeriodRange, Submission, as_of::At,
    consultation_channel_service_client::ConsultationChannelServiceClient,
    data_quality_service_client::DataQualityServiceClient,
    erasure_service_client::ErasureServiceClient,
    submission_service_client::SubmissionServiceClient,
};
use prost::Message as _;
use tonic::transport::Channel;

use super::{
    erased::{hashes, having, send_with},
    feed::{COLLECTION, Dice, Parcel, seed},
    running::{Ended, Running, equity, verify_clean},
};

fn command(words: &[&str], more: &[&Path]) -> Ended {
    let output = equity().args(words).args(more).output().unwrap();
    Ended {
        code: output.status.code(),
        answer: String::from_utf8(output.stdout).unwrap(),
        remarks: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Takes a snapshot of a folder and returns its manifest.
fn take(folder: &Path, to: &Path) -> serde_json::Value {
    let ended =
        command(&["snapshot", "--format", "json", "--data-folder"], &[folder, "--to".as_ref(), to]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.answer).unwrap()
}

/// Restores it beside the secret of the folder that it was taken of.
fn restore(snapshot: &Path, folder: &Path, original: &Path) {
    let words = ["restore", "--format", "json", "--data-folder"];
    let ended = command(&words, &[folder, snapshot]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.remarks.contains("Put the secret back"), "{ended:?}");
    fs::copy(original.join("secret.key"), folder.join("secret.key")).unwrap();
}

/// Answers to several questions about the state after a position, as bytes.
async fn answers(channel: &Channel, position: i64) -> Vec<Vec<u8>> {
    let query = |area: &str, by: &[&str]| BreakdownQuery {
        collection: COLLECTION.into(),
        area: area.into(),
        period: Some(PeriodRange { first: "2024-01".into(), last: "2024-03".into() }),
        by: by.iter().map(|by| (*by).to_owned()).collect(),
        as_of: Some(AsOf { at: Some(At::Position(position)) }),
        ..Default::default()
    };
    let mut found = Vec::new();
    let mut channels = ConsultationChannelServiceClient::new(channel.clone());
    let mut quality = DataQualityServiceClient::new(channel.clone());
    for (area, by) in
        [("QK1", &[][..]), ("QK1", &["organisation"]), ("QK1", &["sex", "ethnic_category"])]
    {
        for measure in [Measure::Unspecified, Measure::Persons] {
            let asked = GetChannelBreakdownRequest {
                query: Some(query(area, by)),
                measure: measure.into(),
                ..Default::default()
            };
            let answer = channels.get_channel_breakdown(asked).await.unwrap().into_inner();
            assert!(!answer.breakdown.as_ref().unwrap().rows.is_empty());
            found.push(answer.encode_to_vec());
        }
        let asked = GetAccessOutcomesRequest { query: Some(query(area, by)), ..Default::default() };
        found.push(channels.get_access_outcomes(asked).await.unwrap().into_inner().encode_to_vec());
    }
    let asked = GetRecordingQualityRequest { query: Some(query("QK1", &[])), ..Default::default() };
    found.push(quality.get_recording_quality(asked).await.unwrap().into_inner().encode_to_vec());
    found
}

/// Every version up to a position, by its name.
async fn versions(channel: &Channel, position: i64) -> Vec<(String, String, i64)> {
    let asked = ListSubmissionsRequest {
        parent: "collections/-".to_owned(),
        page_size: 1_000,
        include_past: true,
        ..Default::default()
    };
    let mut client = SubmissionServiceClient::new(channel.clone());
    let listed = client.list_submissions(asked).await.unwrap().into_inner().submissions;
    assert!(listed.len() < 1_000);
    let there = listed.into_iter().filter(|of| of.position <= position);
    let mut found: Vec<_> = there.map(|of| (of.name, of.request_id, of.accepted_count)).collect();
    found.sort();
    found
}

async fn erase(channel: &Channel, submission: &Submission) {
    let request = EraseSubmissionRequest {
        name: submission.name.clone(),
        all_versions: false,
        reason: "a test".to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    ErasureServiceClient::new(channel.clone()).erase_submission(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_taken_under_submissions_gives_the_same_bytes_when_it_is_restored() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let running = Running::start(&folder);
    let channel = running.channel().await;
    let mut acknowledged = 0;
    for _ in 0..4 {
        let sent = Parcel::new(&mut dice, 300).send(&channel).await.unwrap().0;
        acknowledged = acknowledged.max(sent.position);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let sending = {
        let (channel, stop, mut dice) = (channel.clone(), Arc::clone(&stop), dice.clone());
        tokio::spawn(async move {
            let mut last = 0;
            while !stop.load(Ordering::SeqCst) {
                last = Parcel::new(&mut dice, 2_000).send(&channel).await.unwrap().0.position;
            }
            last
        })
    };
    let mut taken = Vec::new();
    for number in 0..3 {
        let (folder, to) = (folder.clone(), place.path().join(format!("snapshot-{number}")));
        let to_return = to.clone();
        let manifest = tokio::task::spawn_blocking(move || take(&folder, &to)).await.unwrap();
        let position = manifest["log"]["position"].as_i64().unwrap();
        assert!(position >= acknowledged, "{position} of {acknowledged} that were acknowledged");
        taken.push((to_return, position, manifest));
        let sent = Parcel::new(&mut dice, 300).send(&channel).await.unwrap().0;
        acknowledged = sent.position;
    }
    stop.store(true, Ordering::SeqCst);
    let last = sending.await.unwrap().max(acknowledged);
    assert!(taken[0].1 < last, "nothing was submitted meanwhile");
    for (number, (snapshot, position, manifest)) in taken.iter().enumerate() {
        assert!(!snapshot.join("secret.key").exists() && !snapshot.join("sled").exists());
        let restored = place.path().join(format!("restored-{number}"));
        restore(snapshot, &restored, &folder);
        let again = Running::start(&restored);
        let other = again.channel().await;
        assert_eq!(answers(&other, *position).await, answers(&channel, *position).await);
        let (there, here) =
            (versions(&other, *position).await, versions(&channel, *position).await);
        assert_eq!(there, here);
        assert_eq!(manifest["log"]["counts"]["submissions"], here.len());
        assert!(!again.said().contains("ERROR"), "{}", again.said());
        // It is a service like any other: it goes on from there.
        let sent = Parcel::new(&mut dice, 30).send(&other).await.unwrap().0;
        assert!(sent.position > *position);
        assert_eq!(again.terminate().0, Some(0));
        verify_clean(&restored);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_erased_while_a_snapshot_was_taken_is_in_no_file_of_it_or_is_whole() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let running = Running::start(&folder);
    let channel = running.channel().await;
    let mut erased = 0;
    for round in 0..6 {
        let person = format!("gone-{round}");
        let made = send_with(&Parcel::new(&mut dice, 500), &person, &channel).await;
        let needles = hashes(&folder, &person);
        assert!(!having(&folder, &needles).is_empty());
        let (from, to) = (folder.clone(), place.path().join(format!("snapshot-{round}")));
        let snapshot = to.clone();
        let taking = tokio::task::spawn_blocking(move || take(&from, &to));
        tokio::time::sleep(std::time::Duration::from_millis(dice.below(400))).await;
        erase(&channel, &made).await;
        let manifest = taking.await.unwrap();
        // An erasure that the log of the snapshot has is done in it.
        let has_entry = manifest["log"]["counts"]["erasures"].as_i64().unwrap() == round + 1;
        let there = having(&snapshot, &needles);
        assert_eq!(there.is_empty(), has_entry, "round {round}: {there:?}");
        erased += i64::from(has_entry);
        let restored = place.path().join(format!("restored-{round}"));
        restore(&snapshot, &restored, &folder);
        let again = Running::start(&restored);
        assert!(!again.said().contains("ERROR"), "{}", again.said());
        drop(again);
        assert_eq!(having(&restored, &needles).is_empty(), has_entry);
        // One that was taken afterwards never has it.
        let after = place.path().join(format!("after-{round}"));
        take(&folder, &after);
        assert_eq!(having(&after, &needles), [""; 0], "round {round}");
    }
    println!("{erased} of 6 erasures are in the snapshots that were taken meanwhile");
}
