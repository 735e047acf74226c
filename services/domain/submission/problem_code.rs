//! The kinds of problems that a row can have.

use std::collections::BTreeMap;

/// What kind of problem a value has. Partners program against the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemCode {
    /// No list has the code.
    Unknown,
    /// No number or no date, or outside of the allowed range.
    OutOfRange,
    /// A text that is too long, or has characters or a form that no value has.
    Malformed,
    /// An earlier row has the same, and only one may.
    Repeated,
    /// It does not go with another field of the row or of the header.
    Contradictory,
    /// It has to be there and is not.
    Missing,
}

impl ProblemCode {
    /// Its name in telemetry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Malformed => "MALFORMED",
            Self::Repeated => "REPEATED",
            Self::Contradictory => "CONTRADICTORY",
            Self::Missing => "MISSING",
        }
    }
}

/// How many problems there are, by path of the field and by code.
pub type ProblemCounts = BTreeMap<String, BTreeMap<ProblemCode, u64>>;
