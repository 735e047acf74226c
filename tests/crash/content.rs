//! Reference content that changes from start to start: the same position gives the same bytes for ever.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use equity_indicators::cli::raw::Raw;

use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, GetChannelBreakdownRequest, PeriodRange, as_of::At,
    consultation_channel_service_client::ConsultationChannelServiceClient,
};
use http::uri::PathAndQuery;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor};
use serde_json::{Value, json};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{
    feed::{COLLECTION, Dice, MONTHS, ORGANISATIONS, Parcel, seed},
    folder::{HEADER, copy, damage, entries, segment},
    running::{Running, Start, verify_clean},
};
use crate::support::POOL;

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

/// What every table is asked, found by reflection: a new table is asked too.
fn question(table: &str, position: i64) -> Value {
    let query = json!({
        "collection": COLLECTION, "organisations": ORGANISATIONS, "asOf": {"position": position},
        "period": {"first": MONTHS[0], "last": MONTHS[2]},
    });
    let by = |dimensions: &[&str]| {
        json!({
            "collection": COLLECTION, "area": "QK1", "asOf": {"position": position},
            "period": {"first": MONTHS[0], "last": MONTHS[2]}, "by": dimensions,
        })
    };
    match table {
        // Of the newest scores, and of areas.
        "risk" => json!({"query": {"area": "QK1", "asOf": {"position": position}}}),
        "inequality" => json!({"question": {"channels": {"query": by(&["sex"])}}}),
        "gap_trend" => json!({"question": {"channels": {"query": by(&["month", "sex"])}}}),
        "representativeness" => json!({"query": by(&["sex"])}),
        "indicators" => json!({"query": query, "indicator": "C20-SMI"}),
        "target_status" => json!({"query": query, "target": "C20-SMI"}),
        "restoration" => json!({"query": query, "baseline": {"first": MONTHS[0]}}),
        _ => json!({"query": query}),
    }
}

/// The call of a question.
fn call_of(question: &MessageDescriptor) -> MethodDescriptor {
    let mut methods = POOL.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    methods.find(|method| method.input() == *question).unwrap()
}

/// The answer of each table at a position: its bytes, or why there is none.
async fn tables(
    channel: &Channel,
    position: i64,
) -> BTreeMap<String, Result<Bytes, (Code, String)>> {
    let mut answers = BTreeMap::new();
    let question_of = POOL.get_message_by_name("equity.v1.BreakdownQuestion").unwrap();
    for table in question_of.oneofs().flat_map(|one| one.fields().collect::<Vec<_>>()) {
        let kind = table.kind();
        let descriptor = kind.as_message().unwrap();
        let method = call_of(descriptor);
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let asked = question(table.name(), position);
        let asked = DynamicMessage::deserialize(descriptor.clone(), asked).unwrap();
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc.ready().await.unwrap();
        let path = PathAndQuery::try_from(path).unwrap();
        let asked = tonic::Request::new(Bytes::from(asked.encode_to_vec()));
        let answer = grpc.unary(asked, path, Raw).await.map(tonic::Response::into_inner);
        let answer = answer.map_err(|status| (status.code(), reason(&status)));
        answers.insert(table.name().to_owned(), answer);
    }
    answers
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
        for (position, before, tables_before) in &known {
            assert_eq!(
                &answer(&channel, Some(*position)).await,
                before,
                "at {position}, start {round}"
            );
            let now = tables(&channel, *position).await;
            for (table, before) in tables_before {
                assert_eq!(&now[table], before, "{table} at {position}, start {round}");
            }
        }
        for _ in 0..3 {
            let (made, _) = Parcel::new(&mut dice, 30).send(&channel).await.unwrap();
            let position = made.position;
            let all = tables(&channel, position).await;
            let refused: Vec<_> = all.iter().filter(|(_, answer)| answer.is_err()).collect();
            assert!(all.len() >= 17 && refused.is_empty(), "{} tables: {refused:?}", all.len());
            known.push((position, answer(&channel, Some(position)).await, all));
        }
        let newest = answer(&channel, None).await;
        assert!(known.iter().filter(|(_, before, _)| *before == newest).count() <= 1);
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
