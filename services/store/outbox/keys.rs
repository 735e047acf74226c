//! The keys of the outbox. The first byte says what a row is; numbers are big-endian, so that keys are in the order of numbers.

use super::stream::StreamId;
use crate::domain::delivery::Signal;

/// Key of the row that says how far the outbox has come.
pub(super) const HEAD: &[u8] = b"h";
const STREAM: u8 = b's';
const EVENT: u8 = b'e';
const DEAD: u8 = b'd';
const PAYLOAD: u8 = b'p';

/// Key of a stream.
pub(super) fn stream(id: &StreamId) -> Vec<u8> {
    of(STREAM, id)
}

/// Key of the event of a sequence number.
pub(super) fn event(id: &StreamId, sequence: u64) -> Vec<u8> {
    [of(EVENT, id), sequence.to_be_bytes().to_vec()].concat()
}

/// Key of the dead letter of a sequence number.
pub(super) fn dead(id: &StreamId, sequence: u64) -> Vec<u8> {
    [of(DEAD, id), sequence.to_be_bytes().to_vec()].concat()
}

/// What the keys of a payload's parts begin with.
pub(super) fn payload(hash: &[u8]) -> Vec<u8> {
    [&[PAYLOAD], hash].concat()
}

/// What the keys of every payload, event, and dead letter begin with.
pub(super) const PAYLOADS: &[u8] = &[PAYLOAD];
/// See [`PAYLOADS`].
pub(super) const EVENTS: &[u8] = &[EVENT];
/// See [`PAYLOADS`].
pub(super) const DEAD_LETTERS: &[u8] = &[DEAD];
/// See [`PAYLOADS`].
pub(super) const STREAMS: &[u8] = &[STREAM];

/// The hash in the key of a part of a payload.
pub(super) fn hash_of(key: &[u8]) -> Option<&[u8]> {
    key.get(1..33)
}

/// The sequence number at the end of a key.
pub(super) fn sequence_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.last_chunk()?))
}

/// The stream of a key of [`stream`].
pub(super) fn stream_of(key: &[u8]) -> Option<StreamId> {
    let (signal, rest) = key.split_last()?;
    let (_, partner) = rest.strip_suffix(&[0])?.split_first()?;
    let partner = std::str::from_utf8(partner).ok()?.to_owned();
    Some(StreamId { partner, signal: Signal::from_number(*signal)? })
}

fn of(kind: u8, id: &StreamId) -> Vec<u8> {
    [&[kind], id.partner.as_bytes(), &[0, id.signal as u8]].concat()
}
