//! Small areas (LSOAs) of the editions 2011 and 2021, the areas that contain them, and the look-up between the editions. A code
//! that both editions have is the same area.

use std::collections::BTreeMap;

/// An edition of the small areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edition {
    /// Of the Census 2011.
    Lsoa2011,
    /// Of the Census 2021.
    Lsoa2021,
}

impl Edition {
    /// Both, from old to new.
    pub const ALL: [Self; 2] = [Self::Lsoa2011, Self::Lsoa2021];

    /// Id, which is that of the code system.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Lsoa2011 => "lsoa_2011",
            Self::Lsoa2021 => "lsoa_2021",
        }
    }

    /// The edition of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| edition.id() == id)
    }

    /// Name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Lsoa2011 => "LSOA 2011",
            Self::Lsoa2021 => "LSOA 2021",
        }
    }
}

/// How a small area of 2011 changed by 2021.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The area and its code are the same.
    Unchanged,
    /// One area became several.
    Split,
    /// Several areas became one.
    Merged,
    /// Irregular: neither a clean split nor a clean merger.
    Irregular,
}

impl Change {
    /// The change for a letter of the look-up: U, S, M or X.
    #[must_use]
    pub fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "U" => Some(Self::Unchanged),
            "S" => Some(Self::Split),
            "M" => Some(Self::Merged),
            "X" => Some(Self::Irregular),
            _ => None,
        }
    }
}

/// A small area of one edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallArea {
    /// Code of the district that contains it.
    pub district: String,
    /// Code of the sub-ICB location that contains it; empty if unknown.
    pub sub_icb: String,
    /// Residents in mid-2020, for areas of 2011 only: the weights when areas are merged.
    pub population: Option<u64>,
}

/// For each small area of 2021: the areas of 2011 that it was formed from, with their residents as weights.
pub type Parents = BTreeMap<String, Vec<(String, u64)>>;

/// The small areas of the reference content.
#[derive(Clone, Debug, Default)]
pub struct SmallAreas {
    areas: BTreeMap<(&'static str, String), SmallArea>,
    parents: Parents,
    changes: BTreeMap<String, Change>,
}

impl SmallAreas {
    /// Adds a small area.
    pub fn add(&mut self, edition: Edition, code: String, area: SmallArea) {
        self.areas.insert((edition.id(), code), area);
    }

    /// Adds a line of the look-up, after the areas.
    ///
    /// # Errors
    /// An area is missing, two different areas share a code, or an area has no residents to weight it by.
    pub fn join(&mut self, from: &str, to: &str, change: Change) -> Result<(), String> {
        let missing = |edition: Edition, code: &str| {
            format!("`{code}` is no {} of lsoa.csv: the two files go together", edition.label())
        };
        let old = self.get(Edition::Lsoa2011, from);
        let old = old.ok_or_else(|| missing(Edition::Lsoa2011, from))?;
        self.get(Edition::Lsoa2021, to).ok_or_else(|| missing(Edition::Lsoa2021, to))?;
        if (change == Change::Unchanged) != (from == to) {
            return Err(format!(
                "`{from}` to `{to}`: an area keeps its code if it is unchanged, and only then"
            ));
        }
        let people =
            old.population.ok_or_else(|| format!("`{from}` has no population in lsoa.csv"))?;
        self.parents.entry(to.to_owned()).or_default().push((from.to_owned(), people));
        self.changes.insert(to.to_owned(), change);
        Ok(())
    }

    /// A small area of an edition.
    #[must_use]
    pub fn get(&self, edition: Edition, code: &str) -> Option<&SmallArea> {
        self.areas.get(&(edition.id(), code.to_owned()))
    }

    /// The small areas of an edition, by code.
    pub fn of(&self, edition: Edition) -> impl Iterator<Item = (&str, &SmallArea)> {
        let of_edition = self.areas.iter().filter(move |((id, _), _)| *id == edition.id());
        of_edition.map(|((_, code), area)| (code.as_str(), area))
    }

    /// For every small area of 2021, the areas of 2011 that it was formed from.
    #[must_use]
    pub fn parents(&self) -> &Parents {
        &self.parents
    }

    /// The change that formed a small area of 2021.
    #[must_use]
    pub fn change(&self, code: &str) -> Option<Change> {
        self.changes.get(code).copied()
    }

    /// The edition of some codes: the one edition that has all of the known codes. Codes that both editions have do not decide;
    /// if there are no others, the given edition is returned.
    ///
    /// # Errors
    /// Two codes that are in different editions only.
    pub fn edition_of<'a>(
        &self,
        codes: impl Iterator<Item = &'a str>,
        otherwise: Edition,
    ) -> Result<Edition, (String, String)> {
        let (mut old, mut new) = (None, None);
        for code in codes {
            match Edition::ALL.map(|edition| self.get(edition, code).is_some()) {
                [true, false] => old = old.or(Some(code)),
                [false, true] => new = new.or(Some(code)),
                [true, true] | [false, false] => {}
            }
        }
        match (old, new) {
            (Some(old), Some(new)) => Err((old.to_owned(), new.to_owned())),
            (Some(_), None) => Ok(Edition::Lsoa2011),
            (None, Some(_)) => Ok(Edition::Lsoa2021),
            (None, None) => Ok(otherwise),
        }
    }
}
