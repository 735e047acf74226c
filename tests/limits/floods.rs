//! Floods of frames that ask for nothing: the connection is cut, and a client that asks every 100 ms goes on.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use equity_indicators::server::ServerSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::good::goes_on_beside;
use super::support::{ECHO, TestServer, soon};

const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What a flood sends in each round.
type Flood = Box<dyn Fn(u32) -> Vec<u8>>;

/// An encoded frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Writes these bytes again and again, and reads whatever comes, until the connection is cut.
async fn until_cut(server: &TestServer, bytes: impl Fn(u32) -> Vec<u8>) {
    let (mut read, mut write) = TcpStream::connect(server.address).await.unwrap().into_split();
    let reading = tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        while read.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
    });
    write.write_all(OPENING).await.unwrap();
    let flood = async {
        for round in 0.. {
            if write.write_all(&bytes(round)).await.is_err() {
                break;
            }
        }
    };
    soon(flood).await;
    reading.abort();
}

/// The head of a call in literal HPACK: `:method POST`, `:scheme http`, `:path /x`, `:authority a`.
const CALL: &[u8] = b"\x83\x86\x04\x02/x\x01\x01a";

/// The same of a call whose message is awaited: `content-type: application/grpc` too.
const OPEN_CALL: &[u8] =
    b"\x83\x86\x04\x17/equity.test.Trial/Echo\x01\x01a\x0f\x10\x10application/grpc";

/// A call that stays open, and then these frames again and again.
fn beside_a_call(frames: Vec<u8>) -> impl Fn(u32) -> Vec<u8> {
    move |round| if round == 0 { frame(1, 4, 1, OPEN_CALL) } else { frames.clone() }
}

/// Every kind of flood.
fn floods() -> [(&'static str, Flood); 9] {
    let same = |frame: Vec<u8>| move |_: u32| frame.repeat(1_000);
    [
        ("acknowledged pings that nobody sent", Box::new(same(frame(6, 1, 0, b"whatever")))),
        ("pings", Box::new(same(frame(6, 0, 0, b"whatever")))),
        ("settings", Box::new(same(frame(4, 0, 0, &[])))),
        ("acknowledged settings", Box::new(same(frame(4, 1, 0, &[])))),
        ("window updates", Box::new(same(frame(8, 0, 0, &[0, 0, 0, 1])))),
        ("unknown frames", Box::new(same(frame(77, 0, 0, b"x")))),
        ("padding", Box::new(beside_a_call(frame(0, 8, 1, b"\0").repeat(1_000)))),
        ("heads of one call", Box::new(beside_a_call(frame(1, 4, 1, OPEN_CALL).repeat(1_000)))),
        (
            "calls that are cancelled at once",
            Box::new(|round| {
                let one = |call: u32| {
                    let stream = 2 * (round * 500 + call) + 1;
                    let cancel = frame(3, 0, stream, &[0, 0, 0, 8]);
                    [frame(1, 4, stream, CALL), cancel].concat()
                };
                (0..500).flat_map(one).collect()
            }),
        ),
    ]
}

/// More calls at once than a connection may have. HTTP/2 itself ends that.
fn too_many_calls(round: u32) -> Vec<u8> {
    let one = |call: u32| frame(1, 4, 2 * (round * 500 + call) + 1, OPEN_CALL);
    (0..500).flat_map(one).collect()
}

/// A message that comes in frames of one byte, again and again. That is data, so it is no flood to be cut, and may cost nobody much.
fn bytes_one_by_one(round: u32) -> Vec<u8> {
    let call = 2 * round + 1;
    let prefix = frame(0, 0, call, b"\0\0\x0f\0\0");
    let bytes = frame(0, 0, call, b"x").repeat(50_000);
    [frame(1, 4, call, OPEN_CALL), prefix, bytes, frame(0, 1, call, b"x")].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_flood_are_cut_and_others_go_on() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    let ask = move || {
        let client = client.clone();
        async move { client.unary(ECHO).await.map(drop) }
    };
    let others: [(_, Flood); 2] = [
        ("calls that are refused", Box::new(too_many_calls)),
        ("messages in frames of one byte", Box::new(bytes_one_by_one)),
    ];
    for (what, flood) in floods().into_iter().chain(others) {
        // Each comes again as soon as it is cut.
        let again = async || {
            let until = Instant::now() + Duration::from_millis(1_500);
            let one = async || {
                while Instant::now() < until {
                    let left = until.saturating_duration_since(Instant::now());
                    drop(tokio::time::timeout(left, until_cut(&server, &flood)).await);
                }
            };
            tokio::join!(one(), one(), one(), one());
        };
        goes_on_beside(what, ask.clone(), again).await;
    }
}

/// What is logged on a thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// It is our count that ends a flood: HTTP/2 would let the most of them go on, and ends others for reasons of its own.
#[tokio::test]
async fn a_flood_is_cut_because_it_is_a_flood() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _logged_here = tracing::subscriber::set_default(subscriber);
    let server = TestServer::start(ServerSettings::default()).await;
    for (what, flood) in floods() {
        log.0.lock().unwrap().clear();
        until_cut(&server, flood).await;
        let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("it sent a flood of frames that ask for nothing"), "{what}: {said}");
    }
}
