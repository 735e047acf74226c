//! What an answer has read, so that it is known which changes bear on it.

use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::store::Touched;

/// The slots that an answer read, including those without data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Collections, by number, and datasets.
    pub collections: Vec<(u16, Dataset)>,
    /// Organisations, by number, in order; empty: every one.
    pub organisations: Vec<u32>,
    /// First month that the answer read.
    pub first: Month,
    /// Last month that the answer read.
    pub last: Month,
}

impl Scope {
    /// Months of organisations in collections; no organisation: every one.
    #[must_use]
    pub fn new(
        collections: &[(u16, Dataset)],
        organisations: &[u32],
        (first, last): (Month, Month),
    ) -> Self {
        let mut organisations = organisations.to_vec();
        organisations.sort_unstable();
        Self { collections: collections.to_vec(), organisations, first, last }
    }

    /// The slots of both.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.collections.extend(other.collections);
        if self.organisations.is_empty() || other.organisations.is_empty() {
            self.organisations.clear();
        } else {
            self.organisations.extend(other.organisations);
            self.organisations.sort_unstable();
            self.organisations.dedup();
        }
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
        self
    }

    /// The slots of both; none if the slots of one are not known by number.
    #[must_use]
    pub fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.zip(other).map(|(one, other)| one.joined(other))
    }

    /// Whether a change bears on one of them. An assessment bears on every answer about its organisation and months: what an
    /// answer shows beside its figures is not told here, and assessments are rare.
    #[must_use]
    pub fn covers(&self, touched: &Touched) -> bool {
        match touched {
            Touched::Nothing | Touched::Releases => false,
            Touched::Erased => true,
            Touched::Slot(slot) => {
                (self.first..=self.last).contains(&slot.month)
                    && self.collections.contains(&(slot.collection, slot.dataset))
                    && self.has(Some(slot.organisation))
            }
            Touched::Assessment { organisation, first, last } => {
                *first <= self.last && self.first <= *last && self.has(*organisation)
            }
        }
    }

    /// Whether an organisation is one of those looked at; one without a number can only be one of all.
    fn has(&self, organisation: Option<u32>) -> bool {
        self.organisations.is_empty()
            || organisation.is_some_and(|number| self.organisations.binary_search(&number).is_ok())
    }
}
