//! Room on the disk that is taken before it is needed, so that others who fill the disk cannot take it.
//!
//! A sled that meets the end of the disk fails, reads included, until it is opened again. Two things keep it from that:
//!
//! - **Room ahead**: behind the end of sled's file, blocks are allocated for whatever sled may still write. They do not change
//!   the file's length. Nothing is accepted that does not fit in there.
//! - **The reserve**: a file of length 0 whose blocks nobody uses. It is let go when sled has to be opened on a full disk (which
//!   takes a little room), and nothing is accepted until it is there again. sled cuts its file now and then, and the room
//!   ahead with it: if the disk fills right then, the reserve is what it is opened again with.
//!
//! On a file system that does not know `fallocate` neither is there, and a full disk may interrupt reading.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Size of the reserve, in bytes.
pub(super) const RESERVE_BYTES: u64 = 16 << 20;
/// Allocated at once ahead of sled, so that it is not done again for every change.
const STEP: u64 = 4 << 20;
/// What `st_blocks` counts in.
const BLOCK: u64 = 512;

/// The room of one data folder.
pub(super) struct Reserve {
    reserve: PathBuf,
    data: PathBuf,
    /// Up to where sled's file has its blocks.
    until: u64,
}

impl Reserve {
    /// The room of a data folder, whose sled writes the file `data`. Nothing is allocated yet.
    pub(super) fn new(folder: &Path, data: PathBuf) -> Self {
        Self { reserve: folder.join("reserve"), data, until: 0 }
    }

    /// Takes the reserve, if it is not there.
    ///
    /// # Errors
    /// There is no room for it, or the folder cannot be written.
    pub(super) fn hold(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&self.reserve)?;
        if file.metadata()?.blocks().saturating_mul(BLOCK) >= RESERVE_BYTES {
            return Ok(());
        }
        allocate(&file, RESERVE_BYTES)
    }

    /// Lets the reserve go.
    pub(super) fn release(&self) {
        match std::fs::remove_file(&self.reserve) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, reserve = %self.reserve.display(), "could not be removed");
            }
            _ => {}
        }
    }

    /// Makes sure that sled can write so many bytes behind the end of its file.
    ///
    /// # Errors
    /// There is no room for them, or sled's file is not there.
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
