//! Opening sled in a data folder. A damaged sled folder is renamed, never deleted, and sled is rebuilt from the log.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::folder::free_bytes;
use super::state::State;
use super::tree::is_of_the_disk;

/// Free bytes below which a damaged sled stays where it is: the disk is too full to rebuild sled.
const MAKE_ANEW_BYTES: u64 = 1 << 20;

/// Opens sled when the service starts. If sled is damaged or the disk cannot read it, sets it aside and begins a new one.
pub(super) fn open_first(folder: &Path, sled_bytes: u64) -> Result<State, StoreError> {
    match open_state(folder, sled_bytes) {
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

fn set_aside(sled: &Path) -> Result<PathBuf, StoreError> {
    let mut number = 1;
    let aside = loop {
        let aside = sled.with_file_name(format!("sled-damaged-{number}"));
        if !aside.try_exists().unwrap_or(true) {
            break aside;
        }
        number += 1;
    };
    match std::fs::rename(sled, &aside) {
        Ok(()) => Ok(aside),
        Err(source) => Err(StoreError::Io { doing: "set aside", path: sled.to_owned(), source }),
    }
}
