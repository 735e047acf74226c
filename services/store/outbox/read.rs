//! What is to be sent, what was sent, and what is sent no more.

use super::stream::{State, StreamId, StreamStatus, state};
use super::{Outbox, keys};
use crate::domain::delivery::{EventId, EventKind};
use crate::proto::store::{OutboxDeadLetter, OutboxRow, OutboxStream};
use crate::store::error::{StoreError, damaged};

/// An event that waits, with its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What is known of it.
    pub event: Listed,
    /// The encoded record or metric.
    pub payload: Vec<u8>,
}

/// What is known of an event besides its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its sequence number.
    pub sequence: u64,
    /// Its id.
    pub id: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// Log position that it is about.
    pub position: u64,
    /// When it happened, milliseconds since 1970.
    pub time_millis: u64,
    /// Bytes of its payload.
    pub bytes: u32,
    /// Whether it was sent before and somebody has asked for it again.
    pub replay: bool,
}

/// An event that is sent no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub event: Listed,
    /// The name of the answer, `EXPIRED` or `PURGED`.
    pub reason: String,
    /// What the endpoint said, or that the payload is not kept.
    pub message: String,
    /// When it was given up, milliseconds since 1970.
    pub time_millis: u64,
}

/// A row of the outbox as it is read.
pub(super) fn listed(sequence: u64, row: &OutboxRow) -> Result<Listed, StoreError> {
    let wrong = || damaged(format!("event {sequence} of the outbox cannot be read"));
    let id = EventId(row.event_id.as_ref().try_into().map_err(|_| wrong())?);
    let kind = u8::try_from(row.kind).ok().and_then(EventKind::from_number).ok_or_else(wrong)?;
    let OutboxRow { position, time_millis, payload_bytes, replay, .. } = *row;
    Ok(Listed { sequence, id, kind, position, time_millis, bytes: payload_bytes, replay })
}

impl Outbox {
    /// The next events of a stream, in order: at least one if there is any, otherwise no more than so many and so many bytes. `scope`: what the partner
    /// may read now. No event comes while the stream has figures that were computed for another scope: they are removed first.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn next(
        &self,
        (id, scope): (&StreamId, [u8; 16]),
        most: usize,
        bytes: usize,
    ) -> Result<Vec<Waiting>, StoreError> {
        let (mut found, mut sum) = (Vec::new(), 0);
        if self.scope_key(id).is_some_and(|had| had != scope) {
            return Ok(found);
        }
        let Some((settled, next)) = self.bounds(id) else { return Ok(found) };
        for row in self.rows(id, settled + 1, next) {
            let (sequence, row) = row?;
            let payload = self.payload(&row.payload_hash)?;
            sum += payload.len();
            if found.len() == most || (sum > bytes && !found.is_empty()) {
                break;
            }
            found.push(Waiting { event: listed(sequence, &row)?, payload });
        }
        Ok(found)
    }

    /// The events of a stream from a sequence number on, sent or not, as far as they are kept.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn events(
        &self,
        id: &StreamId,
        (first, last): (u64, u64),
        most: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let Some((_, next)) = self.bounds(id) else { return Ok(Vec::new()) };
        let rows = self.rows(id, first, next.min(last.saturating_add(1))).take(most);
        rows.map(|row| row.and_then(|(sequence, row)| listed(sequence, &row))).collect()
    }

    /// The dead letters of a stream after a sequence number.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn dead_letters(
        &self,
        id: &StreamId,
        after: u64,
        most: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let letters = self.letters(id, after.saturating_add(1), u64::MAX).take(most);
        let read = |found: Result<(u64, OutboxDeadLetter), StoreError>| {
            let (sequence, letter) = found?;
            let event = listed(sequence, &letter.row.unwrap_or_default())?;
            let OutboxDeadLetter { reason, message, time_millis, .. } = letter;
            Ok(DeadLetter { event, reason, message, time_millis })
        };
        letters.map(read).collect()
    }

    /// The payload of a dead letter; none: it is not kept, or the stream has figures that were computed for another scope than that which the partner
    /// may read now.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn dead_payload(
        &self,
        (id, scope): (&StreamId, [u8; 16]),
        sequence: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if self.scope_key(id).is_some_and(|had| had != scope) {
            return Ok(None);
        }
        let Some(found) = self.letters(id, sequence, sequence + 1).next() else { return Ok(None) };
        let row = found?.1.row.unwrap_or_default();
        let has_payload = !row.payload_hash.is_empty();
        has_payload.then(|| self.payload(&row.payload_hash)).transpose()
    }

    /// How far every stream has come.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn statuses(&self) -> Result<Vec<StreamStatus>, StoreError> {
        let streams = self.now().streams.clone();
        streams.into_iter().map(|(id, stream)| self.status_of(id, stream)).collect()
    }

    /// What a stream does, when its next attempt is due, and how often it has failed in a row. `settings`: those that it is sent with now. What has
    /// failed with others does not hinder it.
    #[must_use]
    pub fn state(&self, id: &StreamId, settings: [u8; 16]) -> (State, u64, u32) {
        let now = self.now();
        now.streams.get(id).map_or((State::Sends, 0, 0), |of| {
            let is_mended = of.settings_key[..] != settings;
            let until = if is_mended { 0 } else { of.until_millis };
            (state(of), until, of.failures)
        })
    }

    /// How many events of a kind the stream of a partner has had.
    #[must_use]
    pub fn count(&self, id: &StreamId, kind: EventKind) -> u64 {
        let now = self.now();
        let counts = now.streams.get(id).map(|stream| &stream.counts);
        counts.and_then(|counts| counts.get(&(kind as u32)).copied()).unwrap_or(0)
    }

    /// What the partner of a stream could read when its figures were computed; none: it has had no figures.
    #[must_use]
    pub fn scope_key(&self, id: &StreamId) -> Option<[u8; 16]> {
        self.now().streams.get(id)?.scope_key.as_ref().try_into().ok()
    }

    /// Every stream.
    #[must_use]
    pub fn streams(&self) -> Vec<StreamId> {
        self.now().streams.keys().cloned().collect()
    }

    fn status_of(&self, id: StreamId, stream: OutboxStream) -> Result<StreamStatus, StoreError> {
        let oldest = self.rows(&id, stream.settled + 1, stream.next).next().transpose()?;
        let prefix = keys::dead(&id, 0);
        let dead = self.db.scan_prefix(&prefix[..prefix.len() - 8]).count();
        Ok(StreamStatus {
            state: state(&stream),
            newest: stream.next.saturating_sub(1),
            settled: stream.settled,
            oldest_millis: oldest.map_or(0, |(_, row)| row.time_millis),
            error: stream.error,
            message: stream.message,
            failures: stream.failures,
            until_millis: stream.until_millis,
            sent_millis: stream.sent_millis,
            rejected_count: stream.rejected_count,
            dead_letter_count: dead as u64,
            bytes: stream.bytes,
            id,
        })
    }

    /// The last settled sequence number of a stream, and the next new one.
    fn bounds(&self, id: &StreamId) -> Option<(u64, u64)> {
        self.now().streams.get(id).map(|stream| (stream.settled, stream.next))
    }
}
