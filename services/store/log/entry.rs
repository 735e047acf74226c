//! What an entry is, and how large it may be.

/// What an entry says. The number is on disk: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// The first entry: format and fingerprint of the disclosure secret.
    Genesis = 1,
    /// Reference content as a whole.
    Configuration = 2,
    /// Blocks of a submission that a later commit names; without it they mean nothing.
    Chunk = 3,
    /// A submission is complete.
    Commit = 4,
    /// A submission is taken back.
    Withdraw = 5,
    /// An organisation says what it thinks of its channels itself.
    Assess = 6,
}

/// The number is no [`EntryKind`] known to this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry kind {0} is not known to this version")]
pub struct UnknownKind(pub u8);

impl EntryKind {
    /// Greatest payload of this kind, in bytes: 256 KiB for a chunk, 16 MiB for the rest.
    #[must_use]
    pub const fn payload_limit(self) -> usize {
        match self {
            Self::Chunk => 256 * 1024,
            Self::Genesis | Self::Configuration | Self::Commit | Self::Withdraw | Self::Assess => {
                LARGEST_PAYLOAD
            }
        }
    }
}

/// Greatest payload of any kind, in bytes.
pub(super) const LARGEST_PAYLOAD: usize = 16 * 1024 * 1024;

impl TryFrom<u8> for EntryKind {
    type Error = UnknownKind;

    fn try_from(number: u8) -> Result<Self, UnknownKind> {
        use EntryKind::{Assess, Chunk, Commit, Configuration, Genesis, Withdraw};
        [Genesis, Configuration, Chunk, Commit, Withdraw, Assess]
            .into_iter()
            .find(|kind| *kind as u8 == number)
            .ok_or(UnknownKind(number))
    }
}

/// An entry to append.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// What it says.
    pub kind: EntryKind,
    /// When, in milliseconds since 1970.
    pub time_millis: u64,
    /// Its content, at most [`EntryKind::payload_limit`] bytes.
    pub payload: &'a [u8],
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place: 1, 2, 3, … without a gap.
    pub position: u64,
    /// What it says.
    pub kind: EntryKind,
    /// When, in milliseconds since 1970.
    pub time_millis: u64,
    /// BLAKE3 of the payload.
    pub payload_hash: [u8; 32],
    /// Its content.
    pub payload: Vec<u8>,
}
