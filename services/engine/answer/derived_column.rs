//! A column that is worked out record by record, and its axis: for what several fields of a record answer together.

use std::sync::Arc;

use super::plan::{On, Plan, PlanAxis};
use crate::domain::cube::Packed;
use crate::domain::field::Field;
use crate::domain::measures::Response;
use crate::engine::{Engine, QueryError};
use crate::store::{Reader, StoreError, Submission};

/// What the words of a field mean, by number of the word, and what it means that it was not collected.
pub(super) struct Meanings<T> {
    /// None: the submission decides, and no record says anything.
    pub(super) field: Option<Field>,
    pub(super) of_word: Vec<T>,
    pub(super) not_collected: T,
}

impl Meanings<Response> {
    /// Of an axis whose places say this.
    pub(super) fn of_places(axis: &PlanAxis, says: &[Response]) -> Self {
        let at = |places: &Vec<usize>| {
            let says = places.first().and_then(|place| says.get(*place));
            says.copied().unwrap_or(Response::Unknown)
        };
        let (of_word, not_collected) = match &axis.on {
            On::Field(_, of) => (of.of_word.iter().map(at).collect(), at(&of.not_collected)),
            On::Submission(_) | On::Derived(_) => (Vec::new(), Response::NotCollected),
        };
        Self { field: axis.field(), of_word, not_collected }
    }
}

impl<T: Copy> Meanings<T> {
    /// The same words with other meanings.
    pub(super) fn map<U>(&self, mean: impl Fn(T) -> U) -> Meanings<U> {
        let of_word = self.of_word.iter().map(|says| mean(*says)).collect();
        Meanings { field: self.field, of_word, not_collected: mean(self.not_collected) }
    }

    /// What the records of a submission say.
    pub(super) fn said(
        &self,
        reader: &Reader,
        submission: &Submission,
    ) -> Result<Said<T>, StoreError> {
        let column = self.field.and_then(|field| submission.column(field));
        let Some(column) = column else {
            let (words, meanings) = (vec![0; submission.records()], vec![self.not_collected]);
            return Ok(Said { words, meanings });
        };
        let meaning = |word: &u32| self.of_word.get(*word as usize).copied();
        let meanings = column.words.iter().map(|w| meaning(w).unwrap_or(self.not_collected));
        let words = reader.column(submission, column.field)?.unpacked(submission.records());
        Ok(Said { words, meanings: meanings.collect() })
    }
}

/// What the records of a submission say in one field: the place of each one's word among its words, and their meanings.
pub(super) struct Said<T> {
    words: Vec<u16>,
    meanings: Vec<T>,
}

impl<T: Copy> Said<T> {
    pub(super) fn by(&self, record: usize) -> T {
        self.meanings[usize::from(self.words[record])]
    }
}

impl Engine {
    /// Adds to a plan an axis of so many places. `make` says where each record of a submission falls on it.
    pub(super) fn derive_column(
        &self,
        plan: &mut Plan,
        places: usize,
        make: impl Fn(&Reader, &Submission) -> Result<Vec<u16>, StoreError> + Sync,
    ) -> Result<(), QueryError> {
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        let columns = threads.each(
            &plan.submissions,
            |submission| submission.records(),
            |submission| {
                let indices = make(reader, submission)?.into_iter();
                Ok(Arc::new(Packed::indices(indices, places)))
            },
        )?;
        plan.axes.push(PlanAxis::derived(columns, places));
        Ok(())
    }
}
