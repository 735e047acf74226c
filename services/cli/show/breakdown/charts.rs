//! The chart of an answer: stacked bars for channels; bars of one or a few columns for other tables.

use super::figures::figure;
use super::layout::Layout;
use super::pivot::group_label;
use super::stacked;
use crate::cli::show::bars::{self, Bar};
use crate::cli::show::indicators::{Indicators, Reasons};
use crate::cli::show::words::Legend;
use crate::cli::show::{Look, keys};
use crate::proto::v1::{Breakdown, Column, Row, Unit};

/// The chart below an answer; empty: there is nothing to draw.
pub fn chart(answer: &Breakdown, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    if asked.empty.is_some() || answer.rows.is_empty() {
        return String::new();
    }
    if asked.table == stacked::TABLE {
        return stacked::bars(answer, look);
    }
    let layout = Layout::of(&asked.table);
    let columns = charted(answer, &layout);
    let Some((_, first)) = columns.first() else { return String::new() };
    let one = columns.len() == 1;
    let of = if one { words.titled(&first.indicator) } else { String::new() };
    let title: Vec<_> = [layout.chart, &of].into_iter().filter(|part| !part.is_empty()).collect();
    let bars = answer.rows.iter().flat_map(|row| {
        columns.iter().map(move |(place, column)| bar(answer, row, *place, column, one))
    });
    bars::chart(&title.join(", "), &bars.collect::<Vec<_>>(), look)
}

/// The columns that are charted, with their places.
fn charted<'a>(answer: &'a Breakdown, layout: &Layout) -> Vec<(usize, &'a Column)> {
    let ids = if answer.rows.len() == 1 { layout.charted.0 } else { layout.charted.1 };
    let all = || answer.columns.iter().enumerate();
    let named: Vec<_> = all().filter(|(_, of)| ids.contains(&of.id.as_str())).collect();
    let figures = all().filter(|(_, of)| of.unit() != Unit::Count);
    match (named.is_empty(), answer.rows.len()) {
        (false, _) => named,
        (true, 1) => {
            figures.filter(|(_, of)| of.unit() == Unit::Ratio || of.unit() == Unit::Score).collect()
        }
        (true, _) => figures.take(1).collect(),
    }
}

fn bar(answer: &Breakdown, row: &Row, place: usize, column: &Column, one: bool) -> Bar {
    let dimensions: Vec<_> = answer.dimensions.iter().map(|of| of.dimension.clone()).collect();
    let of_row = keys::label(&dimensions, &row.keys, Legend(&answer.dimensions));
    let groups: Vec<_> = (0..column.group.len()).map(|place| group_label(column, place)).collect();
    let label = match (one, answer.rows.len()) {
        (true, _) => of_row,
        (false, 1) => [vec![column.label.clone()], groups].concat().join(", "),
        (false, _) => [vec![of_row], groups].concat().join(": "),
    };
    let Some(cell) = row.cells.get(place) else {
        return Bar { label, value: Err("no figure".to_owned()), text: String::new() };
    };
    let text = figure(column, cell, false, &mut Reasons::default());
    Bar { label, value: cell.value.ok_or_else(|| text.clone()), text }
}
