//! Where each value of a field falls in a dimension: worked out once for each value, kept for every question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::codes::{Dimension, Value};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::store::catalog::{NOT_COLLECTED, Words};

/// The places of every value of a field in one dimension, by number of the value; and those of a value that was not collected.
#[derive(Clone, Debug)]
pub(super) struct PositionsOf {
    pub(super) of_word: Vec<Vec<usize>>,
    pub(super) not_collected: Vec<usize>,
}

impl PositionsOf {
    /// The places of a code of the field.
    pub(super) fn of_code(&self, code: u32) -> &Vec<usize> {
        let word = code.checked_sub(1).and_then(|word| self.of_word.get(word as usize));
        word.unwrap_or(&self.not_collected)
    }
}

/// The places of values in each span of months: it may depend on the month in which area a home is. Anything else has one list.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    first: Arc<PositionsOf>,
    /// Those of later spans, in order.
    later: Vec<Arc<PositionsOf>>,
}

impl Placed {
    pub(super) fn new(first: Arc<PositionsOf>, later: Vec<Arc<PositionsOf>>) -> Self {
        Self { first, later }
    }

    /// Those of all months, of a dimension in which no place depends on the month.
    pub(super) fn only_span(&self) -> &PositionsOf {
        debug_assert!(self.later.is_empty(), "places of several spans of months");
        &self.first
    }

    /// Those of a span, by its number.
    pub(super) fn of_span(&self, span: usize) -> &PositionsOf {
        let later = span.checked_sub(1).and_then(|number| self.later.get(number));
        later.unwrap_or(&self.first)
    }

    /// The lists of places of every value in every span.
    pub(super) fn all(&self) -> impl Iterator<Item = &Vec<usize>> {
        let lists = [&self.first].into_iter().chain(&self.later);
        lists.flat_map(|of| of.of_word.iter().chain([&of.not_collected]))
    }
}

impl From<PositionsOf> for Placed {
    fn from(of: PositionsOf) -> Self {
        Self::new(Arc::new(of), Vec::new())
    }
}

/// A dimension of small areas with those alone that any record has, and their places: England has 34,789, and tables are made of all
/// places. Any other dimension as it is.
pub(super) fn occurring(dimension: &Dimension, places: Placed) -> (Dimension, Placed) {
    if dimension.id != Field::ResidenceLsoa.name() {
        return (dimension.clone(), places);
    }
    let (all, places) = (dimension.categories.len(), places.only_span());
    let kept: BTreeSet<usize> = places.of_word.iter().flatten().copied().collect();
    let kept: Vec<usize> = kept.into_iter().filter(|place| *place < all).collect();
    let renumbered = |place: &usize| match place.checked_sub(all) {
        Some(state) => kept.len() + state,
        None => kept.partition_point(|kept| kept < place),
    };
    let renumber = |places: &Vec<usize>| places.iter().map(renumbered).collect::<Vec<_>>();
    let positions = PositionsOf {
        of_word: places.of_word.iter().map(renumber).collect(),
        not_collected: renumber(&places.not_collected),
    };
    let categories = kept.iter().map(|place| dimension.categories[*place].clone()).collect();
    (Dimension { categories, ..dimension.clone() }, positions.into())
}

/// The places of all dimensions that were asked for.
#[derive(Debug, Default)]
pub struct AxisPositions(RwLock<BTreeMap<String, Arc<PositionsOf>>>);

impl AxisPositions {
    /// Forgets all: words may have other numbers.
    pub(in crate::engine) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn of(
        &self,
        reference: &Reference,
        words: &Words,
        dimension: &Dimension,
        field: Field,
    ) -> Arc<PositionsOf> {
        let places = |value: &Value| reference.places(dimension, value);
        self.kept(&dimension.id, words.of(field), places)
    }

    /// The same by the areas of a month.
    pub(super) fn of_month(
        &self,
        reference: &Reference,
        words: &Words,
        (dimension, field): (&Dimension, Field),
        month: Month,
    ) -> Arc<PositionsOf> {
        // All months up to a change have the same areas.
        match reference.residence_changes().iter().find(|change| month < **change) {
            None => self.of(reference, words, dimension, field),
            Some(change) => {
                let places = |value: &Value| reference.places_in(dimension, value, month);
                self.kept(&format!("{}<{change}", dimension.id), words.of(field), places)
            }
        }
    }

    fn kept(
        &self,
        id: &str,
        words: &[Value],
        places: impl Fn(&Value) -> Vec<usize>,
    ) -> Arc<PositionsOf> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let mut of_word = match known {
            Some(known) if known.of_word.len() >= words.len() => return known,
            Some(known) => known.of_word.clone(),
            None => Vec::new(),
        };
        of_word.extend(words[of_word.len()..].iter().map(&places));
        let not_collected = places(&NOT_COLLECTED);
        let made = Arc::new(PositionsOf { of_word, not_collected });
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_owned(), Arc::clone(&made));
        made
    }
}
