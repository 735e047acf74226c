//! A plain list of lines and columns, which can be a table for people or CSV.

use super::{Look, csv, numbers, table};

/// One value of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing: not known, not applicable, or absent.
    Empty,
    /// Text as it is.
    Text(String),
    /// A whole number.
    Count(i64),
    /// A share, rate or limit, unrounded.
    Ratio(f64),
}

impl Cell {
    /// For people.
    pub fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Count(value) => numbers::count(*value),
            Self::Ratio(value) => value.to_string(),
        }
    }

    /// For programs.
    pub fn raw(&self) -> String {
        match self {
            Self::Count(value) => value.to_string(),
            Self::Empty | Self::Text(_) | Self::Ratio(_) => self.shown(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Count(value)
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Count(i64::from(value))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Text(if value { "yes" } else { "no" }.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Ratio(value)
    }
}

/// Columns with names, and lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    /// Names of the columns, as they stand in CSV: `accepted_count`.
    pub columns: Vec<String>,
    /// The lines, each with a cell for each column.
    pub lines: Vec<Vec<Cell>>,
    /// How many of the last columns are left out of tables: they would only make them wide.
    pub for_programs: usize,
}

impl Sheet {
    /// A sheet without lines.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds a line.
    pub fn push(&mut self, line: Vec<Cell>) {
        debug_assert_eq!(line.len(), self.columns.len());
        self.lines.push(line);
    }

    /// For people.
    pub fn table(&self, look: &Look) -> String {
        let shown = self.columns.len().saturating_sub(self.for_programs);
        let columns: Vec<_> = (0..shown)
            .map(|index| table::Column {
                title: self.columns[index].trim_end_matches("_count").replace('_', " "),
                right: self.is_numeric(index),
            })
            .collect();
        let lines =
            self.lines.iter().map(|line| line.iter().take(shown).map(Cell::shown).collect());
        table::fitted(&columns, lines.collect(), look)
    }

    /// For spreadsheets.
    pub fn csv(&self) -> String {
        csv::text(&self.columns, self.lines.iter().map(|line| line.iter().map(Cell::raw).collect()))
    }

    fn is_numeric(&self, column: usize) -> bool {
        let number = |cell: &Cell| matches!(cell, Cell::Count(_) | Cell::Ratio(_));
        let text = |cell: &Cell| matches!(cell, Cell::Text(_));
        let cells = || self.lines.iter().filter_map(|line| line.get(column));
        cells().any(number) && !cells().any(text)
    }
}
