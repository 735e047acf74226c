//! What every log promises, wherever it keeps its entries.

use std::ops::RangeInclusive;

use super::entry::{Entry, NewEntry};
use super::error::LogError;

/// One ordered list of entries that only grows.
pub trait Log: Send {
    /// Appends the entries in order and returns their positions once *all* of them are durable (one fsync for all: group
    /// commit). Nothing to append gives an empty range.
    ///
    /// # Errors
    /// [`LogError::TooLarge`], [`LogError::Full`], [`LogError::Io`]: nothing was appended, the next append may succeed.
    /// [`LogError::Stopped`]: it is not known whether anything was appended; only opening again helps.
    /// [`LogError::Damaged`]: refused, because the log is damaged.
    fn append(&mut self, entries: &[NewEntry<'_>]) -> Result<RangeInclusive<u64>, LogError>;

    /// The entries from a position (0 and 1 mean all) to the [tail](Log::tail), in order of position. A damaged place is
    /// one error item, after which intact entries follow. A position beyond the tail gives nothing.
    ///
    /// # Errors
    /// None today for either implementation; a log over a network may fail to begin.
    fn read_from(&self, position: u64) -> Result<Entries<'_>, LogError>;

    /// Position of the last entry, 0 if there is none.
    fn tail(&self) -> u64;
}

/// What [`Log::read_from`] gives.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry, LogError>> + 'a>;

/// The length of an entry's payload; refuses one above the limit of its kind.
pub(super) fn payload_bytes(entry: &NewEntry<'_>) -> Result<u32, LogError> {
    let (kind, bytes, limit) = (entry.kind, entry.payload.len(), entry.kind.payload_limit());
    u32::try_from(bytes).ok().filter(|_| bytes <= limit).ok_or(LogError::TooLarge {
        kind,
        bytes,
        limit,
    })
}
