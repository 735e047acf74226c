//! Cells arranged in lines: one line for each row and each part of a row that goes down; one place for each column that goes across.

use std::collections::BTreeMap;

use super::layout::{Down, Layout, Section};
use crate::cli::show::indicators::Indicators;
use crate::cli::show::keys::Legend;
use crate::cli::show::words;
use crate::proto::v1::{Breakdown, CategoryKey, Cell, Column, Row, Unit};

/// A section of an answer, arranged.
pub(super) struct Pivot<'a> {
    /// Words for what goes down; empty: nothing does.
    pub(super) down: String,
    /// Words for each part of a row that goes down.
    pub(super) parts: Vec<String>,
    /// Words for each place across.
    pub(super) across: Vec<String>,
    /// The column of each part at each place.
    places: BTreeMap<(usize, usize), usize>,
    columns: &'a [Column],
    pub(super) rows: &'a [Row],
}

impl<'a> Pivot<'a> {
    pub(super) fn new(
        answer: &'a Breakdown,
        layout: &Layout,
        section: &Section,
        indicators: &Indicators,
    ) -> Self {
        let total = answer.rows.iter().position(|row| row.keys.is_empty());
        let rows = match total.filter(|_| section.total_only) {
            Some(total) => &answer.rows[total..=total],
            None => &answer.rows[..],
        };
        let down = if rows.len() == 1 { section.down.0 } else { section.down.1 };
        let wanted = |column: &Column| layout.has(section, &column.indicator);
        // Of a total alone, the groups of a second dimension would only repeat the first.
        let whole = |column: &Column| !section.total_only || column.group.len() <= 1;
        let mut pivot = Self {
            down: heading(answer, down),
            parts: Vec::new(),
            across: Vec::new(),
            places: BTreeMap::new(),
            columns: &answer.columns,
            rows,
        };
        for (number, column) in answer.columns.iter().enumerate() {
            if wanted(column) && whole(column) {
                let (part, across) = (part(column, down, indicators), across(column, down, layout));
                pivot.put(part, across, number);
            }
        }
        pivot
    }

    fn put(&mut self, part: String, across: String, column: usize) {
        let place = |all: &mut Vec<String>, words: String| {
            all.iter().position(|known| *known == words).unwrap_or_else(|| {
                all.push(words);
                all.len() - 1
            })
        };
        let (part, across) = (place(&mut self.parts, part), place(&mut self.across, across));
        self.places.insert((part, across), column);
    }

    /// The column and the cell of a row at a place; none: the row has no cell there.
    pub(super) fn cell(
        &self,
        row: &'a Row,
        part: usize,
        across: usize,
    ) -> Option<(&'a Column, &'a Cell)> {
        let column = *self.places.get(&(part, across))?;
        Some((self.columns.get(column)?, row.cells.get(column)?))
    }

    /// The figures of a row that are no counts, with the words for their places down and across.
    pub(super) fn shares(
        &self,
        row: &'a Row,
    ) -> impl Iterator<Item = (&str, &str, &'a Column, &'a Cell)> {
        self.places.keys().filter_map(|&(part, across)| {
            let (column, cell) = self.cell(row, part, across)?;
            let (down, across) = (self.parts[part].as_str(), self.across[across].as_str());
            (column.unit() != Unit::Count).then_some((down, across, column, cell))
        })
    }
}

/// Words for what goes down.
fn heading(answer: &Breakdown, down: Down) -> String {
    match down {
        Down::Rows => String::new(),
        Down::Indicators => "indicator".to_owned(),
        Down::Group("need") => "people".to_owned(),
        Down::Group("lead_time") => "booked before".to_owned(),
        Down::Group(dimension) => Legend(&answer.dimensions).dimension(dimension),
    }
}

/// Words for the part of a row that a column is in.
fn part(column: &Column, down: Down, indicators: &Indicators) -> String {
    match down {
        Down::Rows => String::new(),
        Down::Indicators if column.unit() == Unit::Count => column.label.clone(),
        // The difference of an indicator is next to the indicator.
        Down::Indicators => match column.indicator.as_str() {
            "CH-10" => indicators.titled("CH-09"),
            id => format!("{id} {}", column.label),
        },
        Down::Group(dimension) => {
            let found = groups(column).find(|(key, _)| key.dimension == dimension);
            found.map_or_else(|| "all".to_owned(), |(_, words)| words)
        }
    }
}

/// Words for the place of a column across.
fn across(column: &Column, down: Down, layout: &Layout) -> String {
    let groups = groups(column)
        .filter(|(key, _)| !matches!(down, Down::Group(of) if of == key.dimension))
        .map(|(_, words)| words);
    let own = match (down, layout.title(&column.indicator)) {
        (Down::Indicators, _) => String::new(),
        (_, Some(title)) => title.to_owned(),
        // All channels stand above each of them, in the same place.
        (Down::Group(_), None) if column.unit() == Unit::Count => String::new(),
        (_, None) if column.unit() == Unit::Count => lower(&column.label),
        (_, None) => format!("{} {}", column.indicator, column.label).trim_end().to_owned(),
    };
    let words = words::joined(groups.chain([own]), ", ");
    match (words.is_empty(), down) {
        (false, _) => words,
        (true, Down::Indicators) => "figure".to_owned(),
        (true, _) => "number, share".to_owned(),
    }
}

/// The keys of a column's group, with words for each.
pub(super) fn groups(column: &Column) -> impl Iterator<Item = (&CategoryKey, String)> {
    column.group.iter().enumerate().map(|(at, key)| {
        let label = column.group_labels.get(at).filter(|label| !label.is_empty());
        (key, label.cloned().unwrap_or_else(|| words::plain(&key.code)))
    })
}

/// The words with a small first letter.
fn lower(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
