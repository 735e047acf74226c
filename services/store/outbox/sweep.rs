//! Payloads that nothing names any more. They are looked for without the lock, and removed in small steps: whoever sends or commits waits for one
//! step at most.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use prost::Message;

use super::kept::letter;
use super::stream::StreamId;
use super::{BATCH_ROWS, Outbox, keys};
use crate::proto::store::OutboxRow;
use crate::store::error::{StoreError, damaged};
use crate::store::sled_error::unreadable;

impl Outbox {
    /// Removes dead letters from before a time, and payloads that nothing names any more.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn forget(&self, before_millis: u64) -> Result<(), StoreError> {
        for id in self.streams() {
            self.forget_letters(&id, before_millis)?;
        }
        self.sweep()
    }

    fn forget_letters(&self, id: &StreamId, before_millis: u64) -> Result<(), StoreError> {
        let (mut old, mut bytes) = (Vec::new(), 0);
        for found in self.letters(id, 0, u64::MAX) {
            let (sequence, letter) = found?;
            if letter.time_millis >= before_millis {
                continue;
            }
            old.push(keys::dead(id, sequence));
            let row = letter.row.unwrap_or_default();
            if !row.payload_hash.is_empty() && !self.has_row(id, sequence)? {
                bytes += u64::from(row.payload_bytes);
            }
        }
        self.lighten(id, bytes)?;
        self.remove_keys(&old)
    }

    /// Removes payloads that nothing names any more.
    pub(super) fn sweep(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        // From here on every row that is added says which payload it names.
        self.now().used = Some(BTreeSet::new());
        let swept = self.unnamed().and_then(|unnamed| self.remove_unused(&unnamed));
        self.now().used = None;
        swept
    }

    /// Keys of payloads that no row names. Rows that are added meanwhile may name some of them.
    fn unnamed(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut named = BTreeSet::new();
        let wrong = || damaged("a row of the outbox cannot be read".to_owned());
        // Events first: one that becomes a dead letter meanwhile is found there.
        for row in self.db.scan_prefix(keys::EVENTS) {
            let (_, value) = row.map_err(|error| unreadable(&error))?;
            named.insert(OutboxRow::decode(&*value).map_err(|_| wrong())?.payload_hash.to_vec());
        }
        for row in self.db.scan_prefix(keys::DEAD_LETTERS) {
            let (_, value) = row.map_err(|error| unreadable(&error))?;
            named.insert(letter(&value)?.row.unwrap_or_default().payload_hash.to_vec());
        }
        let mut unnamed = Vec::new();
        for key in self.db.scan_prefix(keys::PAYLOADS).keys() {
            let key = key.map_err(|error| unreadable(&error))?;
            if !keys::hash_of(&key).is_some_and(|hash| named.contains(hash)) {
                unnamed.push(key.to_vec());
            }
        }
        Ok(unnamed)
    }

    fn remove_unused(&self, unnamed: &[Vec<u8>]) -> Result<(), StoreError> {
        for step in unnamed.chunks(BATCH_ROWS) {
            let now = self.now();
            let is_used = |key: &[u8]| {
                let hash = keys::hash_of(key);
                hash.is_some_and(|hash| now.used.as_ref().is_some_and(|used| used.contains(hash)))
            };
            let unused: Vec<_> = step.iter().filter(|key| !is_used(key)).cloned().collect();
            // Nothing is added in this step.
            self.remove_keys(&unused)?;
        }
        Ok(())
    }
}
