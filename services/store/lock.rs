//! One process for a data folder. The process that opens the folder holds this lock until it ends, even if it is killed.
//!
//! It is two locks: one of the file `lock`, and one of the folder itself, which nobody can remove under a running service. Some file
//! systems of a network lock no folders; there the file has to do.
//!
//! sled locks its own file only. If that file is missing or was set aside, sled's lock would not stop a second process, and
//! two writers would append to one log.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::StoreError;

/// Retries, because a process that was just killed may still be closing its files.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// The lock of a data folder. Dropping it closes the files, which releases the lock.
pub(super) struct Lock {
    _file: File,
    _folder: Option<File>,
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
        let is_of_another = || StoreError::Locked(folder.to_owned());
        // Also where the file system locks no files: two services could write there.
        lock(&file).map_err(|_| is_of_another())?;
        let itself = File::open(folder).ok();
        match itself.as_ref().map(lock) {
            Some(Err(Errno::WOULDBLOCK)) => Err(is_of_another()),
            Some(Ok(())) => Ok(Self { _file: file, _folder: itself }),
            Some(Err(_)) | None => Ok(Self { _file: file, _folder: None }),
        }
    }
}

fn lock(file: &File) -> Result<(), Errno> {
    for _ in 1..TRIES {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            locked => return locked,
        }
    }
    flock(file, FlockOperation::NonBlockingLockExclusive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_process_even_without_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::take(folder.path()).unwrap();
        for removed in [false, true] {
            if removed {
                std::fs::remove_file(folder.path().join("lock")).unwrap();
            }
            let second = Lock::take(folder.path());
            assert!(matches!(second, Err(StoreError::Locked(_))), "removed: {removed}");
            let second = Lock::take_to_read(folder.path());
            assert!(matches!(second, Err(StoreError::Locked(_))), "removed: {removed}");
        }
        drop(held);
        drop(Lock::take(folder.path()).unwrap());
    }
}
