//! The log: every change of the service is one entry of one ordered, checksummed, fsynced, append-only log.
//!
//! [`Log`] is what the other rooms see; [`SegmentLog`] keeps it in files, [`MemoryLog`] in memory for tests. One test
//! suite (`tests/suite.rs`) holds both to the same meaning. There are two logs in segments: that of changes, and the [audit log](super::audit).
//! [`Shape`] is what they differ in.
//!
//! # On disk
//! A folder of segments `<first position, 20 digits>.seg`. A segment is nothing but frames, one after another. An append
//! never straddles two segments. A segment is full once the next append would take it past its size; the next one is
//! created, fsynced, and its name made durable (fsync of the folder) before anything is written to it.
//!
//! A frame is a header of 112 bytes, numbers little-endian, then the payload:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `EQL` and the format version, 1 |
//! | 4 | 1 | kind, see [`EntryKind`] |
//! | 5 | 1 | 1 if the payload was erased, else 0; zero where the chain is computed |
//! | 6 | 2 | length of what stands in the place of an erased payload; zero where the chain is computed |
//! | 8 | 8 | mark of this log: the first bytes of the payload hash of entry 1 |
//! | 16 | 8 | position: 1, 2, 3, … |
//! | 24 | 8 | acknowledged before: the last position that was fsynced when this frame was written |
//! | 32 | 8 | time, milliseconds since 1970 |
//! | 40 | 4 | payload length in bytes |
//! | 44 | 32 | BLAKE3 of the payload |
//! | 76 | 32 | chain: BLAKE3 of (chain of the entry before, 32 zero bytes for entry 1; then bytes 0..76 of this header) |
//! | 108 | 4 | CRC-32 of bytes 0..108 |
//!
//! A later format version keeps the first four bytes and the checksum where they are, so that this one can tell it from
//! bytes that were torn.
//!
//! The chain covers payload *hashes*, not payloads, so that a payload can be destroyed later without breaking it: an erasure (`erase`)
//! writes the segment again without it, and renames the new file over the old one. In its place stands what the erasure's own entry says,
//! followed by its BLAKE3; nothing if that is empty. The mark
//! keeps bytes inside a payload, which a caller may have chosen, from being taken for a frame when the reader looks for the
//! next frame after a damaged one.
//!
//! # Torn or damaged
//! A crash during an append leaves any mixture of written and lost sectors of that append: a bad frame may be followed by a
//! good one. A broken disk or a careless hand leaves bad bytes anywhere. A torn append has to be cut off without asking; damage
//! must never be cut off. What tells them apart is whether an entry was acknowledged:
//!
//! - A bad frame in the place of entry *p* was **never acknowledged** if the frame is in the last segment (a segment is begun
//!   only when everything before it is durable), and *p* is greater than the last position that the store has applied or the
//!   witness has seen, and than `acknowledged before` of every readable header. Only the last append can be in that state: it is *torn*. Its complete
//!   entries before the bad frame are kept, like an append of their own. Everything after them is cut off, complete frames
//!   included: they were never acknowledged, and no entry may follow a gap.
//! - Every other bad frame is *damage*, and so is every readable frame in the wrong place: repeated, missing, swapped, of
//!   another log, with a broken chain, of an unknown kind or version. Nothing is cut off, appends are refused with
//!   [`LogError::Damaged`], and reading skips the damaged place.
//!
//! One case cannot be decided: damage within the very last append, when the store has lost what it applied and the witness has not
//! seen the append yet, looks like a torn append and is cut off.
//!
//! What the store or the witness know counts only if the chain of the log is the same at their position. Otherwise they are of another
//! log, and the caller is told.
//!
//! After the scan the last append is written again in place and fsynced, unless a later acknowledgement proves that it is
//! durable. It may be in the page cache only, after a killed process or a failed fsync; a failed fsync is reported only once.
//!
//! # When writing fails
//! No space (or file too large, or quota): the append is undone, the error is [`LogError::Full`], and the log goes on. After a
//! failed fsync, or an append that cannot be undone, the state of the disk is unknown. Then this and every later append gives
//! [`LogError::Stopped`] until the log is opened again; entries of the failed append may be there then or not.

mod append;
mod copy;
mod disk;
mod entry;
mod erase;
mod erasures;
mod error;
mod forget;
mod frame;
mod lose;
mod memory;
mod open;
mod ordered_log;
mod read;
mod scan;
mod segment;
mod sequence;
mod shape;
mod survey;
mod syncs;
#[cfg(test)]
mod tests;

pub(super) use disk::is_full;

pub use append::{SEGMENT_BYTES, SegmentLog};
pub use copy::copy;
pub use entry::{Entry, EntryKind, NewEntry, Place, UnknownKind};
pub use erasures::Erasures;
pub use error::{Damage, Fault, LogError};
pub use forget::Snapshot;
pub use lose::lose;
pub use memory::MemoryLog;
pub use open::{Cut, Opened};
pub use ordered_log::{Entries, Log};
pub use shape::Shape;
pub use survey::Known;
pub use syncs::SyncTimes;
