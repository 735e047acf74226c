//! Finding whether somebody has changed the audit log.
//!
//! Every entry has a hash of itself and of all entries before it, so a bit that was flipped, an entry that was removed, put in, or moved, and a
//! segment that is missing break the chain. The witness knows how far the log had come, so it finds a missing end. If there is neither an entry nor a witness, both were removed: every start of a service writes an entry. Whoever can write the log and
//! the witness can write both anew: only a hash that was kept elsewhere finds that.

use std::path::Path;

use super::call::Event;
use super::entry::{self, hex};
use super::{FOLDER, witness_file};
use crate::store::error::{StoreError, io};
use crate::store::lock::Lock;
use crate::store::log::{Known, Opened, Place, SegmentLog, Shape};
use crate::store::witness;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Number of entries.
    pub entries: u64,
    /// Calls that they are about.
    pub calls: u64,
    /// When the first and the last of them were written, milliseconds since 1970; none: there are none.
    pub first_millis: Option<u64>,
    /// See before.
    pub last_millis: Option<u64>,
    /// Position of the last entry that was removed because it was kept for long enough; 0: none was.
    pub removed_until: u64,
    /// Position of the last entry, and the hash of the log up to there: keep both elsewhere.
    pub head_position: u64,
    /// See before, hexadecimal digits; empty: there is no entry.
    pub head_chain: String,
    /// What is wrong; empty: nothing was found.
    pub differences: Vec<String>,
}

/// Reads the whole audit log of a data folder, whose service is stopped, and changes nothing. `of_changes` is the witness of the log of changes:
/// that of the audit log is beside it. `kept`: a position and its hash that were kept elsewhere.
///
/// # Errors
/// The folder is in use or cannot be read.
pub fn verify(
    folder: &Path,
    of_changes: &Path,
    kept: Option<(u64, [u8; 32])>,
) -> Result<AuditReport, StoreError> {
    let _lock = Lock::take_to_read(folder)?;
    let folder = folder.join(FOLDER);
    let mut report = AuditReport::default();
    if !folder.try_exists().map_err(io("read", &folder))? {
        report.differences.push(format!(
            "there is no folder {}: a service makes it at its first start, so the whole log was removed, unless none has started with this \
             data folder",
            folder.display()
        ));
        return Ok(report);
    }
    // First what is there, whatever it follows: it says where it should begin.
    let there = SegmentLog::read_only_as(Shape::audit_that_is_there(), &folder, &[])?.log;
    let mut removed = Place { position: 0, chain: [0; 32] };
    let mut at_kept = None;
    for item in there.snapshot().everything() {
        // The second reading says what is wrong.
        let Ok(item) = item else { continue };
        report.entries += 1;
        report.first_millis = report.first_millis.or(Some(item.time_millis));
        report.last_millis = Some(item.time_millis);
        if kept.is_some_and(|(position, _)| position == item.place.position) {
            at_kept = Some(item.place.chain);
        }
        let entry = match entry::read(&item.payload) {
            Ok(entry) => entry,
            Err(error) => {
                let position = item.place.position;
                report.differences.push(format!("entry {position} cannot be read: {error}"));
                continue;
            }
        };
        if Event::of(entry.event) == Some(Event::Ended) {
            report.calls += entry.count;
        }
        let Some(removal) = entry.removal else { continue };
        if Event::of(entry.event) == Some(Event::Lost) {
            report.differences.push(format!(
                "entry {} says that entries up to {} had been there and were lost",
                item.place.position, removal.position
            ));
        } else if let Ok(chain) = removal.chain[..].try_into() {
            removed = Place { position: removal.position, chain };
        }
    }
    report.removed_until = removed.position;
    let witness = witness_file(of_changes);
    let seen = witness::read(&witness);
    if seen.is_none() {
        let what = match report.entries {
            0 => {
                "there is no entry either: a service writes one at each start, so all were removed, unless none has started with this folder"
            }
            _ => "whether entries are missing at the end cannot be found",
        };
        let witness = witness.display();
        report
            .differences
            .push(format!("there is no witness that can be read at {witness}: {what}"));
    }
    let mut known: Vec<Known> = seen.iter().map(|seen| seen.last.into()).collect();
    known.extend(kept.map(|(position, chain)| Known::from(Place { position, chain })));
    let opened = SegmentLog::read_only_as(Shape::audit_after(removed), &folder, &known)?;
    let Opened { log, damage, denied, cut: _ } = opened;
    report.differences.extend(damage.map(|damage| damage.to_string()));
    for of in denied {
        let is_kept = kept.is_some_and(|(position, chain)| of == Place { position, chain }.into());
        let who = if is_kept { "that was given" } else { "of the witness" };
        report.differences.push(format!(
            "the hash {who} at entry {} is not that of the log: entries up to there were written anew",
            of.position
        ));
    }
    if let Some((position, _)) = kept.filter(|(position, _)| *position <= removed.position) {
        // The entry of the removal has the hash of the last one that went, and no other.
        if at_kept.is_none() && kept != Some((removed.position, removed.chain)) {
            report.differences.push(format!(
                "entry {position} was removed because it was kept for long enough: its hash cannot be compared"
            ));
        }
    }
    if let Some(Place { position, chain }) = log.end() {
        (report.head_position, report.head_chain) = (position, hex(&chain));
    }
    Ok(report)
}
