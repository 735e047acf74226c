//! What erasures have left to do when the service starts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use prost::Message as _;

use super::erasing::{NEW, OLD, remove, remove_copies};
use super::erasure::{ErasureKind, left_by};
use super::error::{StoreError, damaged};
use super::log::{EntryKind, Erasures, Log as _, SegmentLog};
use super::state::State;
use crate::proto::store::{Erase, ErasedVersion, SubmissionMeta};

/// What a log still has although it says that it is erased.
#[derive(Default)]
pub(super) struct Unfinished {
    /// What has to stand in the place of payloads, by position.
    pub(super) left: BTreeMap<u64, Vec<u8>>,
    /// Position of the last erasure; 0: there is none.
    pub(super) last: u64,
    /// Payloads that are gone and that no erasure names: it was in the part of the log that is lost.
    pub(super) unnamed: BTreeSet<u64>,
    /// Position of the log's last entry.
    tail: u64,
}

impl Unfinished {
    /// Compares a log with its erasures.
    pub(super) fn of(log: &SegmentLog) -> Result<Self, StoreError> {
        let Erasures { ordered, done } = log.erasures();
        let (mut found, mut named) =
            (Self { tail: log.tail(), ..Self::default() }, BTreeSet::new());
        for position in ordered {
            let entry = log.read_from(*position)?.next().transpose()?;
            let erase = entry.filter(|entry| entry.kind == EntryKind::Erase);
            let erase = erase.ok_or_else(|| damaged(format!("entry {position} is not there")))?;
            let erase = Erase::decode(erase.payload.as_slice()).map_err(damaged)?;
            for (position, left) in left_by(&erase) {
                named.insert(position);
                if !done.contains(&position) {
                    found.left.insert(position, left);
                }
            }
            found.last = *position;
        }
        found.unnamed = done.difference(&named).copied().collect();
        Ok(found)
    }

    /// What is wrong, and what to do; none: everything that is erased is gone.
    pub(super) fn why(&self) -> Option<String> {
        if let Some(position) = self.unnamed.first() {
            return Some(format!(
                "the payload of entry {position} is gone, and no erasure names it: restore the log from the backup. If no backup has \
                 the erasure, `equity serve --accept-loss {}` goes on without it, once",
                self.tail
            ));
        }
        let first = self.left.first_key_value()?.0;
        Some(format!(
            "an erasure was interrupted: entry {first} still has its payload. Start the service: the start finishes it"
        ))
    }

    /// Whether a start may go on: every payload that is gone is named, or an operator has accepted that the erasure is lost.
    pub(super) fn refuses(&self, accept_loss: Option<u64>) -> Option<StoreError> {
        let is_refused = !self.unnamed.is_empty() && accept_loss != Some(self.tail);
        is_refused.then(|| StoreError::Erasure(self.why().unwrap_or_default()))
    }

    /// An erasure that names what no erasure names; none: there is nothing. The state is that of the whole log.
    pub(super) fn naming(
        &self,
        log: &SegmentLog,
        state: &State,
    ) -> Result<Option<Erase>, StoreError> {
        if self.unnamed.is_empty() {
            return Ok(None);
        }
        let catalog = state.catalog.read().unwrap_or_else(PoisonError::into_inner);
        let versions = catalog.slots().flat_map(|(_, versions)| versions);
        let numbers: BTreeMap<u64, u32> = versions.map(|of| (of.position, of.version)).collect();
        let mut erase = Erase {
            kind: ErasureKind::Lost as u32,
            reason: "the erasure was in a part of the log whose loss was accepted".to_owned(),
            caller: "service".to_owned(),
            request_id: format!("accepted loss behind {}", self.tail),
            ..Erase::default()
        };
        for position in &self.unnamed {
            let Some(version) = numbers.get(position) else {
                erase.stray_chunks.push(*position);
                continue;
            };
            let entry = log.read_from(*position)?.next().transpose()?;
            let payload = entry.map(|entry| entry.payload).unwrap_or_default();
            let left = SubmissionMeta::decode(payload.as_slice()).map_err(damaged)?;
            erase.record_count += left.accepted_count;
            let (position, left, version) = (*position, Some(left), *version);
            erase.versions.push(ErasedVersion { position, left, version, ..Default::default() });
        }
        Ok(Some(erase))
    }

    /// Whether rows up to a position were made before the last erasure.
    pub(super) fn are_old(&self, position: u64) -> bool {
        position > 0 && position < self.last
    }
}

/// Finishes at a start what an erasure has left, and returns the state to go on with. `set_aside`: folders of a sled of which nothing is
/// known that this start has kept for the operator.
pub(super) fn finish_at_start(
    log: &mut SegmentLog,
    unfinished: &Unfinished,
    mut state: State,
    folder: &Path,
    sled_bytes: u64,
    set_aside: &[PathBuf],
) -> Result<State, StoreError> {
    if unfinished.last == 0 && unfinished.unnamed.is_empty() {
        return Ok(state);
    }
    [NEW, OLD].iter().try_for_each(|name| remove(&folder.join(name)))?;
    // It may be older than the erasure.
    set_aside.iter().try_for_each(|path| remove(path))?;
    if !unfinished.left.is_empty() {
        tracing::warn!(
            payloads = unfinished.left.len(),
            "an erasure was interrupted: it is finished now"
        );
        remove_copies(folder)?;
        log.erase(&unfinished.left)?;
    }
    // Rows that were made before, or the files of a sled that has lost them. When an erasure is lost, no rows are known to be younger.
    let (is_begun, is_lost) = (!unfinished.left.is_empty(), !unfinished.unnamed.is_empty());
    if is_begun || is_lost || state.tree.position() < unfinished.last {
        drop(state);
        let sled = folder.join("sled");
        remove(&sled)?;
        state = State::open(&sled, sled_bytes)?;
    }
    Ok(state)
}

#[cfg(test)]
#[path = "unfinished_tests.rs"]
mod tests;
