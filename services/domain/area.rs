//! Areas and the organisations that belong to them.

use std::collections::{BTreeMap, BTreeSet};

/// Types of areas that hold more than is known here: others publish figures about them, and nothing is counted for them.
const WIDER: [&str; 2] = ["region", "country"];

/// A node of a typed hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Code: ODS where there is one, otherwise ONS.
    pub code: String,
    /// The other code, or empty.
    pub other_code: String,
    /// Name.
    pub name: String,
    /// `system`, `place`, `district`, `sub_icb`, `pcn`; `region` and `country` for what is wider than all that is known here.
    pub kind: String,
    /// Areas that hold it directly.
    pub parents: Vec<String>,
    /// Areas that publishers made of it and of others, as they write them (`NAME:Leicestershire CC and Rutland`): nearer than
    /// its parents.
    pub published_in: Vec<String>,
}

impl Area {
    /// Whether it holds more than is known here, so that nothing counted would be about all of it.
    #[must_use]
    pub fn is_wider(&self) -> bool {
        WIDER.contains(&self.kind.as_str())
    }
}

/// Somebody who submits or gives care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// ODS code or local code.
    pub code: String,
    /// Name.
    pub name: String,
    /// `practice`, `sub_icb`, `trust`, `council`, `vcse`.
    pub kind: String,
    /// Every area it belongs to as a provider.
    pub areas: Vec<String>,
}

/// Areas by code, and the other way round by their other code.
#[derive(Clone, Debug, Default)]
pub struct Areas {
    by_code: BTreeMap<String, Area>,
    other: BTreeMap<String, String>,
}

impl Areas {
    /// Adds an area; `false` if its code is taken.
    pub fn add(&mut self, area: Area) -> bool {
        if !area.other_code.is_empty() {
            self.other.insert(area.other_code.clone(), area.code.clone());
        }
        self.by_code.insert(area.code.clone(), area).is_none()
    }

    /// The area of either code.
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
