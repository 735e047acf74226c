//! What a scope holds, by the areas and organisations of the reference content.

use super::Reference;
use crate::domain::partner::{Named, Scope};

impl Scope {
    /// Whether it may send data of an organisation.
    #[must_use]
    pub fn submits_for(&self, reference: &Reference, organisation: &str) -> bool {
        let lies_in = |area: &str| reference.members(area).contains_key(organisation);
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
