//! The problems of refused rows: the first are kept, and all are counted.

use std::collections::{BTreeMap, BTreeSet};

use super::problem_code::{ProblemCode, ProblemCounts};
use super::{Draft, RowProblem};

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
