//! The chart of an answer: stacked bars for channels; bars of one or a few columns for other tables.

use super::figures::figure;
use super::forest;
use super::layout::Layout;
use super::pivot::groups;
use super::stacked;
use crate::cli::show::bars::{self, Bar};
use crate::cli::show::indicators::{Indicators, Reasons};
use crate::cli::show::keys::Legend;
use crate::cli::show::{Look, words};
use crate::proto::v1::{Breakdown, CategoryState, Column, Row, Unit};

/// The chart below an answer; empty: there is nothing to draw.
pub fn chart(answer: &Breakdown, indicators: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    if asked.empty.is_some() || answer.rows.is_empty() {
        return String::new();
    }
    let compared: Vec<_> = charted_differences(answer);
    if !compared.is_empty() {
        let plots = compared.into_iter().map(|(place, column)| {
            let heading = words::joined([column.id.as_str(), &column.label], " ");
            let plot = forest::forest(answer, place, column, look);
            if plot.is_empty() { plot } else { format!("{}\n{plot}", look.paint(1, &heading)) }
        });
        return words::joined(plots, "\n\n");
    }
    if stacked::can_draw(answer) {
        return stacked::bars(answer, look);
    }
    let layout = Layout::of(&asked.table);
    let columns = charted(answer, &layout);
    let Some((_, first)) = columns.first() else { return String::new() };
    let one = columns.iter().all(|(_, column)| column.indicator == first.indicator);
    let of = if one { indicators.titled(&first.indicator) } else { String::new() };
    let title = words::joined([layout.chart, &of], ", ");
    let bars = answer.rows.iter().flat_map(|row| {
        columns.iter().map(|(place, column)| bar(answer, row, *place, column, &columns))
    });
    bars::chart(&title, &bars.collect::<Vec<_>>(), look)
}

/// The columns of differences between groups, with their places: they are drawn between their limits.
fn charted_differences(answer: &Breakdown) -> Vec<(usize, &Column)> {
    let compares = |column: &Column| {
        column.indicator == "D" || column.group.iter().any(|key| key.code == "DIFFERENCE")
    };
    let all = answer.columns.iter().enumerate();
    all.filter(|(_, column)| column.unit() == Unit::Difference && compares(column)).collect()
}

/// The columns that are charted, with their places.
fn charted<'a>(answer: &'a Breakdown, layout: &Layout) -> Vec<(usize, &'a Column)> {
    let ids = if answer.rows.len() == 1 { layout.charted.0 } else { layout.charted.1 };
    let all = || answer.columns.iter().enumerate();
    let named: Vec<_> = all().filter(|(_, of)| ids.contains(&of.id.as_str())).collect();
    let figures = all().filter(|(_, of)| of.unit() != Unit::Count);
    match (named.is_empty(), answer.rows.len()) {
        (false, _) => named,
        // The first indicator, of its known groups.
        (true, 1) => {
            let known =
                |of: &Column| of.group.iter().all(|key| key.state() == CategoryState::Known);
            let mut figures = figures.filter(|(_, of)| known(of)).peekable();
            let first = figures.peek().map(|(_, of)| of.indicator.clone());
            figures.filter(|(_, of)| Some(&of.indicator) == first.as_ref()).collect()
        }
        (true, _) => figures.take(1).collect(),
    }
}

/// The bar of a cell. Its label has what tells it from the others: the row, the group, the indicator.
fn bar(
    answer: &Breakdown,
    row: &Row,
    place: usize,
    column: &Column,
    all: &[(usize, &Column)],
) -> Bar {
    let group = |column: &Column| {
        let words = groups(column).map(|(_, words)| words).collect::<Vec<_>>().join(", ");
        if words.is_empty() { "all".to_owned() } else { words }
    };
    let first = all[0].1;
    let mut parts = Vec::new();
    if answer.rows.len() > 1 || all.len() == 1 {
        parts.push(Legend(&answer.dimensions).label(&row.keys));
    }
    if all.iter().any(|(_, other)| group(other) != group(first)) {
        parts.push(group(column));
    } else if all.iter().any(|(_, other)| other.indicator != first.indicator) {
        parts.push(column.label.clone());
    }
    let label = parts.join(": ");
    let Some(cell) = row.cells.get(place) else {
        return Bar { label, value: Err("no figure".to_owned()), text: String::new() };
    };
    let text = figure(column, cell, false, &mut Reasons::default());
    Bar { label, value: cell.value.ok_or_else(|| text.clone()), text }
}
