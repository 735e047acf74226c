//! Stored submissions: found by name, listed, and withdrawn.

use std::cmp::Reverse;
use std::sync::Arc;

use super::Engine;
use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::domain::reference::Organisations;
use crate::domain::submission::RowProblem;

use crate::store::{Catalog, Slot, StoreError, Submission, Version, WriteError, standing};

/// The parts of a submission version's name.
#[derive(Clone, Copy, Debug)]
pub struct VersionName<'a> {
    /// Collection id, `practice-feed`.
    pub collection: &'a str,
    /// Organisation code, `C82001`.
    pub organisation: &'a str,
    /// Dataset of the rows.
    pub dataset: Dataset,
    /// Calendar month of the rows.
    pub month: Month,
    /// 1, 2, 3, …
    pub version: u32,
}

/// A version of a submission, with its present state.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// Facts of the submission: counts, hash, position.
    pub submission: Arc<Submission>,
    /// State at the newest position.
    pub state: VersionState,
}

/// State of a version. Answers about the present count only current versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// The last version of its month, and not withdrawn.
    Current,
    /// A later version replaces it.
    Replaced,
    /// Its organisation withdrew it.
    Withdrawn,
}

/// Which versions to list.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Only this collection; none: all.
    pub collection: Option<&'a str>,
    /// Only this organisation; none: all.
    pub organisation: Option<&'a str>,
    /// Only this month; none: all.
    pub month: Option<Month>,
    /// Whether to list versions that are not current, too.
    pub past: bool,
}

impl Engine {
    /// A version by its name.
    #[must_use]
    pub fn submission(&self, name: &VersionName<'_>) -> Option<StoredVersion> {
        let VersionName { collection, organisation, dataset, month, version } = *name;
        let catalog = self.store.catalog();
        let found = catalog.find(collection, organisation, dataset, month, version)?;
        version_of(&catalog, found.submission.slot, version)
    }

    /// At most `most` versions, newest first. They are older than the position `before`, if it is not 0.
    #[must_use]
    pub fn submissions(&self, listed: &Listed<'_>, before: u64, most: usize) -> Vec<StoredVersion> {
        let catalog = self.store.catalog();
        let is_listed = |made: &Submission, state| {
            (before == 0 || made.position < before)
                && listed.collection.is_none_or(|id| *made.collection == *id)
                && listed.organisation.is_none_or(|code| *made.organisation == *code)
                && listed.month.is_none_or(|month| made.slot.month == month)
                && (listed.past || state == VersionState::Current)
        };
        let mut found: Vec<_> = catalog
            .slots()
            .flat_map(with_states)
            .filter(|(made, state)| is_listed(made, *state))
            .collect();
        found.sort_unstable_by_key(|(made, _)| Reverse(made.position));
        found.truncate(most);
        found.into_iter().map(StoredVersion::from).collect()
    }

    /// The submissions of one collection that were current at a position: by month, organisation and dataset.
    #[must_use]
    pub fn availability(
        &self,
        collection: &str,
        organisations: &Organisations,
        dataset: Option<Dataset>,
        position: u64,
    ) -> Vec<Arc<Submission>> {
        let catalog = self.store.catalog();
        let current = catalog.slots().filter_map(|versions| standing(versions, position));
        let mut found: Vec<_> = current
            .filter(|made| {
                *made.collection == *collection
                    && organisations.contains_key(&*made.organisation)
                    && dataset.is_none_or(|dataset| made.slot.dataset == dataset)
            })
            .cloned()
            .collect();
        found.sort_by(|a, b| order(a).cmp(&order(b)));
        found
    }

    /// The stored problems of the rows that a submission left out: at most 1,000. Reads the disk.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn row_problems(&self, submission: &Submission) -> Result<Vec<RowProblem>, StoreError> {
        if submission.rejected_count == 0 {
            return Ok(Vec::new());
        }
        let problems = self.store.reader().problems(submission)?.into_iter();
        Ok(problems
            .map(|stored| RowProblem {
                row_index: stored.row_index,
                field: stored.field,
                value: stored.value,
                expected: stored.expected,
                nearest: stored.nearest,
            })
            .collect())
    }

    /// Withdraws a version, which has to be the current one. Returns it with its new state, and the position of the withdrawal.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn withdraw(
        &self,
        submission: &Submission,
        caller: &str,
        request_id: &str,
    ) -> Result<(Option<StoredVersion>, u64), WriteError> {
        let Submission { slot, version, .. } = *submission;
        let written = self.store.withdraw(slot, version, caller, request_id).await?;
        Ok((version_of(&self.store.catalog(), slot, version), written.position))
    }
}

/// The order of a list of available data.
fn order(made: &Submission) -> (Month, &str, Dataset) {
    (made.slot.month, &made.organisation, made.slot.dataset)
}

/// One version of a slot.
pub(super) fn version_of(catalog: &Catalog, slot: Slot, version: u32) -> Option<StoredVersion> {
    let mut versions = with_states(catalog.versions(&slot));
    versions.find(|(made, _)| made.version == version).map(StoredVersion::from)
}

/// The versions of one slot, oldest first.
fn with_states(versions: &[Version]) -> impl Iterator<Item = (&Arc<Submission>, VersionState)> {
    let last = versions.len().saturating_sub(1);
    versions.iter().enumerate().map(move |(place, version)| {
        let state = match version.withdrawn {
            Some(_) => VersionState::Withdrawn,
            None if place == last => VersionState::Current,
            None => VersionState::Replaced,
        };
        (&version.submission, state)
    })
}

impl From<(&Arc<Submission>, VersionState)> for StoredVersion {
    fn from((submission, state): (&Arc<Submission>, VersionState)) -> Self {
        Self { submission: Arc::clone(submission), state }
    }
}
