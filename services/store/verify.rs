//! Verifying that the log gives the stored state, byte for byte, and rebuilding the state from the log.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::lock::Lock;
use super::log::{LogError, Opened, SegmentLog};
use super::state::{State, genesis_of};
use super::tree::Tree;

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

/// Builds the state again from the log alone, in a new folder within `beside`, and compares every row. The service has to be
/// stopped. The log is only read. sled gets the entries that it does not have, as at the next start, and is not repaired.
///
/// # Errors
/// The folder is in use, or one of the two cannot be written.
pub fn verify(
    folder: &Path,
    beside: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, StoreError> {
    let _lock = Lock::take(folder)?;
    let mut old = 0;
    let (mut there, broken) = match State::open(&folder.join("sled"), CACHE_BYTES) {
        Ok(there) => (Some(there), None),
        Err(StoreError::Damaged(why)) => (None, Some(why)),
        // The next start makes it anew: what has to be proven is the log.
        Err(StoreError::OldFormat { position, .. }) => {
            old = position;
            (None, None)
        }
        Err(error) => return Err(error),
    };
    let acknowledged = there.as_ref().map_or(old, |there| there.tree.position());
    let Opened { log, damage, .. } = SegmentLog::read_only(&folder.join("log"), acknowledged)?;
    let work = WorkFolder::new(beside)?;
    let mut rebuilt = State::open(&work.0.join("sled"), CACHE_BYTES)?;
    let (entries, found) = rebuilt.replay(&log, progress)?;
    let mut report = report(&rebuilt, entries);
    report.differences.extend(damage.or(found).iter().map(ToString::to_string));
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
pub fn rebuild(folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, StoreError> {
    let _lock = Lock::take(folder)?;
    let sled = folder.join("sled");
    let acknowledged = match State::open(&sled, CACHE_BYTES) {
        Ok(there) => there.tree.position(),
        Err(StoreError::OldFormat { position, .. }) => position,
        Err(StoreError::Damaged(_)) => 0,
        Err(error) => return Err(error),
    };
    let Opened { log, damage, .. } = SegmentLog::read_only(&folder.join("log"), acknowledged)?;
    if let Some(damage) = damage {
        return Err(LogError::Damaged(damage).into());
    }
    genesis_of(&log)?;
    std::fs::remove_dir_all(&sled).map_err(io("remove", &sled))?;
    let mut state = State::open(&sled, CACHE_BYTES)?;
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
    let submissions: usize = catalog.slots().map(<[_]>::len).sum();
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

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    move |source| StoreError::Io { doing, path: path.to_owned(), source }
}

/// Folder for the rebuilt sled; deleted when dropped.
struct WorkFolder(PathBuf);

impl WorkFolder {
    fn new(within: &Path) -> Result<Self, StoreError> {
        let beside = within.join("verify");
        if beside.try_exists().unwrap_or(false) {
            std::fs::remove_dir_all(&beside).map_err(io("remove", &beside))?;
        }
        std::fs::create_dir(&beside).map_err(io("create", &beside))?;
        Ok(Self(beside))
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "could not be removed");
        }
    }
}
