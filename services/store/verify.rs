//! Verifying that the log gives the stored state, byte for byte, and rebuilding the state from the log.

use std::io::ErrorKind;
use std::path::Path;

use super::aside::{OF_ANOTHER_LOG, made_anew};
use super::error::{StoreError, io};
use super::lock::Lock;
use super::log::{LogError, Opened, SegmentLog};
use super::state::{State, genesis_of};
use super::tree::Tree;
use super::unfinished::Unfinished;
use super::witness::{self, Seen};
use super::work_folder::WorkFolder;

/// Most differing rows that a report names.
const NAMED: usize = 20;
const CACHE_BYTES: u64 = 64 << 20;

/// Result of verifying or rebuilding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Number of entries in the log.
    pub entries: u64,
    /// Number of submission versions, replaced and withdrawn ones included.
    pub submissions: u64,
    /// Number of rows in sled.
    pub rows: u64,
    /// Rows that differ, and damage; empty if the store is intact.
    pub differences: Vec<String>,
}

/// Builds the state again from the log alone, in a new folder within `beside`, and compares every row with a copy of sled, which gets
/// the entries that it does not have, as at the next start. The service has to be stopped. The data folder is only read: it may be
/// read-only, or full. Without `beside`, the work is done in the data folder if that has room, or else where the system keeps
/// temporary files. `witness`: the file of the witness, if there is one.
///
/// # Errors
/// The folder is in use or cannot be read, or the work folder has no room.
pub fn verify(
    folder: &Path,
    beside: Option<&Path>,
    witness: Option<&Path>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, StoreError> {
    let _lock = Lock::take_to_read(folder)?;
    let work = WorkFolder::new(folder, beside)?;
    let copy = work.path().join("copy");
    copied(&folder.join("sled"), &copy)?;
    let (mut there, broken, known) = match State::open(&copy, CACHE_BYTES) {
        Ok(there) => {
            let known = there.tree.at().known();
            (Some(there), None, known)
        }
        Err(StoreError::Damaged(why)) => (None, Some(why), Vec::new()),
        // The next start makes it anew: what has to be proven is the log.
        Err(StoreError::OldFormat { position, .. }) => (None, None, vec![position.into()]),
        Err(error) => return Err(error),
    };
    let seen: Vec<_> = witness.and_then(witness::read).iter().flat_map(Seen::known).collect();
    let opened =
        SegmentLog::read_only(&folder.join("log"), &[known.clone(), seen.clone()].concat())?;
    let Opened { log, damage, denied, .. } = opened;
    let unfinished = Unfinished::of(&log)?;
    if let Some(why) = unfinished.why() {
        return Ok(Report { differences: vec![why], ..Report::default() });
    }
    let mut rebuilt = State::open(&work.path().join("sled"), CACHE_BYTES)?;
    let (entries, found) = rebuilt.replay(&log, progress)?;
    let mut report = report(&rebuilt, entries);
    report.differences.extend(damage.or(found).iter().map(ToString::to_string));
    if seen.iter().any(|known| denied.contains(known)) {
        report.differences.push("the witness has seen another log than this one".to_owned());
    }
    if known.iter().any(|known| denied.contains(known)) {
        there = None;
        let what = "the store is of another log; the next start makes it anew from this one";
        report.differences.push(what.to_owned());
    }
    if there.as_ref().is_some_and(|there| unfinished.are_old(there.tree.position())) {
        there = None;
        let what =
            "the store was made before an erasure; the next start makes it anew from the log";
        report.differences.push(what.to_owned());
    }
    if let Some(there) = &mut there {
        there.replay(&log, &mut |_, _| {})?;
        compare(&there.tree, &rebuilt.tree, &mut report)?;
    }
    if let Some(why) = broken {
        let why = format!("the store is damaged: {why}; the next start makes it anew from the log");
        report.differences.push(why);
    }
    Ok(report)
}

/// Copies sled, and nothing if it is not there.
fn copied(from: &Path, to: &Path) -> Result<(), StoreError> {
    let files = match std::fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        files => files.map_err(io("list", from))?,
    };
    std::fs::create_dir(to).map_err(io("create", to))?;
    for file in files {
        let file = file.map_err(io("list", from))?;
        let (path, target) = (file.path(), to.join(file.file_name()));
        if file.file_type().map_err(io("read", &path))?.is_dir() {
            copied(&path, &target)?;
        } else {
            std::fs::copy(&path, &target).map_err(io("copy", &path))?;
        }
    }
    Ok(())
}

/// Compares two trees, row by row.
fn compare(left: &Tree, right: &Tree, report: &mut Report) -> Result<(), StoreError> {
    let (mut a, mut b) = (left.rows().all()?, right.rows().all()?);
    loop {
        let (left, right) = (take(&mut a)?, take(&mut b)?);
        let difference = match (&left, &right) {
            (None, None) => break,
            (Some(left), Some(right)) if left == right => {
                report.rows += 1;
                continue;
            }
            (Some((left, _)), Some((right, _))) if left == right => {
                format!("row {} differs", hex(left))
            }
            (Some((left, _)), Some((right, _))) => {
                format!("row {} is where the log has {}", hex(left), hex(right))
            }
            (Some((left, _)), None) => format!("row {} is not in the log", hex(left)),
            (None, Some((right, _))) => format!("row {} is missing", hex(right)),
        };
        report.rows += 1;
        if report.differences.len() < NAMED {
            report.differences.push(difference);
        }
    }
    Ok(())
}

/// Deletes sled and builds it again from the log. The service has to be stopped.
///
/// # Errors
/// The folder is in use or cannot be written, or the log is damaged: sled may have entries that the log has lost.
pub fn rebuild(
    folder: &Path,
    witness: Option<&Path>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, StoreError> {
    let _lock = Lock::take(folder)?;
    let sled = folder.join("sled");
    let (there, mut known) = match State::open(&sled, CACHE_BYTES) {
        Ok(there) => {
            let known = there.tree.at().known();
            (Some(there), known)
        }
        Err(StoreError::OldFormat { position, .. }) => (None, vec![position.into()]),
        Err(StoreError::Damaged(_)) => (None, Vec::new()),
        Err(error) => return Err(error),
    };
    let applied = known.clone();
    known.extend(witness.and_then(witness::read).iter().flat_map(Seen::known));
    let Opened { log, damage, denied, .. } = SegmentLog::read_only(&folder.join("log"), &known)?;
    if let Some(damage) = damage {
        return Err(LogError::Damaged(damage).into());
    }
    genesis_of(&log)?;
    if let Some(why) = Unfinished::of(&log)?.why() {
        return Err(StoreError::Erasure(why));
    }
    let is_of_another = applied.iter().any(|known| denied.contains(known));
    let mut state = match there.filter(|_| is_of_another) {
        // It may be the only copy of what it has.
        Some(there) => made_anew(there, folder, CACHE_BYTES, OF_ANOTHER_LOG)?,
        None => {
            std::fs::remove_dir_all(&sled).map_err(io("remove", &sled))?;
            State::open(&sled, CACHE_BYTES)?
        }
    };
    let (entries, damage) = state.replay(&log, progress)?;
    state.tree.flush()?;
    let mut report = report(&state, entries);
    report.differences.extend(damage.iter().map(ToString::to_string));
    for row in state.tree.rows().all()? {
        row?;
        report.rows += 1;
    }
    Ok(report)
}

fn report(state: &State, entries: u64) -> Report {
    let catalog = state.catalog.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let submissions: usize = catalog.slots().map(|(_, versions)| versions.len()).sum();
    Report { entries, submissions: submissions as u64, ..Report::default() }
}

fn take<I>(rows: &mut I) -> Result<Option<super::tree::Row>, StoreError>
where
    I: Iterator<Item = Result<super::tree::Row, StoreError>>,
{
    rows.next().transpose()
}

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}
