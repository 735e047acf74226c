//! Areas and the organisations that belong to them.

use std::collections::{BTreeMap, BTreeSet};

use super::period::Month;

/// Types of areas that are larger than the reference content. Publishers have figures for them; nothing is counted for them.
const WIDER: [&str; 2] = ["region", "country"];

/// A node of the area hierarchy: a practice's PCN, a district, a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// ODS code if the area has one, otherwise ONS code.
    pub code: String,
    /// ONS code if `code` is an ODS code and both exist; otherwise empty.
    pub other_code: String,
    /// Codes of the areas that contained it, and ended.
    pub former_parents: Vec<String>,
    /// ONS codes that it had before, the newest last: ONS gives another code with another boundary.
    pub former_codes: Vec<String>,
    /// Name for people.
    pub name: String,
    /// `system`, `place`, `district`, `sub_icb`, `pcn`; `region` and `country` for areas larger than the reference content.
    pub kind: String,
    /// Codes of the areas that contain it directly.
    pub parents: Vec<String>,
    /// Areas that publishers combined from it and others, in their words (`NAME:Leicestershire CC and Rutland`). Estimates of
    /// these are preferred to estimates of its parents.
    pub published_in: Vec<String>,
    /// First month in which it exists; none: it always did.
    pub first_month: Option<Month>,
    /// Last month in which it exists; none: it still does.
    pub last_month: Option<Month>,
    /// Codes of the areas that took its place after its last month. Several: it was divided, and none of them is all of it.
    pub successors: Vec<String>,
    /// Months from which on it has another boundary under the same code, in order: figures before and after are of different areas.
    pub breaks: Vec<Month>,
}

impl Area {
    /// Whether it exists in a month.
    #[must_use]
    pub fn exists_in(&self, month: Month) -> bool {
        self.first_month.is_none_or(|first| first <= month)
            && self.last_month.is_none_or(|last| month <= last)
    }

    /// Whether it exists in any of these months.
    #[must_use]
    pub fn is_there(&self, (first, last): (Month, Month)) -> bool {
        self.first_month.is_none_or(|begins| begins <= last)
            && self.last_month.is_none_or(|ends| first <= ends)
    }

    /// How many of the area's boundaries are newer than the one that an ONS code was given for. None: the area has no such ONS code.
    #[must_use]
    pub fn newer_boundaries(&self, ons_code: &str) -> Option<usize> {
        let newest_first = [&self.other_code].into_iter().chain(self.former_codes.iter().rev());
        newest_first.into_iter().position(|code| code == ons_code)
    }

    /// The boundary that a figure under a code is about, as the number of newer ones. An ONS code tells it. Under another code it is the
    /// boundary in the last month of the figure.
    #[must_use]
    pub fn boundary_of(&self, code: &str, last: Month) -> usize {
        let then = || self.breaks.iter().filter(|from| last < **from).count();
        self.newer_boundaries(code).unwrap_or_else(then)
    }

    /// Whether the area is larger than the reference content: a count could never cover all of it.
    #[must_use]
    pub fn is_wider(&self) -> bool {
        WIDER.contains(&self.kind.as_str())
    }
}

/// An organisation that submits data or provides care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// ODS code or local code.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// `practice`, `sub_icb`, `trust`, `council`, `vcse`.
    pub kind: String,
    /// Codes of every area that it belongs to as a provider, or belonged to.
    pub areas: Vec<String>,
    /// First month in which it belongs to an area, for the areas that existed before it belonged to them.
    pub since: BTreeMap<String, Month>,
    /// First month that it has data of; none: it was always there.
    pub first_month: Option<Month>,
    /// Last month that it has data of; none: it is still there.
    pub last_month: Option<Month>,
    /// Code of the organisation that took its place after its last month; empty if none did.
    pub successor: String,
    /// Its attributes: id of the dimension, and code of the category.
    pub attributes: BTreeMap<String, String>,
}

impl Organisation {
    /// Whether it belongs to an area, one of its `areas`, in a month.
    #[must_use]
    pub fn belongs(&self, area: &Area, month: Month) -> bool {
        area.last_month.is_none_or(|last| month <= last)
            && self.since.get(&area.code).is_none_or(|since| *since <= month)
    }

    /// Whether it belongs to an area, one of its `areas`, in any of these months.
    #[must_use]
    pub fn belongs_within(&self, area: &Area, (first, last): (Month, Month)) -> bool {
        area.last_month.is_none_or(|ends| first <= ends)
            && self.since.get(&area.code).is_none_or(|since| *since <= last)
    }

    /// Whether it is there in any of these months.
    #[must_use]
    pub fn is_there(&self, (first, last): (Month, Month)) -> bool {
        self.first_month.is_none_or(|begins| begins <= last)
            && self.last_month.is_none_or(|ends| first <= ends)
    }
}

/// All areas, found by either code.
#[derive(Clone, Debug, Default)]
pub struct Areas {
    by_code: BTreeMap<String, Area>,
    other: BTreeMap<String, String>,
}

impl Areas {
    /// Adds an area; `false` if its code is taken.
    pub fn add(&mut self, area: Area) -> bool {
        let others = area.former_codes.iter().chain([&area.other_code]);
        for other in others.filter(|code| !code.is_empty()) {
            self.other.insert(other.clone(), area.code.clone());
        }
        self.by_code.insert(area.code.clone(), area).is_none()
    }

    /// The area with this code, ODS or ONS.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Area> {
        self.by_code.get(self.other.get(code).map_or(code, String::as_str))
    }

    /// Every area, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Area> {
        self.by_code.values()
    }

    /// The codes of every area that holds this one, itself included.
    #[must_use]
    pub fn ancestors<'a>(&'a self, code: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut open) = (BTreeSet::new(), vec![code]);
        while let Some(area) = open.pop().and_then(|code| self.get(code)) {
            if found.insert(area.code.as_str()) {
                open.extend(area.parents.iter().map(String::as_str));
            }
        }
        found
    }
}
