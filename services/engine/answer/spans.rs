//! Spans of months: small areas come to other systems, so the same home falls elsewhere before and after a month.
//!
//! A plan gives the same code of a home another number in each span. The columns of the store have the codes as they are; what a code adds to
//! a cell is looked up in the list of the month's span.

use crate::domain::codes::State;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::query::{Query, Where};

/// The spans of the months of a question.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    /// The first month of each span but the first; none: all months have the same areas, or it makes no difference to the question.
    begins: Vec<Month>,
    /// How many codes homes have.
    codes: u32,
}

impl Spans {
    /// The spans of a question, of which homes have so many codes.
    pub(super) fn new(reference: &Reference, query: &Query, codes: usize) -> Self {
        let is_by_month = |id: &String| {
            reference.dimension(id).is_some_and(|dimension| reference.is_by_month(dimension))
        };
        let is_state = |code: &String| State::from_name(code).is_some();
        let decides = query.by.iter().any(is_by_month)
            || query
                .filters
                .iter()
                .any(|filter| is_by_month(&filter.dimension) && !filter.codes.iter().all(is_state))
            || query.place.changes(reference);
        if !decides {
            return Self::default();
        }
        let (first, last) = query.months;
        let changes = reference.residence_changes().iter().copied();
        let begins = changes.filter(|month| first < *month && *month <= last).collect();
        Self { begins, codes: u32::try_from(codes).unwrap_or(u32::MAX) }
    }

    /// Number of the span of a month.
    pub(super) fn of(&self, month: Month) -> usize {
        self.begins.partition_point(|begins| *begins <= month)
    }

    /// A month of each span, the first of them in the question's first month.
    pub(super) fn months(&self, first: Month) -> impl Iterator<Item = Month> {
        std::iter::once(first).chain(self.begins.iter().copied())
    }

    /// Whether the number of a field's code depends on the month.
    pub(super) fn tell_apart(&self, field: Field) -> bool {
        field == Field::ResidenceLsoa && !self.begins.is_empty()
    }

    /// How many lists of what codes add there are of a field.
    pub(super) fn lists(&self, field: Field) -> usize {
        if self.tell_apart(field) { self.begins.len() + 1 } else { 1 }
    }

    /// What is added to the codes of a field in a month.
    pub(super) fn shift(&self, field: Field, month: Month) -> u32 {
        if !self.tell_apart(field) {
            return 0;
        }
        let span = u32::try_from(self.of(month)).unwrap_or(u32::MAX);
        self.codes.saturating_mul(span)
    }

    /// The span and the code behind the number of a code.
    pub(super) fn split(&self, field: Field, number: u32) -> (usize, u32) {
        if !self.tell_apart(field) {
            return (0, number);
        }
        let codes = self.codes.max(1);
        ((number / codes) as usize, number % codes)
    }
}

impl Where {
    /// Whether the people of the place are others in some months, under the same code.
    fn changes(&self, reference: &Reference) -> bool {
        let Self::Residence(code) = self else { return false };
        let is_by_month = reference.areas().get(code).is_some_and(|area| {
            reference.residence_dimension(area).is_some_and(|of| reference.is_by_month(of))
        });
        is_by_month && reference.residence_changes_of(code).next().is_some()
    }
}
