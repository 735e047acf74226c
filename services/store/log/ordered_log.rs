//! The trait of the log. One test suite holds every implementation to it.

use std::collections::BTreeMap;

use super::entry::{Entry, NewEntry, Place};
use super::error::LogError;

/// An ordered list of entries that only grows.
pub trait Log: Send {
    /// Appends the entries in order and returns their places once *all* of them are durable (one fsync for all: group
    /// commit).
    ///
    /// # Errors
    /// [`LogError::TooLarge`], [`LogError::Full`], [`LogError::Io`]: nothing was appended, the next append may succeed.
    /// [`LogError::Stopped`]: the entries may or may not be there; the log has to be opened again.
    /// [`LogError::Damaged`]: refused, because the log is damaged.
    fn append(&mut self, entries: &[NewEntry<'_>]) -> Result<Vec<Place>, LogError>;

    /// The entries from a position (0 and 1 mean all) to the [tail](Log::tail), in order of position. A damaged place is
    /// one error item, after which intact entries follow. A position beyond the tail gives nothing.
    ///
    /// # Errors
    /// Neither implementation fails here; a log over a network may.
    fn read_from(&self, position: u64) -> Result<Entries<'_>, LogError>;

    /// Position of the last entry, 0 if there is none.
    fn tail(&self) -> u64;

    /// Number of parts that it is stored in: a new one is begun when everything before it is durable.
    fn segments(&self) -> usize;

    /// Destroys the payloads of entries, by position, and puts something else in their place. Headers, and so the chain, stay. An entry
    /// whose payload is destroyed already stays as it is. Returns when all of it is durable.
    ///
    /// # Errors
    /// Some of the payloads may be there still: the same call goes on.
    fn erase(&mut self, left: &BTreeMap<u64, Vec<u8>>) -> Result<(), LogError>;
}

/// Entries in order of position, with an error for each damaged place.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry, LogError>> + 'a>;

/// Length of the payload, in bytes. Refuses a payload above the limit of its kind.
pub(super) fn payload_bytes(entry: &NewEntry<'_>) -> Result<u32, LogError> {
    let (kind, bytes, limit) = (entry.kind, entry.payload.len(), entry.kind.payload_limit());
    u32::try_from(bytes).ok().filter(|_| bytes <= limit).ok_or(LogError::TooLarge {
        kind,
        bytes,
        limit,
    })
}
