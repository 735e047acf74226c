//! SIGKILL at any moment of an erasure: afterwards the data is there as before, or in no file any more.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use equity_indicators::proto::v1::{
    EraseSubmissionRequest, GetSubmissionRequest, SubmissionState,
    erasure_service_client::ErasureServiceClient,
    submission_service_client::SubmissionServiceClient,
};
use tonic::transport::Channel;

use super::{
    feed::{Dice, Parcel, seed},
    folder::{HEADER, entries, files},
    kill::rounds,
    running::{Running, verify_clean},
};

async fn state(channel: &Channel, name: &str) -> SubmissionState {
    let mut client = SubmissionServiceClient::new(channel.clone());
    let request = GetSubmissionRequest { name: name.to_owned() };
    client.get_submission(request).await.unwrap().into_inner().submission.unwrap().state()
}

/// Bytes of the rows of a submission that are nowhere else: those of its last chunk that differ most from each other.
fn needle(folder: &Path, position: i64) -> Vec<u8> {
    let mut first = 1;
    for segment in files(&folder.join("log")) {
        let all = entries(&segment);
        let place = usize::try_from(position).unwrap() - first;
        if let Some((begin, length)) = all.get(place.wrapping_sub(1)) {
            let bytes = fs::read(&segment).unwrap();
            let windows = bytes[begin + HEADER..begin + HEADER + length].windows(24);
            let distinct = |part: &&[u8]| part.iter().collect::<BTreeSet<_>>().len();
            return windows.max_by_key(distinct).unwrap().to_vec();
        }
        first += all.len();
    }
    panic!("the log has no entry {position}")
}

fn is_anywhere(folder: &Path, needle: &[u8]) -> Option<String> {
    let has = |path: &&std::path::PathBuf| {
        fs::read(path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part == needle))
    };
    files(folder).iter().find(has).map(|path| path.display().to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_is_whole_or_absent() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let (mut before, mut told, mut finished) = (0, 0, 0);
    for round in 0..rounds() {
        let running = Running::start(&folder);
        let channel = running.channel().await;
        let (made, _) = Parcel::new(&mut dice, 2_000).send(&channel).await.unwrap();
        Parcel::new(&mut dice, 300).send(&channel).await.unwrap();
        let needle = needle(&folder, made.position);
        assert!(is_anywhere(&folder, &needle).is_some());
        let request = EraseSubmissionRequest {
            name: made.name.clone(),
            reason: "a test".into(),
            request_id: uuid::Uuid::new_v4().to_string(),
            ..Default::default()
        };
        let erasing = {
            let (channel, request) = (channel.clone(), request.clone());
            tokio::spawn(async move {
                ErasureServiceClient::new(channel).erase_submission(request).await
            })
        };
        tokio::time::sleep(Duration::from_millis(dice.below(250))).await;
        running.kill();
        let answer = erasing.await.unwrap();
        let running = Running::start(&folder);
        let channel = running.channel().await;
        match (answer.is_ok(), state(&channel, &made.name).await) {
            (is_told, SubmissionState::Erased) => {
                if is_told {
                    told += 1
                } else {
                    finished += 1
                }
                assert_eq!(is_anywhere(&folder, &needle), None, "round {round}");
                let mut client = ErasureServiceClient::new(channel.clone());
                let again = client.erase_submission(request).await.unwrap().into_inner();
                assert!(again.replayed, "round {round}");
            }
            (false, SubmissionState::Current | SubmissionState::Replaced) => before += 1,
            (is_told, other) => {
                panic!("round {round}: told {is_told}, and the submission is {other:?}")
            }
        }
        drop(running);
        verify_clean(&folder);
    }
    println!("killed before: {before}, finished by the next start: {finished}, told: {told}");
}
