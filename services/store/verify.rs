//! The proof that rebuilding from the log gives the same state, byte for byte; and the rebuilding.

use std::path::{Path, PathBuf};

use super::StoreError;
use super::log::{LogError, SEGMENT_BYTES, SegmentLog};
use super::open::catch_up;

/// Rows that are named when they differ, at most.
const NAMED: usize = 20;
const CACHE_BYTES: u64 = 64 << 20;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries of the log.
    pub entries: u64,
    /// Submissions, replaced and withdrawn ones included.
    pub submissions: u64,
    /// Rows of the store.
    pub rows: u64,
    /// Rows that differ, and damage; empty if all is well.
    pub differences: Vec<String>,
}

/// Builds the state again beside, from the log alone, and compares every row. The service has to be stopped.
///
/// # Errors
/// The folder is in use or cannot be written.
pub fn verify(folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, StoreError> {
    let there = catch_up(folder, CACHE_BYTES, &mut |_, _| {})?;
    let beside = Beside::new(folder)?;
    let rebuilt = catch_up(&beside.0, CACHE_BYTES, progress)?;
    let mut report = report(&rebuilt);
    report.differences.extend(there.damage.iter().map(ToString::to_string));
    let (left, right) = (there.state.tree.rows(), rebuilt.state.tree.rows());
    let (mut a, mut b) = (left.all(), right.all());
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
    Ok(report)
}

/// Throws sled away and builds it again from the log. The service has to be stopped.
///
/// # Errors
/// The folder is in use or cannot be written, or the log is damaged: sled may have what the log has lost.
pub fn rebuild(folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report, StoreError> {
    let sled = folder.join("sled");
    // What a damaged log no longer has is still in sled: nothing is thrown away then.
    if let Some(damage) = SegmentLog::open(&folder.join("log"), SEGMENT_BYTES, 0)?.damage {
        return Err(LogError::Damaged(damage).into());
    }
    if sled.try_exists().unwrap_or(false) {
        // Opened once, so that a running service is not robbed of it.
        if let Err(locked @ StoreError::Locked(_)) =
            super::tree::Tree::open(&sled, CACHE_BYTES).map(drop)
        {
            return Err(locked);
        }
        std::fs::remove_dir_all(&sled).map_err(io("remove", &sled))?;
    }
    let mut caught = catch_up(folder, CACHE_BYTES, progress)?;
    let mut report = report(&caught);
    report.differences.extend(caught.damage.take().iter().map(ToString::to_string));
    for row in caught.state.tree.rows().all() {
        row?;
        report.rows += 1;
    }
    Ok(report)
}

fn report(caught: &super::open::Caught) -> Report {
    let catalog = caught.state.catalog.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let submissions: usize = catalog.slots().map(|(_, versions)| versions.len()).sum();
    Report { entries: caught.entries, submissions: submissions as u64, ..Report::default() }
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

/// A folder beside the data with the same log and no sled, gone when it is dropped.
struct Beside(PathBuf);

impl Beside {
    fn new(folder: &Path) -> Result<Self, StoreError> {
        let beside = folder.join("verify");
        if beside.try_exists().unwrap_or(false) {
            std::fs::remove_dir_all(&beside).map_err(io("remove", &beside))?;
        }
        std::fs::create_dir(&beside).map_err(io("create", &beside))?;
        let (log, linked) = (folder.join("log"), beside.join("log"));
        std::fs::create_dir(&linked).map_err(io("create", &linked))?;
        for segment in std::fs::read_dir(&log).map_err(io("read", &log))?.flatten() {
            // Segments only grow, and nobody appends while the folder is ours: the same file under a second name will do.
            let to = linked.join(segment.file_name());
            std::fs::hard_link(segment.path(), &to)
                .or_else(|_| std::fs::copy(segment.path(), &to).map(drop))
                .map_err(io("link", &to))?;
        }
        Ok(Self(beside))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "could not be removed");
        }
    }
}
