//! The same question about more people: with fewer conditions, or by fewer dimensions; or about each organisation.

use std::collections::BTreeMap;

use super::model::{Key, KeyId};
use super::question::{Counted, Question, RowPlaces};
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

/// Another question, counted, in which a row of this one is looked for.
pub(super) struct Wider<F> {
    pub(super) counted: Counted<F>,
    by: Vec<String>,
    rows: BTreeMap<Vec<KeyId>, RowPlaces>,
    /// Whether a condition is left out, and so every row is a part.
    of_parts: bool,
}

impl<F> Wider<F> {
    /// Counts another question than `of`.
    pub(super) fn count<Q: Question<Figures = F>>(
        question: &Q,
        engine: &Engine,
        (query, of): (&Query, &Query),
    ) -> Result<Self, QueryError> {
        let (counted, of_parts) = (question.count(engine, query)?, query.filters != of.filters);
        let id = |(keys, places): &(Vec<Key>, RowPlaces)| {
            (keys.iter().map(Key::id).collect(), places.clone())
        };
        let rows = counted.rows.iter().map(id).collect();
        Ok(Self { counted, by: query.by.clone(), rows, of_parts })
    }

    /// Whether a row with these keys is a part of one of these rows, and not one of them.
    pub(super) fn has_part(&self, keys: &[Key]) -> bool {
        self.of_parts || self.told(keys).len() < keys.len()
    }

    /// The row that a row with these keys is in.
    pub(super) fn row(&self, keys: &[Key]) -> Option<RowPlaces> {
        let keys = self.told(keys);
        if keys.is_empty() { Some(RowPlaces::new()) } else { self.rows.get(&keys).cloned() }
    }

    /// The codes of the last dimension that such a row has, and their rows.
    pub(super) fn each(&self, keys: &[Key]) -> impl Iterator<Item = (&str, &[usize])> {
        let keys = self.told(keys);
        let all = self.rows.range(keys.clone()..).take_while(move |(of, _)| of.starts_with(&keys));
        all.filter_map(|(of, places)| Some((of.last()?.1.as_str(), places.as_slice())))
    }

    fn told(&self, keys: &[Key]) -> Vec<KeyId> {
        let is_told = |key: &&Key| self.by.iter().any(|id| **id == *key.dimension);
        keys.iter().filter(is_told).map(Key::id).collect()
    }
}
