//! A plain list of lines and columns, which can be a table for people or CSV.

use super::{Look, csv, numbers, table, wrap};

/// One value of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing: not known, not applicable, or absent.
    Empty,
    /// Text as it is.
    Text(String),
    /// A whole number. Tables for people show it with separators.
    Count(i64),
    /// A share, rate or limit, unrounded.
    Ratio(f64),
}

impl Cell {
    /// The cell in a table for people: counts with separators.
    pub fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Count(value) => numbers::count(*value),
            Self::Ratio(value) => value.to_string(),
        }
    }

    /// The cell in CSV: counts without separators.
    pub fn raw(&self) -> String {
        match self {
            Self::Count(value) => value.to_string(),
            Self::Empty | Self::Text(_) | Self::Ratio(_) => self.shown(),
        }
    }
}

/// The lines one below the other: the first cell, then what the others are and say.
fn paragraphs(columns: &[table::Column], lines: &[Vec<String>], look: &Look) -> String {
    let paragraph = |line: &Vec<String>| {
        let told = columns.iter().zip(line).skip(1).filter(|(_, cell)| !cell.is_empty());
        let told: Vec<_> = told.map(|(column, cell)| format!("{} {cell}", column.title)).collect();
        let head = look.paint(1, &table::printable(line.first().map_or("", String::as_str)));
        format!("{head}\n{}", wrap::text("  ", &told.join("; "), look))
    };
    lines.iter().map(paragraph).collect::<Vec<_>>().join("\n")
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
    /// Names of the columns, as in CSV: `accepted_count`.
    pub columns: Vec<String>,
    /// The lines, each with a cell for each column.
    pub lines: Vec<Vec<Cell>>,
    /// Number of last columns that tables for people leave out, because they would make the table too wide.
    pub for_programs: usize,
}

impl Sheet {
    /// A sheet without lines.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds a line with one cell for each column.
    pub fn push(&mut self, line: Vec<Cell>) {
        debug_assert_eq!(line.len(), self.columns.len());
        self.lines.push(line);
    }

    /// For people: a table; where that would have to break codes and names to fit the place, a paragraph for each line.
    pub fn table(&self, look: &Look) -> String {
        let shown = self.columns.len().saturating_sub(self.for_programs);
        let columns: Vec<_> = (0..shown)
            .map(|index| table::Column {
                title: self.columns[index].trim_end_matches("_count").replace('_', " "),
                right: self.is_numeric(index),
            })
            .collect();
        let lines = self.lines.iter().map(|line| line.iter().take(shown).map(Cell::shown));
        let lines: Vec<Vec<String>> = lines.map(Iterator::collect).collect();
        table::whole_words(&columns, &lines, look)
            .unwrap_or_else(|| paragraphs(&columns, &lines, look))
    }

    /// The list as CSV, with a header.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new(["organisation", "state", "accepted_count", "name"]);
        for organisation in ["03W", "04C"] {
            let name = format!("collections/gpad-regional/organisations/{organisation}/versions/1");
            sheet.push(vec![organisation.into(), "CURRENT".into(), 1_148.into(), name.into()]);
        }
        sheet
    }

    #[test]
    fn codes_and_names_are_never_broken() {
        for width in [20, 40, 60, 80, 100, 120] {
            let text = sheet().table(&Look { width: Some(width), ..Look::PLAIN });
            for whole in
                ["CURRENT", "1,148", "collections/gpad-regional/organisations/04C/versions/1"]
            {
                assert!(text.contains(whole), "{width}:\n{text}");
            }
        }
    }

    #[test]
    fn a_narrow_place_gets_a_paragraph_for_each_line() {
        let text = sheet().table(&Look { width: Some(60), ..Look::PLAIN });
        assert_eq!(
            text.lines().take(3).collect::<Vec<_>>(),
            [
                "03W",
                "  state CURRENT; accepted 1,148; name",
                "  collections/gpad-regional/organisations/03W/versions/1"
            ]
        );
        assert!(sheet().table(&Look { width: Some(100), ..Look::PLAIN }).starts_with("+--"));
    }
}
