//! Counts that their publishers suppressed or do not give (`*`, `<5`, `[x]`). They are not known, and not read as 0.
//!
//! Records of such a count add nothing to any sum. So every question is asked twice where there are any: of all that is known, and of
//! the suppressed counts alone, each as one. A figure that the second answer has anything of is not given: the rest alone would be too
//! low, and a share of the rest may be anything. Its cell says how many are left out at least.

use std::collections::BTreeMap;

use super::contributors::Others;
use super::model::{Absence, Cell, Key};
use super::question::{Counted, Question, RowPlaces};
use super::wholes::Wholes;
use crate::engine::query::{AsOf, Query, Showing};
use crate::engine::{Engine, QueryError};

/// What a reader has to know.
const NOTE: &str = "Publishers do not give some counts (`*`, `<5`, `[x]`). A figure that such a count belongs to is absent with the reason \
    SUPPRESSED: it is not read as 0, and never a figure of the rest alone. Data quality and what cannot be attributed are without these counts.";

/// What a reader has to know to whom changed counts are shown.
const NOT_SEEN: &str = "Counts that their publishers suppressed (`*`, `<5`) are in no figure.";

/// What was counted, and what was counted of the suppressed counts alone; none: there are none.
pub(super) struct Part<F> {
    pub(super) counted: Counted<F>,
    pub(super) left_out: Option<Counted<F>>,
    /// What it is a part of; none: its reader may see all.
    wholes: Option<Wholes<F>>,
    /// What others than the reader's organisation have; none: its reader has no part in it, or may see all.
    others: Option<Others<F>>,
}

/// A row of a part: where it lies among what was counted, and where among what is left out.
#[derive(Clone, Default)]
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
        let plan = counted.plan.as_ref();
        if plan.is_some_and(|plan| !plan.protection.is_exact()) {
            let others = Others::count(question, engine, query, plan)?;
            let wholes = Wholes::count(question, engine, query, plan)?;
            // Whoever may not see all is not told whether there are any.
            counted.provenance.notes.push(NOT_SEEN.into());
            return Ok(Self { counted, left_out: None, wholes, others });
        }
        if !counted.provenance.suppressed {
            return Ok(Self { counted, left_out: None, wholes: None, others: None });
        }
        let as_of = AsOf::Position(counted.position);
        let of_suppressed = Query { suppressed: true, as_of, ..query.clone() };
        let left_out = question.count(engine, &of_suppressed)?;
        if left_out.nothing.is_none() {
            counted.nothing = None;
            counted.provenance.notes.push(NOTE.into());
        }
        Ok(Self { counted, left_out: Some(left_out), wholes: None, others: None })
    }

    /// The row of everything.
    pub(super) fn total(&self) -> PartRow {
        let places = || Some(RowPlaces::new());
        let left_out = self.left_out.as_ref().and_then(|_| places());
        PartRow { counted: places(), left_out, ..PartRow::default() }
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
        let id = |keys: &[Key]| -> Vec<_> { keys.iter().map(Key::id).collect() };
        let at = rows.iter().enumerate().map(|(number, row)| (id(&row.keys), number));
        let mut at: BTreeMap<_, _> = at.collect();
        for (keys, places) in &left_out.rows {
            let number = *at.entry(id(keys)).or_insert(rows.len());
            if number == rows.len() {
                rows.push(PartRow { keys: keys.clone(), ..PartRow::default() });
            }
            rows[number].left_out = Some(places.clone());
        }
        if self.counted.plan.is_some() {
            // Both were planned alike, so their places are the same.
            let places = |row: &PartRow| row.counted.clone().or_else(|| row.left_out.clone());
            rows.sort_by_cached_key(places);
        }
        rows
    }

    /// The cell of a row.
    pub(super) fn cell<Q: Question<Figures = F>>(
        &self,
        question: &Q,
        row: &PartRow,
        shows: &Q::Shows,
        showing: &Showing,
    ) -> Cell {
        let of = |part: Option<&Counted<F>>, places: &Option<RowPlaces>| {
            Some(question.cell(&part?.figures, places.as_ref()?, shows, showing))
        };
        let counted = of(Some(&self.counted), &row.counted);
        if let (Some(wholes), Some(places)) = (&self.wholes, &row.counted) {
            let figures = &self.counted.figures;
            if wholes.withholds(question, figures, (&row.keys, places), shows) {
                return Cell::absent(Absence::withheld());
            }
        }
        if let (Some(others), Some(cell), Some(places)) = (&self.others, &counted, &row.counted) {
            let row = (self.counted.plan.as_ref(), row.keys.as_slice(), places);
            return others.allow(question, row, cell.clone(), shows, showing);
        }
        match of(self.left_out.as_ref(), &row.left_out) {
            Some(left_out) => without(counted.unwrap_or_else(|| left_out.clone()), &left_out),
            None => counted.unwrap_or_else(|| Cell::absent(Absence::no_data(""))),
        }
    }
}

/// A cell, given what is left out of it: without the figure if that is made of any of it, otherwise without the counts that are.
fn without(cell: Cell, left_out: &Cell) -> Cell {
    if left_out.behind > 0 {
        return Cell::absent(Absence::suppressed(left_out.behind));
    }
    // Of nothing but suppressed counts the reason is theirs: a 0 would read as nobody where it is not known whether they belong.
    let nothing = cell.counts.are_zero() && cell.counts.outside.unwrap_or_default() == 0;
    let (figure, known) = match &left_out.figure {
        Err(why) if nothing => (cell.figure.and(Err(why.clone())), left_out.counts),
        Ok(_) | Err(_) => (cell.figure, cell.counts),
    };
    let counts = known.only(|count| count(&left_out.counts).unwrap_or_default() == 0);
    Cell { figure, counts, ..cell }
}
