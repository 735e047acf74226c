//! Residence: the code list of small areas, built from `areas.csv` and `lsoa.csv`, and its dimensions.

use std::collections::{BTreeMap, BTreeSet};

use super::files::LsoaRow;
use crate::domain::area::{Area, Areas};
use crate::domain::codes::{Category, CodeList, CodeListError, CodeSystem, Dimension, Source};
use crate::domain::field::Field;

/// Category for a well-formed small-area code that the files do not contain.
pub(super) const OUTSIDE: &str = "OUTSIDE";
const LIST: &str = "residence_lsoa";
/// Version of the list: the censuses whose small areas are in it.
const VERSION: &str = "2011, 2021";

/// Types of areas above the small areas, from large to small: type, dimension id, name.
const LEVELS: [(&str, &str, &str); 3] = [
    ("system", "residence_system", "System where people live"),
    ("place", "residence_place", "Place where people live (upper-tier local authority)"),
    ("district", "residence_district", "District where people live (lower-tier local authority)"),
];

/// Small areas of both editions, within districts, places and systems. An unchanged small area is listed once.
pub(super) fn list(areas: &Areas, rows: &[LsoaRow]) -> Result<CodeList, CodeListError> {
    let category = |code: &str, label: &str, parent: Option<&str>| Category {
        code: code.into(),
        label: label.into(),
        parent: parent.map(Into::into),
        range: None,
        is_other: false,
    };
    let mut categories = Vec::new();
    let is_level = |area: &&Area| LEVELS.iter().any(|(kind, _, _)| *kind == area.kind);
    for area in areas.iter().filter(is_level) {
        let mut parents = area.parents.iter().filter_map(|code| areas.get(code)).filter(is_level);
        let parent = parents.next().map(|parent| parent.code.as_str());
        categories.push(category(&area.code, &area.name, parent));
    }
    let mut seen = BTreeSet::new();
    for row in rows.iter().filter(|row| seen.insert(&row.lsoa)) {
        categories.push(category(&row.lsoa, &row.lsoa, Some(&row.district)));
    }
    categories.push(category(OUTSIDE, "Outside the areas known here", None));
    let mut systems = Vec::new();
    for (edition, label) in [("lsoa_2021", "LSOA, Census 2021"), ("lsoa_2011", "LSOA, Census 2011")]
    {
        let codes = rows
            .iter()
            .filter(|row| row.edition == edition)
            .map(|row| (row.lsoa.clone(), String::new(), row.lsoa.clone()))
            .chain([(OUTSIDE.into(), String::new(), OUTSIDE.into())])
            .collect();
        systems.push(CodeSystem {
            id: edition.into(),
            label: label.into(),
            local_second: false,
            codes,
        });
    }
    let mut list =
        CodeList::new(LIST.into(), "Small area where people live".into(), categories, systems)?;
    list.version = VERSION.into();
    list.source = "ONS Open Geography; MHCLG Indices of Deprivation".into();
    Ok(list)
}

/// One dimension for each level of area, and one for the small areas themselves.
pub(super) fn dimensions(areas: &Areas, lists: &BTreeMap<String, CodeList>) -> Vec<Dimension> {
    let outside = || (OUTSIDE.to_owned(), "Outside the areas known here".to_owned());
    let of_kind = |kind: &str| {
        let found = areas.iter().filter(|area| area.kind == kind);
        found.map(|area| (area.code.clone(), area.name.clone())).collect::<Vec<_>>()
    };
    let make = |id: &str, label: &str, mut categories: Vec<(String, String)>| {
        categories.push(outside());
        Dimension {
            id: id.into(),
            label: label.into(),
            source: Source::Field(Field::ResidenceLsoa),
            categories,
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
    let small = lists[LIST].systems.iter().flat_map(|system| &system.codes);
    let codes: BTreeSet<_> =
        small.map(|(code, _, _)| code).filter(|code| *code != OUTSIDE).collect();
    let categories = codes.into_iter().map(|code| (code.clone(), code.clone())).collect();
    made.push(make(LIST, "Small area (LSOA) where people live", categories));
    made
}
