//! What an error of sled or of the system means: damage, a disk that failed, or a system that had no room.

use std::io;

use super::error::{StoreError, WriteError};
use super::log::is_full;

/// Numbers of errors of the system. They are the same on every platform that the service runs on.
mod errno {
    pub(super) const NO_FILE: i32 = 2;
    pub(super) const IO: i32 = 5;
    pub(super) const NO_FOLDER: i32 = 20;
    pub(super) const IS_FOLDER: i32 = 21;
    pub(super) const INVALID: i32 = 22;
}

/// The error of a failed read. After a failed write all reads of sled's fail with the write's error, which is no damage.
pub(super) fn unreadable(error: &sled::Error) -> StoreError {
    match error {
        sled::Error::Io(io) if is_no_damage(io) || is_of_the_disk(io) => unwritten(error),
        _ => StoreError::Damaged(error.to_string()),
    }
}

/// The error of a failed write. sled has to be opened again.
pub(super) fn unwritten(error: &sled::Error) -> StoreError {
    match error {
        sled::Error::Io(io) if is_full(io) => StoreError::Full(error.to_string()),
        _ => StoreError::Apply(error.to_string()),
    }
}

/// The refusal of a change that the system has no room for, or fails over.
pub(super) fn refused(doing: &str, error: &io::Error) -> WriteError {
    let why = format!("{doing}: {error}");
    if is_full(error) { WriteError::Full(why) } else { WriteError::Disk(why) }
}

/// Whether another process has sled's file.
pub(super) fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(io) if io.to_string().contains("could not acquire lock"))
}

/// Whether the disk answered with an error (EIO). Then the data may be intact or not.
pub(super) fn is_of_the_disk(error: &io::Error) -> bool {
    number(error) == Some(errno::IO)
}

/// Whether the system keeps sled from its files, whatever they hold: no space, no permission, too many open files, no memory.
pub(super) fn is_no_damage(error: &io::Error) -> bool {
    let of_content =
        [errno::NO_FILE, errno::IO, errno::NO_FOLDER, errno::IS_FOLDER, errno::INVALID];
    is_full(error) || number(error).is_some_and(|number| !of_content.contains(&number))
}

/// The system's number of an error. sled copies its errors, and a copy has it in its text only: `Os { code: 5, … }`.
fn number(error: &io::Error) -> Option<i32> {
    error.raw_os_error().or_else(|| {
        let text = error.to_string();
        let (_, after) = text.split_once("Os { code: ")?;
        after.split_once(',')?.0.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(number: i32) -> sled::Error {
        sled::Error::Io(io::Error::from_raw_os_error(number))
    }

    #[test]
    fn an_error_of_the_system_is_no_damage_and_means_the_same_when_sled_repeats_it() {
        // EIO, EACCES, ENFILE, EMFILE, ENOMEM, EROFS: none of them is a full disk, and none is damage.
        for number in [5, 13, 23, 24, 12, 30] {
            for error in [os(number), os(number).clone()] {
                assert!(matches!(unreadable(&error), StoreError::Apply(_)), "{error:?}");
            }
            let refusal = refused("write", &io::Error::from_raw_os_error(number));
            assert!(matches!(refusal, WriteError::Disk(_)), "{refusal:?}");
        }
        // ENOSPC, EFBIG, EDQUOT.
        for number in [28, 27, 122] {
            for error in [os(number), os(number).clone()] {
                assert!(matches!(unreadable(&error), StoreError::Full(_)), "{error:?}");
            }
            let refusal = refused("write", &io::Error::from_raw_os_error(number));
            assert!(matches!(refusal, WriteError::Full(_)), "{refusal:?}");
        }
        let corrupt = sled::Error::Corruption { at: None, bt: () };
        let short = sled::Error::Io(io::ErrorKind::UnexpectedEof.into());
        for error in [corrupt, short, os(2)] {
            assert!(matches!(unreadable(&error), StoreError::Damaged(_)), "{error:?}");
        }
    }
}
