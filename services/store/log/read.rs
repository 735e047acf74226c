//! Reading the log in segment files, entry by entry; damaged places are reported and skipped.

use std::path::Path;

use super::{
    entry::{Entry, EntryKind},
    error::{Damage, Fault, LogError},
    frame::{Header, Mark},
    scan::FrameReader,
    segment::Segment,
    sequence::Sequence,
};

/// The files of a log, as the log knows them when reading begins.
#[derive(Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) folder: &'a Path,
    pub(super) kinds: &'static [EntryKind],
    pub(super) segments: &'a [Segment],
    pub(super) mark: Option<Mark>,
    /// Position of the last entry known to have existed; greater than the tail if entries are missing.
    pub(super) last_known: u64,
    pub(super) is_damaged: bool,
}

/// The entries from a position to the tail.
pub(super) struct EntryReader<'a> {
    files: Files<'a>,
    /// Segments that were not read yet.
    rest: &'a [Segment],
    current: Option<(&'a Segment, FrameReader)>,
    sequence: Sequence,
    /// Position of the first entry to return.
    from: u64,
    /// Damage before `from` that may include `from`.
    withheld: Option<Damage>,
    /// An entry that follows damage; the damage is returned first.
    pending: Option<Entry>,
}

impl<'a> EntryReader<'a> {
    pub(super) fn new(files: Files<'a>, position: u64) -> Self {
        let from = position.max(1);
        let after = files.segments.partition_point(|segment| segment.first <= from);
        // From the start if even the first segment begins later: then its predecessors are missing.
        let (rest, sequence) =
            match after.checked_sub(1).and_then(|index| files.segments.get(index..)) {
                Some(rest @ [first, ..]) => (rest, Sequence::from_middle(first.first)),
                _ => (files.segments, Sequence::from_start()),
            };
        Self { files, rest, current: None, sequence, from, withheld: None, pending: None }
    }

    /// Begins the next segment, or ends. Returns the damage between the segments.
    fn turn(&mut self) -> Option<Option<Damage>> {
        let Some((segment, rest)) = self.rest.split_first() else { return self.end() };
        self.rest = rest;
        let position = self.sequence.next;
        let mut fault = self.sequence.enter(segment.first).err();
        // Where bytes may be missing, the length of an unchecked payload does not lead to the next frame.
        let checked_from = if self.files.is_damaged { 0 } else { self.from };
        match FrameReader::open(segment, self.files.kinds, self.files.mark, checked_from) {
            Ok(frames) => self.current = Some((segment, frames)),
            Err(error) => {
                self.sequence.lose(None);
                fault = Some(Fault::Unreadable(error.to_string()));
            }
        }
        Some(fault.and_then(|what| self.damage(segment, 0, position, what)))
    }

    /// The damage of missing entries at the end; none if no entry is missing.
    fn end(&mut self) -> Option<Option<Damage>> {
        let (position, last) = (self.sequence.next, self.files.last_known);
        if self.from > last {
            return None;
        }
        if let Some(damage) = self.withheld.take() {
            return Some(Some(damage));
        }
        if position > last || self.sequence.in_gap() {
            return None;
        }
        self.sequence = Sequence::from_middle(last + 1);
        let segment = self.files.segments.last();
        Some(Some(Damage {
            segment: segment
                .map_or_else(|| Segment::path_of(self.files.folder, 1), |last| last.path.clone()),
            offset: segment.map_or(0, |last| last.bytes),
            position,
            what: Fault::Missing(last),
        }))
    }

    /// Reads one frame. Returns an entry, damage, or neither.
    fn step(&mut self) -> Option<Result<Option<Entry>, Damage>> {
        let Some((segment, frames)) = &mut self.current else {
            return self.turn().map(|damage| damage.map_or(Ok(None), Err));
        };
        let segment = *segment;
        let Some(found) = frames.next() else {
            self.current = None;
            return Some(Ok(None));
        };
        let position = self.sequence.next;
        let (usable, fault) = match &found.frame {
            Ok(header) => match self.sequence.admit(header) {
                Ok(()) => (Some(header), None),
                Err(misplaced) => {
                    (Some(header).filter(|_| misplaced.usable), Some(misplaced.fault))
                }
            },
            Err(bad) => {
                self.sequence.lose(bad.header.as_ref());
                (None, Some(bad.fault.clone()))
            }
        };
        let entry = usable
            .filter(|header| header.position >= self.from)
            .and_then(|header| entry(header, frames.payload()));
        let damage = fault.and_then(|what| self.damage(segment, found.offset, position, what));
        let damage = damage.or_else(|| entry.as_ref().and_then(|entry| self.before(entry)));
        Some(match damage {
            None => Ok(entry),
            Some(damage) => {
                self.pending = entry;
                Err(damage)
            }
        })
    }

    /// The withheld damage, if the entry at `from` is lost in it.
    fn before(&mut self, entry: &Entry) -> Option<Damage> {
        self.withheld.take().filter(|_| entry.place.position > self.from)
    }

    /// The damage, if it affects entries from `from` on.
    fn damage(
        &mut self,
        segment: &Segment,
        offset: u64,
        position: u64,
        what: Fault,
    ) -> Option<Damage> {
        let wanted = position >= self.from;
        let damage = Damage { segment: segment.path.clone(), offset, position, what };
        if wanted {
            self.withheld = None;
            Some(damage)
        } else {
            if self.sequence.in_gap() || self.sequence.next > self.from {
                self.withheld = Some(damage);
            }
            None
        }
    }
}

impl Iterator for EntryReader<'_> {
    type Item = Result<Entry, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.pending.take() {
            return Some(Ok(entry));
        }
        loop {
            match self.step()? {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(damage) => return Some(Err(LogError::Damaged(damage))),
            }
        }
    }
}

fn entry(header: &Header, payload: &[u8]) -> Option<Entry> {
    Some(Entry {
        place: header.place(),
        kind: EntryKind::try_from(header.kind).ok()?,
        time_millis: header.time_millis,
        payload_hash: header.payload_hash,
        payload: payload.to_vec(),
        erased: header.erased.is_some(),
    })
}
