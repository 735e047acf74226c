//! What snapshots tell of one field of the consultations: the column that stands where the record's own says nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::axis_positions::PositionsOf;
use super::super::plan::{Made, On, Plan, PlanAxis};
use super::history::History;
use crate::domain::codes::Dimension;
use crate::domain::cube::Packed;
use crate::domain::field::Field;
use crate::store::Submission;

const NOT_ASSESSED: &str = "NOT_ASSESSED";

/// The fields of which snapshots may tell what consultations do not, in order. Each has a dimension of the same name.
pub(in crate::engine::answer) const NEEDS: [Field; 3] =
    [Field::DigitalAccess, Field::InterpreterNeeded, Field::AccessibleNeed];

/// What a word says, the best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Missing,
    NotAssessed,
    Known,
}

/// What snapshots tell of one field.
pub(super) struct NeedFromSnapshot {
    pub(super) field: Field,
    /// By number of the word. A word that comes from a snapshot stands so many further on, what was not collected behind both.
    says: Vec<Says>,
    pub(super) columns: BTreeMap<u64, Made>,
}

impl NeedFromSnapshot {
    pub(super) fn new(field: Field, dimension: &Dimension, places: &PositionsOf) -> Self {
        let says = |places: &Vec<usize>| {
            let code = places.first().and_then(|place| dimension.categories.get(*place));
            match code.map(|(code, _)| code.as_str()) {
                Some(NOT_ASSESSED) => Says::NotAssessed,
                Some(_) => Says::Known,
                None => Says::Missing,
            }
        };
        let says = places.of_word.iter().map(says).collect();
        Self { field, says, columns: BTreeMap::new() }
    }

    /// The column of a submission with what snapshots tell of it; none where they tell nothing.
    pub(super) fn column(
        &self,
        submission: &Submission,
        own: &Packed,
        persons: &Packed,
        history: &History,
    ) -> Option<Made> {
        let (records, month) = (submission.records(), submission.slot.month);
        let of_word = |word: u32| self.says.get(word as usize).copied().unwrap_or(Says::Missing);
        let snapshot = u32::try_from(self.says.len()).ok()?;
        let mut words = match submission.column(self.field) {
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
            if of_word(word) > own {
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

    /// Lets the snapshots speak in a plan of the same consultations.
    pub(super) fn join(&self, plan: &mut Plan) {
        for number in 0..plan.submissions.len() {
            if let Some(column) = self.columns.get(&plan.submissions[number].position) {
                plan.put(number, self.field, column);
            }
        }
        for axis in &mut plan.axes {
            match &mut axis.on {
                On::Field(field, places) if *field == self.field => *places = self.both(places),
                On::Field(..) | On::Submission(_) | On::Derived(_) => {}
            }
        }
        for filter in plan.filters.iter_mut().filter(|filter| filter.field == self.field) {
            filter.places = self.both(&filter.places);
        }
    }

    /// The places of words of the record, of the same words of a snapshot, and of what was not collected.
    fn both(&self, places: &PositionsOf) -> Arc<PositionsOf> {
        let absent = &places.not_collected;
        let words = 0..self.says.len();
        let once = words.map(|word| places.of_word.get(word).unwrap_or(absent));
        let of_word = once.clone().chain(once).chain([absent]).cloned().collect();
        Arc::new(PositionsOf { of_word, not_collected: absent.clone() })
    }

    /// An axis of a plan that was joined: whether it is known from the record (0), from a snapshot (1), or not (2).
    pub(super) fn source_axis(&self) -> PlanAxis {
        let of_source = |source: usize| {
            self.says.iter().map(move |says| match says {
                Says::Known => source,
                Says::NotAssessed | Says::Missing => UNKNOWN,
            })
        };
        let of_word = of_source(0).chain(of_source(1)).chain([UNKNOWN]).collect();
        PlanAxis::of_words(self.field, of_word, UNKNOWN)
    }
}

/// Place of what is not known, behind the two sources.
const UNKNOWN: usize = 2;
