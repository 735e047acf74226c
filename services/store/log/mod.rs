//! The log: every change of the service is one entry of one ordered, checksummed, fsynced, append-only log.
//!
//! [`Log`] is what the other rooms see; [`SegmentLog`] keeps it in files, [`MemoryLog`] in memory for tests. One test
//! suite (`tests/suite.rs`) holds both to the same meaning.
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
//! | 5 | 3 | zero |
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
//! The chain covers payload *hashes*, not payloads, so that a payload can be destroyed later without breaking it. The mark
//! keeps bytes inside a payload, which a caller may have chosen, from passing for a frame when the reader looks for the
//! next frame after a damaged one.
//!
//! # Torn or damaged
//! A crash in the middle of an append leaves any mixture of written and lost sectors of that one append: a bad frame may
//! be followed by a good one. A broken disk or a careless hand leaves bad bytes anywhere. The first must be cut off without
//! a word to anybody, the second never. What tells them apart is whether somebody was told about the entry:
//!
//! - A bad frame where entry *p* should be was **never acknowledged** if it is in the last segment (a segment is begun only
//!   once everything before it is durable), and *p* is greater than the last position applied by the store and than
//!   `acknowledged before` of every readable header. Only the last append can be in that state: it is *torn*. Complete
//!   entries of it in front of the bad frame are kept, as if they had been an append of their own; what follows is cut
//!   off, complete frames included, because nobody was told of them and nothing may follow a gap.
//! - Every other bad frame, and every readable frame in the wrong place (repeated, missing, swapped, of another log, with a
//!   broken chain, of an unknown kind or version), is *damage*. Nothing is cut off, appends are refused with
//!   [`LogError::Damaged`], and reading goes on around it.
//!
//! One doubt remains by nature: damage inside the very last append, while the store has lost what it applied
//! (`acknowledged` 0), looks like a torn append and is cut off.
//!
//! After the scan the last append, if nobody vouches for it, is written again in place and fsynced: it may be in the page
//! cache only, left there by a killed process or a failed fsync, and a failed fsync is reported once, not twice.
//!
//! # When writing fails
//! No space (or file too large, or quota): the append is undone, [`LogError::Full`], and the log goes on. A failed fsync,
//! or an append that cannot be undone: nobody knows what is on disk, so [`LogError::Stopped`] for this and every later
//! append until the log is opened again; entries of the failed append may be there then or not.

mod append;
mod disk;
mod entry;
mod error;
mod frame;
mod memory;
mod open;
mod ordered_log;
mod read;
mod scan;
mod segment;
mod sequence;
mod survey;
#[cfg(test)]
mod tests;

pub use append::{SEGMENT_BYTES, SegmentLog};
pub use entry::{Entry, EntryKind, NewEntry, UnknownKind};
pub use error::{Damage, Fault, LogError};
pub use memory::MemoryLog;
pub use open::{Cut, Opened};
pub use ordered_log::{Entries, Log};
