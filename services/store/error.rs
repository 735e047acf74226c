//! Why the store cannot be read, and why a change was not made.

use std::path::{Path, PathBuf};

use super::log::{Damage, LogError};
use crate::domain::codes::ContentError;

/// Why the store cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error("{0} is in use by another process: stop that one first")]
    Locked(PathBuf),
    /// The rows are not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// An earlier version of the service wrote the rows. They are made anew from the log.
    #[error("the rows of the store have format {format}, which an earlier version wrote")]
    OldFormat {
        /// Format of the rows.
        format: u32,
        /// Log position of the last entry that they have.
        position: u64,
    },
    /// A later version of the service wrote the rows.
    #[error(
        "the rows of the store have format {format}, and this version knows formats up to {known}: start the version that \
         wrote them; or, to go back to this one, delete the folder `sled` in the data folder and start again, which computes \
         it from the log"
    )]
    NewFormat {
        /// Format of the rows.
        format: u32,
        /// Newest format that this version reads.
        known: u32,
    },
    /// Another version of the service wrote the log.
    #[error(
        "the log has format {format}, and this version reads format {known}: start the version that wrote it, or start with \
         another data folder and submit the data again"
    )]
    LogFormat {
        /// Format of the log.
        format: u32,
        /// The format that this version reads.
        known: u32,
    },
    /// The rows have an old format and cannot be made anew, because the log is not whole.
    #[error(
        "the store was written by an earlier version and cannot be made anew from the log: {0}; put the log's missing segments \
         back from the backup, or start the earlier version"
    )]
    NotConverted(String),
    /// sled did not take a batch, is closed, or was kept from its files by the system. It is opened again.
    #[error("the store cannot be used for now: {0}")]
    Apply(String),
    /// The same, because the disk is full.
    #[error("the store has no room: {0}")]
    Full(String),
    /// The system did not start a thread.
    #[error(
        "the system did not start a thread ({0}): raise the limit of threads (`ulimit -u`, TasksMax of the unit, pids.max of the \
         control group) or free memory, then start again"
    )]
    NoThread(String),
    /// The loss that the operator accepts is not the one that there is.
    #[error("{0}")]
    NotThisLoss(String),
    /// The system does not read a part of the log that the store has not seen.
    #[error(
        "{0}. The store beside it does not have these entries, so nothing can be served yet. Give the service the right to read the \
         file, raise its limit of open files or mend the disk, and start again; or restore this segment from the backup; see the runbook \
         in deploy/"
    )]
    Unreadable(Damage),
    /// The system does not read a file of the audit log.
    #[error(
        "the audit log cannot be read, and nothing is answered that cannot be recorded: {0}. Give the service the right to read the file, or \
         raise its limit of open files, and start again"
    )]
    AuditUnreadable(Damage),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An erasure is not finished, or something is gone that no erasure names.
    #[error("{0}")]
    Erasure(String),
    /// A snapshot cannot be taken or restored.
    #[error("{0}")]
    Snapshot(String),
    /// The reference content cannot be used.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The log's reference content was written by another version, and no other content was given.
    #[error(
        "the reference content that was stored cannot be used by this version ({0}), and none could be put in its place: start \
         with a whole log and without options that keep the stored content"
    )]
    OldContent(ContentError),
    /// The secret is not the one that the data was written with.
    #[error(
        "the secret is not the one that this data was written with: give the secret file that belongs to the data folder, or \
         start with another data folder"
    )]
    WrongSecret,
    /// A file or folder could not be used.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried, as a verb: "open", "create".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Whether the system kept the service from reading: nothing is said of the data.
    #[must_use]
    pub fn is_of_the_system(&self) -> bool {
        use LogError::{Damaged, Full, Io};
        self.is_passing()
            || matches!(self, Self::Io { .. } | Self::NoThread(_) | Self::Log(Io { .. } | Full(_)))
            || matches!(self, Self::Log(Damaged(damage)) if damage.is_unreadable())
    }

    /// Whether it may be gone when sled has been opened again: nothing is said of the data.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Apply(_) | Self::Full(_))
    }
}

/// Why a change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// The request id was used for other content.
    #[error("the request id was used for other content")]
    RequestIdReused,
    /// Only the current version can be withdrawn.
    #[error("only the current version can be withdrawn")]
    NotCurrent,
    /// Another submission than the expected one stands in the month, or another release is the last: it came while this one was compared
    /// with the one before.
    #[error("another change came in between")]
    Overtaken,
    /// What was to be erased was erased before, or nothing is left of it.
    #[error("it was erased before")]
    AlreadyErased,
    /// No submission has records of this person.
    #[error("no submission has records of this person")]
    NoSuchPerson,
    /// The name belongs to another release.
    #[error("a release has this name already")]
    ReleaseExists,
    /// The disk is too full.
    #[error("the disk is too full: {0}")]
    Full(String),
    /// The disk or the system failed over it, and not because the disk is full: an I/O error, a missing permission, too many open files.
    #[error("the disk or the system failed: {0}")]
    Disk(String),
    /// No change is accepted; the text says why.
    #[error("{0}")]
    Stopped(String),
    /// The change may be in the log: the service failed before it could answer. Sending the same request again tells.
    #[error("it may have been kept: {0}")]
    Unsure(Box<Self>),
    /// Too many changes are waiting.
    #[error("too many changes are waiting")]
    Busy,
    /// Another failure.
    #[error("{0}")]
    Store(String),
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        if let StoreError::Full(why) = error {
            return Self::Full(why);
        }
        let why = error.to_string();
        if error.is_passing() { Self::Disk(why) } else { Self::Store(why) }
    }
}

/// The error for a row or entry that cannot be read.
pub(super) fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(error.to_string())
}

/// The error of the system about a file or folder: what was being done, and to which.
pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    move |source| StoreError::Io { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_no_damage() {
        let refused = || std::io::Error::from_raw_os_error(24);
        let path = PathBuf::from("outbox.safe");
        let log = LogError::Io { doing: "open", path: path.clone(), source: refused() };
        for error in [
            StoreError::Io { doing: "open", path, source: refused() },
            StoreError::NoThread("Resource temporarily unavailable".into()),
            StoreError::Log(log),
            StoreError::Full("no space".into()),
        ] {
            assert!(error.is_of_the_system(), "{error}");
        }
        assert!(!StoreError::Damaged("other bytes".into()).is_of_the_system());
    }
}
