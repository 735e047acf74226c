//! What is kept no longer: events that are too old or too many, events that somebody purges, and figures that a partner may not have any more.

use std::collections::BTreeSet;

use prost::Message;

use super::settle::dead_letter;
use super::stream::StreamId;
use super::{Outbox, keys};
use crate::domain::delivery::EventKind;
use crate::proto::store::{OutboxDeadLetter, OutboxRow};
use crate::store::error::{StoreError, damaged};
use crate::store::sled_error::unreadable;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Longest time, milliseconds.
    pub millis: u64,
    /// Most bytes of the payloads of one stream.
    pub bytes: u64,
}

/// Events of a stream that were not sent and are kept no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Their stream.
    pub id: StreamId,
    /// Sequence number of the first.
    pub first: u64,
    /// Sequence number of the last.
    pub last: u64,
}

/// Events and dead letters that have figures.
#[derive(Clone, Debug)]
pub struct Figures {
    keys: Vec<Vec<u8>>,
    bytes: u64,
    /// Those that were not sent, from the first to the last.
    pub unsent: Option<Expired>,
}

impl Outbox {
    /// The last event of each stream that is not kept any longer, and those of them that were not sent.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn too_much(
        &self,
        keep: Keep,
        now_millis: u64,
    ) -> Result<Vec<(StreamId, u64, Option<Expired>)>, StoreError> {
        let oldest = now_millis.saturating_sub(keep.millis);
        let mut found = Vec::new();
        for id in self.streams() {
            let Some((settled, next, mut bytes)) = self.size(&id) else { continue };
            let mut last = None;
            for row in self.rows(&id, 1, next) {
                let (sequence, row) = row?;
                if row.time_millis >= oldest && bytes <= keep.bytes {
                    break;
                }
                bytes = bytes.saturating_sub(row.payload_bytes.into());
                last = Some(sequence);
            }
            if let Some(last) = last {
                let expired =
                    (last > settled).then(|| Expired { id: id.clone(), first: settled + 1, last });
                found.push((id, last, expired));
            }
        }
        Ok(found)
    }

    /// Sequence number of the newest event of a stream; 0: there was none.
    #[must_use]
    pub fn newest(&self, id: &StreamId) -> u64 {
        self.size(id).map_or(0, |(_, next, _)| next - 1)
    }

    /// Last sequence number of a stream that needs no sending any more.
    #[must_use]
    pub fn settled(&self, id: &StreamId) -> u64 {
        self.size(id).map_or(0, |(settled, ..)| settled)
    }

    /// The events of a stream that were not sent.
    #[must_use]
    pub fn unsent(&self, id: &StreamId) -> Option<Expired> {
        let (settled, next, _) = self.size(id)?;
        let (first, last) = (settled + 1, next - 1);
        (first <= last).then(|| Expired { id: id.clone(), first, last })
    }

    /// Removes the events of a stream up to a sequence number. Those that were not sent become dead letters.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn expire(&self, id: &StreamId, last: u64, now_millis: u64) -> Result<(), StoreError> {
        let (mut gone, mut letters) = (Vec::new(), Vec::new());
        let Some((settled, ..)) = self.size(id) else { return Ok(()) };
        for row in self.rows(id, 1, last + 1) {
            let (sequence, row) = row?;
            gone.push((sequence, row.payload_bytes));
            if sequence > settled {
                letters.push(dead_letter(id, sequence, (row, "EXPIRED", ""), now_millis));
            }
        }
        self.write(&letters)?;
        self.change(id, |outbox, now, stream| {
            let bytes: u64 = gone.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
            stream.bytes = stream.bytes.saturating_sub(bytes);
            outbox.pass(now, id, stream, last)?;
            Ok(Vec::new())
        })?;
        let keys: Vec<_> = gone.iter().map(|(sequence, _)| keys::event(id, *sequence)).collect();
        self.remove_keys(&keys)
    }

    /// Gives up what waits in a stream, and its dead letters. What was sent stays for as long as it is kept.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn purge(&self, id: &StreamId, through: u64) -> Result<u64, StoreError> {
        let Some((settled, ..)) = self.size(id) else { return Ok(0) };
        let mut gone = Vec::new();
        for row in self.rows(id, settled + 1, through + 1) {
            let (sequence, row) = row?;
            gone.push((keys::event(id, sequence), row.payload_bytes));
        }
        let dead = self.db.range(keys::dead(id, 0)..=keys::dead(id, through)).keys();
        let dead = dead.map(|key| Ok(key.map_err(|error| unreadable(&error))?.to_vec()));
        let dead = dead.collect::<Result<Vec<_>, StoreError>>()?;
        self.change(id, |outbox, now, stream| {
            let bytes: u64 = gone.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
            stream.bytes = stream.bytes.saturating_sub(bytes);
            (stream.error, stream.message) = (String::new(), String::new());
            outbox.pass(now, id, stream, through)?;
            Ok(Vec::new())
        })?;
        let count = gone.len() as u64;
        let keys: Vec<_> = gone.into_iter().map(|(key, _)| key).chain(dead).collect();
        self.remove_keys(&keys)?;
        self.sweep()?;
        Ok(count)
    }

    /// The events of a stream that have figures, sent or not, and such dead letters.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn figures(&self, id: &StreamId) -> Result<Figures, StoreError> {
        let mut figures = Figures { keys: Vec::new(), bytes: 0, unsent: None };
        let Some((settled, next, _)) = self.size(id) else { return Ok(figures) };
        let has_figures = |row: &OutboxRow| {
            let kind = u8::try_from(row.kind).ok().and_then(EventKind::from_number);
            kind.is_none_or(EventKind::has_figures)
        };
        for row in self.rows(id, 1, next) {
            let (sequence, row) = row?;
            if has_figures(&row) {
                figures.keys.push(keys::event(id, sequence));
                figures.bytes += u64::from(row.payload_bytes);
                if sequence > settled {
                    let first = figures.unsent.as_ref().map_or(sequence, |unsent| unsent.first);
                    figures.unsent = Some(Expired { id: id.clone(), first, last: sequence });
                }
            }
        }
        for row in self.db.range(keys::dead(id, 0)..=keys::dead(id, u64::MAX)) {
            let (key, value) = row.map_err(|error| unreadable(&error))?;
            let letter = OutboxDeadLetter::decode(&*value)
                .map_err(|_| damaged("a dead letter cannot be read".to_owned()))?;
            if has_figures(&letter.row.unwrap_or_default()) {
                figures.keys.push(key.to_vec());
            }
        }
        Ok(figures)
    }

    /// Removes these events of a stream.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn remove_figures(&self, id: &StreamId, figures: &Figures) -> Result<(), StoreError> {
        self.remove_keys(&figures.keys)?;
        self.change(id, |outbox, now, stream| {
            stream.bytes = stream.bytes.saturating_sub(figures.bytes);
            let settled = stream.settled;
            outbox.pass(now, id, stream, settled)?;
            Ok(Vec::new())
        })?;
        self.sweep()
    }

    /// Removes dead letters from before a time, and payloads that nothing names any more.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn forget(&self, before_millis: u64) -> Result<(), StoreError> {
        let mut old = Vec::new();
        for row in self.db.scan_prefix(keys::DEAD_LETTERS) {
            let (key, value) = row.map_err(|error| unreadable(&error))?;
            let letter = OutboxDeadLetter::decode(&*value)
                .map_err(|_| damaged("a dead letter cannot be read".to_owned()))?;
            if letter.time_millis < before_millis {
                old.push(key.to_vec());
            }
        }
        self.remove_keys(&old)?;
        self.sweep()
    }

    fn sweep(&self) -> Result<(), StoreError> {
        // New payloads are written before the rows that name them: nothing is added meanwhile.
        let _still = self.now();
        let mut named = BTreeSet::new();
        let wrong = || damaged("a row of the outbox cannot be read".to_owned());
        for row in self.db.scan_prefix(keys::EVENTS) {
            let (_, value) = row.map_err(|error| unreadable(&error))?;
            named.insert(OutboxRow::decode(&*value).map_err(|_| wrong())?.payload_hash.to_vec());
        }
        for row in self.db.scan_prefix(keys::DEAD_LETTERS) {
            let (_, value) = row.map_err(|error| unreadable(&error))?;
            let letter = OutboxDeadLetter::decode(&*value).map_err(|_| wrong())?;
            named.insert(letter.row.unwrap_or_default().payload_hash.to_vec());
        }
        let mut unnamed = Vec::new();
        for key in self.db.scan_prefix(keys::PAYLOADS).keys() {
            let key = key.map_err(|error| unreadable(&error))?;
            if !keys::hash_of(&key).is_some_and(|hash| named.contains(hash)) {
                unnamed.push(key.to_vec());
            }
        }
        self.remove_keys(&unnamed)
    }

    /// The last settled sequence number of a stream, the next new one, and its bytes.
    fn size(&self, id: &StreamId) -> Option<(u64, u64, u64)> {
        self.now().streams.get(id).map(|of| (of.settled, of.next, of.bytes))
    }
}
