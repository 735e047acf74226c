//! What stands in one month of a collection and dataset: the unit that questions are planned by.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::bits::Bits;
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
    /// Number of the organisation of each submission.
    pub organisations: Vec<u32>,
    /// The organisations with a submission.
    present: Bits,
    /// The organisations with a version, and so with a last change.
    with_version: Bits,
    /// Number of each organisation with a version, and the position of its last change.
    changed: Vec<(u32, u64)>,
    /// The organisations whose data stood then, and was erased.
    erased: Bits,
    /// Position of the last of these changes.
    last: u64,
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
        versions: impl Iterator<Item = (Slot, &'a [Version])>,
        position: u64,
        find: impl Fn(Slot, &Version) -> Kept,
    ) -> Self {
        let (mut submissions, mut changed, mut erased) = (Vec::new(), Vec::new(), Bits::default());
        for (of, versions) in versions {
            let last = last_change(versions, position);
            if last > 0 {
                changed.push((of.organisation, last));
            }
            match standing(versions, position) {
                Some(version) if version.is_erased => {
                    erased.insert(of.organisation);
                }
                version => submissions.extend(version.and_then(|version| find(of, version))),
            }
        }
        let (mut starts, mut hasher) = (vec![0], blake3::Hasher::new());
        for submission in &submissions {
            starts.push(starts[starts.len() - 1] + submission.records());
            hasher.update(&submission.position.to_le_bytes());
        }
        let id = hasher.finalize().as_bytes()[..16].try_into().map_or(0, u128::from_le_bytes);
        let organisations = submissions.iter().map(|of: &Arc<Submission>| of.slot.organisation);
        let organisations: Vec<u32> = organisations.collect();
        let present = organisations.iter().copied().collect();
        let with_version = changed.iter().map(|(number, _)| *number).collect();
        let occurring = [const { OnceLock::new() }; FIELD_LIMIT];
        let last = changed.iter().map(|(_, at)| *at).max().unwrap_or(0);
        Self {
            slot,
            submissions,
            starts,
            organisations,
            present,
            with_version,
            changed,
            erased,
            last,
            id,
            occurring,
        }
    }

    /// Number of records.
    #[must_use]
    pub fn records(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// The organisations with a submission.
    #[must_use]
    pub fn present(&self) -> &Bits {
        &self.present
    }

    /// The organisations whose data stood then, and was erased.
    #[must_use]
    pub fn erased(&self) -> &Bits {
        &self.erased
    }

    /// Position of the last change of the month.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Position of the last change of some organisations in the month; 0 if there is none.
    #[must_use]
    pub fn last_of(&self, organisations: &Bits) -> u64 {
        // Most questions are about everybody in a month: then nobody is looked at one by one.
        if organisations.covers(&self.with_version) {
            return self.last;
        }
        let asked = self.changed.iter().filter(|(number, _)| organisations.has(*number));
        asked.map(|(_, at)| *at).max().unwrap_or(0)
    }

    /// Places of the submissions of some organisations; none: all submissions are theirs.
    #[must_use]
    pub fn places_of(&self, organisations: &Bits) -> Option<Vec<usize>> {
        let of_them = |place: &usize| organisations.has(self.organisations[*place]);
        let is_whole = organisations.covers(&self.present);
        (!is_whole).then(|| (0..self.submissions.len()).filter(of_them).collect())
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

/// The version of a slot that stands at a position, of the slot's versions.
#[must_use]
pub fn standing(versions: &[Version], position: u64) -> Option<&Version> {
    let version = versions.iter().rev().find(|version| version.position <= position)?;
    let withdrawn = version.withdrawn.is_some_and(|(at, _)| at <= position);
    (!withdrawn).then_some(version)
}

/// Log position of the last change of a slot at or before a position, of the slot's versions; 0 if there is none.
pub(super) fn last_change(versions: &[Version], position: u64) -> u64 {
    let changes = versions
        .iter()
        .flat_map(|version| [Some(version.position), version.withdrawn.map(|(at, _)| at)]);
    changes.flatten().filter(|at| *at <= position).max().unwrap_or(0)
}

/// The submission of a version, if it is in memory.
pub(super) type Kept = Option<Arc<Submission>>;

/// The versions of a month, and what stands now.
#[derive(Debug, Default)]
pub(super) struct MonthVersions {
    /// Versions by number of the organisation, oldest first. The last one that is not withdrawn keeps its submission.
    pub(super) of: BTreeMap<u32, Vec<Version>>,
    /// Position of the last change.
    last_change: u64,
    /// What stands after the last change, once it was asked for.
    current: OnceLock<Arc<Standing>>,
}

impl MonthVersions {
    /// Adds the next version of an organisation.
    pub(super) fn add(&mut self, organisation: u32, version: Version) {
        let (versions, position) = (self.of.entry(organisation).or_default(), version.position);
        if let Some(last) = versions.last_mut() {
            last.stands = None;
        }
        // Most months have one version, and there are very many months.
        if versions.len() == versions.capacity() {
            versions.reserve_exact(1 + versions.len() / 4);
        }
        versions.push(version);
        self.change(position);
    }

    /// Withdraws a version of an organisation, at a position and time.
    pub(super) fn withdraw(&mut self, organisation: u32, version: u32, at: (u64, u64)) {
        let versions = self.of.get_mut(&organisation).into_iter().flatten();
        for found in versions.filter(|found| found.version == version) {
            (found.withdrawn, found.stands) = (Some(at), None);
        }
        self.change(at.0);
    }

    /// Notes that a version was erased: if it stood until then, it stands no more.
    pub(super) fn end(&mut self, organisation: u32, version: u32, at: (u64, u64)) {
        if let Some(versions) = self.of.get_mut(&organisation)
            && let Some(place) = versions.iter().position(|found| found.version == version)
            // The rows may be read after later versions have come.
            && versions.get(place + 1).is_none_or(|next| next.position > at.0)
        {
            versions[place].withdrawn.get_or_insert(at);
            versions[place].stands = None;
        }
        self.change(at.0);
    }

    /// Notes a change at a position.
    fn change(&mut self, position: u64) {
        self.last_change = self.last_change.max(position);
        self.current = OnceLock::new();
    }

    /// The slots of the month, with their versions.
    pub(super) fn slots(&self, month: MonthSlot) -> impl Iterator<Item = (Slot, &[Version])> {
        let MonthSlot { collection, dataset, month } = month;
        self.of.iter().map(move |(organisation, versions)| {
            let slot = Slot { collection, dataset, organisation: *organisation, month };
            (slot, versions.as_slice())
        })
    }

    /// What stands at a position.
    pub(super) fn at(
        &self,
        month: MonthSlot,
        position: u64,
        find: impl Fn(Slot, &Version) -> Kept,
    ) -> Arc<Standing> {
        let made = |position| Arc::new(Standing::new(month, self.slots(month), position, &find));
        if position < self.last_change {
            return made(position);
        }
        // Of what stands now every submission is in memory.
        Arc::clone(self.current.get_or_init(|| made(self.last_change)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_stands_no_more_takes_a_few_dozen_bytes() {
        assert!(size_of::<Version>() <= 56, "{}", size_of::<Version>());
        let version = |version: u32| {
            let position = u64::from(version) * 3;
            Version { version, position, withdrawn: None, is_erased: false, stands: None }
        };
        let mut month = MonthVersions::default();
        (1..=1_000).for_each(|number| month.add(7, version(number)));
        let versions = &month.of[&7];
        assert!(versions.capacity() <= versions.len() * 5 / 4 + 1, "{}", versions.capacity());
        month.add(8, version(2_000));
        assert_eq!(month.of[&8].capacity(), 1, "most months have one version");
    }
    /// What stands at each position up to the newest, and the last change of each, found again from the changes one by one.
    fn replayed(changes: &[(u32, Option<u32>)], organisation: u32) -> Vec<(Option<u32>, u64)> {
        let (mut stands, mut last, mut count) = (None, 0, 0);
        let mut after = vec![(None, 0)];
        for (position, (of, withdrawn)) in (1..).zip(changes) {
            if *of == organisation {
                last = position;
                match withdrawn {
                    None => {
                        count += 1;
                        stands = Some(count);
                    }
                    Some(version) => stands = stands.filter(|stands| stands != version),
                }
            }
            after.push((stands, last));
        }
        after
    }

    #[test]
    fn a_position_stands_for_the_same_versions_whatever_comes_after_it() {
        let mut random = 7_u64;
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % limit
        };
        let slot =
            MonthSlot { collection: 0, dataset: Dataset::Consultations, month: Month::FIRST };
        let (mut month, mut changes) = (MonthVersions::default(), Vec::new());
        let mut counts = [0_u32; 3];
        for position in 1..=120_u64 {
            let organisation = below(3);
            let place = usize::try_from(organisation).unwrap();
            let organisation = u32::try_from(organisation).unwrap();
            // A withdrawal is of the version that stands, as the writer has checked.
            let stands = replayed(&changes, organisation).last().and_then(|last| last.0);
            match stands.filter(|_| below(3) == 0) {
                Some(version) => {
                    month.withdraw(organisation, version, (position, position));
                    changes.push((organisation, Some(version)));
                }
                None => {
                    counts[place] += 1;
                    let version = counts[place];
                    let (withdrawn, is_erased, stands) = (None, false, None);
                    let version = Version { version, position, withdrawn, is_erased, stands };
                    month.add(organisation, version);
                    changes.push((organisation, None));
                }
            }
            for organisation in 0..3 {
                let versions = month.of.get(&organisation).map_or(&[][..], Vec::as_slice);
                for (at, expected) in (0..).zip(replayed(&changes, organisation)) {
                    let stands = standing(versions, at).map(|version| version.version);
                    assert_eq!((stands, last_change(versions, at)), expected, "{at} {position}");
                }
            }
            for at in 0..=position + 1 {
                let last = (0..3)
                    .map(|of| replayed(&changes, of))
                    .map(|all| all[usize::try_from(at.min(position)).unwrap()].1);
                let there = month.at(slot, at, |_, _| None);
                assert_eq!(there.last(), last.max().unwrap(), "{at} of {position}");
            }
        }
        assert!(counts.iter().all(|count| *count > 5), "{counts:?}");
    }
}
