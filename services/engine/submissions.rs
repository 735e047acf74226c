//! Stored submissions: found by name, listed, and withdrawn.

use std::cmp::Reverse;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Engine;
use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::domain::reference::Organisations;
use crate::domain::submission::{Reading, RowProblem};
use crate::engine::query::Reader;
use crate::store::{Slot, StoreError, Submission, Version, WriteError, standing};

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
    /// Values that were read in another form.
    pub readings: Vec<Reading>,
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
    /// Its data was erased.
    Erased,
}

/// Which versions to list.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Only what this reader may read exactly.
    pub reader: &'a Reader,
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
    /// A version by its name; none: there is no such version. Reads the disk.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn submission(&self, name: &VersionName<'_>) -> Result<Option<StoredVersion>, StoreError> {
        let VersionName { collection, organisation, dataset, month, version } = *name;
        let slot = self.store.catalog().find(collection, organisation, dataset, month, version);
        slot.map_or(Ok(None), |slot| self.version_of(slot, version))
    }

    /// One version of a slot. Reads the disk.
    pub(super) fn version_of(
        &self,
        slot: Slot,
        version: u32,
    ) -> Result<Option<StoredVersion>, StoreError> {
        let found = self.store.look(|catalog| {
            let mut versions = with_states(catalog.versions(&slot));
            let (found, state) = versions.find(|(found, _)| found.version == version)?;
            Some((catalog.submission(slot, found)?, state))
        })?;
        found.map(|found| self.stored(found)).transpose()
    }

    fn stored(
        &self,
        (submission, state): (Arc<Submission>, VersionState),
    ) -> Result<StoredVersion, StoreError> {
        let readings = self.store.reader().readings(&submission)?;
        Ok(StoredVersion { submission, readings, state })
    }

    /// At most `most` versions, newest first. They are older than the position `before`, if it is not 0. Reads the disk.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn submissions(
        &self,
        listed: &Listed<'_>,
        before: u64,
        most: usize,
    ) -> Result<Vec<StoredVersion>, StoreError> {
        let found = self.store.look(|catalog| {
            // None: it was named, and has never submitted.
            let collection = listed.collection.map(|id| catalog.collection(id));
            let organisation = listed.organisation.map(|code| catalog.organisation(code));
            let (reader, reference) = (listed.reader, &catalog.reference);
            let of_datasets = || Dataset::ALL.into_iter();
            let own = reference.organisations().flat_map(|of| {
                let reads = move |to: &Dataset| reader.reads(reference, ("", *to), &of.code);
                let number = catalog.organisation(&of.code);
                of_datasets().filter(reads).filter_map(move |to| Some((number?, to)))
            });
            let own: FxHashSet<_> = own.collect();
            let read = reference.collections().flat_map(|of| {
                let reads = move |to: &Dataset| reader.reads(reference, (&of.id, *to), "");
                let number = catalog.collection(&of.id);
                of_datasets().filter(reads).filter_map(move |to| Some((number?, to)))
            });
            let read: Vec<_> = read.collect();
            let is_listed = |slot: &Slot| {
                (own.contains(&(slot.organisation, slot.dataset))
                    || read.contains(&(slot.collection, slot.dataset)))
                    && collection.is_none_or(|number| number == Some(slot.collection))
                    && organisation.is_none_or(|number| number == Some(slot.organisation))
                    && listed.month.is_none_or(|month| month == slot.month)
            };
            let slots = catalog.slots().filter(|(slot, _)| is_listed(slot));
            let versions = slots.flat_map(|(slot, versions)| {
                with_states(versions).map(move |(version, state)| (slot, version, state))
            });
            let mut found: Vec<_> = versions
                .filter(|(_, version, state)| {
                    (before == 0 || version.position < before)
                        && (listed.past || *state == VersionState::Current)
                })
                .collect();
            found.sort_unstable_by_key(|(_, version, _)| Reverse(version.position));
            found.truncate(most);
            let found = found.into_iter().filter_map(|(slot, version, state)| {
                Some((catalog.submission(slot, version)?, state))
            });
            found.collect::<Vec<_>>()
        })?;
        found.into_iter().map(|found| self.stored(found)).collect()
    }

    /// The submissions of one collection that were current at a position: by month, organisation and dataset. Reads the disk if the
    /// position is not the newest.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn availability(
        &self,
        collection: &str,
        organisations: &Organisations,
        dataset: Option<Dataset>,
        position: u64,
    ) -> Result<Vec<Arc<Submission>>, StoreError> {
        let mut found = self.store.look(|catalog| {
            let asked = catalog.collection(collection);
            let slots = catalog.slots().filter(|(slot, _)| {
                asked == Some(slot.collection)
                    && dataset.is_none_or(|dataset| slot.dataset == dataset)
            });
            let found = slots.filter_map(|(slot, versions)| {
                catalog.submission(slot, standing(versions, position)?)
            });
            found.filter(|made| organisations.contains_key(&*made.organisation)).collect::<Vec<_>>()
        })?;
        found.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(found)
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

    /// Withdraws a version, which has to be the current one. Returns the position of the withdrawal.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn withdraw(
        &self,
        submission: &Submission,
        caller: &str,
        request_id: &str,
    ) -> Result<u64, WriteError> {
        let Submission { slot, version, .. } = *submission;
        let written = self.store.withdraw(slot, version, caller, request_id).await?;
        Ok(written.position)
    }
}

/// The order of a list of available data.
fn order(made: &Submission) -> (Month, &str, Dataset) {
    (made.slot.month, &made.organisation, made.slot.dataset)
}

/// The versions of one slot, oldest first.
fn with_states(versions: &[Version]) -> impl Iterator<Item = (&Version, VersionState)> {
    let last = versions.len().saturating_sub(1);
    versions.iter().enumerate().map(move |(place, version)| {
        let state = match version.withdrawn {
            _ if version.is_erased => VersionState::Erased,
            Some(_) => VersionState::Withdrawn,
            None if place == last => VersionState::Current,
            None => VersionState::Replaced,
        };
        (version, state)
    })
}
