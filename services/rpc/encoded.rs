//! An answer that is encoded once and sent many times. On the wire it is the response message of the contract: field 1 holds the
//! answer, field 2 the position at which it was read, which alone differs between two sendings.

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

/// Number of the field `position` in every response that is sent this way; a contract test holds it there.
const POSITION: u32 = 2;

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
    use crate::proto::v1::{Breakdown, GetChannelBreakdownResponse};

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
