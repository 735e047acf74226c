//! Submissions that stand no more, and what nobody needs to plan a question: read out of the rows of their versions when asked for.

use std::sync::{Arc, Mutex, PoisonError};

use prost::Message as _;
use rustc_hash::FxHashMap;

use super::error::{StoreError, damaged};
use super::keys::{self, Slot};
use super::stored::Submission;
use super::tree::Rows;
use crate::domain::submission::Reading;
use crate::proto::store::VersionRow;

/// Most submissions that are kept after they were read; then all of them go. Each takes some 3 KB.
const MOST: usize = 4096;

/// Reads the rows of versions, and keeps the submissions, by position.
pub(super) struct Recalled {
    rows: Rows,
    kept: Mutex<FxHashMap<u64, Arc<Submission>>>,
}

impl Recalled {
    pub(super) fn new(rows: Rows) -> Self {
        Self { rows, kept: Mutex::default() }
    }

    /// Forgets what was read.
    pub(super) fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The submission of a version that stands no more.
    pub(super) fn submission(
        &self,
        slot: Slot,
        version: u32,
        position: u64,
    ) -> Result<Arc<Submission>, StoreError> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().get(&position) {
            return Ok(Arc::clone(known));
        }
        let row = self.version_row(slot, version)?;
        if row.position != position {
            return Err(damaged(format!("the row of the version at {position} is not there")));
        }
        let read = Arc::new(Submission::of_row(slot, version, &row, |text| text.into())?);
        let mut kept = kept();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(position, Arc::clone(&read));
        Ok(read)
    }

    /// Values of a submission that were read in another form.
    pub(super) fn readings(&self, submission: &Submission) -> Result<Vec<Reading>, StoreError> {
        let meta = self.version_row(submission.slot, submission.version)?.meta.unwrap_or_default();
        let read = meta.readings.into_iter().map(|stored| Reading {
            field: stored.field,
            how: stored.how,
            value: stored.value,
            read_as: stored.read_as,
            count: stored.count,
        });
        Ok(read.collect())
    }

    fn version_row(&self, slot: Slot, version: u32) -> Result<VersionRow, StoreError> {
        let key = keys::of_version(keys::VERSION, &keys::version(&slot, version), None);
        VersionRow::decode(self.rows.joined(&key)?.as_slice()).map_err(damaged)
    }
}
