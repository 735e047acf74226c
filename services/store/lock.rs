//! One process for a data folder: whoever opens it holds this lock until the process ends, however it ends.
//!
//! sled has a lock of its own, but on its own file: somebody who finds sled gone, or sets it aside, would not meet it, and two
//! writers would append to one log.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::error::StoreError;

/// A process that was just killed may still be closing its files.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Held as long as it lives: closing the file is what lets go.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a data folder, which has to be there.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it, or the lock cannot be written.
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|source| StoreError::Io { doing: "open", path, source })?;
        for attempt in 0..TRIES {
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Self { _file: file });
            }
            if attempt + 1 < TRIES {
                std::thread::sleep(PAUSE);
            }
        }
        Err(StoreError::Locked(folder.to_owned()))
    }
}
