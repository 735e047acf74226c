//! The audit log: who asked for what, and what was answered. It is a log of its own, in the folder `audit`, made by the code of the log of
//! changes: see [`log`](super::log).
//!
//! - `call` what is kept of a call; `entry` how it is on disk
//! - `shared` what callers and thread share; `not_audited` why an entry is not written
//! - `pending` calls that are not on disk yet, and how often each came in the last minute
//! - `handle` what the other rooms call; `keeper` the one thread that writes
//! - `list` reading, newest first; `retire` removing what was kept for long enough; `verify` finding whether somebody has changed the log
//!
//! # When an entry is on disk
//! The thread writes every [`GROUP`], with one fsync for all that came. A change waits for its entries: one before it is made, and one with its
//! outcome before it is answered. Everything else does not wait. Identical calls within a minute are one entry, and one with the number of
//! repetitions when the minute is over. So a kill loses at most the reads of the last moment, and numbers of repetitions of the last minute. A
//! clean stop loses nothing.
//!
//! # When it cannot be written
//! A full disk, or a disk that refuses for now: changes are refused, reads go on for as long as their entries have room in memory; then their
//! answers wait. After a failed fsync, or if the log is damaged at the start, nothing can be recorded any more, and every call is refused.

mod call;
mod entry;
mod handle;
#[cfg(test)]
mod hostile_tests;
mod keeper;
mod list;
mod not_audited;
mod pending;
mod retire;
mod shared;
#[cfg(test)]
mod tests;
mod verify;

pub use crate::proto::store::{AuditCaller, AuditEntry, AuditRemoval};
pub use call::{Asked, Call, Cells, Event, Outcome, Trace, Who};
pub use entry::{Render, Rendered};
pub use handle::{Audit, AuditSettings};
pub use list::{Filter, Listed, Page};
pub use not_audited::NotAudited;
pub use verify::{AuditReport, verify};

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Folder of the audit log, in the data folder.
pub(super) const FOLDER: &str = "audit";
/// Size at which a new segment begins, in bytes. Entries are removed by whole segments.
const SEGMENT_BYTES: u64 = 8 << 20;
/// Longest time until an entry is written.
const GROUP: Duration = Duration::from_millis(500);

/// File of the witness of the audit log, beside that of the log of changes.
fn witness_file(of_changes: &Path) -> PathBuf {
    let mut name = of_changes.as_os_str().to_owned();
    name.push(".audit");
    name.into()
}
