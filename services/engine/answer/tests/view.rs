//! Answers, read by column: the figures of a row by indicator and group. What is read is first held against what is so of every
//! answer.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{label, labels};
use super::model::Label;
use crate::domain::indicator::Unit;
use crate::domain::measures::Tally;
use crate::engine::answer::{
    Cell, CellCounts, Column, ColumnDefinition, Key, Protected, Reason, Row, tables,
};

/// A row of an answer.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    answer: &'a Protected,
    row: &'a Row,
}

/// The rows of an answer.
pub(super) fn views(answer: &Protected) -> impl Iterator<Item = View<'_>> {
    let ids: BTreeSet<_> = answer.columns().iter().map(|column| &column.id).collect();
    assert_eq!(ids.len(), answer.columns().len(), "a column is there twice: {ids:?}");
    let table = tables().into_iter().find(|table| table.name == answer.provenance().table);
    let kinds = table.expect("a table of the contract").columns;
    for column in answer.columns() {
        assert!(kinds.iter().any(|kind| is_of(kind, column)), "of no kind: {column:?}");
    }
    let keys: BTreeSet<_> = answer.rows().iter().map(|row| labels(&row.keys)).collect();
    assert_eq!(keys.len(), answer.rows().len(), "a row is there twice: {keys:?}");
    for row in answer.rows() {
        assert_eq!(row.cells.len(), answer.columns().len());
        answer.columns().iter().zip(&row.cells).for_each(|(column, cell)| holds(column, cell));
        counts_everybody(answer.columns(), row);
    }
    answer.rows().iter().map(move |row| View { answer, row })
}

/// Whether a column is of a kind. A group may be left out where the column is about all of the row.
fn is_of(kind: &ColumnDefinition, column: &Column) -> bool {
    let mut groups = kind.groups.iter();
    ["", column.indicator.as_str()].contains(&kind.indicator)
        && column.group.iter().all(|key| groups.any(|group| *group == &*key.dimension))
}

/// What is so of every cell.
fn holds(column: &Column, cell: &Cell) {
    let counts = (cell.counts.numerator, cell.counts.denominator);
    let per = if column.unit == Unit::Per1000Month { 1000.0 } else { 1.0 };
    match (&cell.figure, column.unit, counts) {
        (Err(_), Unit::Ratio, (Some(_), Some(all))) => assert_eq!(all, 0, "{column:?} {cell:?}"),
        (Ok(figure), Unit::Ratio | Unit::Per1000Month, (Some(part), Some(all))) => {
            let value = per * part as f64 / all as f64;
            assert!((figure.value - value).abs() < 1e-9, "{column:?} {cell:?}");
        }
        (Ok(figure), Unit::Count, (count, None)) => {
            assert_eq!(Some(figure.value), count.map(|count| count as f64), "{column:?} {cell:?}");
        }
        _ => {}
    }
    if let Ok(figure) = cell.figure
        && let Some((lower, upper)) = figure.limits
    {
        assert!(lower <= figure.value && figure.value <= upper, "{column:?} {cell:?}");
    }
}

/// The four counts of every cell add up to everybody of the row, and of the channel or mode that the column is about.
fn counts_everybody(columns: &[Column], row: &Row) {
    let mut everybody: BTreeMap<Vec<Label>, u64> = BTreeMap::new();
    let mut same = |column: &Column, about: Vec<Label>, count: u64| {
        let known = *everybody.entry(about).or_insert(count);
        assert_eq!(count, known, "{} counts others: {row:?}", column.id);
    };
    let parts = columns.iter().zip(&row.cells);
    // Of a channel there is a part of the row in OUTCOMES, of a mode in IMPACT; everything else is about all of it.
    let is_part = |column: &Column, key: &Key| {
        &*key.dimension == "channel_mode"
            || &*key.dimension == "channel" && !column.indicator.starts_with("CH-0")
            || &*key.dimension == "channel" && column.indicator == "CH-09"
    };
    for (column, cell) in parts {
        let group = column.group.iter().filter(|key| is_part(column, key));
        let about: Vec<_> = group.map(label).collect();
        let counts = &cell.counts;
        let four = [counts.denominator, counts.unknown, counts.not_collected, counts.outside];
        let all: Option<Vec<u64>> = four.into_iter().collect();
        match (all, counts.numerator) {
            (Some(all), _) => same(column, about, all.iter().sum()),
            (None, Some(count)) if EVERYBODY.contains(&column.indicator.as_str()) => {
                // Of a group of people, who is not of it is counted too.
                let others = four[1..].iter().flatten().sum::<u64>();
                same(column, about, count + others);
            }
            _ => {}
        }
    }
}

/// Counts of everybody.
const EVERYBODY: [&str; 4] = ["CONTACTS", "ATTENDED_CONTACTS", "PERSONS", "PEOPLE"];

/// Everybody whom a cell counts.
pub(super) fn everybody(tally: Tally<u64>) -> u64 {
    tally.denominator + tally.unknown + tally.not_collected + tally.outside
}

impl<'a> View<'a> {
    pub(super) fn labels(&self) -> Vec<Label> {
        labels(&self.row.keys)
    }

    pub(super) fn codes(&self) -> impl Iterator<Item = &'a str> {
        self.row.keys.iter().map(|key| key.code.as_str())
    }

    /// The cells of an indicator by what their columns are about: nothing for all of the row.
    pub(super) fn of(&self, indicator: &str) -> BTreeMap<Label, &'a Cell> {
        let columns = self.answer.columns().iter().zip(&self.row.cells);
        let own = columns.filter(|(column, _)| column.indicator == indicator);
        let group = |column: &Column| column.group.iter().map(label).collect::<Vec<_>>().join("/");
        own.map(|(column, cell)| (group(column), cell)).collect()
    }

    /// The cell of a column.
    pub(super) fn cell(&self, id: &str) -> &'a Cell {
        let place = self.answer.columns().iter().position(|column| column.id == id);
        &self.row.cells[place.unwrap_or_else(|| panic!("no column {id}"))]
    }

    /// Whether a cell says no more than that the whole answer is empty.
    fn is_empty(&self, cell: &Cell) -> bool {
        let empty = self.answer.provenance().empty.as_ref();
        cell.counts == CellCounts::default()
            && empty.is_some()
            && cell.figure.as_ref().err() == empty
    }

    /// The counts of a cell; what it does not say is 0.
    pub(super) fn tally_of(&self, cell: &Cell) -> Tally<u64> {
        let CellCounts { numerator, denominator, unknown, not_collected, outside } = cell.counts;
        assert!(cell.counts != CellCounts::default() || self.is_empty(cell), "{cell:?}");
        Tally {
            numerator: numerator.unwrap_or_default(),
            denominator: denominator.unwrap_or_default(),
            unknown: unknown.unwrap_or_default(),
            not_collected: not_collected.unwrap_or_default(),
            outside: outside.unwrap_or_default(),
        }
    }

    /// The counts of a column.
    pub(super) fn tally(&self, id: &str) -> Tally<u64> {
        self.tally_of(self.cell(id))
    }

    /// The count of a column that counts.
    pub(super) fn count(&self, id: &str) -> u64 {
        self.tally(id).numerator
    }

    /// The figure of a column.
    pub(super) fn value(&self, id: &str) -> Option<f64> {
        self.cell(id).figure.as_ref().ok().map(|figure| figure.value)
    }

    /// Why a column has no figure. In an empty answer there is no data, whatever the reason.
    pub(super) fn why(&self, id: &str) -> Option<Reason> {
        let cell = self.cell(id);
        let why = cell.figure.as_ref().err().map(|why| why.reason);
        if self.is_empty(cell) { Some(Reason::NoData) } else { why }
    }

    /// A figure is that of one column less that of another, and is there if both are.
    pub(super) fn is_difference(&self, id: &str, of: &str, less: &str) {
        match (self.value(of), self.value(less), self.value(id)) {
            (Some(of), Some(less), Some(value)) => assert!((value - (of - less)).abs() < 1e-12),
            (_, _, value) => assert_eq!(value, None, "{id}"),
        }
    }
}
