//! Snapshots: copies of a data folder that prove themselves, taken while a service works, and restored into an empty folder.
//!
//! A snapshot has the segments of the log and of the audit log, the file `outbox.safe` if there is one, and `manifest.json`: position and
//! chain of both logs, what they have, and the BLAKE3 of each file. The manifest is written last: a folder without one is no snapshot.
//!
//! Not in it: the secret, which has to be kept elsewhere, because without it the data cannot be used; the witness; sled, which the next start computes from
//! the log; the outbox, because `outbox.safe` says where a new one begins.
//!
//! # Erasures
//! An erasure is first an entry, and then replaces segments. A copy that was made meanwhile can have the entry and still the payload, or lack
//! both. It is made again until everything that its log says is erased is gone in it. What is erased later stays in a snapshot that was taken before: the
//! operator has to destroy it.
//!
//! - `manifest` what a snapshot says of itself
//! - `take`, `restore` making one, and a data folder of one

mod manifest;
mod restore;
mod take;

pub use manifest::{Counts, FilePart, LogPart, Manifest};
pub use restore::restore;
pub(super) use restore::{remove_left, unfinished};
pub use take::take;

use std::path::Path;

use super::error::{StoreError, io};

/// Folders of both logs, in a data folder and in a snapshot.
const LOG: &str = "log";
const AUDIT: &str = super::audit::FOLDER;
/// Where the streams of partners' telemetry have come.
const SAFE: &str = "outbox.safe";
/// What may lie in a folder that counts as empty: the lock that a restore takes, and what a new file system has.
const OF_NO_CONTENT: [&str; 2] = ["lock", "lost+found"];

/// Refuses a folder that has something in it. One that does not exist is empty.
fn is_empty(folder: &Path, what: &str) -> Result<(), StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(io("list", folder))?,
    };
    for entry in entries {
        let name = entry.map_err(io("list", folder))?.file_name();
        if OF_NO_CONTENT.iter().all(|known| name != *known) {
            return Err(StoreError::Snapshot(format!(
                "{} is not empty: it has `{}`. Name a new or an empty folder for {what}",
                folder.display(),
                name.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
