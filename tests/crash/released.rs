//! A release that was acknowledged survives SIGKILL, a lost store, and a rebuild: with its name, its state and its bytes.

use std::fs;

use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, CreateReleaseRequest, GetChannelBreakdownRequest, ListReleasesRequest,
    PeriodRange, Release, as_of::At,
    consultation_channel_service_client::ConsultationChannelServiceClient,
};
use prost::Message as _;
use tonic::transport::Channel;

use super::{
    feed::{COLLECTION, Dice, Parcel, seed},
    running::{Running, check, verify_clean},
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
