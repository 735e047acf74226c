//! Checks that an intact frame is in the right place: position and hash chain.

use super::{
    entry::Place,
    error::Fault,
    frame::{Hash, Header, NO_CHAIN},
};

/// What is known of the next entry.
pub(super) struct Sequence {
    /// Position that the next entry has to have.
    pub(super) next: u64,
    /// Chain of the entry before it, where that is known.
    chain: Option<Hash>,
    /// Unreadable bytes came before, with any number of entries in them.
    gap: bool,
}

/// An intact frame that is not what should stand there.
pub(super) struct Misplaced {
    pub(super) fault: Fault,
    /// Whether the entry is nevertheless the next one that can be had.
    pub(super) usable: bool,
}

impl Sequence {
    /// The log from its first entry.
    pub(super) fn from_start() -> Self {
        Self::after(Place { position: 0, chain: NO_CHAIN })
    }

    /// The log after this place.
    pub(super) fn after(Place { position, chain }: Place) -> Self {
        Self { next: position.saturating_add(1), chain: Some(chain), gap: false }
    }

    /// The log from an entry whose predecessor is not looked at.
    pub(super) fn from_middle(next: u64) -> Self {
        Self { next, chain: if next == 1 { Some(NO_CHAIN) } else { None }, gap: false }
    }

    /// Whether entries may be lost without having been named yet.
    pub(super) fn in_gap(&self) -> bool {
        self.gap
    }

    /// Begins the segment whose name says that position.
    pub(super) fn enter(&mut self, first: u64) -> Result<(), Fault> {
        if first < self.next {
            return Err(Fault::Repeated(first));
        }
        let (skipped, announced) = (first > self.next, std::mem::take(&mut self.gap));
        if skipped {
            *self = Self::from_middle(first);
        }
        if skipped && !announced { Err(Fault::Missing(first - 1)) } else { Ok(()) }
    }

    /// Takes an intact frame.
    pub(super) fn admit(&mut self, header: &Header) -> Result<(), Misplaced> {
        if header.position < self.next {
            // Nothing changes: an entry seen before must not be seen twice.
            return Err(Misplaced { fault: Fault::Repeated(header.position), usable: false });
        }
        let skipped = header.position > self.next;
        let linked = skipped || self.chain.as_ref().is_none_or(|chain| header.follows(chain));
        let announced = std::mem::take(&mut self.gap);
        self.advance(header);
        if skipped && !announced {
            return Err(Misplaced { fault: Fault::Missing(header.position - 1), usable: true });
        }
        if linked { Ok(()) } else { Err(Misplaced { fault: Fault::Chain, usable: false }) }
    }

    /// Takes bytes that are no intact frame; the header, if that much of it is readable. More entries may be lost in them.
    pub(super) fn lose(&mut self, header: Option<&Header>) {
        if let Some(header) = header.filter(|header| header.position == self.next) {
            self.advance(header);
        }
        self.gap = true;
    }

    fn advance(&mut self, header: &Header) {
        self.next = header.position.saturating_add(1);
        self.chain = Some(header.chain);
    }
}
