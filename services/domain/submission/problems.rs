//! The problems of refused rows, of which the first are kept.

use std::collections::BTreeSet;

use super::{Draft, RowProblem};

/// Problems so far.
#[derive(Default)]
pub(super) struct Problems {
    all: Vec<RowProblem>,
    fields: BTreeSet<String>,
}

impl Problems {
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

    /// The problems that were kept, in the order of their rows.
    pub(super) fn into_vec(self) -> Vec<RowProblem> {
        self.all
    }
}
