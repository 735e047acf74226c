//! Why the store cannot be read, and why a change was not made.

use std::path::PathBuf;

use super::log::LogError;
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
    /// sled did not take a batch, or is closed.
    #[error("the store could not be written: {0}")]
    Apply(String),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The reference content cannot be used.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The reference content in the log is of another version, and nothing took its place.
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
    /// A file or folder.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
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
    /// The disk is too full.
    #[error("the disk is too full: {0}")]
    Full(String),
    /// Nothing is written until somebody has looked.
    #[error("{0}")]
    Stopped(String),
    /// It is in the log, or may be, and the answer is not known: the service failed in between. Sending it again tells.
    #[error("it may have been kept: {0}")]
    Unsure(Box<Self>),
    /// Too many changes are waiting.
    #[error("too many changes are waiting")]
    Busy,
    /// Something else went wrong.
    #[error("{0}")]
    Store(String),
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Rows or entries that cannot be read.
pub(super) fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(error.to_string())
}
