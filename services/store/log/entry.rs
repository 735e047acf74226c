//! Entries of the log, their kinds, and their size limits.

/// Kind of an entry. The number is on disk: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// The first entry: format and fingerprint of the disclosure secret.
    Genesis = 1,
    /// Reference content as a whole.
    Configuration = 2,
    /// Blocks of a submission. They have no effect until a commit names them.
    Chunk = 3,
    /// End of a submission, with its description and the hash of its chunks.
    Commit = 4,
    /// Withdrawal of a submission version.
    Withdraw = 5,
    /// Assessment that an organisation makes of its own channels.
    Assess = 6,
    /// Release: a name for a state of the data that others may see.
    Release = 7,
    /// Erasure of submission versions: the payloads of their entries are destroyed.
    Erase = 8,
    /// What the audit log has: a call, or an event of the service. Kinds of the audit log begin at 64.
    Audit = 64,
}

/// The number of an entry kind that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry kind {0} is not known to this version")]
pub struct UnknownKind(pub u8);

impl EntryKind {
    /// Greatest payload of this kind, in bytes: 256 KiB for a chunk, 64 KiB for an entry of the audit log, 16 MiB for the rest.
    #[must_use]
    pub const fn payload_limit(self) -> usize {
        match self {
            Self::Chunk => 256 * 1024,
            Self::Audit => 64 * 1024,
            Self::Genesis
            | Self::Configuration
            | Self::Commit
            | Self::Withdraw
            | Self::Assess
            | Self::Release
            | Self::Erase => LARGEST_PAYLOAD,
        }
    }
}

/// Kinds of the log of changes.
pub(super) const CHANGES: &[EntryKind] = {
    use EntryKind::{Assess, Chunk, Commit, Configuration, Erase, Genesis, Release, Withdraw};
    &[Genesis, Configuration, Chunk, Commit, Withdraw, Assess, Release, Erase]
};
/// Kinds of the audit log.
pub(super) const AUDIT: &[EntryKind] = &[EntryKind::Audit];

/// Greatest payload of any kind, in bytes.
pub(super) const LARGEST_PAYLOAD: usize = 16 * 1024 * 1024;

impl TryFrom<u8> for EntryKind {
    type Error = UnknownKind;

    fn try_from(number: u8) -> Result<Self, UnknownKind> {
        let all = CHANGES.iter().chain(AUDIT);
        all.copied().find(|kind| *kind as u8 == number).ok_or(UnknownKind(number))
    }
}

/// An entry to append.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// Decides how the payload is read.
    pub kind: EntryKind,
    /// Time of the append, in milliseconds since 1970; never before the entry before it.
    pub time_millis: u64,
    /// Encoded message, at most [`EntryKind::payload_limit`] bytes.
    pub payload: &'a [u8],
}

/// A place in a log. Two logs that have one place in common are the same up to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Position of an entry: 1, 2, 3, … without a gap.
    pub position: u64,
    /// Hash of the headers of that entry and of all entries before it.
    pub chain: [u8; 32],
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub place: Place,
    /// Decides how the payload is read.
    pub kind: EntryKind,
    /// Time of the append, in milliseconds since 1970; never before the entry before it.
    pub time_millis: u64,
    /// BLAKE3 of the payload.
    pub payload_hash: [u8; 32],
    /// Encoded message of the kind; of an erased entry, what the erasure left.
    pub payload: Vec<u8>,
    /// Whether the payload was erased.
    pub erased: bool,
}
