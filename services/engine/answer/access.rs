//! Whether people can use remote care, where their consultations do not say: what their latest access snapshot says.
//!
//! The record speaks first. Where it is missing, or says that the person was not assessed, the latest snapshot of the same person
//! key (which is of the same scheme) at or before the consultation's month speaks, whichever organisation it is from; of two in
//! one month, the one that was accepted last. Where neither knows, the record stands as it is.

mod history;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::places::PlacesOf;
use super::plan::{Made, On, Plan, PlanAxis};
use super::threads::on_threads;
use crate::domain::codes::State;
use crate::domain::collection::{Collection, Dataset};
use crate::domain::cube::Packed;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::cache::Scope;
use crate::engine::query::no_collection;
use crate::engine::{Engine, QueryError};
use crate::store::{Catalog, StoreError, Submission};
pub use history::Histories;
use history::History;

const FIELD: Field = Field::DigitalAccess;
const DIMENSION: &str = "digital_access";
/// What tells whether the person can.
const KNOWN: [&str; 3] = ["ABLE", "WITH_HELP", "UNABLE"];
const NOT_ASSESSED: &str = "NOT_ASSESSED";

/// What a word says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Known,
    NotAssessed,
    Missing,
}

/// What snapshots tell of the consultations of a plan.
pub(super) struct Access {
    /// Collection of the snapshots.
    pub(super) collection: String,
    pub(super) data_position: u64,
    pub(super) scope: Option<Scope>,
    /// Words of the field. A word that comes from a snapshot stands so many further on, what was not collected behind both.
    words: usize,
    says: Vec<Says>,
    columns: BTreeMap<u64, Made>,
}

/// Whether a collection can be asked for access snapshots.
///
/// # Errors
/// It is none, or takes no access records.
pub(super) fn access_collection<'a>(
    reference: &'a Reference,
    id: &str,
) -> Result<&'a Collection, QueryError> {
    let found = reference.collection(id).ok_or_else(|| no_collection(reference, id))?;
    let takes = |c: &&Collection| c.datasets.contains(&Dataset::DigitalAccess);
    if takes(&found) {
        return Ok(found);
    }
    let those: Vec<_> = reference.collections().filter(takes).map(|c| c.id.as_str()).collect();
    Err(QueryError::Field {
        field: "access_collection".into(),
        description: format!(
            "collection `{id}` takes no access records: name one that does, {}",
            those.join(", ")
        ),
    })
}

impl Engine {
    /// What the snapshots of a collection tell of a plan's consultations, at the plan's position.
    pub(super) fn access(
        &self,
        plan: &Plan,
        collection: &str,
        last: Month,
    ) -> Result<Access, QueryError> {
        let catalog = self.store().catalog();
        let reference = Arc::clone(&catalog.reference);
        let Some(dimension) = reference.dimension(DIMENSION) else {
            return Err(QueryError::Refused(format!("no dimension `{DIMENSION}`")));
        };
        let places = self.places.of(&reference, catalog.words(), dimension, FIELD);
        let says = |places: &Vec<usize>| {
            let code = places.first().and_then(|place| dimension.categories.get(*place));
            match code.map(|(code, _)| code.as_str()) {
                Some(code) if KNOWN.contains(&code) => Says::Known,
                Some(NOT_ASSESSED) => Says::NotAssessed,
                Some(_) | None => Says::Missing,
            }
        };
        let says: Vec<_> = places.of_word.iter().map(says).collect();
        let (snapshots, data_position) = snapshots(&catalog, collection, last, plan.position);
        let scope =
            catalog.collection(collection).zip(Month::from_number(0)).map(|(collection, first)| {
                let access = [(collection, Dataset::DigitalAccess)];
                crate::engine::scope(&access, &[], (first, last))
            });
        drop(catalog);
        let reader = self.store().reader();
        let history = self.histories.of(reader, &snapshots)?;
        let mut columns = BTreeMap::new();
        let spoken: Vec<_> = plan.submissions.iter().filter(|s| s.has_persons).collect();
        let run = |some: &[&Arc<Submission>]| -> Result<Vec<(u64, Made)>, StoreError> {
            let mut made = Vec::new();
            let late = || self.settings.threads.are_late();
            for submission in some.iter().take_while(|_| !history.is_empty() && !late()) {
                let own = reader.column(submission, FIELD)?;
                let persons = reader.persons(submission)?;
                let column = told(submission, &own, &persons, &history, &says);
                made.extend(column.map(|column| (submission.position, column)));
            }
            Ok(made)
        };
        for made in on_threads(&spoken, |s| s.records(), self.settings.threads, run) {
            columns.extend(made?);
        }
        self.settings.threads.in_time()?;
        let collection = collection.to_owned();
        Ok(Access { collection, data_position, scope, words: says.len(), says, columns })
    }
}

/// The snapshots of a collection up to a month, oldest first, and the position of the last change of any of them.
fn snapshots(
    catalog: &Catalog,
    collection: &str,
    last: Month,
    position: u64,
) -> (Vec<Arc<Submission>>, u64) {
    let (mut found, mut changed) = (Vec::new(), 0);
    let Some(number) = catalog.collection(collection) else { return (found, changed) };
    let slots = catalog.slots_of(number, Dataset::DigitalAccess).map(|(slot, _)| slot);
    for slot in slots.filter(|slot| slot.month <= last) {
        changed = changed.max(catalog.changed(slot, position));
        found.extend(catalog.at(slot, position).cloned());
    }
    found.retain(|submission| submission.has_persons && submission.column(FIELD).is_some());
    found.sort_by_key(|submission| (submission.slot.month, submission.position));
    (found, changed)
}

/// The column of a submission with what snapshots tell of it; none where they tell nothing.
fn told(
    submission: &Submission,
    own: &Packed,
    persons: &Packed,
    history: &History,
    says: &[Says],
) -> Option<Made> {
    let (records, month) = (submission.records(), submission.slot.month);
    let of_word = |word: u32| says.get(word as usize).copied().unwrap_or(Says::Missing);
    let snapshot = u32::try_from(says.len()).ok()?;
    let mut words = match submission.column(FIELD) {
        Some(column) => column.words.to_vec(),
        None => vec![snapshot * 2],
    };
    let of_own: Vec<_> = words.iter().map(|word| of_word(*word)).collect();
    let mut indices = own.unpacked(records);
    let mut spoke = false;
    for (record, index) in indices.iter_mut().enumerate() {
        let own = of_own.get(usize::from(*index)).copied().unwrap_or(Says::Missing);
        if own == Says::Known {
            continue;
        }
        let person = persons.number(record);
        let Some(word) = (person != 0).then(|| history.at(person, month)).flatten() else {
            continue;
        };
        let better = match of_word(word) {
            Says::Known => true,
            Says::NotAssessed => own == Says::Missing,
            Says::Missing => false,
        };
        if better {
            let word = snapshot + word;
            let place = words.iter().position(|known| *known == word).unwrap_or_else(|| {
                words.push(word);
                words.len() - 1
            });
            *index = u16::try_from(place).unwrap_or(*index);
            spoke = true;
        }
    }
    let indices = Arc::new(Packed::indices(indices.into_iter(), words.len()));
    spoke.then_some(Made { words, indices })
}

impl Access {
    /// Lets the snapshots speak in a plan of the same consultations.
    pub(super) fn join(&self, plan: &mut Plan) {
        for number in 0..plan.submissions.len() {
            if let Some(column) = self.columns.get(&plan.submissions[number].position) {
                plan.put(number, FIELD, column);
            }
        }
        for axis in &mut plan.axes {
            if let On::Field(FIELD, places) = &mut axis.on {
                *places = self.both(places);
            }
        }
        for filter in plan.filters.iter_mut().filter(|filter| filter.field == FIELD) {
            filter.places = self.both(&filter.places);
        }
    }

    /// The places of words of the record, of the same words of a snapshot, and of what was not collected.
    fn both(&self, places: &PlacesOf) -> Arc<PlacesOf> {
        let absent = &places.not_collected;
        let once = (0..self.words).map(|word| places.of_word.get(word).unwrap_or(absent));
        let of_word = once.clone().chain(once).chain([absent]).cloned().collect();
        Arc::new(PlacesOf { of_word, not_collected: absent.clone() })
    }

    /// An axis of a plan that was joined: where it is known from whether the person can. Two categories: record, snapshot.
    pub(super) fn source_axis(&self, plan: &Plan) -> Option<PlanAxis> {
        let dimension = plan.reference.dimension(DIMENSION)?.clone();
        let categories = [("RECORD".into(), String::new()), ("SNAPSHOT".into(), String::new())];
        let unknown = vec![categories.len() + State::NotKnown as usize];
        let of_source = |source: usize| {
            let unknown = &unknown;
            self.says.iter().map(move |says| match says {
                Says::Known => vec![source],
                Says::NotAssessed | Says::Missing => unknown.clone(),
            })
        };
        let of_word = of_source(0).chain(of_source(1)).chain([unknown.clone()]).collect();
        let on = On::Field(FIELD, Arc::new(PlacesOf { of_word, not_collected: unknown.clone() }));
        Some(PlanAxis { dimension, categories: categories.to_vec(), on, only: None })
    }

    /// What has to be known to read the figures.
    pub(super) fn note(&self) -> String {
        format!(
            "Whether a person can use remote care is what the record says; where it says nothing or NOT_ASSESSED, what the \
             person's latest snapshot in `{}` at or before the month says.",
            self.collection
        )
    }
}
