//! Disk space that is allocated before sled needs it, so that other programs cannot take it.
//!
//! If a write of sled's fails on a full disk, all of sled fails, reads included, until it is opened again. Two allocations
//! prevent that:
//!
//! - **Room ahead**: blocks behind the end of sled's file, for everything that sled may still write. They do not change the
//!   file's length. A change that does not fit is refused.
//! - **The reserve**: a file of length 0 with unused blocks. It is removed when sled has to be opened on a full disk, which
//!   needs some space. No change is accepted until the reserve exists again. sled sometimes cuts its file, and the room ahead
//!   with it; if the disk fills at that moment, the reserve makes opening possible.
//!
//! A file system without `fallocate` has neither, and a full disk may interrupt reading.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Size of the reserve, in bytes.
pub(super) const RESERVE_BYTES: u64 = 16 << 20;
/// Step of the allocation, in bytes, so that most changes need no allocation of their own.
const STEP: u64 = 4 << 20;
/// Unit of `st_blocks`, in bytes.
const BLOCK: u64 = 512;

/// Room ahead and reserve of one data folder.
pub(super) struct Reserve {
    reserve: PathBuf,
    data: PathBuf,
    /// Bytes of sled's file that are allocated, from its beginning; 0 if unknown.
    until: u64,
}

impl Reserve {
    /// For a data folder whose sled writes the file `data`. Allocates nothing yet.
    pub(super) fn new(folder: &Path, data: PathBuf) -> Self {
        Self { reserve: folder.join("reserve"), data, until: 0 }
    }

    /// Allocates the reserve, if it does not exist.
    ///
    /// # Errors
    /// The disk has no room for the reserve, or the folder cannot be written.
    pub(super) fn hold(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&self.reserve)?;
        if file.metadata()?.blocks().saturating_mul(BLOCK) >= RESERVE_BYTES {
            return Ok(());
        }
        allocate(&file, RESERVE_BYTES)
    }

    /// Removes the reserve, so that its blocks are free.
    pub(super) fn release(&self) {
        match std::fs::remove_file(&self.reserve) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, reserve = %self.reserve.display(), "could not be removed");
            }
            _ => {}
        }
    }

    /// Makes sure that sled can write `bytes` behind the end of its file.
    ///
    /// # Errors
    /// The disk has no room for them, or sled's file does not exist.
    pub(super) fn ahead(&mut self, bytes: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(&self.data)?;
        let meta = file.metadata()?;
        let needed = meta.len().saturating_add(bytes);
        // Fewer blocks than were allocated: sled has cut its file.
        if needed <= self.until && meta.blocks().saturating_mul(BLOCK) >= self.until {
            return Ok(());
        }
        self.until = 0;
        // From the beginning: sled leaves holes, which need room too.
        let until = needed.next_multiple_of(STEP);
        allocate(&file, until)?;
        self.until = until;
        Ok(())
    }
}

/// Allocates the first bytes of a file without changing its length.
fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        allocated => Ok(allocated?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allocated(path: &Path) -> u64 {
        std::fs::metadata(path).unwrap().blocks() * BLOCK
    }

    fn new(folder: &Path) -> Reserve {
        Reserve::new(folder, folder.join("data"))
    }

    #[test]
    fn the_reserve_has_blocks_and_no_length() {
        let place = tempfile::tempdir().unwrap();
        let (reserve, file) = (new(place.path()), place.path().join("reserve"));
        reserve.release();
        for _ in 0..2 {
            reserve.hold().unwrap();
            assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
            assert!(allocated(&file) >= RESERVE_BYTES);
        }
        reserve.release();
        assert!(!file.try_exists().unwrap());
        reserve.hold().unwrap();
        // What a power cut may leave: the name without the blocks.
        File::create(&file).unwrap().set_len(0).unwrap();
        assert_eq!(allocated(&file), 0);
        reserve.hold().unwrap();
        assert!(allocated(&file) >= RESERVE_BYTES);
    }

    #[test]
    fn room_ahead_follows_the_end_of_the_file() {
        let place = tempfile::tempdir().unwrap();
        let (mut reserve, data) = (new(place.path()), place.path().join("data"));
        assert_eq!(reserve.ahead(1).unwrap_err().kind(), io::ErrorKind::NotFound);
        for length in [0, 10, 5 << 20, 3 * STEP] {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(&data)
                .unwrap()
                .set_len(length)
                .unwrap();
            reserve.ahead(1_000).unwrap();
            assert_eq!(std::fs::metadata(&data).unwrap().len(), length, "the length stays");
            assert!(allocated(&data) >= length + 1_000);
        }
    }

    #[test]
    fn room_that_was_cut_off_is_taken_again() {
        let place = tempfile::tempdir().unwrap();
        let (mut reserve, data) = (new(place.path()), place.path().join("data"));
        let file = File::create(&data).unwrap();
        reserve.ahead(STEP).unwrap();
        file.set_len(8_192).unwrap();
        file.set_len(0).unwrap();
        assert_eq!(allocated(&data), 0);
        reserve.ahead(STEP).unwrap();
        assert!(allocated(&data) >= STEP);
    }
}
