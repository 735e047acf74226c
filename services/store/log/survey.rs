//! Reads the whole log once and judges it: whole, torn, or damaged. Changes nothing.

use std::path::Path;

use super::{
    entry::Place,
    erasures::Erasures,
    error::{Damage, Fault, LogError},
    frame::{Hash, Header, Mark, NO_CHAIN},
    scan::{BadFrame, Found, FrameReader, mark_of_log},
    segment::Segment,
    sequence::Sequence,
    shape::Shape,
};

/// What somebody else knows of the log: a position that was acknowledged, and the chain there, unless that is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Position of an entry that was acknowledged; 0: nothing is known.
    pub position: u64,
    /// Hash of the log up to that entry.
    pub chain: Option<[u8; 32]>,
    /// Hash of the log's first entry, which tells logs apart. With another one it is not of this log, however long that is.
    pub root: Option<[u8; 32]>,
}

impl From<u64> for Known {
    fn from(position: u64) -> Self {
        Self { position, chain: None, root: None }
    }
}

impl From<Place> for Known {
    fn from(Place { position, chain }: Place) -> Self {
        Self { position, chain: Some(chain), root: None }
    }
}

/// What the files say.
pub(super) struct Survey {
    pub(super) segments: Vec<Segment>,
    pub(super) mark: Option<Mark>,
    /// The last good entry and its chain; on a damaged log the last intact entry anywhere.
    pub(super) tail: u64,
    pub(super) chain: Hash,
    /// Time of the last good entry.
    pub(super) tail_millis: u64,
    /// Which of the known places are not of this log.
    pub(super) denied: Vec<Known>,
    /// Where in the last segment the last append begins.
    pub(super) last_append: u64,
    /// Last position that was acknowledged, as far as the headers and the store prove it.
    pub(super) acknowledged: u64,
    pub(super) verdict: Verdict,
    pub(super) erasures: Erasures,
}

#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// Every byte is as it was written.
    Whole,
    /// The last append was not finished: cut off the last segment there.
    Torn(Damage),
    /// Nothing may be changed.
    Damaged(Damage),
}

/// The judgement, while it grows.
struct Judge {
    sequence: Sequence,
    tail: u64,
    chain: Hash,
    tail_millis: u64,
    known: Vec<Known>,
    denied: Vec<Known>,
    last_append: u64,
    acknowledged: u64,
    last_intact: u64,
    /// `acknowledged before` of the append being read.
    append: Option<u64>,
    first_fault: Option<Damage>,
    all_may_be_torn: bool,
    erasures: Erasures,
}

/// Reads the log in that folder, as far as its shape says. What is known counts as acknowledged, unless the log has another chain there: then it is known of
/// another log.
pub(super) fn survey(folder: &Path, shape: Shape, known: &[Known]) -> Result<Survey, LogError> {
    let segments = Segment::list(folder)?;
    let mut mark = mark_of_log(&segments);
    let (read, sequence) = shape.read(&segments);
    let mut judge = Judge {
        tail: sequence.next - 1,
        sequence,
        chain: NO_CHAIN,
        tail_millis: 0,
        known: known.to_vec(),
        denied: Vec::new(),
        last_append: 0,
        acknowledged: 0,
        last_intact: 0,
        append: None,
        first_fault: None,
        all_may_be_torn: true,
        erasures: Erasures::default(),
    };
    for segment in read {
        judge.enter(segment);
        match FrameReader::open(segment, shape.kinds, mark, 0) {
            Err(error) => judge.lost(segment, 0, Fault::Unreadable(error.to_string()).into()),
            Ok(mut frames) => {
                while let Some(found) = frames.next() {
                    mark = mark.or(found.frame.as_ref().ok().map(|header| header.mark));
                    judge.take(segment, found);
                }
            }
        }
    }
    Ok(judge.close(folder, segments, mark))
}

impl Judge {
    fn enter(&mut self, segment: &Segment) {
        (self.append, self.last_append) = (None, 0);
        let position = self.sequence.next;
        if let Err(fault) = self.sequence.enter(segment.first) {
            self.note(segment, 0, position, fault);
        }
    }

    fn take(&mut self, segment: &Segment, found: Found) {
        let header = found.frame.as_ref().map_or_else(|bad| bad.header.as_ref(), Some);
        self.acknowledged =
            header.map_or(0, |header| header.acknowledged_before).max(self.acknowledged);
        match found.frame {
            Ok(header) => self.intact(segment, found.offset, &header),
            Err(bad) => self.lost(segment, found.offset, bad),
        }
    }

    fn intact(&mut self, segment: &Segment, offset: u64, header: &Header) {
        let position = self.sequence.next;
        let admitted = self.sequence.admit(header);
        if admitted.as_ref().map_or_else(|misplaced| misplaced.usable, |()| true) {
            self.last_intact = header.position;
            self.erasures.note(header);
        }
        match admitted {
            Err(misplaced) => self.note(segment, offset, position, misplaced.fault),
            Ok(()) if self.first_fault.is_none() => {
                self.tail = header.position;
                self.chain = header.chain;
                self.tail_millis = header.time_millis;
                let differs = |hash: Option<Hash>| hash.is_some_and(|hash| hash != header.chain);
                let is_other = |known: &mut Known| {
                    known.position == header.position && differs(known.chain)
                        || header.position == 1 && differs(known.root)
                };
                self.denied.extend(self.known.extract_if(.., is_other));
                if self.append.replace(header.acknowledged_before)
                    != Some(header.acknowledged_before)
                {
                    self.last_append = offset;
                }
            }
            Ok(()) => {}
        }
    }

    fn lost(&mut self, segment: &Segment, offset: u64, bad: BadFrame) {
        self.note(segment, offset, self.sequence.next, bad.fault);
        self.sequence.lose(bad.header.as_ref());
    }

    fn note(&mut self, segment: &Segment, offset: u64, position: u64, what: Fault) {
        self.all_may_be_torn &= what.may_be_torn();
        let segment = segment.path.clone();
        self.first_fault.get_or_insert(Damage { segment, offset, position, what });
    }

    fn close(mut self, folder: &Path, segments: Vec<Segment>, mark: Option<Mark>) -> Survey {
        let known = self.known.iter().map(|known| known.position);
        self.acknowledged = known.fold(self.acknowledged, u64::max);
        let verdict = match self.first_fault {
            None if self.tail >= self.acknowledged => Verdict::Whole,
            None => Verdict::Damaged(Damage {
                segment: segments
                    .last()
                    .map_or_else(|| Segment::path_of(folder, 1), |last| last.path.clone()),
                offset: segments.last().map_or(0, |last| last.bytes),
                position: self.tail + 1,
                what: Fault::Missing(self.acknowledged),
            }),
            Some(fault)
                if self.all_may_be_torn
                    && fault.position > self.acknowledged
                    && segments.last().is_some_and(|last| last.path == fault.segment) =>
            {
                Verdict::Torn(fault)
            }
            Some(fault) => Verdict::Damaged(fault),
        };
        let tail =
            if matches!(verdict, Verdict::Damaged(_)) { self.last_intact } else { self.tail };
        Survey {
            segments,
            mark,
            tail,
            chain: self.chain,
            tail_millis: self.tail_millis,
            denied: self.denied,
            last_append: self.last_append,
            acknowledged: self.acknowledged,
            verdict,
            erasures: self.erasures,
        }
    }
}
