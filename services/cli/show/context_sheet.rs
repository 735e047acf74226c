//! What every line of a spreadsheet says of the answer that it is of: what was asked, and what it was made of.

use super::keys;
use super::sheet::{Cell, Sheet};
use super::words;
use crate::proto::v1::{Absence, AskedCondition, BreakdownContext};

/// Columns that a line begins with.
const FIRST: [&str; 10] = [
    "collection",
    "data_class",
    "area",
    "area_basis",
    "first_month",
    "last_month",
    "measure",
    "denominator",
    "position",
    "data_position",
];
/// Columns that it ends with.
const LAST: [&str; 13] = [
    "organisations",
    "conditions",
    "late_counts_as_missed",
    "confidence_level",
    "submission_count",
    "organisation_count",
    "expected_organisation_count",
    "month_count",
    "expected_month_count",
    "unattributed_count",
    "unattributed_detail",
    "notes",
    "provenance",
];
/// Columns before those: why a figure is absent. Other columns that say so end in the same words.
const ABSENCE: [&str; 2] = ["absence_reason", "absence_detail"];

/// A sheet with a line for each figure of an answer.
pub struct Answered<'a> {
    context: &'a BreakdownContext,
    position: i64,
    sheet: Sheet,
}

impl<'a> Answered<'a> {
    /// One without lines. Between what was asked and the absence of a figure stand the keys of these dimensions, then `figures`.
    pub fn new<S: Into<String>>(
        context: &'a BreakdownContext,
        position: i64,
        dimensions: &[String],
        figures: impl IntoIterator<Item = S>,
    ) -> Self {
        let columns = (FIRST.into_iter().map(str::to_owned))
            .chain(keys::names(dimensions))
            .chain(figures.into_iter().map(Into::into))
            .chain(ABSENCE.into_iter().chain(LAST).map(str::to_owned));
        Self { context, position, sheet: Sheet::new(columns) }
    }

    /// Adds a line of the answer. Where the answer is empty and nothing was counted for the line, its zeros count nothing: it has no
    /// figures, and the reason why the answer has none.
    pub fn push(&mut self, keys: Vec<Cell>, figures: Vec<Cell>, why: Option<&Absence>) {
        let counts = || figures.iter().filter(|cell| matches!(cell, Cell::Count(_)));
        let is_figure = why.is_some() || counts().next().is_some();
        let uncounted = is_figure && counts().all(|count| *count == Cell::Count(0));
        let empty = self.context.empty.as_ref().filter(|_| uncounted);
        let mut line = first(self.context, self.position);
        let figures_from = FIRST.len() + keys.len();
        line.extend(keys);
        line.extend(figures);
        line.extend(absence(empty.or(why)));
        if let Some(empty) = empty {
            for (cell, name) in line.iter_mut().zip(&self.sheet.columns).skip(figures_from) {
                if matches!(cell, Cell::Count(_) | Cell::Ratio(_)) {
                    *cell = Cell::Empty;
                }
                let [reason, detail] = absence(Some(empty));
                if name.ends_with(ABSENCE[0]) {
                    *cell = reason;
                } else if name.ends_with(ABSENCE[1]) {
                    *cell = detail;
                }
            }
        }
        line.extend(last(self.context));
        self.sheet.push(line);
    }

    /// Adds a line that is not of the answer, of which only this is known: names of columns and cells.
    pub fn push_other(&mut self, cells: impl IntoIterator<Item = (String, Cell)>) {
        let mut line = vec![Cell::Empty; self.sheet.columns.len()];
        for (name, cell) in cells {
            if let Some(at) = self.sheet.columns.iter().position(|column| *column == name) {
                line[at] = cell;
            }
        }
        self.sheet.push(line);
    }

    /// Adds the line of an answer that has no rows, with the reason, if it has one; `also` is what stands in it besides.
    pub fn push_nothing(&mut self, also: impl IntoIterator<Item = (&'static str, Cell)>) {
        let Some(empty) = &self.context.empty else { return };
        let mut line = first(self.context, self.position);
        line.resize(self.sheet.columns.len() - ABSENCE.len() - LAST.len(), Cell::Empty);
        line.extend(absence(Some(empty)));
        line.extend(last(self.context));
        for (name, cell) in also {
            if let Some(at) = self.sheet.columns.iter().position(|column| column == name) {
                line[at] = cell;
            }
        }
        self.sheet.push(line);
    }

    /// The sheet.
    pub fn sheet(self) -> Sheet {
        self.sheet
    }
}

fn first(context: &BreakdownContext, position: i64) -> Vec<Cell> {
    vec![
        (&context.collection).into(),
        words::data_class(context.data_class).into(),
        (&context.area).into(),
        words::area_basis(context.area_basis).into(),
        (&context.first_month).into(),
        (&context.last_month).into(),
        words::measure(context.measure).into(),
        words::denominator(context.denominator).into(),
        position.into(),
        context.data_position.into(),
    ]
}

fn last(context: &BreakdownContext) -> Vec<Cell> {
    let organisations: Vec<_> = context.organisations.iter().map(|of| of.code.as_str()).collect();
    let condition = |of: &AskedCondition| format!("{}={}", of.dimension, of.codes.join(","));
    let conditions: Vec<_> = context.conditions.iter().map(condition).collect();
    let left_out = context.unattributed.as_ref();
    vec![
        organisations.join(",").into(),
        conditions.join(";").into(),
        context.late_counts_as_missed.into(),
        Some(context.confidence_level).filter(|level| *level > 0.0).into(),
        context.submission_count.into(),
        context.organisation_count.into(),
        context.expected_organisation_count.into(),
        context.month_count.into(),
        context.expected_month_count.into(),
        left_out.map(|of| of.count).into(),
        left_out.map(|of| of.detail.clone()).into(),
        context.notes.join(" ").into(),
        (&context.provenance).into(),
    ]
}

/// The reason and detail of an absence; empty where there is none.
pub fn absence(absence: Option<&Absence>) -> [Cell; 2] {
    [
        absence.map(|absence| words::absence_reason(absence.reason)).into(),
        absence.map(|absence| absence.detail.clone()).into(),
    ]
}
