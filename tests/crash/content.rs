//! Reference content that changes from start to start: the same position gives the same bytes for ever.

use std::{
    fs,
    path::{Path, PathBuf},
};

use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, GetChannelBreakdownRequest, PeriodRange, as_of::At,
    consultation_channel_service_client::ConsultationChannelServiceClient,
};
use prost::Message as _;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{
    feed::{COLLECTION, Dice, MONTHS, ORGANISATIONS, Parcel, seed},
    folder::{HEADER, copy, damage, entries, segment},
    running::{Running, Start, verify_clean},
};

/// The answer about each organisation, in bytes. With labels, which the reference content has.
async fn ask(channel: &Channel, position: Option<i64>) -> Result<Vec<u8>, Status> {
    let query = BreakdownQuery {
        collection: COLLECTION.to_owned(),
        organisations: ORGANISATIONS.map(str::to_owned).to_vec(),
        period: Some(PeriodRange { first: MONTHS[0].to_owned(), last: MONTHS[2].to_owned() }),
        as_of: position.map(|position| AsOf { at: Some(At::Position(position)) }),
        ..BreakdownQuery::default()
    };
    let request = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let mut client = ConsultationChannelServiceClient::new(channel.clone());
    Ok(client.get_channel_breakdown(request).await?.into_inner().encode_to_vec())
}

async fn answer(channel: &Channel, position: Option<i64>) -> Vec<u8> {
    ask(channel, position).await.unwrap()
}

/// Reference content of a start: every start has other names of practices.
fn content(place: &Path, round: u32) -> PathBuf {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/services/domain/codes/data/organisations.csv");
    let embedded = fs::read_to_string(file).unwrap();
    let content = place.join(format!("content-{round}"));
    fs::create_dir(&content).unwrap();
    let lines = embedded.lines().map(|line| match line.strip_prefix("C82001,") {
        Some(rest) => format!("C82001,{round} {rest}"),
        None => line.to_owned(),
    });
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    assert_ne!(text, embedded);
    fs::write(content.join("organisations.csv"), text).unwrap();
    content
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_position_gives_the_same_bytes_under_other_content() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let mut known = Vec::new();
    for round in 0..4 {
        let content = content(place.path(), round);
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

/// A folder whose starts each had content of their own: the answers that were given, in the order of their positions.
async fn filled(place: &Path, folder: &Path) -> Vec<(i64, Vec<u8>)> {
    let (mut dice, mut known) = (Dice::new(seed()), Vec::new());
    for round in 0..3 {
        let content = content(place, round);
        let settings = [("EQUITY_REFERENCE_FOLDER", content.to_str().unwrap())];
        let start = Start { settings: &settings, ..Start::default() };
        let running = Running::try_start(folder, &start).unwrap();
        let channel = running.channel().await;
        for _ in 0..2 {
            let (made, _) = Parcel::new(&mut dice, 30).send(&channel).await.unwrap();
            known.push((made.position, answer(&channel, Some(made.position)).await));
        }
        assert_eq!(running.terminate().0, Some(0));
    }
    known
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The entry of the log that brought the content of the second start is damaged. While the store has that content, every position gives
/// its bytes; without it, each position gives its bytes or a refusal with a reason: never an answer with other content.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_earlier_content_gives_the_same_bytes_or_a_refusal() {
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("whole");
    let known = filled(place.path(), &whole).await;
    // Two submissions of each start; the content of the next start is between them.
    let content = usize::try_from(known[1].0).unwrap();
    let (begin, length) = entries(&segment(&whole))[content];
    assert!(length > 100_000, "entry {} is no content", content + 1);
    for lost in [false, true] {
        let folder = place.path().join(format!("lost-{lost}"));
        copy(&whole, &folder);
        damage(&segment(&folder), |bytes| bytes[begin + HEADER + length / 2] ^= 4);
        if lost {
            fs::remove_dir_all(folder.join("sled")).unwrap();
        }
        let running = Running::start(&folder);
        let channel = running.channel().await;
        assert!(running.said().contains(&format!("at byte {begin}")), "{}", running.said());
        for (number, (position, before)) in known.iter().enumerate() {
            match ask(&channel, Some(*position)).await {
                Ok(now) => {
                    assert!(!lost || number < 2, "at {position}: the entries before it are lost");
                    assert_eq!(&now, before, "at {position}");
                }
                Err(status) => {
                    assert!(lost && number >= 2, "at {position}: {status:?}");
                    let expected = (Code::FailedPrecondition, "POSITION_NOT_REACHED");
                    assert_eq!((status.code(), &*reason(&status)), expected, "{status:?}");
                }
            }
        }
    }
}
