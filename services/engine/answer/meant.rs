//! Which organisations a question is about in a month.

use std::sync::Arc;

use super::plan::{organisation_key, without_code};
use crate::domain::area::{Area, Organisation};
use crate::domain::codes::Source;
use crate::domain::period::Month;
use crate::domain::reference::{Organisations, Reference};
use crate::engine::query::{Query, Where};

/// The organisations that a question is about in a month, out of those that belong to its area in any month.
pub(super) struct Meant<'a> {
    reference: &'a Reference,
    query: &'a Query,
    month: Month,
    /// The area that they have to belong to; none: they are listed, or care for the people of an area.
    area: Option<&'a Area>,
    /// Those that are expected to care for the people of an area; none: the question is not about where people live.
    caring: Option<Arc<Organisations>>,
}

impl<'a> Meant<'a> {
    pub(super) fn new(reference: &'a Reference, query: &'a Query, month: Month) -> Self {
        let (area, caring) = match &query.place {
            Where::Provider(area) => (reference.areas().get(area), None),
            Where::Residence(area) => (None, Some(reference.caring_for(area, (month, month)))),
            Where::Organisations(_) => (None, None),
        };
        Self { reference, query, month, area, caring }
    }

    /// Whether an organisation belongs to the area and satisfies the conditions on organisations and areas.
    pub(super) fn has(&self, organisation: &Organisation) -> bool {
        self.area.is_none_or(|area| organisation.belongs(area, self.month))
            && self.query.filters.iter().all(|filter| {
                let source = self.reference.dimension(&filter.dimension).map(|of| &of.source);
                source.filter(of_organisation).is_none_or(|source| {
                    let code = &organisation.code;
                    let key = organisation_key(self.reference, source, code, self.month);
                    let nowhere = without_code(source).name();
                    filter.codes.contains(&key.map_or(nowhere.into(), |(code, _)| code))
                })
            })
    }

    /// Whether a submission of an organisation is expected: it exists, and is meant.
    pub(super) fn expects(&self, organisation: &Organisation) -> bool {
        organisation.is_there((self.month, self.month))
            && self.caring.as_ref().is_none_or(|of| of.contains_key(&organisation.code))
            && self.has(organisation)
    }
}

/// Whether a dimension is of organisations or of the areas that they belong to.
fn of_organisation(source: &&Source) -> bool {
    match source {
        Source::Organisation | Source::ProviderArea(_) | Source::OrganisationAttribute(_) => true,
        Source::Field(_)
        | Source::Month
        | Source::Quarter
        | Source::FinancialYear
        | Source::CalendarYear
        | Source::Computed => false,
    }
}
