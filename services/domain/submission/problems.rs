//! The problems of refused rows: the first are kept, and all are counted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, RowProblem};

/// What kind of problem a value has. Partners program against the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemCode {
    /// No list has the code.
    Unknown,
    /// A number or a date that is none, or outside of what can be.
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

/// Problems so far.
#[derive(Default)]
pub(super) struct Problems {
    all: Vec<RowProblem>,
    fields: BTreeSet<String>,
    counts: ProblemCounts,
}

impl Problems {
    /// Counts a problem of a field.
    pub(super) fn count(&mut self, field: &str, code: ProblemCode) {
        if !self.counts.contains_key(field) {
            self.counts.insert(field.to_owned(), BTreeMap::new());
        }
        if let Some(codes) = self.counts.get_mut(field) {
            *codes.entry(code).or_default() += 1;
        }
    }

    /// Whether a problem of a field is kept: among the first of all, and the first of its field in any case, so that many wrong
    /// values of one field do not hide those of another.
    pub(super) fn keeps(&self, field: &str) -> bool {
        self.all.len() < Draft::PROBLEMS || !self.fields.contains(field)
    }

    /// Adds a problem, if it is kept.
    pub(super) fn add(&mut self, problem: RowProblem) {
        if self.keeps(&problem.field) {
            self.fields.insert(problem.field.clone());
            self.all.push(problem);
        }
    }

    /// The problems that were kept, in the order of their rows, and how many there were of each kind.
    pub(super) fn into_parts(self) -> (Vec<RowProblem>, ProblemCounts) {
        (self.all, self.counts)
    }
}
