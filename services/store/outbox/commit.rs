//! New events. Rows are written first, under sequence numbers that no stream has reached; then one batch with the streams and the position makes
//! all of them visible at once. After a crash between the two the same log entries are read again, and the rows written over.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use prost::Message;

use super::stream::StreamId;
use super::{Outbox, Row, keys};
use crate::domain::delivery::{EventId, EventKind};
use crate::proto::store::OutboxRow;
use crate::store::error::StoreError;
use crate::store::sled_error::unreadable;
use crate::store::tree::VALUE_BYTES;

/// An event for a stream.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its stream.
    pub stream: StreamId,
    /// Its id.
    pub id: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// Log position of the entry that it comes from; none: it comes from no entry.
    pub position: Option<u64>,
    /// When it happened, milliseconds since 1970.
    pub time_millis: u64,
    /// The encoded record or metric.
    pub payload: Vec<u8>,
    /// What the partner may read, as it was when the event was made. It counts for events with figures alone.
    pub scope_key: [u8; 16],
}

impl Outbox {
    /// Adds events, in order, each to the end of its stream; and says with them that the log was read up to a position. Durable when it returns.
    ///
    /// # Errors
    /// The outbox cannot be written. Then nothing was added.
    pub fn commit(&self, position: Option<u64>, events: &[NewEvent]) -> Result<(), StoreError> {
        let mut now = self.now();
        let mut streams = BTreeMap::new();
        let (mut rows, mut payloads) = (Vec::new(), BTreeSet::<[u8; 32]>::new());
        for event in events {
            let stream = streams
                .entry(event.stream.clone())
                .or_insert_with(|| Self::stream_or_new(&now, &event.stream));
            // After the outbox was lost, the log is read again from the slowest stream on.
            if event.position.is_some_and(|position| position <= stream.settled_position) {
                continue;
            }
            let hash = *blake3::hash(&event.payload).as_bytes();
            if payloads.insert(hash) {
                self.add_payload(&hash, &event.payload, &mut rows)?;
            }
            let row = OutboxRow {
                event_id: event.id.0.to_vec().into(),
                kind: event.kind as u32,
                position: event.position.unwrap_or(now.head.position),
                time_millis: event.time_millis,
                payload_hash: hash.to_vec().into(),
                payload_bytes: u32::try_from(event.payload.len()).unwrap_or(u32::MAX),
                replay: false,
            };
            rows.push((keys::event(&event.stream, stream.next), row.encode_to_vec()));
            stream.next += 1;
            stream.bytes += u64::from(row.payload_bytes);
            if event.kind.has_figures() {
                stream.scope_key = event.scope_key.to_vec().into();
            }
            *stream.counts.entry(row.kind).or_default() += 1;
        }
        // A sweep may be under way.
        payloads.iter().for_each(|hash| now.uses(hash));
        self.write(&rows)?;
        let mut head = now.head;
        head.position = position.unwrap_or(head.position);
        // What has nothing to send is settled up to here.
        let idle = now
            .streams
            .iter()
            .filter(|(id, of)| !streams.contains_key(id) && of.settled + 1 >= of.next);
        let idle: Vec<_> = idle.map(|(id, of)| (id.clone(), of.clone())).collect();
        streams.extend(idle.into_iter().map(|(id, mut of)| {
            of.settled_position = of.settled_position.max(head.position);
            (id, of)
        }));
        self.write_streams(&streams, &head, &[])?;
        now.head = head;
        now.streams.extend(streams);
        drop(now);
        self.tell();
        Ok(())
    }

    fn add_payload(
        &self,
        hash: &[u8],
        payload: &[u8],
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        let key = keys::payload(hash);
        let part_key = |part: usize| [&key[..], &[u8::try_from(part).unwrap_or(u8::MAX)]].concat();
        if self.db.contains_key(part_key(0)).map_err(|error| unreadable(&error))? {
            return Ok(());
        }
        let parts = payload.chunks(VALUE_BYTES).enumerate();
        // The first part last: where it is, all parts are.
        let parts = parts.map(|(part, bytes)| (part_key(part), bytes.to_vec()));
        rows.extend(parts.rev());
        Ok(())
    }
}
