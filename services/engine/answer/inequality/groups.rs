//! The groups of one dimension in one column of an answer, and what answers that are made of answers share.

use std::sync::Arc;

use crate::domain::codes::Dimension;
use crate::domain::indicator::{Polarity, Unit};
use crate::domain::reference::Reference;
use crate::domain::statistics::{Group, Groups, NotComputable};
use crate::engine::answer::comparison::COMPARISON;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, Column, Key, Row};
use crate::engine::answer::protected::{Answer, Beside, Protected, protect};
use crate::engine::answer::provenance::{Legend, Provenance};
use crate::engine::query::{AsOf, Query, Showing};

/// Dimension of rows about columns of another answer.
pub(super) const FIGURE: &str = "figure";

/// How the figures of an answer are shown: what may be seen was decided there.
pub(super) fn showing(answer: &Protected, query: &Query) -> Showing {
    let protection = answer.provenance().protection.clone();
    let protection = protection.unwrap_or_else(|| query.showing.protection.clone());
    Showing { protection, ..query.showing }
}

/// The columns of shares, with their places.
pub(super) fn shares(answer: &Protected) -> impl Iterator<Item = (usize, &Column)> {
    let is_comparison =
        |column: &Column| column.group.iter().any(|key| &*key.dimension == COMPARISON);
    let all = answer.columns().iter().enumerate();
    all.filter(move |(_, column)| column.unit == Unit::Ratio && !is_comparison(column))
}

/// Words for a column: its label, and its groups.
pub(super) fn title(column: &Column) -> String {
    let groups = column
        .group
        .iter()
        .map(|key| if key.label.is_empty() { key.code.as_str() } else { key.label.as_str() });
    std::iter::once(column.label.as_str())
        .filter(|label| !label.is_empty())
        .chain(groups)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a high value of a column means.
pub(super) fn polarity(reference: &Reference, column: &Column) -> Polarity {
    let known = reference.indicator(&column.indicator);
    known.map_or(Polarity::Neither, |known| known.polarity)
}

/// The category of a row in a dimension; none: the row is of no category of it.
pub(super) fn category<'r>(row: &'r Row, dimension: &str) -> Option<&'r Key> {
    row.keys.iter().find(|key| &*key.dimension == dimension && key.state.is_none())
}

/// The periods that have rows, in their order.
pub(super) fn periods(answer: &Protected, period: &str) -> Vec<Key> {
    let mut periods: Vec<Key> = Vec::new();
    for key in answer.rows().iter().filter_map(|row| category(row, period)) {
        if !periods.contains(key) {
            periods.push(key.clone());
        }
    }
    periods
}

/// The groups of a dimension in one column.
pub(super) struct OfColumn<'a> {
    /// The categories that have a share, in the order of the dimension.
    pub(super) keys: Vec<&'a Key>,
    /// Their shares.
    pub(super) groups: Result<Groups, NotComputable>,
    /// Whether every category of the dimension has a share.
    pub(super) complete: bool,
}

impl<'a> OfColumn<'a> {
    /// The groups in the column at `place`.
    pub(super) fn new(
        rows: impl Iterator<Item = &'a Row>,
        dimension: &Dimension,
        place: usize,
        showing: &Showing,
    ) -> Self {
        let (mut keys, mut groups, mut unseen) = (Vec::new(), Vec::new(), false);
        let (mut all, mut seen) = (None, 0);
        for row in rows {
            let cell = &row.cells[place];
            let whole = cell.counts.denominator;
            match category(row, &dimension.id) {
                Some(key) => match cell.counts.part_of_whole().filter(|_| cell.figure.is_ok()) {
                    Some(share) => {
                        keys.push(key);
                        groups.extend(group(share, showing));
                        seen += share.1;
                    }
                    None => unseen = true,
                },
                None if row.keys.is_empty() => all = whole,
                // Of whom the category is not known is in no group.
                None => seen += whole.unwrap_or_default(),
            }
        }
        // A category without records has no row.
        let complete = !unseen && keys.len() == dimension.categories.len();
        // How many people are in groups without a figure: all others that the answer tells of, and somebody.
        let missing = match (unseen, all) {
            (false, _) => Ok(0.0),
            (true, Some(all)) if !dimension.overlapping() => Ok(people(all, seen)),
            (true, _) => Err(NotComputable::MissingGroup),
        };
        let groups = missing.and_then(|missing| Groups::new(groups, missing));
        Self { keys, groups, complete }
    }
}

#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn people(all: u64, seen: u64) -> f64 {
    all.saturating_sub(seen).max(1) as f64
}

/// A share as a group; noise of its counts is in its error.
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn group((part, whole): (u64, u64), showing: &Showing) -> Option<Group> {
    let group = Group::share(part, whole)?;
    let noise = showing.protection.variance() * (1.0 + group.value * group.value);
    Some(group.with_noise(noise / (whole as f64).powi(2)))
}

/// A column of a derived answer.
pub(super) fn column(id: &str, label: &str, unit: Unit, group: Vec<Key>) -> Column {
    let codes = group.iter().map(|key| key.code.as_str());
    Column {
        id: std::iter::once(id).chain(codes).collect::<Vec<_>>().join("/"),
        indicator: id.to_owned(),
        label: label.to_owned(),
        unit,
        group,
        not_for_targets: false,
        measures: "",
    }
}

/// A kind of column of a derived answer.
pub(super) const fn kind(
    id: &'static str,
    label: &'static str,
    unit: Unit,
    definition: &'static str,
) -> ColumnDefinition {
    ColumnDefinition { unit: Some(unit), ..ColumnDefinition::count(id, &[], label, definition) }
}

/// The columns of a table whose kinds have one column each.
pub(super) fn columns(kinds: &[ColumnDefinition]) -> Vec<Column> {
    let of = |kind: &ColumnDefinition| {
        column(kind.indicator, kind.label, kind.unit.unwrap_or(Unit::Ratio), Vec::new())
    };
    kinds.iter().map(of).collect()
}

/// A computed number without counts.
pub(super) fn number(found: Result<f64, NotComputable>) -> Cell {
    use crate::engine::answer::model::Figure;
    let figure = found.map(Figure::exact);
    Cell::without_counts(figure.map_err(|why| Absence::not_computable(why.to_string())), 0)
}

/// No figure, because it belongs to other rows.
pub(super) fn elsewhere() -> Cell {
    Cell::absent(Absence::not_computable("this figure belongs to other rows"))
}

/// The legend of a dimension that rows of a derived answer have, with the keys that occur.
pub(super) fn legend(dimension: &str, label: &str, rows: &[Row]) -> Legend {
    let mut categories: Vec<(String, String)> = Vec::new();
    for key in rows.iter().flat_map(|row| &row.keys).filter(|key| &*key.dimension == dimension) {
        let words = (key.code.clone(), key.label.clone());
        if key.state.is_none() && !categories.contains(&words) {
            categories.push(words);
        }
    }
    let (dimension, label) = (dimension.to_owned(), label.to_owned());
    Legend { dimension, label, direction: String::new(), overlapping: false, categories }
}

/// An answer out of others.
pub(super) fn derived(
    mut provenance: Provenance,
    table: &TableDefinition,
    columns: Vec<Column>,
    rows: Vec<Row>,
    position: u64,
) -> Protected {
    (provenance.table, provenance.title) = (table.name, table.title);
    let cells = rows.iter().flat_map(|row| &row.cells);
    provenance.withheld_count = cells.filter(|cell| cell.is_withheld()).count();
    protect(Answer { provenance, columns, rows, beside: Beside::default(), position })
}

/// A question at the position that another one was read at, so that all of an answer is of one state.
pub(super) fn at(query: &mut Query, position: u64) {
    match query.as_of {
        AsOf::Head | AsOf::Time(_) => query.as_of = AsOf::Position(position),
        AsOf::Position(_) | AsOf::Release(_) => {}
    }
}

/// A key of a derived row.
pub(super) fn key(dimension: &str, code: &str, label: &str) -> Key {
    Key { dimension: Arc::from(dimension), ..Key::named(dimension, code, label) }
}
