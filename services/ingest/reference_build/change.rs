//! What is other than in the content in force.

/// What happened to an area, an organisation or a small area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It was not there before.
    New,
    /// It ended: it has a last month now.
    Gone,
    /// It has another name.
    Renamed,
    /// It belongs to another area.
    Moved,
    /// It has another boundary under the same code: the publisher gives it another ONS code.
    Boundary,
    /// It has another decile, or another line in the look-up.
    Changed,
}

impl What {
    /// All, in the order of display.
    pub const ALL: [Self; 6] =
        [Self::New, Self::Gone, Self::Renamed, Self::Moved, Self::Boundary, Self::Changed];

    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Renamed => "renamed",
            Self::Moved => "moved",
            Self::Boundary => "boundary",
            Self::Changed => "changed",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Type of the area or organisation; `small_area_2021`, `decile_2025`, `look_up`.
    pub kind: String,
    /// What happened.
    pub what: What,
    /// Its code.
    pub code: String,
    /// Its name now.
    pub name: String,
    /// The name, parents, months or value before; empty if it is new.
    pub before: String,
    /// The same now.
    pub after: String,
}
