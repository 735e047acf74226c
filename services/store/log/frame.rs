//! The header of a frame: bytes, checksum and hash chain. The layout is described in `mod.rs`.

use super::{
    entry::{EntryKind, LARGEST_PAYLOAD, Place},
    error::Fault,
};

pub(super) type Hash = [u8; 32];
pub(super) type Mark = [u8; 8];

pub(super) const HEADER_BYTES: usize = 112;
/// `EQL` and the format version.
pub(super) const MAGIC: [u8; 4] = *b"EQL\x01";
/// Chain before entry 1.
pub(super) const NO_CHAIN: Hash = [0; 32];

/// End of the part that the chain covers, and end of the part that the checksum covers.
const CHAINED: usize = 76;
const CHECKED: usize = 108;
/// Whether the payload was erased, and the length of what stands in its place. Not covered by the chain, which stays as it is.
const ERASED: usize = 5;

/// Everything about an entry but its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Number of the kind as on disk; may be unknown to this version.
    pub(super) kind: u8,
    pub(super) mark: Mark,
    pub(super) position: u64,
    /// Last position that was fsynced when this header was written.
    pub(super) acknowledged_before: u64,
    pub(super) time_millis: u64,
    pub(super) payload_bytes: u32,
    pub(super) payload_hash: Hash,
    pub(super) chain: Hash,
    /// Bytes that stand in the place of an erased payload; none: the payload is there.
    pub(super) erased: Option<u16>,
}

impl Header {
    /// Sets the chain, computed from the chain of the previous entry.
    pub(super) fn linked(mut self, previous: &Hash) -> Self {
        self.chain = self.chain_after(previous);
        self
    }

    /// Whether this header was written after the entry with that chain.
    pub(super) fn follows(&self, previous: &Hash) -> bool {
        self.chain == self.chain_after(previous)
    }

    fn chain_after(&self, previous: &Hash) -> Hash {
        *blake3::Hasher::new().update(previous).update(&self.chained_bytes()).finalize().as_bytes()
    }

    fn chained_bytes(&self) -> [u8; CHAINED] {
        let mut bytes = [0; CHAINED];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4] = self.kind;
        bytes[8..16].copy_from_slice(&self.mark);
        bytes[16..24].copy_from_slice(&self.position.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.acknowledged_before.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.time_millis.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[44..76].copy_from_slice(&self.payload_hash);
        bytes
    }

    /// Its place in the log.
    pub(super) fn place(&self) -> Place {
        Place { position: self.position, chain: self.chain }
    }

    /// Bytes that follow the header in the file.
    pub(super) fn stored_bytes(&self) -> u32 {
        self.erased.map_or(self.payload_bytes, u32::from)
    }

    /// The header as it is on disk.
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..CHAINED].copy_from_slice(&self.chained_bytes());
        if let Some(left) = self.erased {
            bytes[ERASED] = 1;
            bytes[ERASED + 1..ERASED + 3].copy_from_slice(&left.to_le_bytes());
        }
        bytes[CHAINED..CHECKED].copy_from_slice(&self.chain);
        let checksum = crc32fast::hash(&bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads a header. If `mark` is given, refuses the header of another log.
    pub(super) fn decode(bytes: &[u8; HEADER_BYTES], mark: Option<Mark>) -> Result<Self, Fault> {
        if bytes[..3] != MAGIC[..3] {
            return Err(Fault::Header);
        }
        if crc32fast::hash(&bytes[..CHECKED]) != u32::from_le_bytes(part(bytes, CHECKED)) {
            return Err(Fault::Header);
        }
        if bytes[3] != MAGIC[3] {
            return Err(Fault::Version(bytes[3]));
        }
        let header = Self {
            kind: bytes[4],
            mark: part(bytes, 8),
            position: u64::from_le_bytes(part(bytes, 16)),
            acknowledged_before: u64::from_le_bytes(part(bytes, 24)),
            time_millis: u64::from_le_bytes(part(bytes, 32)),
            payload_bytes: u32::from_le_bytes(part(bytes, 40)),
            payload_hash: part(bytes, 44),
            chain: part(bytes, CHAINED),
            erased: (bytes[ERASED] == 1).then(|| u16::from_le_bytes(part(bytes, ERASED + 1))),
        };
        if mark.is_some_and(|mark| mark != header.mark) {
            return Err(Fault::OtherLog);
        }
        let limit =
            EntryKind::try_from(header.kind).map_or(LARGEST_PAYLOAD, EntryKind::payload_limit);
        if usize::try_from(header.payload_bytes).map_or(true, |bytes| bytes > limit) {
            return Err(Fault::Length(header.payload_bytes));
        }
        Ok(header)
    }
}

/// Mark of the log whose first entry has this payload hash.
pub(super) fn mark_of(payload_hash: &Hash) -> Mark {
    part(payload_hash, 0)
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
