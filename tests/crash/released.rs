//! A release that was acknowledged survives SIGKILL, a lost store, and a rebuild: with its name, its state and its bytes.

use std::fs;
use std::time::Duration;

use equity_indicators::ingest::Month;
use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, CreateReleaseRequest, GetChannelBreakdownRequest, ListReleasesRequest,
    PeriodRange, Release, ReleaseReason, as_of::At,
    consultation_channel_service_client::ConsultationChannelServiceClient,
};
use prost::Message as _;
use tonic::transport::Channel;

use super::{
    feed::{COLLECTION, Dice, Parcel, seed},
    running::{Running, Start, check, verify_clean},
};

/// The answer of a release, as bytes.
async fn answer(channel: &Channel, release: &str) -> Vec<u8> {
    let query = BreakdownQuery {
        collection: COLLECTION.into(),
        area: "QK1".into(),
        period: Some(PeriodRange { first: "2024-01".into(), last: "2024-03".into() }),
        as_of: Some(AsOf { at: Some(At::Release(release.into())) }),
        ..Default::default()
    };
    let request = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let mut client = ConsultationChannelServiceClient::new(channel.clone());
    client.get_channel_breakdown(request).await.unwrap().into_inner().encode_to_vec()
}

async fn list(channel: &Channel) -> Vec<Release> {
    let mut client = ReleaseServiceClient::new(channel.clone());
    client.list_releases(ListReleasesRequest::default()).await.unwrap().into_inner().releases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_survives_kill_a_lost_store_and_a_rebuild() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let mut known: Vec<(Release, Vec<u8>)> = Vec::new();
    for round in 0..6 {
        let running = Running::start(&folder);
        let channel = running.channel().await;
        let all: Vec<_> = known.iter().rev().map(|(release, _)| release.clone()).collect();
        assert_eq!(list(&channel).await, all, "start {round}");
        for (release, before) in &known {
            assert_eq!(&answer(&channel, &release.release_id).await, before, "start {round}");
        }
        // Whether the rule lets it be made is decided by chance: what was acknowledged counts.
        for _ in 0..3 {
            Parcel::new(&mut dice, 30).send(&channel).await.unwrap();
        }
        let request = CreateReleaseRequest {
            release_id: format!("round-{round}"),
            request_id: uuid::Uuid::new_v4().to_string(),
            validate_only: false,
        };
        let made = ReleaseServiceClient::new(channel.clone()).create_release(request).await;
        if let Ok(made) = made {
            let release = made.into_inner().release.unwrap();
            let bytes = answer(&channel, &release.release_id).await;
            known.push((release, bytes));
        }
        running.kill();
        match round {
            2 => fs::remove_dir_all(folder.join("sled")).unwrap(),
            4 => assert_eq!(check("rebuild", &folder).code, Some(0)),
            _ => {}
        }
    }
    assert!(!known.is_empty(), "the first release of all is always allowed");
    verify_clean(&folder);
}

/// The only release that comes within a while after those that are known.
async fn made_by_itself(channel: &Channel, known: usize) -> Release {
    let began = std::time::Instant::now();
    loop {
        let all = list(channel).await;
        if all.len() > known {
            assert_eq!(all.len(), known + 1);
            return all[0].clone();
        }
        assert!(began.elapsed().as_secs() < 30, "no release came: {all:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_releases_each_month_that_has_closed_once() {
    const DAYS: i64 = 86_400;
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let (folder, rules) = (place.path().join("data"), place.path().join("rules"));
    let clock = |days: i64| fs::write(&rules, format!("clock {}\n", days * DAYS)).unwrap();
    let start = Start { faults: Some(&rules), ..Start::default() };
    clock(0);
    let running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    for _ in 0..5 {
        Parcel::new(&mut dice, 30).send(&channel).await.unwrap();
    }
    // The log began after the months before had closed: they are nobody's release.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(list(&channel).await, []);
    assert_eq!(running.terminate().0, Some(0));

    let mut known: Vec<(Release, Vec<u8>)> = Vec::new();
    for days in [50, 85] {
        clock(days);
        let running = Running::try_start(&folder, &start).unwrap();
        let channel = running.channel().await;
        let made = made_by_itself(&channel, known.len()).await;
        assert_eq!(made.reason(), ReleaseReason::PeriodClosed);
        assert!(made.release_id.parse::<Month>().is_ok(), "{made:?}");
        assert!(running.said().contains("a release was made"), "{}", running.said());
        let bytes = answer(&channel, &made.release_id).await;
        known.push((made, bytes));
        // Not again, also after a start.
        running.kill();
        let running = Running::try_start(&folder, &start).unwrap();
        let channel = running.channel().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let all: Vec<_> = known.iter().rev().map(|(release, _)| release.clone()).collect();
        assert_eq!(list(&channel).await, all);
        for (release, before) in &known {
            assert_eq!(&answer(&channel, &release.release_id).await, before);
        }
        assert_eq!(running.terminate().0, Some(0));
    }
    assert!(known[0].0.release_id < known[1].0.release_id, "{known:?}");
    verify_clean(&folder);
}
