//! A log in memory, for tests of other rooms.

use std::collections::BTreeMap;

use super::{
    entry::{Entry, NewEntry, Place},
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
    fn append(&mut self, entries: &[NewEntry<'_>]) -> Result<Vec<Place>, LogError> {
        entries.iter().try_for_each(|entry| payload_bytes(entry).map(drop))?;
        let mut chain = self.entries.last().map_or([0; 32], |entry| entry.place.chain);
        let mut places = Vec::new();
        for (entry, position) in entries.iter().zip(self.tail() + 1..) {
            let payload_hash = *blake3::hash(entry.payload).as_bytes();
            let mut hasher = blake3::Hasher::new();
            hasher.update(&chain).update(&[entry.kind as u8]).update(&payload_hash);
            chain = *hasher.update(&entry.time_millis.to_le_bytes()).finalize().as_bytes();
            let place = Place { position, chain };
            places.push(place);
            self.entries.push(Entry {
                place,
                kind: entry.kind,
                time_millis: entry.time_millis,
                payload_hash,
                payload: entry.payload.to_vec(),
                erased: false,
            });
        }
        Ok(places)
    }

    fn read_from(&self, position: u64) -> Result<Entries<'_>, LogError> {
        let before = self.entries.partition_point(|entry| entry.place.position < position);
        Ok(Box::new(self.entries[before..].iter().cloned().map(Ok)))
    }

    fn tail(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.place.position)
    }

    fn segments(&self) -> usize {
        1
    }

    fn erase(&mut self, left: &BTreeMap<u64, Vec<u8>>) -> Result<(), LogError> {
        for entry in self.entries.iter_mut().filter(|entry| !entry.erased) {
            if let Some(left) = left.get(&entry.place.position) {
                (entry.payload, entry.erased) = (left.clone(), true);
            }
        }
        Ok(())
    }
}
