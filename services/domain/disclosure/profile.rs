//! Profiles: the rules that a reader is held to. They are reference content with a version; who calls decides which of them holds.

use std::sync::Arc;

use serde::Deserialize;

use super::Protection;

/// The name of a profile. Every content has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProfileName {
    /// The organisation's own systems, and named roles: exact.
    Internal,
    /// Partner organisations: changed counts, none of few, questions within a lattice.
    Partner,
    /// Everybody: published tables, and nothing else.
    Public,
}

impl ProfileName {
    /// Every name, the one that may see most first.
    pub const ALL: [Self; 3] = [Self::Internal, Self::Partner, Self::Public];

    /// Its name in settings, content and the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Internal => "INTERNAL",
            Self::Partner => "PARTNER",
            Self::Public => "PUBLIC",
        }
    }
}

/// The rules that a reader is held to where a collection is controlled. Of open collections everybody may see and ask all.
#[derive(Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// The version of its rules: the number that the content gives, and eight digits of a hash of the content.
    pub version: String,
    /// What may be seen of a count.
    pub protection: Protection,
    /// What may be asked.
    pub asks: Asks,
    /// Whether it reads releases, not the newest state of the data.
    pub reads_releases: bool,
    /// Least number of organisations behind an area that one of them asks about.
    pub least_organisations: usize,
}

/// What may be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Asks {
    /// Everything.
    Everything,
    /// What a lattice has.
    Within(Arc<Lattice>),
    /// Nothing: there are tables that are published.
    Nothing,
}

/// What may be asked of controlled data: nested, and fixed for a version of the profile.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lattice {
    /// Most dimensions and conditions together, of a whole system.
    pub most_of_system: usize,
    /// The same below it.
    pub most_below: usize,
    /// Dimensions that do not count: channel and period.
    pub uncounted: Vec<String>,
    /// The one hierarchy by where care is given, the widest level first.
    pub provider: Vec<Level>,
    /// The one hierarchy by where people live.
    pub residence: Vec<Level>,
    /// Characteristics that have a least level.
    pub sensitive: Vec<Sensitive>,
}

/// A level of a hierarchy of areas.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Type of areas, or `organisation`.
    pub area_type: String,
    /// The dimension that tells its members apart; empty: none.
    pub dimension: String,
}

/// A characteristic that is not answered for small areas.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitive {
    /// Dimension.
    pub dimension: String,
    /// Only these of its categories; empty: all.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Type of the smallest areas that are answered.
    pub least_area_type: String,
}
