//! The reference content, read and checked: code lists, dimensions, areas, organisations, collections, indicators, disclosure profiles, published tables.

mod boundaries;
mod by_month;
mod files;
mod found;
mod in_force;
mod indicators;
mod members;
mod named;
mod nearest;
mod partners;
mod places;
mod profiles;
mod published;
mod read;
mod residence;
mod rows;
mod scopes;
mod small_areas;
mod succession;
mod targets;
mod telemetry;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::area::{Area, Areas, Organisation};
use crate::domain::codes::{CodeList, Dimension, Source, State, Value};
use crate::domain::collection::Collection;
use crate::domain::disclosure::{Profile, ProfileName};
use crate::domain::field::Field;
use crate::domain::indicator::{Indicator, Named};
use crate::domain::partner::Partners;
use crate::domain::period::Month;
use crate::domain::published::PublishedTables;
use crate::domain::small_area::{Edition, SmallAreas};
use crate::domain::target::Target;

pub use boundaries::Counted;
pub use found::{Found, Search};
pub use in_force::SuccessorShare;
pub use members::Organisations;
pub use partners::PARTNERS;
pub use rows::{AreaRow, LookUpRow, OrganisationRow, PLACE_FILES, PlaceRows, SmallAreaRow, split};

/// The reference content of a deployment. A value that exists is consistent.
#[derive(Debug)]
pub struct Reference {
    lists: BTreeMap<String, CodeList>,
    dimensions: Vec<Dimension>,
    /// Views that only the service itself counts by.
    of_counts: Vec<Dimension>,
    places: Arc<places::Places>,
    collections: BTreeMap<String, Collection>,
    /// Care setting to the collections of consultations that answer for it by default, in order.
    defaults: BTreeMap<String, Vec<String>>,
    indicators: BTreeMap<String, Indicator>,
    tags: Vec<Named>,
    targets: BTreeMap<String, Target>,
    profiles: profiles::Profiles,
    published: PublishedTables,
    partners: Partners,
}

impl Reference {
    /// The code list with this id: `ethnicity`.
    #[must_use]
    pub fn list(&self, id: &str) -> Option<&CodeList> {
        self.lists.get(id)
    }

    /// The code list of a field.
    #[must_use]
    pub fn list_of(&self, field: Field) -> Option<&CodeList> {
        field.list().and_then(|id| self.lists.get(id))
    }

    /// Words for a field: those of its code list, or of its first dimension if other fields have the same list.
    #[must_use]
    pub fn label_of(&self, field: Field) -> &str {
        let same = |other: &Field| other.list() == field.list();
        let own = self.list_of(field).filter(|_| Field::all().filter(same).count() == 1);
        let viewed = self.dimensions.iter().find(|dimension| dimension.field() == Some(field));
        let viewed = viewed.map(|dimension| dimension.label.as_str());
        own.map(|list| list.label.as_str()).or(viewed).unwrap_or(field.name())
    }

    /// Every code list, by id.
    pub fn lists(&self) -> impl Iterator<Item = &CodeList> {
        self.lists.values()
    }

    /// Every dimension, in order of display.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// A dimension by id.
    #[must_use]
    pub fn dimension(&self, id: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.id == id)
    }

    /// The same, or a view of what only counts of indicators have: `indicator`, `in_numerator`.
    #[must_use]
    pub fn dimension_or_count(&self, id: &str) -> Option<&Dimension> {
        let of_counts = || self.of_counts.iter().find(|dimension| dimension.id == id);
        self.dimension(id).or_else(of_counts)
    }

    /// All areas, of every type.
    #[must_use]
    pub fn areas(&self) -> &Areas {
        &self.places.areas
    }

    /// An organisation by code.
    #[must_use]
    pub fn organisation(&self, code: &str) -> Option<&Organisation> {
        self.places.organisations.all.get(code).map(AsRef::as_ref)
    }

    /// Every organisation, by code.
    pub fn organisations(&self) -> impl Iterator<Item = &Organisation> {
        self.places.organisations.all.values().map(AsRef::as_ref)
    }

    /// Every organisation.
    #[must_use]
    pub fn everybody(&self) -> Arc<Organisations> {
        Arc::clone(&self.places.organisations.all)
    }

    /// Some organisations by their codes; codes of none are left out.
    #[must_use]
    pub fn named<'a>(&self, codes: impl IntoIterator<Item = &'a String>) -> Organisations {
        let known =
            codes.into_iter().filter_map(|code| self.places.organisations.all.get_key_value(code));
        known.map(|(code, of)| (code.clone(), Arc::clone(of))).collect()
    }

    /// The organisations that belong to an area; none where nobody does, or there is no such area.
    #[must_use]
    pub fn members(&self, area: &str) -> Arc<Organisations> {
        self.places.organisations.of_area.get(area).cloned().unwrap_or_default()
    }

    /// The organisations that belong to no area of a type.
    pub fn without(&self, kind: &str) -> impl Iterator<Item = &Organisation> {
        let without = self.places.organisations.without.get(kind);
        without.into_iter().flat_map(|of| of.iter().map(AsRef::as_ref))
    }

    /// The organisations that are expected to care for the people of an area in some months: those that belong to the systems that contain
    /// it, in any of these months. All, if no system contains it.
    #[must_use]
    pub fn caring_for(&self, area: &str, months: (Month, Month)) -> Arc<Organisations> {
        let around = self.areas().ancestors(area).into_iter();
        let systems = around.filter_map(|code| self.areas().get(code));
        let systems = systems.filter(|of| of.kind == "system").map(|system| {
            let all = self.members(&system.code);
            let belongs = |of: &Arc<Organisation>| of.belongs_within(system, months);
            if all.values().all(belongs) {
                return all;
            }
            let some = all.iter().filter(|(_, of)| belongs(of));
            Arc::new(some.map(|(code, of)| (code.clone(), Arc::clone(of))).collect())
        });
        let systems: Vec<_> = systems.collect();
        match systems.as_slice() {
            [] => self.everybody(),
            [one] => Arc::clone(one),
            several => {
                let all = several.iter().flat_map(|of| of.iter());
                Arc::new(all.map(|(code, of)| (code.clone(), Arc::clone(of))).collect())
            }
        }
    }

    /// The area of one type that an organisation belongs to, or belonged to last.
    #[must_use]
    pub fn area_of(&self, organisation: &str, kind: &str) -> Option<&Area> {
        self.areas_of(organisation).find(|area| area.kind == kind)
    }

    /// The area of one type that an organisation belonged to in a month. Where none of those it belonged to existed, the newest.
    #[must_use]
    pub fn area_in(&self, organisation: &str, kind: &str, month: Month) -> Option<&Area> {
        let of = self.organisation(organisation)?;
        let then = |area: &&Area| area.exists_in(month) && of.belongs(area, month);
        let found = self.areas_of(organisation).filter(|area| area.kind == kind).find(then);
        found.or_else(|| self.area_of(organisation, kind))
    }

    /// Whether an organisation belongs to an area in a month.
    #[must_use]
    pub fn belongs(&self, organisation: &str, area: &str, month: Month) -> bool {
        let (of, area) = (self.organisation(organisation), self.areas().get(area));
        of.zip(area)
            .is_some_and(|(of, area)| of.areas.contains(&area.code) && of.belongs(area, month))
    }

    /// The areas that an organisation has belonged to, the newest first.
    fn areas_of(&self, organisation: &str) -> impl Iterator<Item = &Area> {
        let areas = self.organisation(organisation).into_iter().flat_map(|of| &of.areas);
        areas.filter_map(|code| self.places.areas.get(code))
    }

    /// Whether an area exists no more.
    #[must_use]
    pub fn has_ended(&self, area: &str) -> bool {
        self.areas().get(area).is_some_and(|area| area.last_month.is_some())
    }

    /// The months in which any organisation comes to another area, in order.
    #[must_use]
    pub fn changes(&self) -> &[Month] {
        &self.places.organisations.changes
    }

    /// A collection by id.
    #[must_use]
    pub fn collection(&self, id: &str) -> Option<&Collection> {
        self.collections.get(id)
    }

    /// Every collection, by id.
    pub fn collections(&self) -> impl Iterator<Item = &Collection> {
        self.collections.values()
    }

    /// The collection for a care setting when the question names none. Candidates are the collections that list the care setting
    /// as a default, in the order of the file. The first candidate that expects one of these organisations is used; if there is
    /// none, the first candidate.
    #[must_use]
    pub fn default_collection(
        &self,
        care_setting: &str,
        organisations: &Organisations,
    ) -> Option<&Collection> {
        let named = self.defaults.get(care_setting)?;
        let named = || named.iter().filter_map(|id| self.collections.get(id));
        let kinds: BTreeSet<_> = organisations.values().map(|of| &of.kind).collect();
        named().find(|c| kinds.contains(&c.expected_organisation_type)).or_else(|| named().next())
    }

    /// The collection for questions about digital access that name none.
    #[must_use]
    pub fn default_access_collection(&self) -> Option<&Collection> {
        self.collections().find(|c| c.default_for_access)
    }

    /// The collection for questions about submitted counts of indicators that name none.
    #[must_use]
    pub fn default_indicator_collection(&self) -> Option<&Collection> {
        self.collections().find(|c| c.default_for_indicators)
    }

    /// An indicator by id.
    #[must_use]
    pub fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.indicators.get(id)
    }

    /// Whether an indicator must not be used for targets. This holds even if the source of an estimate does not say so.
    #[must_use]
    pub fn is_not_for_targets(&self, indicator: &str) -> bool {
        self.indicator(indicator).is_some_and(|found| found.not_for_targets)
    }

    /// The tables that everybody may read.
    #[must_use]
    pub fn published(&self) -> &PublishedTables {
        &self.published
    }

    /// Who may send and read what.
    #[must_use]
    pub fn partners(&self) -> &Partners {
        &self.partners
    }

    /// The profile of a name.
    #[must_use]
    pub fn profile(&self, name: ProfileName) -> Arc<Profile> {
        // None is missing: that was checked when they were read.
        Arc::clone(&self.profiles[&name])
    }

    /// A target by id.
    #[must_use]
    pub fn target(&self, id: &str) -> Option<&Target> {
        self.targets.get(id)
    }

    /// Every target, by id.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.values()
    }

    /// The tags that indicators may have, in the order of the file.
    #[must_use]
    pub fn tags(&self) -> &[Named] {
        &self.tags
    }

    /// Every indicator, by id.
    pub fn indicators(&self) -> impl Iterator<Item = &Indicator> {
        self.indicators.values()
    }

    /// Small areas (LSOAs) of both editions, and the look-up between them.
    #[must_use]
    pub fn small_areas(&self) -> &SmallAreas {
        &self.places.small_areas
    }

    /// Deprivation of a small area, in the edition that goes with the area's edition (`lsoa_2011`, `lsoa_2021`).
    #[must_use]
    pub fn deprivation_of(&self, edition: &str, lsoa: &str) -> Option<Value> {
        let area = self.places.small_areas.get(Edition::from_id(edition)?, lsoa)?;
        Some(Value::Codes(vec![area.deprivation.to_owned()]))
    }

    /// Places of a value in a dimension of a field.
    #[must_use]
    pub fn places(&self, dimension: &Dimension, value: &Value) -> Vec<usize> {
        match dimension.field().and_then(|field| self.list_of(field)) {
            Some(list) => dimension.places_of_value(list, value),
            None => vec![dimension.place_of_state(State::Invalid)],
        }
    }

    /// The residence dimension that has this area as a category: `residence_place` for a place.
    #[must_use]
    pub fn residence_dimension(&self, area: &Area) -> Option<&Dimension> {
        // Of the areas that ended, only systems are categories. The people of the others are found by their small areas.
        let of_kind = area.last_month.map(|_| format!("residence_{}", area.kind));
        let holds = |d: &&Dimension| {
            d.source == Source::Field(Field::ResidenceLsoa)
                && (of_kind.as_ref() == Some(&d.id)
                    || d.categories.iter().any(|(code, _)| *code == area.code))
        };
        self.dimensions.iter().find(holds)
    }
}

#[cfg(test)]
mod bundle_tests;
#[cfg(test)]
mod tests;
