//! Sending again. What was sent is added once more at the end of its stream, with the id that it has always had.

use prost::Message;

use super::stream::StreamId;
use super::{Outbox, keys};
use crate::domain::delivery::EventId;
use crate::proto::store::OutboxRow;
use crate::store::error::StoreError;

/// Most events that one call sends again.
const MOST: usize = 10_000;

/// Which events are sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// From one sequence number to another.
    Sequences(u64, u64),
    /// Those that happened from one time up to another, milliseconds since 1970. Not those that are in the stream again because somebody asked for
    /// it: they have the same times.
    Times {
        /// The first time.
        from: u64,
        /// The first time that is too late.
        until: u64,
        /// Only events with higher sequence numbers.
        after: u64,
    },
    /// Those with these ids.
    Ids(Vec<EventId>),
}

/// What is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many events.
    pub count: u64,
    /// The sequence number of the first of them now; 0: there is none.
    pub first: u64,
    /// Whether there are more: ask again with what is behind `last_seen`, and before `first`.
    pub more: bool,
    /// The last sequence number that was looked at.
    pub last_seen: u64,
}

impl Outbox {
    /// Adds events of a stream to its end once more, at most 10,000 a call, in the order of their numbers. Also those that are dead letters, if
    /// their payload is kept.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn replay(&self, id: &StreamId, which: &Which) -> Result<Replayed, StoreError> {
        let mut replayed = Replayed::default();
        self.change(id, |outbox, now, stream| {
            let (begin, end) = match which {
                Which::Sequences(first, last) => (*first, stream.next.min(last.saturating_add(1))),
                Which::Times { after, .. } => (after.saturating_add(1), stream.next),
                Which::Ids(_) => (1, stream.next),
            };
            let is_meant = |row: &OutboxRow| match which {
                Which::Sequences(..) => true,
                Which::Times { from, until, .. } => {
                    !row.replay && (*from..*until).contains(&row.time_millis)
                }
                Which::Ids(ids) => ids.iter().any(|id| id.0 == row.event_id.as_ref()),
            };
            let (mut rows, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
            for kept in outbox.kept(id, begin, end) {
                let kept = kept?;
                let Some(row) = kept.whole().filter(|row| is_meant(row)) else { continue };
                if !seen.insert(row.event_id.clone()) {
                    continue;
                }
                if rows.len() == MOST {
                    replayed.more = true;
                    break;
                }
                replayed.last_seen = kept.sequence;
                stream.bytes += u64::from(row.payload_bytes);
                now.uses(&row.payload_hash);
                let again = OutboxRow { replay: true, ..row.clone() };
                rows.push((keys::event(id, stream.next), again.encode_to_vec()));
                stream.next += 1;
            }
            replayed.count = rows.len() as u64;
            replayed.first = if rows.is_empty() { 0 } else { stream.next - replayed.count };
            Ok(rows)
        })?;
        self.tell();
        Ok(replayed)
    }
}
