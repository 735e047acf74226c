//! The areas around small areas: of today, and of before.

/// What small areas share, and what has areas around it.
#[derive(Clone, Copy, Debug)]
pub enum Shares<'a> {
    /// The district of this code.
    District(&'a str),
    /// The sub-ICB location of this code.
    SubIcb(&'a str),
}

/// The codes of the areas around a district or a sub-ICB location.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Itself, and what contains all of it.
    pub within: Vec<String>,
    /// Of a district: the systems of its place, and what contains them. They hold for a small area without a sub-ICB location only,
    /// because some places lie in several systems. Of a sub-ICB location: areas that contained it and ended, the one that ended first last.
    pub beyond: Vec<String>,
}

/// A sub-ICB location that small areas are in, or were in until it ended, and the areas around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay<'a> {
    /// Code of the location; empty if unknown.
    pub location: &'a str,
    pub(super) within: &'a [String],
    pub(super) beyond: &'a [String],
}

impl<'a> Stay<'a> {
    /// Codes of the areas that contain the location, itself included, and behind these the areas that contained it and ended: the one that
    /// ended first is last.
    pub fn areas(self) -> impl Iterator<Item = &'a str> {
        self.within.iter().chain(self.beyond).map(String::as_str)
    }

    /// Whether the location is an area, or all of it lies in the area.
    #[must_use]
    pub fn is_within(self, area: &str) -> bool {
        self.within.iter().any(|code| code == area)
    }
}

/// Small areas of an edition that are in the same sub-ICB location, and were in the same ones before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// Number of these small areas, at least 1.
    pub count: usize,
    /// The locations that they were in, the oldest first, and then that of today.
    pub stays: Vec<Stay<'a>>,
}
