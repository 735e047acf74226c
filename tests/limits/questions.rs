//! Floods and lockouts of the real service, beside a client that asks it real questions every 100 ms: a breakdown that is counted anew
//! each time. It sees no error.

use std::net::SocketAddr;

use bytes::{BufMut as _, Bytes, BytesMut};
use equity_indicators::proto::v1::consultation_channel_service_client::ConsultationChannelServiceClient;
use equity_indicators::proto::v1::{GetChannelBreakdownRequest, WatchBreakdownRequest};
use prost::Message;
use serde_json::{Value, json};
use tonic::Status;
use tonic::transport::Channel;

use super::floods::flood_again_and_again;
use super::good::goes_on_beside;
use super::lockouts::{answers_that_nobody_takes, messages_that_never_come, silence, unfinished};
use super::support::{WATCH, soon};
use crate::support::hostile::{OPENING, floods, other_floods};
use crate::support::{TestServer, header, message, records};

const ASK: &str = "/equity.v1.ConsultationChannelService/GetChannelBreakdown";
/// Consultations of the small store, by channel and sex.
const FACE_TO_FACE: i64 = 300;
const VIDEO: i64 = 200;

/// The real service on a small store.
async fn server(max_connections: usize) -> TestServer {
    let server = TestServer::with(|config| {
        config.limits.max_connections = max_connections;
        // No answer is kept: each is counted anew.
        config.cache.memory_bytes = 0;
    });
    let server = server.await;
    let row = |n: i64, channel: &str| {
        let sex = if n % 3 == 0 { "1" } else { "2" };
        json!({"channel": channel, "person": {"sex": sex, "ageYears": n % 90}})
    };
    let rows = (0..FACE_TO_FACE).map(|n| row(n, "FACE_TO_FACE"));
    let rows = rows.chain((0..VIDEO).map(|n| row(n, "VIDEO")));
    let rows = records(&Value::Array(rows.collect()));
    let about = header("04C", "synthetic-llr", "2020-04", &["sex", "age_band"]);
    server.submit(about, rows).await.unwrap();
    server
}

fn question() -> Value {
    json!({"query": {
        "collection": "synthetic-llr", "organisations": ["04C"], "period": {"first": "2020-04"},
        "by": ["sex"],
    }})
}

/// Asks for the breakdown. What comes has to be right.
fn asks(channel: Channel) -> impl Fn() -> Asked + Clone + use<> {
    move || {
        let mut client = ConsultationChannelServiceClient::new(channel.clone());
        Box::pin(async move {
            let request: GetChannelBreakdownRequest = message(question());
            let answer = client.get_channel_breakdown(request).await?.into_inner();
            let totals = crate::support::totals(&answer.breakdown.unwrap());
            assert_eq!(totals[""], FACE_TO_FACE + VIDEO, "{totals:?}");
            Ok(())
        })
    }
}

type Asked = std::pin::Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// A message of gRPC.
fn framed(message: &impl Message) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.encoded_len()).unwrap());
    message.encode(&mut bytes).unwrap();
    bytes.freeze()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_beside_real_questions() {
    let server = server(1_024).await;
    let ask = asks(server.channel());
    for (what, flood) in floods(ASK).into_iter().chain(other_floods(ASK)) {
        let flood = async || flood_again_and_again(server.address(), &flood).await;
        goes_on_beside(&format!("{what}, with real questions"), ask.clone(), flood).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lockouts_beside_real_questions() {
    let server = server(1_024).await;
    let (ask, address) = (asks(server.channel()), server.address());
    for part in &unfinished() {
        let send = async || messages_that_never_come(address, ASK, part).await;
        goes_on_beside("messages that never come, with real questions", ask.clone(), send).await;
    }
    let asked: GetChannelBreakdownRequest = message(question());
    let watched: WatchBreakdownRequest = message(json!({"question": {"channels": question()}}));
    for (path, message) in [(ASK, framed(&asked)), (WATCH, framed(&watched))] {
        let unread = async || answers_that_nobody_takes(address, path, &message).await;
        goes_on_beside("answers that nobody takes, with real questions", ask.clone(), unread).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_beside_real_questions() {
    let server = server(32).await;
    let (ask, address) = (asks(server.channel()), server.address());
    let beside = async |said: &[u8]| {
        let silent = silence(address, said).await;
        // Whoever comes now waits until the silent ones have made room, and no longer.
        soon(late(address)).await;
        drop(silent);
    };
    for said in [&b""[..], OPENING] {
        let silent = async || beside(said).await;
        goes_on_beside("connections that say nothing, with real questions", ask.clone(), silent)
            .await;
    }
}

async fn late(address: SocketAddr) {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await;
    asks(channel.unwrap())().await.unwrap();
}
