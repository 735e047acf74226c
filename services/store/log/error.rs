//! Errors of the log, in the words that the operator reads.

use std::{io, path::PathBuf};

use super::entry::EntryKind;

/// Why the log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No space, file too large, or quota reached. The append was undone and may be tried again.
    #[error("no space to write the log: {0}")]
    Full(#[source] io::Error),
    /// Writing ended after a failure that leaves the state of the disk unknown. Opening the log again is the only way on.
    #[error("writing to the log has stopped until the service is restarted: {why}")]
    Stopped {
        /// The failure that ended it.
        why: String,
    },
    /// The log is damaged. From `append`: the first damage. From reading: the damage at this place.
    #[error(
        "{0}. Nothing was cut off: reading goes on, writing is refused. Stop the service, restore this segment from the \
         backup or start from a copy of the whole data folder, then start again; see the runbook in deploy/"
    )]
    Damaged(Damage),
    /// The payload is above the limit of its kind. Nothing was written.
    #[error(
        "a payload of {bytes} bytes is above the limit of {limit} bytes for an entry of kind {kind:?}"
    )]
    TooLarge {
        /// Kind of the entry.
        kind: EntryKind,
        /// Size of the payload.
        bytes: usize,
        /// Largest size for this kind.
        limit: usize,
    },
    /// Another failure of the file system.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "read", "create".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
}

/// A place where the log differs from what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the log is damaged in segment {} at byte {offset}, entry {position}: {what}", segment.display())]
pub struct Damage {
    /// Path of the segment file.
    pub segment: PathBuf,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Position of the entry that should be there.
    pub position: u64,
    /// How the bytes differ.
    pub what: Fault,
}

/// How the bytes of a place differ from an intact entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file ends inside the frame.
    #[error("the file ends inside the entry")]
    Incomplete,
    /// The bytes are no header, or not the one that was written.
    #[error("the header does not match its checksum")]
    Header,
    /// The payload is not the one that was written.
    #[error("the payload does not match its hash")]
    Payload,
    /// Written by another version of the format.
    #[error("it has format version {0}, this program knows version 1")]
    Version(u8),
    /// The kind is not known: written by a newer version.
    #[error("its kind {0} is not known to this program")]
    Kind(u8),
    /// A length that no entry of its kind may have.
    #[error("its payload of {0} bytes is above the limit of its kind")]
    Length(u32),
    /// The frame carries the mark of another log.
    #[error("it belongs to another log")]
    OtherLog,
    /// The entry at this place has an earlier position.
    #[error("entry {0} stands here a second time or too late")]
    Repeated(u64),
    /// Entries are missing, up to this position.
    #[error("the entries from here to {0} are missing")]
    Missing(u64),
    /// The entry or the one before it was replaced by another.
    #[error("it was not written after the entry before it: the hash chain is broken")]
    Chain,
    /// The system cannot read the file any further.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

impl Fault {
    /// Whether a power cut during an append can cause this.
    pub(super) fn may_be_torn(&self) -> bool {
        matches!(self, Self::Incomplete | Self::Header | Self::Payload)
    }
}
