//! What stands in one month of a collection and dataset: the unit that questions are planned by.

use std::sync::{Arc, OnceLock};

use super::keys::Slot;
use super::stored::{Submission, Version};
use crate::domain::collection::Dataset;
use crate::domain::field::{FIELD_LIMIT, Field};
use crate::domain::period::Month;

/// A month of a collection and dataset, of all organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthSlot {
    /// Number of the collection.
    pub collection: u16,
    /// Shape of the data.
    pub dataset: Dataset,
    /// Calendar month of the records.
    pub month: Month,
}

impl From<Slot> for MonthSlot {
    fn from(slot: Slot) -> Self {
        Self { collection: slot.collection, dataset: slot.dataset, month: slot.month }
    }
}

/// The submissions that stand in a month at a position, in order of organisation. It never changes: a change of the month makes
/// another one.
#[derive(Debug)]
pub struct Standing {
    /// The month.
    pub slot: MonthSlot,
    /// The submissions, in order of the organisation's number.
    pub submissions: Vec<Arc<Submission>>,
    /// Number of the first record of each submission among those of the month, and behind the last the number of records.
    pub starts: Vec<usize>,
    /// Number of each organisation with a version, and the position of its last change.
    changed: Vec<(u32, u64)>,
    /// The same for equal submissions, and for no others: a hash.
    pub id: u128,
    /// Codes of each field that occur, once they were asked for.
    occurring: [OnceLock<Arc<[u32]>>; FIELD_LIMIT],
}

/// Code of a word, by its number in [`super::catalog::Words`]. 0 is the code of what was not collected.
#[must_use]
pub fn code_of(word: u32) -> u32 {
    word.saturating_add(1)
}

/// Code of a field in a submission that does not collect it.
pub const NOT_COLLECTED_CODE: u32 = 0;

impl Standing {
    /// What stands at a position, of the versions of each organisation.
    pub(super) fn new<'a>(
        slot: MonthSlot,
        versions: impl Iterator<Item = (u32, &'a [Version])>,
        position: u64,
    ) -> Self {
        let (mut submissions, mut changed) = (Vec::new(), Vec::new());
        for (organisation, versions) in versions {
            let last = last_change(versions, position);
            if last > 0 {
                changed.push((organisation, last));
            }
            submissions.extend(standing(versions, position).cloned());
        }
        let (mut starts, mut hasher) = (vec![0], blake3::Hasher::new());
        for submission in &submissions {
            starts.push(starts[starts.len() - 1] + submission.records());
            hasher.update(&submission.position.to_le_bytes());
        }
        let id = hasher.finalize().as_bytes()[..16].try_into().map_or(0, u128::from_le_bytes);
        let occurring = [const { OnceLock::new() }; FIELD_LIMIT];
        Self { slot, submissions, starts, changed, id, occurring }
    }

    /// Number of records.
    #[must_use]
    pub fn records(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Number of each organisation that has submitted for the month, in order, and the position of its last change, which may be a
    /// withdrawal.
    #[must_use]
    pub fn changed(&self) -> &[(u32, u64)] {
        &self.changed
    }

    /// Position of the last change of the month.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.changed.iter().map(|(_, at)| *at).max().unwrap_or(0)
    }

    /// The codes of a field that occur, in order.
    #[must_use]
    pub fn occurring(&self, field: Field) -> &Arc<[u32]> {
        self.occurring[field.index()]
            .get_or_init(|| occurring(self.submissions.iter().map(AsRef::as_ref), field).into())
    }
}

/// The codes of a field that occur in some submissions, in order.
pub fn occurring<'a>(submissions: impl Iterator<Item = &'a Submission>, field: Field) -> Vec<u32> {
    let mut codes = Vec::new();
    for submission in submissions {
        match submission.column(field) {
            Some(column) => codes.extend(column.words.iter().map(|word| code_of(*word))),
            None => codes.push(NOT_COLLECTED_CODE),
        }
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The submission of a slot that stands at a position, of the slot's versions.
pub fn standing(versions: &[Version], position: u64) -> Option<&Arc<Submission>> {
    let version = versions.iter().rev().find(|v| v.submission.position <= position)?;
    let withdrawn = version.withdrawn.is_some_and(|(at, _)| at <= position);
    (!withdrawn).then_some(&version.submission)
}

/// Log position of the last change of a slot at or before a position, of the slot's versions; 0 if there is none.
pub(super) fn last_change(versions: &[Version], position: u64) -> u64 {
    let changes = versions.iter().flat_map(|version| {
        [Some(version.submission.position), version.withdrawn.map(|(at, _)| at)]
    });
    changes.flatten().filter(|at| *at <= position).max().unwrap_or(0)
}

/// The versions of a month, and what stands now.
#[derive(Debug, Default)]
pub(super) struct MonthVersions {
    /// Versions by number of the organisation, oldest first.
    pub(super) of: std::collections::BTreeMap<u32, Vec<Version>>,
    /// Position of the last change.
    last_change: u64,
    /// What stands after the last change, once it was asked for.
    current: OnceLock<Arc<Standing>>,
}

impl MonthVersions {
    /// Notes a change at a position.
    pub(super) fn change(&mut self, position: u64) {
        self.last_change = self.last_change.max(position);
        self.current = OnceLock::new();
    }

    /// What stands at a position.
    pub(super) fn at(&self, slot: MonthSlot, position: u64) -> Arc<Standing> {
        let made = |position| {
            let versions = self.of.iter().map(|(number, versions)| (*number, versions.as_slice()));
            Arc::new(Standing::new(slot, versions, position))
        };
        if position < self.last_change {
            return made(position);
        }
        Arc::clone(self.current.get_or_init(|| made(self.last_change)))
    }
}
