//! The catalogue, in memory: every version, and of the submissions that stand the form of their columns. Questions about the present are
//! planned from it without reading the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::assessment::About;
use super::erasure::Erasure;
use super::error::{StoreError, damaged};
use super::keys::{IdKind, Slot};
use super::release::Release;
use super::standing::{Kept, MonthSlot, MonthVersions, Standing};
use super::stored::{Submission, Version};
use super::touched::Touched;
pub use super::words::Words;
use crate::domain::codes::{State, Value};
use crate::domain::collection::Dataset;
use crate::domain::estimate::EstimateSource;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::proto::store::{Assessment, AssessmentRow, VersionRow};

/// Every submission and assessment, and the reference content in force.
#[derive(Debug)]
pub struct Catalog {
    /// Reference content in force.
    pub reference: Arc<Reference>,
    /// Position of the last entry applied.
    pub position: u64,
    /// Log positions of all reference content, oldest first. The last is in force.
    contents: Vec<u64>,
    /// Position and time of every change, in order.
    changes: Vec<(u64, u64)>,
    /// In order of position.
    assessments: Vec<About>,
    /// In order of position.
    releases: Vec<Arc<Release>>,
    /// In order of position.
    erasures: Vec<Arc<Erasure>>,
    months: BTreeMap<MonthSlot, MonthVersions>,
    words: Words,
    collections: BTreeMap<String, u16>,
    /// Log position of the newest submission of each collection.
    newest: BTreeMap<u16, u64>,
    organisations: BTreeMap<String, u32>,
    names: FxHashMap<Arc<str>, ()>,
    /// The publications of submissions, each once.
    publications: FxHashMap<Arc<EstimateSource>, ()>,
}

impl Catalog {
    pub(super) fn new(reference: Arc<Reference>) -> Self {
        Self {
            reference,
            position: 0,
            contents: Vec::new(),
            changes: Vec::new(),
            assessments: Vec::new(),
            releases: Vec::new(),
            erasures: Vec::new(),
            months: BTreeMap::new(),
            words: Words::default(),
            collections: BTreeMap::new(),
            newest: BTreeMap::new(),
            organisations: BTreeMap::new(),
            names: FxHashMap::default(),
            publications: FxHashMap::default(),
        }
    }

    /// Number of a collection that has data.
    #[must_use]
    pub fn collection(&self, id: &str) -> Option<u16> {
        self.collections.get(id).copied()
    }

    /// Number of an organisation that has submitted.
    #[must_use]
    pub fn organisation(&self, code: &str) -> Option<u32> {
        self.organisations.get(code).copied()
    }

    /// Ids of the collections that have data, by number.
    #[must_use]
    pub fn collection_ids(&self) -> BTreeMap<u16, &str> {
        self.collections.iter().map(|(id, number)| (*number, id.as_str())).collect()
    }

    /// The collections that have data, and the time when the newest submission of each was stored, milliseconds since 1970.
    pub fn newest(&self) -> impl Iterator<Item = (&str, u64)> {
        self.collections.iter().filter_map(|(id, number)| {
            let position = self.newest.get(number)?;
            Some((id.as_str(), self.time_of(*position)))
        })
    }

    /// Codes of the organisations that have submitted, by number.
    #[must_use]
    pub fn organisation_codes(&self) -> BTreeMap<u32, &str> {
        self.organisations.iter().map(|(code, number)| (*number, code.as_str())).collect()
    }

    /// Distinct values of each field, over all submissions.
    #[must_use]
    pub fn words(&self) -> &Words {
        &self.words
    }

    pub(super) fn words_mut(&mut self) -> &mut Words {
        &mut self.words
    }

    /// The versions of a slot, oldest first.
    #[must_use]
    pub fn versions(&self, slot: &Slot) -> &[Version] {
        let month = self.months.get(&MonthSlot::from(*slot));
        month.and_then(|month| month.of.get(&slot.organisation)).map_or(&[], Vec::as_slice)
    }

    /// The versions of every slot, oldest first, by collection, dataset, month and organisation.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, &[Version])> {
        self.months.iter().flat_map(|(month, versions)| versions.slots(*month))
    }

    /// What stands at a position in each month of a collection and dataset, from one month to another, in order. `find` finds the
    /// submissions of versions that stand no more.
    pub(super) fn months(
        &self,
        collection: u16,
        dataset: Dataset,
        (first, last): (Month, Month),
        position: u64,
        find: impl Fn(Slot, &Version) -> Kept,
    ) -> impl Iterator<Item = Arc<Standing>> {
        let slot = |month| MonthSlot { collection, dataset, month };
        let last = slot(last).max(slot(first));
        let months = self.months.range(slot(first)..=last);
        months.map(move |(slot, month)| month.at(*slot, position, &find))
    }

    /// Numbers that collections without data may still get. The next new collection gets the first of them.
    #[must_use]
    pub fn numbers_to_come(&self) -> std::ops::Range<u16> {
        let without = self.reference.collections().filter(|of| self.collection(&of.id).is_none());
        let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let next = self.collections.len();
        number(next)..number(next + without.count())
    }

    /// Every assessment without its text, oldest first.
    #[must_use]
    pub fn assessments(&self) -> &[About] {
        &self.assessments
    }

    /// Every release, oldest first.
    #[must_use]
    pub fn releases(&self) -> &[Arc<Release>] {
        &self.releases
    }

    /// The release of a name.
    #[must_use]
    pub fn release(&self, id: &str) -> Option<&Arc<Release>> {
        self.releases.iter().rev().find(|release| *release.id == *id)
    }

    /// Every erasure, oldest first.
    #[must_use]
    pub fn erasures(&self) -> &[Arc<Erasure>] {
        &self.erasures
    }

    /// Log position of the reference content that was in force at a position; 0 if there was none.
    #[must_use]
    pub fn configured(&self, position: u64) -> u64 {
        before(&self.contents, |at| *at <= position).copied().unwrap_or(0)
    }

    /// Whether the reference content in force now was in force at a position.
    #[must_use]
    pub fn is_of_today(&self, position: u64) -> bool {
        self.contents.last().is_some_and(|at| *at <= position)
    }

    /// Log position of the last change accepted at or before a time, in milliseconds since 1970.
    #[must_use]
    pub fn position_at(&self, time_millis: u64) -> u64 {
        before(&self.changes, |(_, time)| *time <= time_millis).map_or(0, |(position, _)| *position)
    }

    /// Time of the change at a position, milliseconds since 1970; 0: there was none.
    #[must_use]
    pub fn time_of(&self, position: u64) -> u64 {
        let found = self.changes.binary_search_by_key(&position, |(at, _)| *at);
        found.map_or(0, |place| self.changes[place].1)
    }

    /// Time of the last change at or before a position, milliseconds since 1970; 0: there was none.
    #[must_use]
    pub fn time_by(&self, position: u64) -> u64 {
        before(&self.changes, |(at, _)| *at <= position).map_or(0, |(_, time)| *time)
    }

    /// Time of the first change, milliseconds since 1970; none: there was none.
    #[must_use]
    pub fn began(&self) -> Option<u64> {
        self.changes.first().map(|(_, time)| *time)
    }

    /// Notes that reference content is in force from a position on.
    pub(super) fn configure(&mut self, position: u64, time_millis: u64) {
        self.contents.push(position);
        self.changes.push((position, time_millis));
    }

    /// Puts what was loaded in another order than that of the log in its order.
    pub(super) fn in_order(&mut self) {
        self.contents.sort_unstable();
        self.changes.sort_unstable();
    }

    /// Slot by collection id, organisation code and the rest; `None` if nothing of the collection or organisation was ever stored.
    #[must_use]
    pub fn slot(
        &self,
        collection: &str,
        organisation: &str,
        dataset: Dataset,
        month: Month,
    ) -> Option<Slot> {
        let (collection, organisation) =
            (self.collection(collection)?, self.organisation(organisation)?);
        Some(Slot { collection, dataset, organisation, month })
    }

    /// The slot of a version, by collection id, organisation code and the rest of a resource name.
    #[must_use]
    pub fn find(
        &self,
        collection: &str,
        organisation: &str,
        dataset: Dataset,
        month: Month,
        version: u32,
    ) -> Option<Slot> {
        let slot = self.slot(collection, organisation, dataset, month)?;
        self.versions(&slot).iter().any(|found| found.version == version).then_some(slot)
    }

    /// The submission that stands in a slot now.
    #[must_use]
    pub fn stands(&self, slot: &Slot) -> Option<&Arc<Submission>> {
        self.versions(slot).last()?.stands.as_ref()
    }

    pub(super) fn number(&self, kind: IdKind, code: &str) -> Option<u32> {
        match kind {
            IdKind::Collection => self.collections.get(code).map(|number| u32::from(*number)),
            IdKind::Organisation => self.organisations.get(code).copied(),
            IdKind::Scheme => None,
        }
    }

    /// The number that the next code of this kind will have.
    pub(super) fn next_number(&self, kind: IdKind) -> u32 {
        let used = match kind {
            IdKind::Collection => self.collections.len(),
            IdKind::Organisation => self.organisations.len(),
            IdKind::Scheme => 0,
        };
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    pub(super) fn set_number(&mut self, kind: IdKind, code: &str, number: u32) {
        match kind {
            IdKind::Collection => {
                self.collections.insert(code.to_owned(), u16::try_from(number).unwrap_or(u16::MAX));
            }
            IdKind::Organisation => {
                self.organisations.insert(code.to_owned(), number);
            }
            IdKind::Scheme => {}
        }
    }

    pub(super) fn add(
        &mut self,
        slot: Slot,
        version: u32,
        row: &VersionRow,
    ) -> Result<Arc<Submission>, StoreError> {
        let mut submission = Submission::of_row(slot, version, row, |text| self.name(text))?;
        submission.source = submission.source.map(|source| self.publication(source));
        for column in submission.columns() {
            let (known, field) = (self.words.of(column.field).len(), column.field.name());
            if !column.words.iter().all(|word| (*word as usize) < known) {
                return Err(damaged(format!("a column of {field} has unknown words")));
            }
        }
        let (position, submission) = (submission.position, Arc::new(submission));
        let is_erased = row.erased;
        let stands = (!is_erased).then(|| Arc::clone(&submission));
        let month = self.months.entry(slot.into()).or_default();
        let added = Version { version, position, withdrawn: None, is_erased, stands };
        month.add(slot.organisation, added);
        self.changes.push((row.position, row.time_millis));
        let newest = self.newest.entry(slot.collection).or_default();
        *newest = (*newest).max(row.position);
        Ok(submission)
    }

    pub(super) fn withdraw(&mut self, slot: &Slot, version: u32, position: u64, time_millis: u64) {
        let Some(month) = self.months.get_mut(&MonthSlot::from(*slot)) else { return };
        month.withdraw(slot.organisation, version, (position, time_millis));
        self.changes.push((position, time_millis));
    }

    pub(super) fn assess(
        &mut self,
        position: u64,
        row: &AssessmentRow,
    ) -> Result<Touched, StoreError> {
        let empty = Assessment::default();
        let said = row.assessment.as_ref().unwrap_or(&empty);
        let (first, last) = (month(said.first_month)?, month(said.last_month)?);
        let organisation = self.name(&said.organisation);
        let touched =
            Touched::Assessment { organisation: self.organisation(&organisation), first, last };
        let time_millis = row.time_millis;
        self.changes.push((position, time_millis));
        self.assessments.push(About { position, time_millis, organisation, first, last });
        Ok(touched)
    }

    pub(super) fn released(&mut self, release: Release) {
        self.releases.push(Arc::new(release));
    }

    /// Notes an erasure: what stood and was erased stands no more.
    pub(super) fn erased(&mut self, erasure: Erasure) {
        let at = (erasure.position, erasure.time_millis);
        for of in &erasure.versions {
            if let Some(month) = self.months.get_mut(&MonthSlot::from(of.slot)) {
                month.end(of.slot.organisation, of.version, at);
            }
        }
        self.changes.push(at);
        self.erasures.push(Arc::new(erasure));
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some((known, ())) = self.names.get_key_value(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name), ());
        name
    }

    /// The one copy of a publication.
    fn publication(&mut self, source: Arc<EstimateSource>) -> Arc<EstimateSource> {
        if let Some((known, ())) = self.publications.get_key_value(&source) {
            return Arc::clone(known);
        }
        self.publications.insert(Arc::clone(&source), ());
        source
    }
}

/// The last item of a list in order that something holds for, as it does for all before it.
fn before<T>(list: &[T], holds: impl FnMut(&T) -> bool) -> Option<&T> {
    list.partition_point(holds).checked_sub(1).map(|last| &list[last])
}

/// Value of every record for a field that the submission does not collect.
pub const NOT_COLLECTED: Value = Value::State(State::NotCollected);

fn month(number: u32) -> Result<Month, StoreError> {
    Month::from_number(number).ok_or_else(|| damaged("an assessment has no month"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;

    #[test]
    fn a_collection_that_left_the_reference_content_takes_no_number_from_those_to_come() {
        let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
        let (all, known) = (reference.collections().count(), reference.collections().next());
        let known = known.unwrap().id.clone();
        let mut catalog = Catalog::new(reference);
        catalog.set_number(IdKind::Collection, &known, 0);
        catalog.set_number(IdKind::Collection, "left", 1);
        let to_come = catalog.numbers_to_come();
        assert_eq!((to_come.start, usize::from(to_come.end)), (2, 2 + all - 1));
    }
}
