//! A table that its reader would not take is refused as early as that is known: by what its submissions say of themselves, before
//! anything is counted; and while its rows are made.

use std::collections::BTreeMap;

use super::crosstab::Coded;
use super::plan::{On, Plan, PlanAxis, PlanFilter};
use crate::domain::cube::Cube;
use crate::domain::field::Field;
use crate::engine::{Engine, QueryError};
use crate::store::{Bits, NOT_COLLECTED_CODE, Submission, code_of};

/// Bytes that a cell has at least when it is encoded: its head, and a reason for its absence, which is shorter than a value. Bytes of a
/// key: two heads, and a letter each of dimension and code.
const LEAST_OF_A_CELL: usize = 6;
const LEAST_OF_A_KEY: usize = 8;

/// The length of a table, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    keys: usize,
    pub(super) columns: usize,
    limit: Option<usize>,
}

impl Listed {
    /// Most rows that the reader takes.
    fn most(&self) -> usize {
        let of_a_row = self.keys * LEAST_OF_A_KEY + self.columns * LEAST_OF_A_CELL;
        self.limit.map_or(usize::MAX, |limit| limit / of_a_row.max(1))
    }

    /// An error if this many rows, and a total, are longer than the reader takes, however they are encoded.
    pub(super) fn fits(&self, rows: usize) -> Result<(), QueryError> {
        let of_rows = self.keys * LEAST_OF_A_KEY + self.columns * LEAST_OF_A_CELL;
        let bytes = rows.saturating_mul(of_rows).saturating_add(self.columns * LEAST_OF_A_CELL);
        match self.limit {
            Some(limit) if bytes > limit => Err(QueryError::TooLong { bytes, limit }),
            _ => Ok(()),
        }
    }
}

impl Engine {
    /// A table whose rows have so many keys, and that has at least so many columns.
    pub(super) fn listed(&self, keys: usize, columns: usize) -> Listed {
        Listed { keys, columns, limit: self.settings.answer_bytes }
    }

    /// How many columns a table has at least: `each` for all places of an axis together and for each that occurs, so far as that is
    /// known before counting. A table that is short whatever occurs is not looked at: that costs a step for each submission.
    pub(super) fn least_columns(&self, plan: &Plan, axis: usize, each: usize) -> usize {
        let rows = plan.axes[..axis].iter().map(PlanAxis::places).fold(1, usize::saturating_mul);
        let most = self.listed(axis, each * (1 + plan.axes[axis].places()));
        each * (1 + if most.fits(rows).is_ok() { 0 } else { plan.least_places(axis) })
    }
}

/// Counts the rows of a table while they are made, and refuses the first that is too much.
pub(super) fn begins<'a>(
    plan: &'a Plan,
    listed: Option<Listed>,
    mut rows: usize,
) -> impl FnMut(&[usize]) -> Result<(), QueryError> + 'a {
    move |row| {
        rows += usize::from(!row.is_empty() && plan.wants(row));
        listed.map_or(Ok(()), |listed| listed.fits(rows))
    }
}

impl Plan {
    /// Whether a row is wanted.
    pub(super) fn wants(&self, row: &[usize]) -> bool {
        self.axes.iter().zip(row).all(|(axis, place)| axis.wants(*place))
    }

    /// An error if the rows that the first axes make are too many, so far as that is known before counting: each word of a column
    /// occurs in a record.
    pub(super) fn fits(&self, outer: usize, listed: Listed) -> Result<(), QueryError> {
        let axes = &self.axes[..outer];
        if self.tells_all() {
            // Whoever may not see all gets every row that may be, and learns nothing of the records from a refusal.
            return listed.fits(self.every_row_count(outer));
        }
        let most = axes.iter().map(PlanAxis::places).fold(1, usize::saturating_mul);
        if listed.fits(most).is_ok() {
            return Ok(());
        }
        let fields: Vec<_> = axes.iter().filter(|axis| self.is_of_words(axis)).collect();
        // Of each combination of what submissions decide: the places on each axis that records decide.
        let mut places: BTreeMap<Vec<usize>, Vec<Bits>> = BTreeMap::new();
        for (number, submission) in self.submissions().enumerate() {
            let decided = axes.iter().filter_map(|axis| match &axis.on {
                On::Submission(places) => Some((axis, places[number])),
                On::Field(..) | On::Derived(_) | On::Together(_) => None,
            });
            let decided: Vec<_> = decided.collect();
            let is_wanted = decided.iter().all(|(axis, place)| axis.wants(*place));
            if !is_wanted || !self.counts_all(submission) {
                continue;
            }
            let at = decided.into_iter().map(|(_, place)| place).collect();
            let of = places.entry(at).or_insert_with(|| vec![Bits::default(); fields.len()]);
            of.iter_mut().zip(&fields).for_each(|(of, axis)| self.see(axis, submission, of));
        }
        let rows = places.values().map(|of| of.iter().map(Bits::count).max().unwrap_or(1));
        listed.fits(rows.sum())
    }

    /// How many rows the codes of some axes may make, of which no more are made than the reader takes.
    pub(super) fn rows_within(&self, coded: &[Coded], listed: Option<Listed>) -> usize {
        let places = |(axis, coded): (&PlanAxis, &Coded)| {
            axis.places().min(coded.spread.iter().map(Vec::len).sum())
        };
        let rows = self.axes.iter().zip(coded).map(places).fold(1, usize::saturating_mul);
        rows.min(listed.map_or(usize::MAX, |listed| listed.most())).min(Cube::LIMIT)
    }

    /// How many places of an axis occur at least, by what is known before counting.
    fn least_places(&self, axis: usize) -> usize {
        let (axis, mut seen) = (&self.axes[axis], Bits::default());
        if self.tells_all() {
            return (0..axis.places()).filter(|place| axis.wants(*place)).count();
        }
        if self.is_of_words(axis) {
            let whole = self.submissions().filter(|submission| self.counts_all(submission));
            whole.for_each(|submission| self.see(axis, submission, &mut seen));
        }
        seen.count()
    }

    /// Whether every record of a submission surely counts, whatever the conditions: none of them leaves out any word.
    fn counts_all(&self, submission: &Submission) -> bool {
        let takes_all = |filter: &PlanFilter| {
            !self.is_made(filter.field)
                && self
                    .codes_of(submission, filter.field)
                    .into_iter()
                    .all(|code| self.passes(filter, code))
        };
        let is_known = !self.suppressed && submission.suppressed_count == 0;
        is_known && submission.records() > 0 && self.filters.iter().all(takes_all)
    }

    /// Whether the words of the stored columns say where records fall on an axis.
    fn is_of_words(&self, axis: &PlanAxis) -> bool {
        axis.field().is_some_and(|field| !self.is_made(field))
    }

    fn is_made(&self, field: Field) -> bool {
        self.made.keys().any(|(_, made)| *made == field)
    }

    /// The codes of a submission's words in a field, numbered as in its span of months.
    fn codes_of(&self, submission: &Submission, field: Field) -> Vec<u32> {
        let shift = self.spans.shift(field, submission.slot.month);
        submission.column(field).map_or_else(
            || vec![NOT_COLLECTED_CODE + shift],
            |column| column.words.iter().map(|word| code_of(*word) + shift).collect(),
        )
    }

    /// Notes the places of an axis that are wanted of a submission's words.
    fn see(&self, axis: &PlanAxis, submission: &Submission, seen: &mut Bits) {
        let On::Field(field, placed) = &axis.on else { return };
        let codes = self.codes_of(submission, *field).into_iter();
        let places = codes.flat_map(|code| self.places_of(*field, placed, code));
        places.filter(|place| axis.wants(**place)).for_each(|place| {
            seen.insert(u32::try_from(*place).unwrap_or(u32::MAX));
        });
    }
}
