//! Every answer is made here, in one order: plan and count, what cannot be attributed, quality, total, declared parent, rows, columns
//! and cells, what is empty, what appears beside, protection.

use super::comparison::{self, COLUMNS};
use super::frame::{has_total, of_shown_area};
use super::model::{Cell, Column, DataQuality, Key, Row};
use super::parent::Parent;
use super::plan::Plan;
use super::protected::{Answer, Protected, protect};
use super::provenance::{Provenance, legends};
use super::quality::{of_counts, worst};
use super::question::Question;
use super::suppressed::{Part, PartRow};
use crate::domain::collection::Dataset;
use crate::domain::indicator::Unit;
use crate::domain::partner::Named;
use crate::domain::reference::Reference;
use crate::engine::query::{AsOf, Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// A row, before its cells: its keys, which of the counted parts it is of, and the row there.
type Planned = (Vec<Key>, usize, PartRow);

/// Bytes in memory of a key and of a cell, with what their texts take.
const OF_A_KEY: usize = size_of::<Key>() + 64;
const OF_A_CELL: usize = size_of::<Cell>() + 48;

impl Engine {
    /// Answers a question.
    ///
    /// # Errors
    /// See [`QueryError`]; nothing to answer is no error.
    pub(super) fn answer<Q: Question>(&self, question: &Q) -> Result<Protected, QueryError> {
        let query = &self.settled(question.query())?;
        let reference = self.reference();
        let part = Part::count(question, self, query)?;
        let main = &part.counted;
        let mut provenance = main.provenance.clone();
        (provenance.table, provenance.title) = (Q::TABLE.name, Q::TABLE.title);
        provenance.settings = question.settings();
        provenance.tells_of_organisations(&reference, query);
        let editions = main.plan.as_ref().and_then(|plan| self.editions(plan, query));
        provenance.notes.extend(editions);
        provenance.release = question.query().release().to_owned();
        provenance.parameters.splice(0..0, provenance.settings.parameters.iter().cloned());
        // Everything else is read where the plan was read, whatever is written meanwhile.
        let position = main.position;
        let pinned = Query { as_of: AsOf::Position(position), ..query.clone() };
        let told = main.plan.as_ref().filter(|plan| plan.protection.is_exact() || has_total(query));
        if main.plan.is_some() && told.is_none() {
            // What is listed is no whole: how good its data is would be told of a union of the reader's choice.
            provenance.quality.clear();
        }
        if let Some(plan) = told {
            self.unattributed(question, plan, &pinned, &mut provenance)?;
        }
        let mut parts = vec![part];
        let rows = self.rows(question, &pinned, &mut parts, &mut provenance)?;
        let left_out = parts.iter().filter_map(|part| part.left_out.as_ref());
        let figures = parts.iter().map(|part| &part.counted).chain(left_out);
        let figures: Vec<_> = figures.map(|counted| &counted.figures).collect();
        let (columns, shows): (Vec<_>, Vec<_>) = readable(
            &reference,
            (query, parts[0].counted.plan.as_ref()),
            question.columns(&reference, &figures),
        )?
        .into_iter()
        .unzip();
        let comparison = question.query().comparison.as_ref();
        let width = columns.len() * comparison.map_or(1, |_| COLUMNS);
        self.listed(query.by.len(), width).fits(rows.len().saturating_sub(1))?;
        // The rows as they are counted and shown, and the bytes that are made of them.
        let of_row = 2 * query.by.len() * OF_A_KEY + width * OF_A_CELL;
        let encoded = 2 * self.settings.answer_bytes.unwrap_or_default().min(rows.len() * of_row);
        self.settings.threads.room(rows.len() * of_row + encoded)?;
        if provenance.empty.is_none() && parts.iter().all(|part| part.counted.nothing.is_some()) {
            provenance.empty.clone_from(&parts[0].counted.nothing);
        }
        // Of an open collection everybody may see all.
        let protection = parts[0].counted.plan.as_ref().map(|plan| plan.protection.clone());
        let protection = protection.unwrap_or_else(|| query.showing.protection.clone());
        let showing = Showing { protection, ..query.showing };
        provenance.profile = Some(reference.profile(query.reader.profile));
        provenance.protection.get_or_insert_with(|| showing.protection.clone());
        // How good the data of a cell is: of its row's dimensions; where the answer has none of these, of what the column measures.
        let lines = &provenance.quality;
        let measured: Vec<_> =
            columns.iter().map(|column| worst(lines, |of| of == column.measures)).collect();
        let row = |(keys, part, row): Planned| {
            let of_row = worst(lines, |of| keys.iter().any(|key| of == &*key.dimension));
            let cell =
                |((column, shows), measured): ((&Column, &Q::Shows), &Option<DataQuality>)| {
                    let cell = parts[part].cell(question, &row, shows, &showing);
                    shown(cell, column, of_row.or(*measured), &provenance)
                };
            let cells = columns.iter().zip(&shows).zip(&measured).map(cell).collect();
            Row { keys, cells, sentence: String::new(), source_table: "" }
        };
        // What the reader may see of each count is decided where its cell is made.
        let protecting = tracing::debug_span!("protect");
        let rows: Vec<_> = protecting.in_scope(|| rows.into_iter().map(row).collect());
        let shown = self.areas_shown(question.query())?;
        let mut rows: Vec<_> =
            rows.into_iter().map(|row| of_shown_area(row, &reference, shown.as_ref())).collect();
        let mut columns = columns;
        if let Some(of) = comparison {
            (columns, rows) = comparison::compared(&reference, of, (columns, rows), &showing);
            provenance
                .parameters
                .push(("comparison", format!("{} of {}", of.against.name(), of.dimension)));
            let distinct = query.table.dataset() == Dataset::Consultations
                && provenance.settings.measure == Measure::Persons;
            provenance.notes.extend(comparison::notes(&reference, of, distinct));
        }
        let cells = rows.iter().flat_map(|row| &row.cells);
        provenance.withheld_count = cells.filter(|cell| cell.is_withheld()).count();
        provenance.says_what_is_protected();
        provenance.dimensions = legends(&reference, query, &rows);
        provenance.says_series_breaks(&reference, query, &rows);
        let beside = question.beside(self, &pinned, &mut provenance)?;
        Ok(protect(Answer { provenance, columns, rows, beside, position }))
    }

    /// The rows: the total, the declared parent, and the combinations listed. What needs a question of its own is counted into `parts`.
    fn rows<Q: Question>(
        &self,
        question: &Q,
        pinned: &Query,
        parts: &mut Vec<Part<Q::Figures>>,
        provenance: &mut Provenance,
    ) -> Result<Vec<Planned>, QueryError> {
        let mut rows: Vec<Planned> = Vec::new();
        let main = &parts[0].counted;
        let parents = main.plan.as_ref().map(|plan| plan.declared_parents(pinned));
        let (parents, notes) = parents.unwrap_or_default();
        if has_total(question.query()) {
            if main.plan.as_ref().is_some_and(|plan| question.total_is_apart(plan)) {
                let whole = Query { by: Vec::new(), ..pinned.clone() };
                let whole = Part::count(question, self, &whole)?;
                let of = &whole.counted.provenance;
                provenance.looked_at(of.data_position, of.scope.clone());
                parts.push(whole);
            }
            rows.push((Vec::new(), parts.len() - 1, parts[parts.len() - 1].total()));
        }
        provenance.notes.extend(notes);
        for Parent { keys, query } in parents {
            let whole = Part::count(question, self, &query)?;
            let of = &whole.counted;
            provenance.stands_beside(&of.provenance, of.nothing.is_none());
            let of_whole = if query.by.is_empty() { vec![whole.total()] } else { whole.rows() };
            rows.extend(of_whole.into_iter().map(|row| {
                let mut with = row.keys.clone();
                keys.iter().for_each(|(place, key)| with.insert(*place, key.clone()));
                (with, parts.len(), row)
            }));
            parts.push(whole);
        }
        rows.extend(parts[0].rows().into_iter().map(|row| (row.keys.clone(), 0, row)));
        Ok(rows)
    }
}

/// The cell as the answer has it. In an empty answer what was not counted says why the answer is empty: it has no zeros.
fn shown(
    mut cell: Cell,
    column: &Column,
    quality: Option<DataQuality>,
    provenance: &Provenance,
) -> Cell {
    let uncounted = cell.counts.are_zero() && (cell.figure.is_err() || column.unit == Unit::Count);
    if let Some(empty) = provenance.empty.as_ref().filter(|_| uncounted) {
        return Cell::absent(empty.clone());
    }
    cell.quality = quality.unwrap_or_else(|| of_counts(&cell.counts));
    cell
}

/// The columns that the reader may read: of a controlled collection the counts, and the indicators of its scope.
fn readable<T>(
    reference: &Reference,
    (query, plan): (&Query, Option<&Plan>),
    mut columns: Vec<(Column, T)>,
) -> Result<Vec<(Column, T)>, QueryError> {
    if plan.is_some_and(Plan::is_open) {
        return Ok(columns);
    }
    let (indicators, had) = (&query.reader.scope.indicators, columns.len());
    columns.retain(|(column, _)| {
        reference.indicator(&column.indicator).is_none() || indicators.has(&column.indicator)
    });
    if columns.is_empty() && had > 0 {
        return Err(none_in_scope(indicators));
    }
    Ok(columns)
}

/// Why a reader may read nothing of a table: these are the indicators of its scope.
pub(super) fn none_in_scope(indicators: &Named) -> QueryError {
    let codes: Vec<_> = indicators.codes().take(20).collect();
    let codes = if codes.is_empty() { "none".to_owned() } else { codes.join(", ") };
    let why = format!("no indicator of this table is among those that you may read: {codes}");
    QueryError::OutOfScope(why)
}
