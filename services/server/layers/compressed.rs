//! Messages that a client has compressed. They are unpacked here, within their limit, so that the checks of every message see them.

use std::io::Read as _;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use http::HeaderMap;
use http::header::HeaderValue;
use tonic::Status;

use crate::rpc::status;

/// Bytes before each message: whether it is compressed, and its length.
pub(super) const PREFIX: usize = 5;
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

    /// A message with its prefix as it was before it was compressed, of at most so many bytes.
    pub(super) fn unpacked(self, message: Bytes, most: usize) -> Result<Bytes, Status> {
        match (message.first(), self) {
            (Some(1), Self::Gzip) => unpacked(&message[PREFIX..], most),
            (Some(1), Self::Identity) => Err(status::compression_not_named()),
            _ => Ok(message),
        }
    }
}

fn unpacked(packed: &[u8], most: usize) -> Result<Bytes, Status> {
    let mut plain = vec![0; PREFIX];
    let read = MultiGzDecoder::new(packed).take(most as u64 + 1).read_to_end(&mut plain);
    let length = plain.len() - PREFIX;
    if length > most {
        return Err(status::message_too_large(most as u64));
    }
    read.map_err(|_| status::not_gzip())?;
    let length = u32::try_from(length).map_err(|_| status::not_gzip())?;
    plain[1..PREFIX].copy_from_slice(&length.to_be_bytes());
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tonic::Code;

    use super::*;

    fn gzip(text: &[u8]) -> Bytes {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(text).unwrap();
        let packed = packed.finish().unwrap();
        let length = u32::try_from(packed.len()).unwrap().to_be_bytes();
        [&[1], &length[..], &packed].concat().into()
    }

    #[test]
    fn a_message_is_unpacked_within_its_limit() {
        let unpacked = |message| Encoding::Gzip.unpacked(message, 1 << 10);
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
        let not_named = Encoding::Identity.unpacked(gzip(b"word"), 1 << 10).unwrap_err();
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
                && let Ok(plain) = Encoding::Gzip.unpacked(bytes.to_vec().into(), 1 << 10)
            {
                assert!((PREFIX..=PREFIX + (1 << 10)).contains(&plain.len()));
                let length = u32::from_be_bytes(plain[1..PREFIX].try_into().unwrap());
                assert_eq!((plain[0], PREFIX + length as usize), (0, plain.len()));
            }
        });
    }
}
