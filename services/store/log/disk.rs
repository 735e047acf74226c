//! Every write operation of the log, behind a trait, so that tests can use a full or broken disk.

use std::{
    fs::{File, OpenOptions},
    io::{self, IoSlice, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

pub(super) trait Disk: Send {
    /// Creates a file that is not there yet, for appending, readable by its owner alone.
    fn create(&mut self, path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
    }

    /// Appends some of the bytes and returns how many.
    fn write(&mut self, mut file: &File, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        file.write_vectored(parts)
    }

    /// Makes the bytes of the file durable.
    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// Makes the names in the folder durable.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Cuts the file to this length.
    fn truncate(&mut self, file: &File, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }
}

/// The real file system.
pub(super) struct RealDisk;

impl Disk for RealDisk {}

#[cfg(test)]
impl super::append::SegmentLog {
    /// From now on the disk is full, or not.
    pub(in crate::store) fn disk_is_full(&mut self, is_full: bool) {
        struct FullDisk;
        impl Disk for FullDisk {
            fn write(&mut self, _: &File, _: &[IoSlice<'_>]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        self.disk = if is_full { Box::new(FullDisk) } else { Box::new(RealDisk) };
    }
}

/// Appends all the bytes, in as few calls as the system allows.
pub(super) fn write_all(
    disk: &mut dyn Disk,
    file: &File,
    mut parts: &mut [IoSlice<'_>],
) -> io::Result<()> {
    IoSlice::advance_slices(&mut parts, 0); // drops empty parts in front
    while !parts.is_empty() {
        match disk.write(file, parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut parts, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the failure means: no space, file too large, or quota reached.
pub(in crate::store) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | FileTooLarge | QuotaExceeded)
}
