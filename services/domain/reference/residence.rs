//! Residence: the code list of small areas, built from `areas.csv` and `lsoa.csv`, and its dimensions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::area::{Area, Areas};
use crate::domain::codes::{Category, CodeList, CodeListError, CodeSystem, Dimension, Source};
use crate::domain::field::Field;
use crate::domain::small_area::{Edition, SmallAreas};

/// Category for a well-formed small-area code that the files do not contain.
pub(super) const OUTSIDE: &str = "OUTSIDE";
const LIST: &str = "residence_lsoa";
/// Version of the list: the censuses whose small areas are in it.
const VERSION: &str = "2011, 2021";

/// Id of the dimension of systems. Some ended: they are categories too, of their months.
pub(super) const SYSTEM: &str = "residence_system";

/// Types of areas above the small areas, from large to small: type, dimension id, name.
const LEVELS: [(&str, &str, &str); 3] = [
    ("system", SYSTEM, "System where people live"),
    ("place", "residence_place", "Place where people live (upper-tier local authority)"),
    ("district", "residence_district", "District where people live (lower-tier local authority)"),
];

/// Small areas of both editions, within districts, places and systems. A place that lies in several systems lies within none of
/// them: its small areas do.
pub(super) fn list(areas: &Areas, small: &Arc<SmallAreas>) -> Result<CodeList, CodeListError> {
    let category = |code: &str, label: &str, parent: Option<&str>| Category {
        code: code.into(),
        label: label.into(),
        parent: parent.map(Into::into),
        range: None,
        is_other: false,
    };
    let mut categories = Vec::new();
    // Small areas are in the areas of today.
    let is_level = |area: &&Area| {
        area.last_month.is_none() && LEVELS.iter().any(|(kind, _, _)| *kind == area.kind)
    };
    for area in areas.iter().filter(is_level) {
        let mut parents = area.parents.iter().filter_map(|code| areas.get(code)).filter(is_level);
        let parent = parents.next().filter(|_| parents.next().is_none());
        categories.push(category(&area.code, &area.name, parent.map(|area| area.code.as_str())));
    }
    categories.push(category(OUTSIDE, "Outside the areas known here", None));
    let system = |edition: Edition, label: &str| CodeSystem {
        id: edition.id().into(),
        label: label.into(),
        local_second: false,
        codes: vec![(OUTSIDE.into(), String::new(), OUTSIDE.into())],
        edition: Some(edition),
    };
    let systems = vec![
        system(Edition::Lsoa2021, "LSOA, Census 2021"),
        system(Edition::Lsoa2011, "LSOA, Census 2011"),
    ];
    let mut list =
        CodeList::new(LIST.into(), "Small area where people live".into(), categories, systems)?;
    list.version = VERSION.into();
    list.source = "ONS Open Geography; MHCLG Indices of Deprivation".into();
    Ok(list.with_small_areas(Arc::clone(small)))
}

/// One dimension for each level of area, and one for the small areas themselves.
pub(super) fn dimensions(areas: &Areas, small: &SmallAreas) -> Vec<Dimension> {
    let outside = || (OUTSIDE.to_owned(), "Outside the areas known here".to_owned());
    let of_kind = |kind: &str| {
        let found = areas
            .iter()
            .filter(|area| area.kind == kind && (kind == "system" || area.last_month.is_none()));
        found.map(|area| (area.code.clone(), area.name.clone())).collect::<Vec<_>>()
    };
    let make = |id: &str, label: &str, mut categories: Vec<(String, String)>| {
        categories.push(outside());
        let in_order_of_codes = categories.is_sorted();
        Dimension {
            id: id.into(),
            label: label.into(),
            source: Source::Field(Field::ResidenceLsoa),
            categories: categories.into(),
            in_order_of_codes,
            ordered: false,
            direction: String::new(),
            protected: String::new(),
            map: BTreeMap::new(),
        }
    };
    let mut made = Vec::new();
    for (kind, id, label) in LEVELS {
        let mut categories = of_kind(kind);
        if kind == "district" {
            // A unitary authority is a place and a district at once.
            let upper: BTreeSet<_> = areas.iter().flat_map(|area| &area.parents).collect();
            let unitary = areas.iter().filter(|a| a.kind == "place" && !upper.contains(&a.code));
            categories.extend(unitary.map(|area| (area.code.clone(), area.name.clone())));
        }
        made.push(make(id, label, categories));
    }
    let codes = Edition::ALL.into_iter().flat_map(|edition| small.of(edition));
    let mut codes: Vec<_> = codes.map(|area| area.code).collect();
    // Two runs in order: the editions.
    codes.sort();
    codes.dedup();
    let categories = codes.into_iter().map(|code| (code.to_owned(), code.to_owned())).collect();
    made.push(make(LIST, "Small area (LSOA) where people live", categories));
    made
}
