//! Reference content that changes from start to start: the same position gives the same bytes for ever.

use std::fs;

use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, GetChannelBreakdownRequest, PeriodRange, as_of::At,
    consultation_channel_service_client::ConsultationChannelServiceClient,
};
use prost::Message as _;
use tonic::transport::Channel;

use super::{
    feed::{COLLECTION, Dice, MONTHS, ORGANISATIONS, Parcel, seed},
    running::{Running, Start, verify_clean},
};

/// The answer about each organisation, in bytes. With labels, which the reference content has.
async fn answer(channel: &Channel, position: Option<i64>) -> Vec<u8> {
    let query = BreakdownQuery {
        collection: COLLECTION.to_owned(),
        organisations: ORGANISATIONS.map(str::to_owned).to_vec(),
        period: Some(PeriodRange { first: MONTHS[0].to_owned(), last: MONTHS[2].to_owned() }),
        as_of: position.map(|position| AsOf { at: Some(At::Position(position)) }),
        ..BreakdownQuery::default()
    };
    let request = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let mut client = ConsultationChannelServiceClient::new(channel.clone());
    client.get_channel_breakdown(request).await.unwrap().into_inner().encode_to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_position_gives_the_same_bytes_under_other_content() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/services/domain/codes/data/organisations.csv");
    let embedded = fs::read_to_string(file).unwrap();
    let mut known = Vec::new();
    for round in 0..4 {
        // Every start has other names of practices.
        let content = place.path().join(format!("content-{round}"));
        fs::create_dir(&content).unwrap();
        let lines = embedded.lines().map(|line| match line.strip_prefix("C82001,") {
            Some(rest) => format!("C82001,{round} {rest}"),
            None => line.to_owned(),
        });
        let text = lines.collect::<Vec<_>>().join("\n") + "\n";
        assert_ne!(text, embedded);
        fs::write(content.join("organisations.csv"), text).unwrap();
        let settings = [("EQUITY_REFERENCE_FOLDER", content.to_str().unwrap())];
        let start = Start { settings: &settings, ..Start::default() };
        let running = Running::try_start(&folder, &start).unwrap();
        let channel = running.channel().await;
        for (position, before) in &known {
            assert_eq!(
                &answer(&channel, Some(*position)).await,
                before,
                "at {position}, start {round}"
            );
        }
        for _ in 0..3 {
            let (made, _) = Parcel::new(&mut dice, 30).send(&channel).await.unwrap();
            known.push((made.position, answer(&channel, Some(made.position)).await));
        }
        let newest = answer(&channel, None).await;
        assert!(known.iter().filter(|(_, before)| *before == newest).count() <= 1);
        let text = String::from_utf8_lossy(&newest).into_owned();
        assert!(text.contains(&format!("{round} ")), "the content of this start is in force");
        assert_eq!(running.terminate().0, Some(0));
    }
    verify_clean(&folder);
}
