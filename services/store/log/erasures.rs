//! What a log has of erasures, and what stands in the place of an erased payload.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{entry::EntryKind, error::LogError, frame::Header, segment::Segment};

/// Ending of a segment that is being written again.
const HALF_WRITTEN: &str = "seg.new";
const HASH_BYTES: usize = 32;

/// What a log has of erasures: the entries that order them, and the entries whose payloads are gone.
#[derive(Clone, Debug, Default)]
pub struct Erasures {
    /// Positions of the erasures.
    pub ordered: BTreeSet<u64>,
    /// Positions of the entries without their payloads.
    pub done: BTreeSet<u64>,
}

impl Erasures {
    pub(super) fn note(&mut self, header: &Header) {
        if header.kind == EntryKind::Erase as u8 {
            self.ordered.insert(header.position);
        }
        if header.erased.is_some() {
            self.done.insert(header.position);
        }
    }
}

/// Removes segments that were being written again when the service ended: the old ones are there.
pub(super) fn remove_half_written(folder: &Path) -> Result<(), LogError> {
    for segment in Segment::list(folder)? {
        let path = half_written(&segment.path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(LogError::Io { doing: "remove", path, source: error });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Takes the hash off what stands in the place of a payload, and says whether it is its own.
pub(super) fn take_left(stored: &mut Vec<u8>) -> bool {
    let Some(end) = stored.len().checked_sub(HASH_BYTES) else { return stored.is_empty() };
    let is_own = blake3::hash(&stored[..end]).as_bytes()[..] == stored[end..];
    stored.truncate(end);
    is_own
}

pub(super) fn with_hash(left: &[u8]) -> Vec<u8> {
    match left {
        [] => Vec::new(),
        left => [left, &blake3::hash(left).as_bytes()[..]].concat(),
    }
}

pub(super) fn half_written(segment: &Path) -> PathBuf {
    segment.with_extension(HALF_WRITTEN)
}
