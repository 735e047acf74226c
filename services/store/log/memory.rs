//! A log in memory, for tests of other rooms.

use std::ops::RangeInclusive;

use super::{
    entry::{Entry, NewEntry},
    error::LogError,
    ordered_log::{Entries, Log, payload_bytes},
};

/// A log without files: its entries are gone when it is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    entries: Vec<Entry>,
}

impl MemoryLog {
    /// A log without entries; the first append gets position 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Log for MemoryLog {
    fn append(&mut self, entries: &[NewEntry<'_>]) -> Result<RangeInclusive<u64>, LogError> {
        entries.iter().try_for_each(|entry| payload_bytes(entry).map(drop))?;
        let first = self.tail() + 1;
        self.entries.extend(entries.iter().zip(first..).map(|(entry, position)| Entry {
            position,
            kind: entry.kind,
            time_millis: entry.time_millis,
            payload_hash: *blake3::hash(entry.payload).as_bytes(),
            payload: entry.payload.to_vec(),
        }));
        Ok(first..=self.tail())
    }

    fn read_from(&self, position: u64) -> Result<Entries<'_>, LogError> {
        let before = self.entries.partition_point(|entry| entry.position < position);
        Ok(Box::new(self.entries[before..].iter().cloned().map(Ok)))
    }

    fn tail(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.position)
    }
}
