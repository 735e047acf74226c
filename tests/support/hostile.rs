//! What bad neighbours send: floods of frames, and messages that become very large when they are unpacked. The tests of the limits and
//! the benches share it.

use std::io::Write as _;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The preface of HTTP/2 and settings that say nothing.
pub(crate) const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The head of a call in literal HPACK: `:method POST`, `:scheme http`, `:path /x`, `:authority a`.
const CALL: &[u8] = b"\x83\x86\x04\x02/x\x01\x01a";

/// What a flood sends in each round.
pub(crate) type Flood = Box<dyn Fn(u32) -> Vec<u8> + Send>;

/// An encoded frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes =
        u32::try_from(payload.len()).expect("a short payload").to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The head of a call whose message is awaited: a path, and `content-type: application/grpc` too.
fn open_call(path: &str) -> Vec<u8> {
    let length =
        u8::try_from(path.len()).ok().filter(|length| *length < 127).expect("a short path");
    [b"\x83\x86\x04", &[length][..], path.as_bytes(), b"\x01\x01a\x0f\x10\x10application/grpc"]
        .concat()
}

/// A call that stays open, and then these frames again and again.
fn beside_a_call(call: Vec<u8>, frames: Vec<u8>) -> impl Fn(u32) -> Vec<u8> {
    move |round| if round == 0 { frame(1, 4, 1, &call) } else { frames.clone() }
}

/// Every kind of flood that is cut because it asks for nothing; the path is that of a call which takes a message.
pub(crate) fn floods(path: &str) -> [(&'static str, Flood); 8] {
    let same = |frame: Vec<u8>| move |_: u32| frame.repeat(1_000);
    let call = open_call(path);
    let heads = frame(1, 4, 1, &call).repeat(1_000);
    [
        ("acknowledged pings that nobody sent", Box::new(same(frame(6, 1, 0, b"whatever")))),
        ("pings", Box::new(same(frame(6, 0, 0, b"whatever")))),
        ("settings", Box::new(same(frame(4, 0, 0, &[])))),
        ("acknowledged settings", Box::new(same(frame(4, 1, 0, &[])))),
        ("window updates", Box::new(same(frame(8, 0, 0, &[0, 0, 0, 1])))),
        ("unknown frames", Box::new(same(frame(77, 0, 0, b"x")))),
        ("padding", Box::new(beside_a_call(call.clone(), frame(0, 8, 1, b"\0").repeat(1_000)))),
        ("heads of one call", Box::new(beside_a_call(call, heads))),
    ]
}

/// Other floods: what HTTP/2 itself ends, and data, which is no flood to be cut and may cost others little.
pub(crate) fn other_floods(path: &str) -> [(&'static str, Flood); 5] {
    let (call, other) = (open_call(path), open_call(path));
    // A head that is continued and never ends: with nothing, and with headers.
    let endless = |part: &'static [u8]| -> Flood {
        let continued = frame(9, 0, 1, part).repeat(1_000);
        Box::new(move |round| if round == 0 { frame(1, 0, 1, CALL) } else { continued.clone() })
    };
    [
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
        ("a head that never ends", endless(b"\x00\x01a\x01b")),
        ("a head that never ends, in empty frames", endless(&[])),
        (
            "calls that are refused",
            // More calls at once than a connection may have.
            Box::new(move |round| {
                let one = |one: u32| frame(1, 4, 2 * (round * 500 + one) + 1, &call);
                (0..500).flat_map(one).collect()
            }),
        ),
        (
            "messages in frames of one byte",
            Box::new(move |round| {
                let call = 2 * round + 1;
                let prefix = frame(0, 0, call, b"\0\0\x0f\0\0");
                let bytes = frame(0, 0, call, b"x").repeat(50_000);
                [frame(1, 4, call, &other), prefix, bytes, frame(0, 1, call, b"x")].concat()
            }),
        ),
    ]
}

/// Writes a flood, and reads what comes, until the connection is cut.
pub(crate) async fn until_cut(stream: impl AsyncRead + AsyncWrite + Send + 'static, flood: &Flood) {
    let (mut read, mut write) = tokio::io::split(stream);
    let reading = tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        while read.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
    });
    if write.write_all(OPENING).await.is_ok() {
        for round in 0.. {
            if write.write_all(&flood(round)).await.is_err() {
                break;
            }
        }
    }
    reading.abort();
}

/// A message of gRPC that is marked as compressed.
pub(crate) fn marked(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a message below 4 GiB").to_be_bytes();
    [&[1], &length[..], bytes].concat()
}

/// A message compressed with gzip, marked so.
pub(crate) fn packed(message: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(message).expect("memory takes it");
    marked(&packed.finish().expect("memory takes it"))
}

/// 64 MiB in 64 KiB.
pub(crate) fn bomb() -> Vec<u8> {
    packed(&vec![0; 64 << 20])
}
