//! Opening sled in a data folder. A damaged sled folder is renamed, never deleted, and sled is rebuilt from the log.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::folder::free_bytes;
use super::log::{Log, LogError, Opened, SegmentLog};
use super::sled_error::is_of_the_disk;
use super::state::{State, genesis_of};

/// Free bytes below which a damaged sled stays where it is: the disk is too full to rebuild sled.
const MAKE_ANEW_BYTES: u64 = 1 << 20;

/// Opens sled when the service starts. If sled is damaged or the disk cannot read it, sets it aside and begins a new one. Rows
/// of an earlier format are deleted, if the log has all that they have.
pub(super) fn open_first(folder: &Path, sled_bytes: u64) -> Result<State, StoreError> {
    match open_state(folder, sled_bytes) {
        Err(StoreError::OldFormat { format, position }) => {
            has_everything(&folder.join("log"), position)?;
            let sled = folder.join("sled");
            std::fs::remove_dir_all(&sled).map_err(|source| StoreError::Io {
                doing: "remove",
                path: sled,
                source,
            })?;
            tracing::warn!(
                format,
                "the store has the format of an earlier version: made anew from the log"
            );
            open_state(folder, sled_bytes)
        }
        Err(StoreError::Io { source, .. }) if is_of_the_disk(&source) => {
            let aside = set_aside(&folder.join("sled"))?;
            tracing::warn!(%source, aside = %aside.display(), "the store cannot be read: made anew from the log");
            open_state(folder, sled_bytes)
        }
        opened => opened,
    }
}

/// Opens sled. If sled is damaged, sets it aside and begins a new one. A disk error is returned: sled may be intact.
pub(super) fn open_state(folder: &Path, sled_bytes: u64) -> Result<State, StoreError> {
    let sled = folder.join("sled");
    match State::open(&sled, sled_bytes) {
        Err(StoreError::Damaged(why)) => {
            let free = free_bytes(folder)?;
            if free < MAKE_ANEW_BYTES {
                // Not a sound verdict either: a full disk makes sled stumble too.
                return Err(StoreError::Apply(format!(
                    "{why}; No space left to make it anew from the log: {free} bytes are free"
                )));
            }
            let aside = set_aside(&sled)?;
            tracing::warn!(why, aside = %aside.display(), "the store is damaged: made anew from the log");
            State::open(&sled, sled_bytes)
        }
        opened => opened,
    }
}

/// Proves that the log is whole up to this position, and can be read.
fn has_everything(log: &Path, position: u64) -> Result<(), StoreError> {
    let opened = SegmentLog::read_only(log, position);
    let opened = opened.map_err(|error| StoreError::NotConverted(error.to_string()))?;
    let Opened { log, damage, .. } = opened;
    if let Some(damage) = damage {
        return Err(StoreError::NotConverted(LogError::Damaged(damage).to_string()));
    }
    if log.tail() < position {
        let (tail, what) = (log.tail(), "the log ends at");
        return Err(StoreError::NotConverted(format!("{what} {tail}, the store at {position}")));
    }
    genesis_of(&log).map(drop)
}

fn set_aside(sled: &Path) -> Result<PathBuf, StoreError> {
    let failed = |source| StoreError::Io { doing: "set aside", path: sled.to_owned(), source };
    let mut number = 1;
    loop {
        let aside = sled.with_file_name(format!("sled-damaged-{number}"));
        if !aside.try_exists().map_err(failed)? {
            return std::fs::rename(sled, &aside).map(|()| aside).map_err(failed);
        }
        number += 1;
    }
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
