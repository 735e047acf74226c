//! One process for a data folder. The process that opens the folder holds this lock until it ends, even if it is killed.
//!
//! sled locks its own file only. If that file is missing or was set aside, sled's lock would not stop a second process, and
//! two writers would append to one log.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::error::StoreError;

/// Retries, because a process that was just killed may still be closing its files.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// The lock of a data folder. Dropping it closes the file, which releases the lock.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks a data folder, which has to exist.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it, or the lock cannot be written.
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|source| StoreError::Io { doing: "open", path, source })?;
        Self::of(file, folder)
    }

    /// Keeps others from a folder that is only read. None: the folder has no lock, and cannot get one, so that no service has it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it.
    pub(super) fn take_to_read(folder: &Path) -> Result<Option<Self>, StoreError> {
        // A lock needs no right to write.
        match File::open(folder.join("lock")) {
            Ok(file) => Self::of(file, folder).map(Some),
            Err(_) => match Self::take(folder) {
                Err(StoreError::Io { .. }) => Ok(None),
                taken => taken.map(Some),
            },
        }
    }

    fn of(file: File, folder: &Path) -> Result<Self, StoreError> {
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
