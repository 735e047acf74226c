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
    /// Its code: `E01013600`.
    pub code: String,
    /// Code of the district that contains it.
    pub district: String,
    /// Code of the sub-ICB location that contains it; empty if unknown.
    pub sub_icb: String,
    /// Residents in mid-2020, for areas of 2011 only: the weights when areas are merged.
    pub population: Option<u64>,
    /// Its category of deprivation, in the edition that goes with its own: `imd_2019:1`.
    pub deprivation: String,
}

/// For each small area of 2021, by number: the numbers of the areas of 2011 that it was formed from, with their residents as
/// weights. None where the look-up says nothing.
pub type Parents = Vec<Vec<(usize, u64)>>;

/// The small areas of one edition. The number of an area is its place in the order of codes.
#[derive(Clone, Debug, Default)]
struct OfEdition {
    keys: Vec<u128>,
    areas: Vec<SmallArea>,
}

/// A code as a number with the same order: what is looked up for every row must not compare texts. A code has at most 16 bytes.
fn key(code: &str) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
    Some(u128::from_be_bytes(bytes))
}

/// The small areas of the reference content.
#[derive(Clone, Debug, Default)]
pub struct SmallAreas {
    editions: [OfEdition; 2],
    parents: Parents,
    changes: Vec<Option<Change>>,
}

impl SmallAreas {
    /// These small areas.
    ///
    /// # Errors
    /// A code is longer than 16 bytes, or an edition has it twice.
    pub fn new(areas: impl IntoIterator<Item = (Edition, SmallArea)>) -> Result<Self, String> {
        let mut sorted: [BTreeMap<u128, SmallArea>; 2] = Default::default();
        for (edition, area) in areas {
            let code = area.code.clone();
            let key = key(&code).ok_or_else(|| format!("`{code}` is longer than 16 bytes"))?;
            if sorted[edition as usize].insert(key, area).is_some() {
                return Err(format!("`{code}` is listed twice in {}", edition.label()));
            }
        }
        let of_edition = |sorted: BTreeMap<u128, SmallArea>| {
            let (keys, areas) = sorted.into_iter().unzip();
            OfEdition { keys, areas }
        };
        let editions = sorted.map(of_edition);
        let new = editions[Edition::Lsoa2021 as usize].areas.len();
        Ok(Self { editions, parents: vec![Vec::new(); new], changes: vec![None; new] })
    }

    /// Adds a line of the look-up.
    ///
    /// # Errors
    /// An area is missing, two different areas share a code, or an area has no residents to weight it by.
    pub fn join(&mut self, from: &str, to: &str, change: Change) -> Result<(), String> {
        let number = |edition: Edition, code: &str| {
            self.number(edition, code).ok_or_else(|| {
                format!("`{code}` is no {} of lsoa.csv: the two files go together", edition.label())
            })
        };
        let (old, new) = (number(Edition::Lsoa2011, from)?, number(Edition::Lsoa2021, to)?);
        if (change == Change::Unchanged) != (from == to) {
            return Err(format!(
                "`{from}` to `{to}`: an area keeps its code if it is unchanged, and only then"
            ));
        }
        let people = self.of(Edition::Lsoa2011)[old].population;
        let people = people.ok_or_else(|| format!("`{from}` has no population in lsoa.csv"))?;
        self.parents[new].push((old, people));
        self.changes[new] = Some(change);
        Ok(())
    }

    /// The number of a small area in its edition.
    #[must_use]
    pub fn number(&self, edition: Edition, code: &str) -> Option<usize> {
        self.editions[edition as usize].keys.binary_search(&key(code)?).ok()
    }

    /// A small area of an edition.
    #[must_use]
    pub fn get(&self, edition: Edition, code: &str) -> Option<&SmallArea> {
        self.number(edition, code).map(|number| &self.of(edition)[number])
    }

    /// The small areas of an edition, by number: in the order of their codes.
    #[must_use]
    pub fn of(&self, edition: Edition) -> &[SmallArea] {
        &self.editions[edition as usize].areas
    }

    /// For every small area of 2021, the areas of 2011 that it was formed from.
    #[must_use]
    pub fn parents(&self) -> &Parents {
        &self.parents
    }

    /// The change that formed the small area of 2021 with this number.
    #[must_use]
    pub fn change(&self, number: usize) -> Option<Change> {
        self.changes.get(number).copied().flatten()
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
