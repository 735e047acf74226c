//! Messages that a client has compressed. They are unpacked here, within their limit, so that the checks of every message see them.

use std::io::Read;
use std::task::{Context, Poll, ready};

use bytes::buf::Reader;
use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;
use http::HeaderMap;
use http::header::HeaderValue;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::PollSemaphore;
use tonic::Status;

use crate::rpc::status;

/// Bytes before each message: whether it is compressed, and its length.
pub(super) const PREFIX: usize = 5;
/// Bytes that are unpacked at once, and at first: that takes some tens of microseconds, and a few.
const STEP: usize = 32 << 10;
const FIRST: usize = 4 << 10;
/// The header that names how messages are compressed.
pub(super) const HEADER: &str = "grpc-encoding";

/// How the compressed messages of a request are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// No message may be compressed.
    Identity,
    Gzip,
}

impl Encoding {
    /// What the headers of a request say.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Status> {
        match headers.get(HEADER).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => Ok(Self::Identity),
            Some(b"gzip") => Ok(Self::Gzip),
            Some(other) => Err(status::encoding_unknown(&String::from_utf8_lossy(other))),
        }
    }

    /// What has to be done before a message with its prefix may be read; unpacked it may have so many bytes.
    pub(super) fn of_message(self, message: Bytes, most: usize) -> Result<Packed, Status> {
        match (message.first(), self) {
            (Some(1), Self::Gzip) => Ok(Packed::Gzip(Box::new(Unpacking::new(message, most)))),
            (Some(1), Self::Identity) => Err(status::compression_not_named()),
            _ => Ok(Packed::Plain(message)),
        }
    }
}

/// A message that may be compressed.
pub(super) enum Packed {
    Plain(Bytes),
    Gzip(Box<Unpacking>),
}

/// A message that is being unpacked, in steps of [`STEP`]: a small message may become a very large one, and others wait no longer than for
/// one step. Whoever needs a second one takes a turn: one message at a time is unpacked further.
pub(super) struct Unpacking {
    packed: MultiGzDecoder<Reader<Bytes>>,
    plain: Vec<u8>,
    most: usize,
    turn: Option<OwnedSemaphorePermit>,
}

impl Unpacking {
    fn new(mut message: Bytes, most: usize) -> Self {
        message.advance(PREFIX);
        let packed = MultiGzDecoder::new(message.reader());
        Self { packed, plain: vec![0; PREFIX], most, turn: None }
    }

    /// Goes on. The result is the message with its prefix, as it was before it was compressed.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        turns: &mut PollSemaphore,
    ) -> Poll<Result<Bytes, Status>> {
        if self.plain.len() > PREFIX && self.turn.is_none() {
            self.turn = ready!(turns.poll_acquire(cx));
        }
        match self.step().transpose() {
            Some(unpacked) => Poll::Ready(unpacked),
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Unpacks one step. None: there is more.
    fn step(&mut self) -> Result<Option<Bytes>, Status> {
        let left = self.most + 1 - (self.plain.len() - PREFIX);
        let is_first = self.plain.len() == PREFIX;
        if !is_first {
            // Pages that are not written to cost nothing; a vector that grows would move all that it has, in one go.
            self.plain.reserve_exact(left);
        }
        let wanted = if is_first { FIRST } else { STEP }.min(left);
        let read = Read::by_ref(&mut self.packed).take(wanted as u64).read_to_end(&mut self.plain);
        let length = self.plain.len() - PREFIX;
        if length > self.most {
            return Err(status::message_too_large(self.most as u64));
        }
        if read.map_err(|_| status::not_gzip())? == wanted {
            return Ok(None);
        }
        let length = u32::try_from(length).map_err(|_| status::not_gzip())?;
        self.plain[1..PREFIX].copy_from_slice(&length.to_be_bytes());
        Ok(Some(std::mem::take(&mut self.plain).into()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use tokio::sync::Semaphore;
    use tonic::Code;

    use super::*;

    fn gzip(text: &[u8]) -> Bytes {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(text).unwrap();
        let packed = packed.finish().unwrap();
        let length = u32::try_from(packed.len()).unwrap().to_be_bytes();
        [&[1], &length[..], &packed].concat().into()
    }

    /// The message, unpacked in as many steps as it takes.
    fn unpacked(message: Bytes, most: usize) -> Result<Bytes, Status> {
        match Encoding::Gzip.of_message(message, most)? {
            Packed::Plain(message) => Ok(message),
            Packed::Gzip(mut unpacking) => loop {
                if let Some(message) = unpacking.step()? {
                    break Ok(message);
                }
            },
        }
    }

    #[test]
    fn a_large_message_is_unpacked_in_steps_and_one_at_a_time() {
        let large = vec![7; 3 * STEP + 1];
        let mut turns = PollSemaphore::new(Arc::new(Semaphore::new(1)));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut two = [(); 2].map(|()| Unpacking::new(gzip(&large), 1 << 20));
        // Everybody has the first step.
        for unpacking in &mut two {
            assert!(unpacking.poll(&mut cx, &mut turns).is_pending());
            assert_eq!(unpacking.plain.len(), PREFIX + FIRST);
        }
        let [first, second] = &mut two;
        let message = loop {
            assert!(second.plain.len() == PREFIX + FIRST, "it waits for the first");
            match first.poll(&mut cx, &mut turns) {
                Poll::Ready(message) => break message.unwrap(),
                Poll::Pending => {
                    let mut others = turns.clone();
                    assert!(second.poll(&mut cx, &mut others).is_pending());
                }
            }
        };
        assert_eq!(message[PREFIX..], large);
        first.turn = None;
        while second.poll(&mut cx, &mut turns).is_pending() {}
    }

    #[test]
    fn a_message_is_unpacked_within_its_limit() {
        let unpacked = |message| unpacked(message, 1 << 10);
        assert_eq!(unpacked(gzip(b"word")).unwrap(), &b"\0\0\0\0\x04word"[..]);
        assert_eq!(unpacked(gzip(b"")).unwrap(), &b"\0\0\0\0\0"[..]);
        assert_eq!(unpacked(gzip(&[0; 1 << 10])).unwrap().len(), PREFIX + (1 << 10));
        assert_eq!(unpacked(gzip(&[0; (1 << 10) + 1])).unwrap_err().code(), Code::OutOfRange);
        let plain = Bytes::from_static(b"\0\0\0\0\x04word");
        assert_eq!(unpacked(plain.clone()).unwrap(), plain);
        let cut = gzip(b"word").slice(..12);
        for broken in
            [cut, Bytes::from_static(b"\x01\0\0\0\x04word"), Bytes::from_static(b"\x01\0\0\0\0")]
        {
            assert_eq!(unpacked(broken).unwrap_err().code(), Code::InvalidArgument);
        }
        let not_named = Encoding::Identity.of_message(gzip(b"word"), 1 << 10).err().unwrap();
        assert_eq!(not_named.code(), Code::Internal);
    }

    #[test]
    fn fuzz_compressed_messages() {
        let good =
            [gzip(b"word"), gzip(&[7; 2_000]), gzip(b""), Bytes::from_static(b"\0\0\0\0\x04word")];
        crate::fuzz::fuzz("compressed messages", &good.map(|message| message.to_vec()), |bytes| {
            // A message comes with its whole prefix.
            if bytes.len() >= PREFIX
                && bytes[0] == 1
                && let Ok(plain) = unpacked(bytes.to_vec().into(), 1 << 10)
            {
                assert!((PREFIX..=PREFIX + (1 << 10)).contains(&plain.len()));
                let length = u32::from_be_bytes(plain[1..PREFIX].try_into().unwrap());
                assert_eq!((plain[0], PREFIX + length as usize), (0, plain.len()));
            }
        });
    }
}
