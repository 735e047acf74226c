//! What came of sending.

use prost::Message;

use super::stream::StreamId;
use super::{Now, Outbox, Row, keys};
use crate::proto::store::{OutboxDeadLetter, OutboxStream};
use crate::store::error::StoreError;

/// What became of events up to a sequence number.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The endpoint took them, except for so many records.
    Sent {
        /// Records that it rejected.
        rejected: u64,
        /// What it said about them.
        message: String,
    },
    /// They are sent no more.
    Dead {
        /// The name of the answer.
        reason: String,
        /// What the endpoint said.
        message: String,
    },
}

/// Why an attempt failed, and what is done now.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Whether it is paused, not only waiting.
    pub paused: bool,
    /// The name of the answer.
    pub error: String,
    /// What the endpoint or the system said.
    pub message: String,
    /// When the next attempt is made, milliseconds since 1970.
    pub until_millis: u64,
    /// What tells the settings that it failed with from others.
    pub settings: [u8; 16],
}

impl Outbox {
    /// Settles the events of a stream up to a sequence number. Durable when it returns.
    ///
    /// # Errors
    /// The outbox cannot be written: the events are sent again.
    pub fn settle(
        &self,
        id: &StreamId,
        last: u64,
        settled: Settled,
        now_millis: u64,
    ) -> Result<(), StoreError> {
        self.change(id, |outbox, now, stream| {
            let mut rows = Vec::new();
            match settled {
                Settled::Sent { rejected, message } => {
                    stream.sent_millis = now_millis;
                    stream.rejected_count += rejected;
                    (stream.error, stream.message) = (String::new(), message);
                }
                Settled::Dead { reason, message } => {
                    let first = stream.settled + 1;
                    for row in outbox.rows(id, first, stream.next.min(last + 1)) {
                        let (sequence, row) = row?;
                        rows.push(dead_letter(id, sequence, (row, &reason, &message), now_millis));
                    }
                    (stream.error, stream.message) = (reason, message);
                }
            }
            (stream.state, stream.failures, stream.until_millis) = (0, 0, 0);
            outbox.pass(now, id, stream, last)?;
            Ok(rows)
        })
    }

    /// Notes that an attempt failed. `failures` in a row are counted here.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn fault(&self, id: &StreamId, fault: Fault) -> Result<(), StoreError> {
        self.change(id, |_, _, stream| {
            stream.state = if fault.paused { 2 } else { 1 };
            stream.failures = stream.failures.saturating_add(1);
            stream.until_millis = fault.until_millis;
            stream.settings_key = fault.settings.to_vec().into();
            (stream.error, stream.message) = (fault.error, fault.message);
            Ok(Vec::new())
        })
    }

    /// Stops a stream, or lets it go on at once, whatever has stopped it.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn hold(&self, id: &StreamId, held: bool) -> Result<(), StoreError> {
        self.change(id, |_, _, stream| {
            stream.held = held;
            if !held {
                (stream.state, stream.until_millis) = (0, 0);
            }
            Ok(Vec::new())
        })?;
        self.tell();
        Ok(())
    }

    /// Notes what the partner of a stream may read now: its figures of another scope were removed, and the stream may go on.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn rescope(&self, id: &StreamId, key: [u8; 16]) -> Result<(), StoreError> {
        self.change(id, |_, _, stream| {
            stream.scope_key = key.to_vec().into();
            Ok(Vec::new())
        })?;
        self.tell();
        Ok(())
    }

    /// Changes a stream, and writes it with the rows that the change gives.
    pub(super) fn change(
        &self,
        id: &StreamId,
        change: impl FnOnce(&Self, &mut Now, &mut OutboxStream) -> Result<Vec<Row>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut now = self.now();
        let mut stream = Self::stream_or_new(&now, id);
        let rows = change(self, &mut now, &mut stream)?;
        self.write(&rows)?;
        self.write_streams([(id, &stream)], &now.head, &[])?;
        now.streams.insert(id.clone(), stream);
        Ok(())
    }

    /// Moves a stream behind a sequence number, and says up to which log position it is settled by that.
    pub(super) fn pass(
        &self,
        now: &Now,
        id: &StreamId,
        stream: &mut OutboxStream,
        last: u64,
    ) -> Result<(), StoreError> {
        stream.settled = stream.settled.max(last.min(stream.next - 1));
        let waiting = self.rows(id, stream.settled + 1, stream.next).next().transpose()?;
        let position = match waiting {
            Some((_, row)) => row.position.saturating_sub(1),
            None => {
                // Rows behind it may have been removed.
                stream.settled = stream.next - 1;
                now.head.position
            }
        };
        // What was sent again is of an earlier position, which was settled before.
        stream.settled_position = stream.settled_position.max(position);
        Ok(())
    }
}

/// The row of a dead letter.
pub(super) fn dead_letter(
    id: &StreamId,
    sequence: u64,
    (row, reason, message): (crate::proto::store::OutboxRow, &str, &str),
    time_millis: u64,
) -> Row {
    let (reason, message) = (reason.to_owned(), message.to_owned());
    let letter = OutboxDeadLetter { row: Some(row), reason, message, time_millis };
    (keys::dead(id, sequence), letter.encode_to_vec())
}
