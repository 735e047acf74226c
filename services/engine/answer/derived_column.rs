//! What the words of fields mean to a question, for what is worked out record by record.

use std::sync::Arc;

use super::axis_answers::answers;
use super::plan::{On, PlanAxis};
use crate::domain::cube::Codes;
use crate::domain::field::Field;
use crate::domain::measures::Response;
use crate::engine::Engine;
use crate::store::{Standing, StoreError};

/// What the words of a field mean, by number of the word, and what it means that it was not collected.
pub(super) struct Meanings<T> {
    /// None: the submission decides, and no record says anything.
    pub(super) field: Option<Field>,
    pub(super) of_word: Vec<T>,
    pub(super) not_collected: T,
}

impl Meanings<Response> {
    /// Whether each word is a category of an axis.
    pub(super) fn is(axis: &PlanAxis, category: &str) -> Self {
        let known: Vec<_> = axis.categories.iter().map(|(code, _)| code.as_str()).collect();
        Self::of_places(axis, &answers(axis, &[category], &known))
    }

    /// Of an axis whose places say this.
    pub(super) fn of_places(axis: &PlanAxis, says: &[Response]) -> Self {
        let at = |places: &Vec<usize>| {
            let says = places.first().and_then(|place| says.get(*place));
            says.copied().unwrap_or(Response::Unknown)
        };
        let (of_word, not_collected) = match &axis.on {
            On::Field(_, of) => {
                let of = of.only_span();
                (of.of_word.iter().map(at).collect(), at(&of.not_collected))
            }
            On::Submission(_) | On::Derived(_) | On::Together(_) => {
                (Vec::new(), Response::NotCollected)
            }
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

    /// By code; the first code is of what was not collected.
    pub(super) fn of_code(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::once(self.not_collected).chain(self.of_word.iter().copied())
    }

    /// What the records of a month say.
    pub(super) fn said(
        &self,
        engine: &Engine,
        standing: &Arc<Standing>,
    ) -> Result<Said<T>, StoreError> {
        let field = |field| engine.slabs.field(engine.store().reader(), standing, field);
        let codes = self.field.map_or_else(|| Ok(Arc::default()), field)?;
        Ok(Said { codes, meanings: self.of_code().collect(), none: self.not_collected })
    }
}

/// What the records of a month say in one field.
pub(super) struct Said<T> {
    codes: Arc<Codes>,
    /// By code.
    meanings: Vec<T>,
    none: T,
}

impl<T: Copy> Said<T> {
    pub(super) fn by(&self, record: usize) -> T {
        self.meanings.get(self.codes.at(record) as usize).copied().unwrap_or(self.none)
    }
}
