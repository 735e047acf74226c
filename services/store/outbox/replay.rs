//! Sending again. What was sent is added once more at the end of its stream, with the id that it has always had.

use prost::Message;

use super::stream::StreamId;
use super::{Outbox, keys};
use crate::domain::delivery::EventId;
use crate::proto::store::{OutboxDeadLetter, OutboxRow};
use crate::store::error::{StoreError, damaged};
use crate::store::sled_error::unreadable;

/// Most events that one call sends again.
const MOST: usize = 10_000;

/// Which events are sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// From one sequence number to another.
    Sequences(u64, u64),
    /// Those that happened from one time up to another, milliseconds since 1970.
    Times(u64, u64),
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
    /// Whether there are more: ask again with what is behind `last_seen`.
    pub more: bool,
    /// The last sequence number that was looked at.
    pub last_seen: u64,
}

impl Outbox {
    /// Adds events of a stream to its end once more, at most 10,000 a call. Also those that are dead letters.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn replay(&self, id: &StreamId, which: &Which) -> Result<Replayed, StoreError> {
        let mut replayed = Replayed::default();
        self.change(id, |outbox, _, stream| {
            let (begin, end) = match which {
                Which::Sequences(first, last) => (*first, stream.next.min(last.saturating_add(1))),
                Which::Times(..) | Which::Ids(_) => (1, stream.next),
            };
            let is_meant = |row: &OutboxRow| match which {
                Which::Sequences(..) => true,
                Which::Times(from, until) => (*from..*until).contains(&row.time_millis),
                Which::Ids(ids) => ids.iter().any(|id| id.0 == row.event_id.as_ref()),
            };
            let (mut rows, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
            let found = outbox.rows(id, begin, end).chain(outbox.dead_rows(id, begin, end));
            for found in found {
                let (sequence, row) = found?;
                if !is_meant(&row) || !seen.insert(row.event_id.clone()) {
                    continue;
                }
                if rows.len() == MOST {
                    replayed.more = true;
                    break;
                }
                replayed.last_seen = replayed.last_seen.max(sequence);
                stream.bytes += u64::from(row.payload_bytes);
                let again = OutboxRow { replay: true, ..row };
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

    /// The events of dead letters whose own rows may be gone.
    fn dead_rows(
        &self,
        id: &StreamId,
        first: u64,
        end: u64,
    ) -> impl Iterator<Item = Result<(u64, OutboxRow), StoreError>> {
        let range = keys::dead(id, first)..keys::dead(id, end.max(first));
        self.db.range(range).map(|row| {
            let (key, value) = row.map_err(|error| unreadable(&error))?;
            let wrong = || damaged("a dead letter cannot be read".to_owned());
            let letter = OutboxDeadLetter::decode(&*value).map_err(|_| wrong())?;
            Ok((keys::sequence_of(&key).ok_or_else(wrong)?, letter.row.unwrap_or_default()))
        })
    }
}
