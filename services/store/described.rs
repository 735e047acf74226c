//! The description of a submission as the log has it: deflated. Most of it is words of columns, which are alike in every submission.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use prost::Message;

use super::error::{StoreError, damaged};
use crate::proto::store::SubmissionMeta;

/// Most bytes of a description, not deflated.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// The description in the form of the log.
pub(super) fn deflated(meta: &SubmissionMeta) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(&meta.encode_to_vec());
    written.and_then(|()| encoder.finish()).expect("writing into memory does not fail")
}

/// Reads what [`deflated`] made.
pub(super) fn inflated(bytes: &[u8]) -> Result<SubmissionMeta, StoreError> {
    let mut plain = Vec::new();
    let limit = MOST_BYTES as u64 + 1;
    DeflateDecoder::new(bytes).take(limit).read_to_end(&mut plain).map_err(damaged)?;
    if plain.len() > MOST_BYTES {
        return Err(StoreError::Damaged("the description of a submission is too long".into()));
    }
    SubmissionMeta::decode(plain.as_slice()).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_comes_back_and_one_too_long_does_not() {
        let meta = |bytes| SubmissionMeta {
            caller: "c".repeat(bytes),
            accepted_count: 7,
            ..SubmissionMeta::default()
        };
        assert_eq!(inflated(&deflated(&meta(3000))).unwrap(), meta(3000));
        assert!(deflated(&meta(3000)).len() < 100);
        assert!(inflated(&deflated(&meta(MOST_BYTES))).is_err());
        assert!(inflated(b"no such thing").is_err());
    }
}
