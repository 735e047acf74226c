//! What is kept no longer: events that are too old or too many, events that somebody purges, and figures that a partner may not have any more.

use super::settle::dead_letter;
use super::stream::StreamId;
use super::{Outbox, Row, keys};
use crate::domain::delivery::EventKind;
use crate::proto::store::{OutboxDeadLetter, OutboxRow};
use crate::store::error::StoreError;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Longest time, milliseconds.
    pub millis: u64,
    /// Most bytes of the payloads of one stream, those of its dead letters among them.
    pub bytes: u64,
}

/// Events of a stream that were not sent and are kept no longer: each sequence number from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Their stream.
    pub id: StreamId,
    /// Sequence number of the first.
    pub first: u64,
    /// Sequence number of the last.
    pub last: u64,
}

/// What of a stream is kept no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// Which stream.
    pub id: StreamId,
    /// Sequence number of the last event that goes; 0: none does.
    pub last: u64,
    /// Up to here payloads go as well, those of dead letters too: the stream has more bytes than it may. 0: none.
    pub without_payload: u64,
    /// Those of the events that were not sent.
    pub unsent: Option<Expired>,
}

/// What a dead letter says whose payload is gone.
const NO_ROOM: &str = "its content is not kept: the stream had more than delivery.keep_bytes";

/// Events and dead letters that have figures.
#[derive(Clone, Debug)]
pub struct Figures {
    keys: Vec<Vec<u8>>,
    bytes: u64,
    /// Those that were not sent: a run of sequence numbers without a gap each.
    pub unsent: Vec<Expired>,
}

impl Outbox {
    /// What of each stream is not kept any longer: the oldest first. What is too old becomes a dead letter if it was not sent; what is too much
    /// loses its payload.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn too_much(&self, keep: Keep, now_millis: u64) -> Result<Vec<TooMuch>, StoreError> {
        let oldest = now_millis.saturating_sub(keep.millis);
        let mut found = Vec::new();
        for id in self.streams() {
            let Some((settled, next, mut bytes)) = self.size(&id) else { continue };
            let (mut last, mut without_payload) = (0, 0);
            for kept in self.kept(&id, 1, next) {
                let kept = kept?;
                let is_old = kept.row.as_ref().is_some_and(|row| row.time_millis < oldest);
                if bytes > keep.bytes {
                    without_payload = kept.sequence;
                    bytes = bytes.saturating_sub(kept.bytes());
                } else if is_old && kept.letter.is_none() && kept.sequence <= settled {
                    bytes = bytes.saturating_sub(kept.bytes());
                } else if kept.row.is_some() && !is_old {
                    break;
                }
                if kept.row.is_some() {
                    last = kept.sequence;
                }
            }
            if last > 0 || without_payload > 0 {
                let unsent =
                    (last > settled).then(|| Expired { id: id.clone(), first: settled + 1, last });
                found.push(TooMuch { id, last, without_payload, unsent });
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

    /// Removes what is too much. Events that were not sent become dead letters. Payloads go with the next [`Self::forget`].
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn expire(&self, much: &TooMuch, now_millis: u64) -> Result<(), StoreError> {
        let TooMuch { id, last, without_payload, .. } = much;
        let (mut gone, mut letters, mut bytes) = (Vec::new(), Vec::new(), 0);
        let Some((settled, ..)) = self.size(id) else { return Ok(()) };
        for kept in self.kept(id, 1, last.max(without_payload) + 1) {
            let kept = kept?;
            let (sequence, loses) = (kept.sequence, kept.sequence <= *without_payload);
            let is_unsent = kept.letter.is_none() && sequence > settled;
            if loses || (kept.letter.is_none() && !is_unsent) {
                bytes += kept.bytes();
            }
            if kept.row.is_some() {
                gone.push(keys::event(id, sequence));
            }
            letters.extend(letter_of(id, kept, (loses, is_unsent), now_millis));
        }
        self.write(&letters)?;
        self.change(id, |outbox, now, stream| {
            stream.bytes = stream.bytes.saturating_sub(bytes);
            outbox.pass(now, id, stream, *last)?;
            Ok(Vec::new())
        })?;
        self.remove_keys(&gone)
    }

    /// Gives up what waits in a stream, and its dead letters. What was sent stays for as long as it is kept.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn purge(&self, id: &StreamId, through: u64) -> Result<u64, StoreError> {
        let Some((settled, ..)) = self.size(id) else { return Ok(0) };
        let (mut gone, mut dead, mut bytes) = (Vec::new(), Vec::new(), 0);
        for row in self.rows(id, settled + 1, through + 1) {
            let (sequence, row) = row?;
            gone.push(keys::event(id, sequence));
            bytes += u64::from(row.payload_bytes);
        }
        for letter in self.letters(id, 0, through + 1) {
            let (sequence, letter) = letter?;
            dead.push(keys::dead(id, sequence));
            let row = letter.row.unwrap_or_default();
            if !row.payload_hash.is_empty() && !self.has_row(id, sequence)? {
                bytes += u64::from(row.payload_bytes);
            }
        }
        self.change(id, |outbox, now, stream| {
            stream.bytes = stream.bytes.saturating_sub(bytes);
            (stream.error, stream.message) = (String::new(), String::new());
            outbox.pass(now, id, stream, through)?;
            Ok(Vec::new())
        })?;
        let count = gone.len() as u64;
        gone.extend(dead);
        self.remove_keys(&gone)?;
        self.sweep()?;
        Ok(count)
    }

    /// The events of a stream that have figures, sent or not, and such dead letters.
    ///
    /// # Errors
    /// The outbox cannot be read.
    pub fn figures(&self, id: &StreamId) -> Result<Figures, StoreError> {
        let mut figures = Figures { keys: Vec::new(), bytes: 0, unsent: Vec::new() };
        let Some((settled, next, _)) = self.size(id) else { return Ok(figures) };
        for kept in self.kept(id, 1, next) {
            let kept = kept?;
            let sequence = kept.sequence;
            let of_letter = kept.letter.as_ref().and_then(|letter| letter.row.as_ref());
            if !kept.row.as_ref().or(of_letter).is_some_and(has_figures) {
                continue;
            }
            figures.bytes += kept.bytes();
            if kept.letter.is_some() {
                figures.keys.push(keys::dead(id, sequence));
            }
            if kept.row.is_none() {
                continue;
            }
            figures.keys.push(keys::event(id, sequence));
            match figures.unsent.last_mut() {
                _ if sequence <= settled => {}
                Some(run) if run.last + 1 == sequence => run.last = sequence,
                _ => {
                    let (first, last) = (sequence, sequence);
                    figures.unsent.push(Expired { id: id.clone(), first, last });
                }
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

    /// Notes that so many bytes of a stream are kept no longer.
    pub(super) fn lighten(&self, id: &StreamId, bytes: u64) -> Result<(), StoreError> {
        if bytes == 0 {
            return Ok(());
        }
        self.change(id, |_, _, stream| {
            stream.bytes = stream.bytes.saturating_sub(bytes);
            Ok(Vec::new())
        })
    }

    /// The last settled sequence number of a stream, the next new one, and its bytes.
    fn size(&self, id: &StreamId) -> Option<(u64, u64, u64)> {
        self.now().streams.get(id).map(|of| (of.settled, of.next, of.bytes))
    }
}

/// The dead letter that an event becomes, or one that loses its payload; none: nothing changes.
fn letter_of(
    id: &StreamId,
    kept: super::kept::Kept,
    (loses, is_unsent): (bool, bool),
    now_millis: u64,
) -> Option<Row> {
    let without = |row: OutboxRow| {
        if loses { OutboxRow { payload_hash: Vec::new().into(), ..row } } else { row }
    };
    let (sequence, has_payload) = (kept.sequence, kept.whole().is_some());
    match (kept.row, kept.letter) {
        (_, Some(letter)) if loses && has_payload => {
            let OutboxDeadLetter { row, reason, time_millis, .. } = letter;
            let row = without(row.unwrap_or_default());
            Some(dead_letter(id, sequence, (row, &reason, NO_ROOM), time_millis))
        }
        (Some(row), None) if is_unsent => {
            let message = if loses { NO_ROOM } else { "" };
            Some(dead_letter(id, sequence, (without(row), "EXPIRED", message), now_millis))
        }
        (Some(_), _) | (None, _) => None,
    }
}

fn has_figures(row: &OutboxRow) -> bool {
    let kind = u8::try_from(row.kind).ok().and_then(EventKind::from_number);
    kind.is_none_or(EventKind::has_figures)
}
