//! Opening sled in a data folder. A damaged sled folder is renamed, never deleted, and sled is rebuilt from the log.

use std::path::{Path, PathBuf};

use super::error::{StoreError, io};
use super::folder::free_bytes;
use super::log::{Log, LogError, Opened, SegmentLog};
use super::sled_error::is_of_the_disk;
use super::state::{State, genesis_of};

/// Free bytes below which a damaged sled stays where it is: the disk is too full to rebuild sled.
const MAKE_ANEW_BYTES: u64 = 1 << 20;
/// Most folders of one kind that are kept for the operator.
const MOST_ASIDE: u32 = 1_000;

/// Why a sled is set aside whose rows are whole.
pub(super) const OF_ANOTHER_LOG: &str = "the store is of another log than the one in this folder";

/// Opens sled when the service starts. If sled is damaged or the disk cannot read it, sets it aside and begins a new one. Rows
/// of an earlier format are deleted, if the log has all that they have.
pub(super) fn open_first(folder: &Path, sled_bytes: u64) -> Result<State, StoreError> {
    match open_state(folder, sled_bytes) {
        Err(StoreError::OldFormat { format, position }) => {
            has_everything(&folder.join("log"), position)?;
            let sled = folder.join("sled");
            std::fs::remove_dir_all(&sled).map_err(io("remove", &sled))?;
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
            // Where there is no room, it is no sound verdict either: a full disk makes sled stumble too.
            has_room(folder, &why)?;
            let aside = set_aside(&sled)?;
            tracing::warn!(why, aside = %aside.display(), "the store is damaged: made anew from the log");
            State::open(&sled, sled_bytes)
        }
        opened => opened,
    }
}

/// Sets aside a sled whose rows are whole and are not those of the log, and begins a new one.
pub(super) fn made_anew(
    state: State,
    folder: &Path,
    sled_bytes: u64,
    why: &str,
) -> Result<State, StoreError> {
    let (position, sled) = (state.tree.position(), folder.join("sled"));
    drop(state);
    has_room(folder, why)?;
    let aside = set_aside(&sled)?;
    tracing::warn!(why, position, aside = %aside.display(), "the store is set aside: made anew from the log");
    State::open(&sled, sled_bytes)
}

fn has_room(folder: &Path, why: &str) -> Result<(), StoreError> {
    let free = free_bytes(folder)?;
    let has = free >= MAKE_ANEW_BYTES;
    has.then_some(()).ok_or_else(|| {
        StoreError::Full(format!(
            "{why}; it cannot be made anew from the log: {free} bytes are free"
        ))
    })
}

/// Proves that the log is whole up to this position, and can be read.
fn has_everything(log: &Path, position: u64) -> Result<(), StoreError> {
    let opened = SegmentLog::read_only(log, &[position.into()]);
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
    let aside = free_name(sled, "sled-damaged").map_err(io("set aside", sled))?;
    std::fs::rename(sled, &aside).map_err(io("set aside", sled))?;
    Ok(aside)
}

/// A path beside another that does not exist: `name-1`, `name-2`, …
pub(super) fn free_name(beside: &Path, name: &str) -> std::io::Result<PathBuf> {
    for number in 1..=MOST_ASIDE {
        let path = beside.with_file_name(format!("{name}-{number}"));
        if !path.try_exists()? {
            return Ok(path);
        }
    }
    let what = format!(
        "there are {MOST_ASIDE} folders {name}-1, {name}-2, … already: delete what nobody needs"
    );
    Err(std::io::Error::other(what))
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
