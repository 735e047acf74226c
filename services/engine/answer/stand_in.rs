//! A column that is worked out record by record, and its axis: for what several fields of a record answer together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::places::PlacesOf;
use super::plan::{Made, On, Plan, PlanAxis};
use super::threads::on_threads;
use crate::domain::codes::{Dimension, Source};
use crate::domain::cube::Packed;
use crate::domain::field::Field;
use crate::engine::{Engine, QueryError};
use crate::store::{Reader, StoreError, Submission};

/// The field whose place in the plan the column takes: days have no dimension, so no question asks by them.
const STAND_IN: Field = Field::Day;

impl Engine {
    /// Adds to a plan an axis of so many places, and of each submission the column of where its records fall.
    pub(super) fn stand_in(
        &self,
        plan: &mut Plan,
        places: usize,
        make: impl Fn(&Reader, &Submission) -> Result<Vec<u16>, StoreError> + Sync,
    ) -> Result<(), QueryError> {
        let reader = self.store().reader();
        let words: Vec<u32> = (0..).take(places).collect();
        let numbered: Vec<_> = plan.submissions.iter().cloned().enumerate().collect();
        let run = |some: &[(usize, Arc<Submission>)]| -> Result<Vec<(usize, Made)>, StoreError> {
            let made = some.iter().map(|(number, submission)| {
                let indices = make(reader, submission)?.into_iter();
                let indices = Arc::new(Packed::indices(indices, places));
                Ok((*number, Made { words: words.clone(), indices }))
            });
            made.collect()
        };
        for made in on_threads(&numbered, |(_, s)| s.records(), self.settings.threads, run) {
            for (number, column) in made? {
                plan.put(number, STAND_IN, &column);
            }
        }
        plan.axes.push(axis(STAND_IN, (0..places).collect(), places));
        Ok(())
    }
}

/// An axis of a field whose words fall into places of one's own.
pub(super) fn axis(field: Field, of_word: Vec<usize>, not_collected: usize) -> PlanAxis {
    let count = of_word.iter().max().map_or(0, |most| most + 1).max(not_collected);
    let dimension = Dimension {
        id: String::new(),
        label: String::new(),
        source: Source::Field(field),
        categories: Vec::new(),
        ordered: false,
        direction: String::new(),
        protected: String::new(),
        map: BTreeMap::new(),
    };
    let of_word = of_word.into_iter().map(|place| vec![place]).collect();
    let on = On::Field(field, Arc::new(PlacesOf { of_word, not_collected: vec![not_collected] }));
    PlanAxis { dimension, categories: vec![Default::default(); count], on, only: None }
}
