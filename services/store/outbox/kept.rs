//! The rows of a stream in the order of their sequence numbers: events, dead letters, and both together.

use std::iter::from_fn;

use prost::Message;

use super::stream::StreamId;
use super::{Outbox, keys};
use crate::proto::store::{OutboxDeadLetter, OutboxRow};
use crate::store::error::{StoreError, damaged};
use crate::store::sled_error::unreadable;

/// What is kept under a sequence number: the event, its dead letter, or both.
pub(super) struct Kept {
    pub(super) sequence: u64,
    pub(super) row: Option<OutboxRow>,
    pub(super) letter: Option<OutboxDeadLetter>,
}

impl Kept {
    /// The event, if its payload is kept.
    pub(super) fn whole(&self) -> Option<&OutboxRow> {
        let of_letter = || self.letter.as_ref()?.row.as_ref();
        self.row.as_ref().or_else(of_letter).filter(|row| !row.payload_hash.is_empty())
    }

    /// Bytes of its payload.
    pub(super) fn bytes(&self) -> u64 {
        self.whole().map_or(0, |row| row.payload_bytes.into())
    }
}

/// A dead letter as it is read.
pub(super) fn letter(value: &[u8]) -> Result<OutboxDeadLetter, StoreError> {
    OutboxDeadLetter::decode(value).map_err(|_| damaged("a dead letter cannot be read".to_owned()))
}

/// The number of a row; the lowest for one that cannot be read: it comes first.
fn number<T>(row: &Result<(u64, T), StoreError>) -> u64 {
    row.as_ref().map_or(0, |(sequence, _)| *sequence)
}

impl Outbox {
    /// The events of a stream from one sequence number up to another, which is not among them.
    pub(super) fn rows(
        &self,
        id: &StreamId,
        first: u64,
        end: u64,
    ) -> impl Iterator<Item = Result<(u64, OutboxRow), StoreError>> {
        let range = keys::event(id, first)..keys::event(id, end.max(first));
        self.db.range(range).map(|row| {
            let (key, value) = row.map_err(|error| unreadable(&error))?;
            let wrong = || damaged("an event of the outbox cannot be read".to_owned());
            let sequence = keys::sequence_of(&key).ok_or_else(wrong)?;
            Ok((sequence, OutboxRow::decode(&*value).map_err(|_| wrong())?))
        })
    }

    /// The dead letters of a stream from one sequence number up to another, which is not among them.
    pub(super) fn letters(
        &self,
        id: &StreamId,
        first: u64,
        end: u64,
    ) -> impl Iterator<Item = Result<(u64, OutboxDeadLetter), StoreError>> {
        let range = keys::dead(id, first)..keys::dead(id, end.max(first));
        self.db.range(range).map(|row| {
            let (key, value) = row.map_err(|error| unreadable(&error))?;
            let wrong = || damaged("a dead letter has no number".to_owned());
            Ok((keys::sequence_of(&key).ok_or_else(wrong)?, letter(&value)?))
        })
    }

    /// Both, each sequence number once.
    pub(super) fn kept(
        &self,
        id: &StreamId,
        first: u64,
        end: u64,
    ) -> impl Iterator<Item = Result<Kept, StoreError>> {
        let mut rows = self.rows(id, first, end).peekable();
        let mut letters = self.letters(id, first, end).peekable();
        from_fn(move || {
            let next = [rows.peek().map(number), letters.peek().map(number)];
            let sequence = next.into_iter().flatten().min()?;
            let row = rows.next_if(|row| number(row) == sequence).transpose();
            let letter = letters.next_if(|letter| number(letter) == sequence).transpose();
            Some(row.and_then(|row| {
                let (row, letter) = (row.map(|(_, row)| row), letter?.map(|(_, letter)| letter));
                Ok(Kept { sequence, row, letter })
            }))
        })
    }

    /// Whether the event of a sequence number is kept, besides its dead letter.
    pub(super) fn has_row(&self, id: &StreamId, sequence: u64) -> Result<bool, StoreError> {
        self.db.contains_key(keys::event(id, sequence)).map_err(|error| unreadable(&error))
    }

    /// The payload of a row.
    pub(super) fn payload(&self, hash: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut payload = Vec::new();
        for part in self.db.scan_prefix(keys::payload(hash)) {
            payload.extend_from_slice(&part.map_err(|error| unreadable(&error))?.1);
        }
        if blake3::hash(&payload).as_bytes() != hash {
            return Err(damaged("a payload of the outbox is not what was written".to_owned()));
        }
        Ok(payload)
    }
}
