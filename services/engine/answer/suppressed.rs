//! Counts that their publishers suppressed (`*`, `<5`). They are at least 1, and how much more nobody knows.
//!
//! Records of such a count add nothing to any sum. So every question is asked twice where there are any: of all that is known, and of
//! the suppressed counts alone, each as one. A figure that the second answer has anything of is not given: the rest alone would be too
//! low, and a share of the rest may be anything. Its cell says how many are left out at least.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Absence, Cell, CellCounts, Key};
use super::question::{Counted, Question, RowPlaces};
use crate::engine::query::{AsOf, Query};
use crate::engine::{Engine, QueryError};

/// What a reader has to know.
const NOTE: &str = "Publishers suppressed some counts (`*`, `<5`). A figure that such a count belongs to is absent with the reason \
    SUPPRESSED: it is never 0, and never a figure of the rest alone. Data quality and what cannot be attributed are without these counts.";

/// What was counted, and what was counted of the suppressed counts alone; none: there are none.
pub(super) struct Part<F> {
    pub(super) counted: Counted<F>,
    pub(super) left_out: Option<Counted<F>>,
}

/// A row of a part: where it lies among what was counted, and where among what is left out.
#[derive(Clone)]
pub(super) struct PartRow {
    pub(super) keys: Vec<Key>,
    counted: Option<RowPlaces>,
    left_out: Option<RowPlaces>,
}

impl<F> Part<F> {
    /// Counts a question.
    pub(super) fn count<Q: Question<Figures = F>>(
        question: &Q,
        engine: &Engine,
        query: &Query,
    ) -> Result<Self, QueryError> {
        let mut counted = question.count(engine, query)?;
        if !counted.provenance.suppressed {
            return Ok(Self { counted, left_out: None });
        }
        let as_of = AsOf::Position(counted.position);
        let of_suppressed = Query { suppressed: true, as_of, ..query.clone() };
        let left_out = question.count(engine, &of_suppressed)?;
        if left_out.nothing.is_none() {
            counted.nothing = None;
            counted.provenance.notes.push(NOTE.into());
        }
        Ok(Self { counted, left_out: Some(left_out) })
    }

    /// The row of everything.
    pub(super) fn total(&self) -> PartRow {
        let left_out = self.left_out.as_ref().map(|_| RowPlaces::new());
        PartRow { keys: Vec::new(), counted: Some(RowPlaces::new()), left_out }
    }

    /// The rows that are wanted, without the total. Where everything is suppressed there is a row too.
    pub(super) fn rows(&self) -> Vec<PartRow> {
        let row = |(keys, places): &(Vec<Key>, RowPlaces)| PartRow {
            keys: keys.clone(),
            counted: Some(places.clone()),
            left_out: None,
        };
        let mut rows: Vec<_> = self.counted.rows.iter().map(row).collect();
        let Some(left_out) = &self.left_out else { return rows };
        let id = |keys: &[Key]| -> Vec<(String, String)> {
            keys.iter().map(|key| (key.dimension.to_string(), key.code.clone())).collect()
        };
        let found: BTreeMap<_, _> = left_out.rows.iter().map(|(k, places)| (id(k), places)).collect();
        for row in &mut rows {
            row.left_out = found.get(&id(&row.keys)).copied().cloned();
        }
        let known: BTreeSet<_> = rows.iter().map(|row| id(&row.keys)).collect();
        let new = left_out.rows.iter().filter(|(keys, _)| !known.contains(&id(keys)));
        rows.extend(new.map(|(keys, places)| PartRow {
            keys: keys.clone(),
            counted: None,
            left_out: Some(places.clone()),
        }));
        if self.counted.plan.is_some() {
            // Both were planned alike, so their places are the same.
            rows.sort_by(|a, b| a.places().cmp(&b.places()));
        }
        rows
    }

    /// The cell of a row.
    pub(super) fn cell<Q: Question<Figures = F>>(
        &self,
        question: &Q,
        row: &PartRow,
        shows: &Q::Shows,
    ) -> Cell {
        let of = |part: &Counted<F>, places: &RowPlaces| question.cell(&part.figures, places, shows);
        let counted = row.counted.as_ref().map(|places| of(&self.counted, places));
        let left_out = self.left_out.as_ref().zip(row.left_out.as_ref());
        let left_out = left_out.map(|(part, places)| of(part, places));
        match (counted, left_out) {
            (Some(counted), None) => counted,
            (Some(counted), Some(left_out)) => without(counted, &left_out),
            (None, Some(left_out)) => without(left_out.clone(), &left_out),
            (None, None) => Cell::absent(Absence::no_data("")),
        }
    }
}

impl PartRow {
    fn places(&self) -> Option<&RowPlaces> {
        self.counted.as_ref().or(self.left_out.as_ref())
    }
}

/// A cell, given what is left out of it: without the figure if that is made of any of it, otherwise without the counts that are.
fn without(cell: Cell, left_out: &Cell) -> Cell {
    if left_out.behind > 0 {
        return Cell::absent(Absence::suppressed(left_out.behind));
    }
    let whole = |count: fn(&CellCounts) -> Option<u64>| {
        count(&cell.counts).filter(|_| count(&left_out.counts).unwrap_or_default() == 0)
    };
    // Of nothing but suppressed counts the reason is theirs: a 0 would read as nobody where it is not known whether they belong.
    let nothing = cell.counts.are_zero() && cell.counts.outside.unwrap_or_default() == 0;
    let figure = if nothing { cell.figure.and(left_out.figure.clone()) } else { cell.figure };
    let counts = CellCounts {
        numerator: whole(|of| of.numerator),
        denominator: whole(|of| of.denominator),
        unknown: whole(|of| of.unknown),
        not_collected: whole(|of| of.not_collected),
        outside: whole(|of| of.outside),
    };
    Cell { figure, counts, ..cell }
}
