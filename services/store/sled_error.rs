//! What an error of sled means: damage, a disk that failed, or a system that had no room.

use super::error::StoreError;

/// The error of a failed read. After a failed write all reads of sled's fail with the write's error, which is no damage.
pub(super) fn unreadable(error: &sled::Error) -> StoreError {
    if let sled::Error::Io(io) = error
        && (is_no_damage(io) || is_of_the_disk(io))
    {
        return StoreError::Apply(error.to_string());
    }
    StoreError::Damaged(error.to_string())
}

/// Whether another process has sled's file.
pub(super) fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(io) if io.to_string().contains("could not acquire lock"))
}

/// Whether the disk answered with an error (EIO). Then the data may be intact or not.
pub(super) fn is_of_the_disk(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(5)
}

/// Whether the system keeps sled from opening: no space, no permission, too many open files.
pub(super) fn is_no_damage(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        FileTooLarge, OutOfMemory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    // Too many open files, in this process or in the system.
    let too_many = matches!(error.raw_os_error(), Some(23 | 24));
    too_many
        || matches!(
            error.kind(),
            StorageFull
                | QuotaExceeded
                | FileTooLarge
                | PermissionDenied
                | ReadOnlyFilesystem
                | OutOfMemory
        )
}
