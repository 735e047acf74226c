//! The whole answer, and the only form in which it leaves the engine.

use super::estimates::PublishedEstimate;
use super::model::{Cell, Column, Row};
use super::provenance::Provenance;
use crate::engine::scope::Scope;
use crate::engine::{About, Assessment};
use crate::store::audit::Cells;

/// What appears beside the rows and is never merged with them.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What others published for the same question.
    pub estimates: Vec<PublishedEstimate>,
    /// What the organisations asked about say themselves.
    pub assessments: Vec<(About, Assessment)>,
    /// How many assessments there are in all.
    pub assessment_count: usize,
}

/// An answer. It never leaves this room.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) provenance: Provenance,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    pub(super) beside: Beside,
    pub(super) position: u64,
}

/// An answer that may be shown: every door takes this type and no other.
///
/// What the rules withhold is not in it, and nothing outside the engine derives a figure from it. An unprotected answer has a type
/// that no other room can name, so a door that takes one does not compile:
///
/// ```compile_fail
/// fn door(answer: &equity_indicators::engine::answer::model::Answer) {}
/// ```
#[derive(Clone, Debug)]
pub struct Protected(Answer);

/// The last step of every answer. What the reader may see of each count was decided where its cell was made, and everything derived was
/// derived of that: nothing else is an answer.
pub(super) fn protect(answer: Answer) -> Protected {
    Protected(answer)
}

impl Protected {
    /// The same with less in it.
    pub(super) fn map(self, less: impl FnOnce(Answer) -> Answer) -> Self {
        Self(less(self.0))
    }

    /// What the answer is about, and what it was computed from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.0.provenance
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.0.columns
    }

    /// The rows, the total first.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.0.rows
    }

    /// How many cells have a figure, and of how many the reader may not see it.
    #[must_use]
    pub fn cells(&self) -> Cells {
        let all = || self.0.rows.iter().flat_map(|row| &row.cells);
        let count = |is: fn(&&Cell) -> bool| all().filter(is).count() as u64;
        Cells {
            released: count(|cell| cell.figure.is_ok()),
            withheld: count(|cell| cell.is_withheld()),
        }
    }

    /// Published estimates and assessments.
    #[must_use]
    pub fn beside(&self) -> &Beside {
        &self.0.beside
    }

    /// Log position that was read at.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.0.position
    }

    /// The data that was looked at, for the cache; none: the answer is not kept.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.0.provenance.scope.as_ref()
    }
}
