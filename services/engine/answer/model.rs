//! What every answer is: columns, declared once, and rows of cells in their order. The contract's message, exported rows, CSV, text
//! and charts are all mappings of this.

use std::sync::Arc;

use crate::domain::codes::State;
use crate::domain::indicator::Unit;
use crate::domain::statistics::Verdict;

/// One category of one dimension: part of what identifies a row, or the part of a row that a column is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Dimension id.
    pub dimension: Arc<str>,
    /// Code; the name of the state where `state` is one; the code of the whole for a declared parent.
    pub code: String,
    /// Words for people.
    pub label: String,
    /// The missing or collective state; none for a category.
    pub state: Option<State>,
}

/// Dimension and code.
pub(super) type KeyId = (Arc<str>, String);

impl Key {
    /// A group that is no category of a dimension's code list: a need, a mode.
    pub(super) fn named(dimension: &str, code: &str, label: &str) -> Self {
        Self { dimension: dimension.into(), code: code.into(), label: label.into(), state: None }
    }

    /// What tells it from the other keys of a table.
    pub(super) fn id(&self) -> KeyId {
        (Arc::clone(&self.dimension), self.code.clone())
    }

    /// A group of which the category is not known.
    pub(super) fn not_known(dimension: &str) -> Self {
        let state = State::NotKnown;
        Self { state: Some(state), ..Self::named(dimension, state.name(), "not known") }
    }
}

/// Why there is no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No submission covers the question.
    NoData,
    /// The sources do not collect it.
    NotCollected,
    /// It cannot be computed.
    NotComputable,
    /// A publisher suppressed or does not give counts that belong to it.
    Suppressed,
    /// It is of too few, and the reader may not see it.
    Withheld,
    /// Data that it counts was erased.
    Erased,
}

/// Why there is no figure, with a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// The reason.
    pub reason: Reason,
    /// The reason in a sentence.
    pub detail: String,
}

impl Absence {
    /// It cannot be computed, for this reason.
    pub(super) fn not_computable(detail: impl Into<String>) -> Self {
        Self { reason: Reason::NotComputable, detail: detail.into() }
    }

    /// The sources do not collect it, for this reason.
    pub(super) fn not_collected(detail: impl Into<String>) -> Self {
        Self { reason: Reason::NotCollected, detail: detail.into() }
    }

    /// Counts that belong to it are not given: at least so many are left out.
    pub(super) fn suppressed(least: u64) -> Self {
        let what = if least == 1 { "a count" } else { "counts" };
        let detail = format!(
            "at least {least} left out: {what} not given by the publisher (`*`, `<5`, `[x]`)"
        );
        Self { reason: Reason::Suppressed, detail }
    }

    /// The reader may not see it. Nothing tells it from a figure that is 0.
    pub(super) fn withheld() -> Self {
        Self { reason: Reason::Withheld, detail: String::new() }
    }

    /// Data that it would count was erased.
    pub(super) fn erased(detail: String) -> Self {
        Self { reason: Reason::Erased, detail }
    }

    /// There is no data, for this reason.
    pub(super) fn no_data(detail: impl Into<String>) -> Self {
        Self { reason: Reason::NoData, detail: detail.into() }
    }
}

/// Which figure, of which part of the row.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Stable id, unique in its table: the indicator and the codes of the group, joined by `/`.
    pub id: String,
    /// Indicator id, or the name of a count (`CONTACTS`).
    pub indicator: String,
    /// Words for the indicator.
    pub label: String,
    /// Unit of the values.
    pub unit: Unit,
    /// The part of the row: a channel, a mode, a need, a reason. Empty: all of the row.
    pub group: Vec<Key>,
    /// Whether the values must not be used for targets.
    pub not_for_targets: bool,
    /// Dimension whose quality is that of the figure on total rows; empty where the cell's own counts say it.
    pub measures: &'static str,
}

/// A value and its confidence limits, if it has any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The value, in the column's unit.
    pub value: f64,
    /// Lower and upper limit.
    pub limits: Option<(f64, f64)>,
}

/// Counts behind a figure. Absent is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellCounts {
    /// Numerator; of a count the count itself.
    pub numerator: Option<u64>,
    /// Denominator.
    pub denominator: Option<u64>,
    /// Those for whom the answer is not known: in no denominator.
    pub unknown: Option<u64>,
    /// Those whose source does not collect it: in no denominator.
    pub not_collected: Option<u64>,
    /// Those to whom it does not apply: in no denominator. With the three before they are everybody.
    pub outside: Option<u64>,
}

impl CellCounts {
    /// Numerator and denominator of a share. Both are changed for themselves, so the part may have become the greater one: then it is all.
    pub(super) fn part_of_whole(&self) -> Option<(u64, u64)> {
        self.numerator.zip(self.denominator).map(|(part, whole)| (part.min(whole), whole))
    }

    /// The counts that are kept, each asked for by what takes it out of a cell's counts.
    pub(super) fn only(&self, keeps: impl Fn(fn(&Self) -> Option<u64>) -> bool) -> Self {
        let one = |count: fn(&Self) -> Option<u64>| count(self).filter(|_| keeps(count));
        Self {
            numerator: one(|of| of.numerator),
            denominator: one(|of| of.denominator),
            unknown: one(|of| of.unknown),
            not_collected: one(|of| of.not_collected),
            outside: one(|of| of.outside),
        }
    }

    /// Whether nothing was counted: those outside were not counted for the figure.
    pub(super) fn are_zero(&self) -> bool {
        let counted = [self.numerator, self.denominator, self.unknown, self.not_collected];
        counted.into_iter().flatten().all(|count| count == 0)
    }
}

/// A figure, or why there is none, and the counts behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The figure, or the reason for its absence.
    pub figure: Result<Figure, Absence>,
    /// Counts; none for differences, which have none of their own.
    pub counts: CellCounts,
    /// How good the data is that the figure is made of.
    pub quality: DataQuality,
    /// What a comparison comes to.
    pub verdict: Option<Verdict>,
    /// How many records the figure is made of: its denominator, or what it counts; of a difference, those of both.
    pub(super) behind: u64,
}

impl Cell {
    /// Whether there would be a figure, and the reader may not see it.
    pub(super) fn is_withheld(&self) -> bool {
        self.figure.as_ref().is_err_and(|why| why.reason == Reason::Withheld)
    }
}

/// How good the data is in a dimension. Of a figure: of a row with keys, the worst of its dimensions; of a total row, what it measures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DataQuality {
    /// Share of records whose source collects it, 0 to 1.
    pub coverage: Option<f64>,
    /// Share of the covered records for which it is unknown, 0 to 1.
    pub unknown: Option<f64>,
}

/// A row: a combination of categories.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Categories, in the order of the dimensions; none for the total.
    pub keys: Vec<Key>,
    /// One cell for each column.
    pub cells: Vec<Cell>,
    /// The row in a sentence; empty in tables of counts.
    pub sentence: String,
    /// Name of the table that the figures are computed from; empty in tables of counts.
    pub source_table: &'static str,
}
