//! What a scope holds, by the areas and organisations of the reference content.

use super::Reference;
use crate::domain::area::{Area, Organisation};
use crate::domain::partner::{Named, Scope};
use crate::domain::period::Month;

impl Scope {
    /// Whether it may send data of an organisation about any of these months: it is named, or belongs to a named area then. Without months: about
    /// any month at all.
    #[must_use]
    pub fn submits_for(
        &self,
        reference: &Reference,
        organisation: &str,
        months: Option<(Month, Month)>,
    ) -> bool {
        let then = |of: &Organisation, area: &Area| {
            months.is_none_or(|months| area.is_there(months) && of.belongs_within(area, months))
        };
        let lies_in = |code: &str| {
            let (members, area) = (reference.members(code), reference.areas().get(code));
            members.get(organisation).zip(area).is_some_and(|(of, area)| then(of, area))
        };
        self.submit_for.has(organisation)
            || match &self.submit_for_areas {
                Named::All => true,
                Named::Only(areas) => areas.iter().any(|area| lies_in(area)),
            }
    }

    /// Whether it may read an area: the area is named, or lies in one that is.
    #[must_use]
    pub fn reads_area(&self, reference: &Reference, area: &str) -> bool {
        self.areas == Named::All
            || reference.areas().ancestors(area).into_iter().any(|code| self.areas.has(code))
    }

    /// Whether it may read an organisation by itself.
    #[must_use]
    pub fn reads_organisation(&self, reference: &Reference, organisation: &str) -> bool {
        let areas = reference.organisation(organisation).map(|of| of.areas.as_slice());
        self.organisations.has(organisation)
            || areas.unwrap_or_default().iter().any(|area| self.reads_area(reference, area))
    }
}
