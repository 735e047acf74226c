//! An answer that is encoded once and sent many times. On the wire it is the response message of the contract: field 1 holds the
//! answer, field 2 the position at which it was read, which alone differs between two sendings.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

/// Number of the field `position` in every response that is sent this way; a contract test holds it there.
const POSITION: u32 = 2;

/// Number of the field that holds the answer.
const ANSWER: u32 = 1;

/// The encoded response, without its position, of an answer that is made and encoded part after part, so that its message is never
/// whole in memory. An error: how long it was when it was longer than `most`.
pub(super) fn response(
    parts: impl Iterator<Item = impl Message>,
    most: usize,
) -> Result<Bytes, usize> {
    let mut answer = Vec::new();
    for part in parts {
        part.encode_raw(&mut answer);
        if answer.len() > most {
            return Err(answer.len());
        }
    }
    let mut body = Vec::with_capacity(answer.len() + 8);
    encoding::encode_key(ANSWER, WireType::LengthDelimited, &mut body);
    encoding::encode_varint(answer.len() as u64, &mut body);
    body.extend(answer);
    Ok(body.into())
}

/// A response of a table, encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The encoded response without its position.
    pub body: Bytes,
    /// Position at which it was read.
    pub position: i64,
}

impl Message for Encoded {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.body);
        if self.position != 0 {
            encoding::int64::encode(POSITION, &self.position, buf);
        }
    }

    /// The service only sends these messages, so every received field is skipped.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        encoding::skip_field(wire_type, tag, buf, context)
    }

    fn encoded_len(&self) -> usize {
        let position = if self.position == 0 {
            0
        } else {
            encoding::int64::encoded_len(POSITION, &self.position)
        };
        self.body.len() + position
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::{Breakdown, GetChannelBreakdownResponse, Row};

    #[test]
    fn parts_are_the_response_and_what_is_too_long_is_not_encoded_to_its_end() {
        let whole = Breakdown {
            rows: vec![Row::default(); 300],
            assessment_count: 7,
            ..Breakdown::default()
        };
        let parts = || {
            let rows = whole
                .rows
                .iter()
                .map(|row| Breakdown { rows: vec![row.clone()], ..Breakdown::default() });
            rows.chain([Breakdown { rows: Vec::new(), ..whole.clone() }])
        };
        let message = GetChannelBreakdownResponse { breakdown: Some(whole.clone()), position: 0 };
        let length = whole.encoded_len();
        assert_eq!(response(parts(), length).unwrap(), message.encode_to_vec());
        let seen = std::cell::Cell::new(0);
        let counted = parts().inspect(|_| seen.set(seen.get() + 1));
        assert_eq!(response(counted, 99).unwrap_err(), 100);
        assert_eq!(seen.get(), 50, "the parts after it are not made");
        assert_eq!(response(std::iter::empty::<Breakdown>(), 0).unwrap(), [10, 0][..]);
    }

    #[test]
    fn on_the_wire_it_is_the_response() {
        let breakdown = Breakdown { assessment_count: 7, ..Breakdown::default() };
        for position in [0, 1, i64::MAX] {
            let message =
                GetChannelBreakdownResponse { breakdown: Some(breakdown.clone()), position };
            let without = GetChannelBreakdownResponse { position: 0, ..message.clone() };
            let encoded = Encoded { body: without.encode_to_vec().into(), position };
            assert_eq!(encoded.encode_to_vec(), message.encode_to_vec());
            assert_eq!(encoded.encoded_len(), message.encoded_len());
        }
    }
}
