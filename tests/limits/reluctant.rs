//! A client that reads nothing is cut: it keeps neither seats nor memory, however politely it answers pings.

use std::time::Duration;

use bytes::Bytes;
use equity_indicators::server::ServerSettings;
use h2::client::{Connection, SendRequest};
use prost::Message as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::support::{ECHO, HEAVY_FLOOD, TestServer, WATCH, soon};

/// What a client lets come before it is asked again.
const NOTHING: u32 = 0;
const ONE_BYTE: u32 = 1;
const ALL: u32 = 1 << 30;

fn short() -> ServerSettings {
    ServerSettings {
        request_deadline: Duration::from_millis(400),
        stream_idle: Duration::from_millis(600),
        grace: Duration::from_millis(200),
        ..ServerSettings::default()
    }
}

/// A client of HTTP/2 that takes so many bytes of each answer, and no more.
struct Reluctant {
    requests: SendRequest<Bytes>,
    /// Ends when the server has cut the connection.
    driven: JoinHandle<()>,
    answers: Vec<h2::RecvStream>,
}

async fn connect(server: &TestServer, takes: u32) -> (SendRequest<Bytes>, Connection<TcpStream>) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut client = h2::client::Builder::new();
    client.initial_window_size(takes).initial_connection_window_size(ALL);
    client.handshake(stream).await.unwrap()
}

async fn ask(requests: &mut SendRequest<Bytes>, path: &str, word: &str) -> h2::RecvStream {
    let request = http::Request::post(format!("http://equity{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let message = word.to_owned().encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend(message);
    let mut ready = requests.clone().ready().await.unwrap();
    let (answer, mut body) = ready.send_request(request, false).unwrap();
    body.send_data(framed.into(), true).unwrap();
    answer.await.unwrap().into_body()
}

impl Reluctant {
    async fn connect(server: &TestServer, takes: u32) -> Self {
        let (requests, connection) = connect(server, takes).await;
        let driven = tokio::spawn(async move { drop(connection.await) });
        Self { requests, driven, answers: Vec::new() }
    }

    /// Asks, and waits until the answer has begun.
    async fn ask(&mut self, path: &str, word: &str) {
        let answer = soon(ask(&mut self.requests, path, word)).await;
        self.answers.push(answer);
    }
}

fn overloaded(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, "OVERLOADED");
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
}

#[tokio::test]
async fn answers_that_are_not_read_hold_no_seats() {
    let server = TestServer::start(ServerSettings { max_in_flight: 4, ..short() }).await;
    let mut polite = Reluctant::connect(&server, ALL).await;
    let client = server.client().await;
    let mut reluctant = Reluctant::connect(&server, NOTHING).await;
    for _ in 0..4 {
        reluctant.ask(ECHO, "word").await;
    }
    assert_eq!(soon(client.unary(ECHO)).await.unwrap(), "word");
    soon(reluctant.driven).await.unwrap();

    // Who reads stays, however long the connection has been open.
    polite.ask(ECHO, "word").await;
    assert!(!polite.driven.is_finished());
}

#[tokio::test]
async fn an_answer_of_which_a_byte_is_read_is_no_better() {
    let server = TestServer::start(short()).await;
    let mut reluctant = Reluctant::connect(&server, ONE_BYTE).await;
    reluctant.ask(ECHO, "word").await;
    soon(reluctant.driven).await.unwrap();
}

#[tokio::test]
async fn watches_that_are_not_read_give_their_seats_back() {
    let server = TestServer::start(ServerSettings { max_watches: 2, ..short() }).await;
    let client = server.client().await;
    let mut read = soon(client.watch(WATCH)).await.unwrap();
    assert_eq!(soon(read.message()).await.unwrap().unwrap(), "word");
    let mut reluctant = Reluctant::connect(&server, NOTHING).await;
    reluctant.ask(WATCH, "word").await;
    let other = server.client().await;
    overloaded(&soon(other.watch(WATCH)).await.unwrap_err());
    soon(reluctant.driven).await.unwrap();
    let mut next = soon(other.watch(WATCH)).await.expect("the seat was not given back");
    assert_eq!(soon(next.message()).await.unwrap().unwrap(), "word");
    let longer_than_idle = Duration::from_millis(1_500);
    let went_on = tokio::time::timeout(longer_than_idle, read.message()).await;
    assert!(went_on.is_err(), "a watch that is read ended: {went_on:?}");
}

#[tokio::test]
async fn a_client_that_takes_no_bytes_of_the_connection_gives_its_place_back() {
    let server = TestServer::start(ServerSettings { max_connections: 1, ..short() }).await;
    let (mut requests, mut connection) = connect(&server, ALL).await;
    let begun = async {
        let mut answer = ask(&mut requests, HEAVY_FLOOD, "word").await;
        answer.data().await.unwrap().unwrap()
    };
    tokio::select! {
        _ = begun => {}
        ended = &mut connection => panic!("{ended:?}"),
    }
    // Nobody reads the socket from here on, and it is not closed.
    assert_eq!(soon(server.client().await.unary(ECHO)).await.unwrap(), "word");
    drop(connection);
}

#[tokio::test]
async fn a_client_that_asks_for_nothing_and_takes_no_bytes_is_cut() {
    let server = TestServer::start(short()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut client = socket.connect(server.address).await.unwrap();
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // Every ping is answered, and no answer is read, until the server can write no more.
    let pings = b"\0\0\x08\x06\0\0\0\0\0whatever".repeat(1_000);
    let flood = async { while client.write_all(&pings).await.is_ok() {} };
    soon(flood).await;
}

#[tokio::test]
async fn what_is_not_read_is_bounded_in_bytes() {
    let settings = ServerSettings { unread_bytes: 1 << 20, ..short() };
    let server = TestServer::start(settings).await;
    let client = server.client().await;
    let large = "x".repeat(400 << 10);
    for takes in [NOTHING, ONE_BYTE] {
        let mut reluctant = Reluctant::connect(&server, takes).await;
        for _ in 0..8 {
            reluctant.ask(ECHO, &large).await;
        }
        assert!(!reluctant.driven.is_finished(), "what it keeps is refused, and it may go on");
        // It keeps more than this client would, so it makes room.
        assert_eq!(soon(client.send(ECHO, Request::new(large.clone()))).await.unwrap(), large);
        soon(reluctant.driven).await.unwrap();
    }
}

/// Reads a part of an answer again and again, through a window of so many bytes.
async fn read_slowly(mut answer: h2::RecvStream, bytes: usize) {
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let Some(Ok(part)) = answer.data().await else { return };
        assert!(part.len() <= bytes);
        drop(answer.flow_control().release_capacity(part.len()));
    }
}

/// All seats are wanted all the time. Who reads goes on, however slowly; who reads nothing makes room, whatever it sends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_goes_on_and_one_that_reads_nothing_is_cut() {
    let settings = ServerSettings { max_in_flight: 2, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let (slow, mut still) =
        (Reluctant::connect(&server, 1 << 10).await, Reluctant::connect(&server, 1 << 10).await);
    let mut requests = slow.requests.clone();
    let read = soon(ask(&mut requests, HEAVY_FLOOD, "word")).await;
    let reading = tokio::spawn(read_slowly(read, 1 << 10));
    still.ask(HEAVY_FLOOD, "word").await;
    let client = server.client().await;
    let wants = tokio::spawn(async move {
        loop {
            drop(client.unary(ECHO).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    soon(still.driven).await.unwrap();
    // From here on the slow one has one of two seats, and somebody else the other.
    let mut other = Reluctant::connect(&server, NOTHING).await;
    other.ask(HEAVY_FLOOD, "word").await;
    soon(other.driven).await.unwrap();
    assert!(!slow.driven.is_finished() && !reading.is_finished(), "it reads");
    wants.abort();
    reading.abort();
}
