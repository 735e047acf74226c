//! What two logs differ in: the kinds of their entries, and which of them are read when the log is opened.

use super::{
    entry::{AUDIT, CHANGES, EntryKind, Place},
    frame::NO_CHAIN,
    segment::Segment,
    sequence::Sequence,
};

/// How a log is read.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Kinds that its entries have; another kind is damage.
    pub(super) kinds: &'static [EntryKind],
    begins: Begins,
}

/// Where a survey of the log begins.
#[derive(Clone, Copy, Debug)]
enum Begins {
    /// With the entry after this place: everything before it was removed.
    After(Place),
    /// With the first entry that is there, whichever that is.
    Anywhere,
    /// With the last segment that has entries.
    LastSegment,
}

impl Shape {
    /// The log of changes: all of it is read and checked.
    pub const CHANGES: Self =
        Self { kinds: CHANGES, begins: Begins::After(Place { position: 0, chain: NO_CHAIN }) };
    /// The audit log as a service opens it. Nothing needs its earlier segments, which may be very many: `equity audit verify` checks them.
    pub const AUDIT: Self = Self { kinds: AUDIT, begins: Begins::LastSegment };

    /// All of the audit log that is there.
    #[must_use]
    pub fn audit_that_is_there() -> Self {
        Self { begins: Begins::Anywhere, ..Self::AUDIT }
    }

    /// All of the audit log after a place, up to which entries were removed. Position 0: none were.
    #[must_use]
    pub fn audit_after(removed: Place) -> Self {
        Self { begins: Begins::After(removed), ..Self::AUDIT }
    }

    /// The segments that are to be read, and what has to be in them.
    pub(super) fn read<'a>(&self, segments: &'a [Segment]) -> (&'a [Segment], Sequence) {
        let from = match self.begins {
            Begins::Anywhere | Begins::After(Place { position: 0, .. }) => 0,
            // Of segments that should have been removed too, nothing is asked.
            Begins::After(Place { position, .. }) => {
                let next = segments.iter().skip(1).position(|next| next.first > position + 1);
                next.unwrap_or(segments.len().saturating_sub(1))
            }
            Begins::LastSegment => {
                segments.iter().rposition(|segment| segment.bytes > 0).unwrap_or(0)
            }
        };
        let segments = segments.get(from..).unwrap_or_default();
        let sequence = match (self.begins, segments.first()) {
            (Begins::After(place), _) => Sequence::after(place),
            (_, Some(first)) => Sequence::from_middle(first.first),
            (_, None) => Sequence::from_start(),
        };
        (segments, sequence)
    }
}
