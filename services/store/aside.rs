//! Opening sled in a data folder. A damaged sled is set aside, never deleted, and begun anew: the log has everything.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::folder::free_bytes;
use super::state::State;
use super::tree::is_of_the_disk;

/// Room without which sled is not made anew: it could not be, and what is there would be set aside for nothing.
const MAKE_ANEW_BYTES: u64 = 1 << 20;

/// Opens sled in a data folder at the start. A damaged one, or one that the disk does not give back, is set aside and begun anew.
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

/// Opens sled in a data folder. A damaged one is set aside and begun anew; one that the disk does not give back may be whole.
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
