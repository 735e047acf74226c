//! Tables for people.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::Look;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Title above the column.
    pub title: String,
    /// Whether it has numbers, which are aligned to the right.
    pub right: bool,
}

impl Column {
    /// A column of text.
    pub fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), right: false }
    }

    /// A column of numbers.
    pub fn number(title: impl Into<String>) -> Self {
        Self { title: title.into(), right: true }
    }
}

/// A table with borders. Cells are never wrapped: a layout that is too wide is for the caller to change.
pub fn grid(columns: &[Column], lines: Vec<Vec<String>>, look: &Look) -> String {
    table(columns, lines, look).trim_fmt()
}

/// A table with borders. Cells wrap if the table would be wider than the screen.
pub fn fitted(columns: &[Column], lines: Vec<Vec<String>>, look: &Look) -> String {
    arranged(table(columns, lines, look), look)
}

/// As [`fitted`], if no word has to be broken for it.
pub fn whole_words(columns: &[Column], lines: &[Vec<String>], look: &Look) -> Option<String> {
    let mut drawn = table(columns, lines.to_vec(), look);
    if let Some(place) = look.width {
        let longest = |text: &str| text.split_whitespace().map(width).max().unwrap_or(0);
        let mut needed = 1;
        for (index, column) in columns.iter().enumerate() {
            let cells = lines.iter().filter_map(|line| line.get(index));
            let word = cells.map(|cell| longest(cell)).max().unwrap_or(0);
            let word = word.max(longest(&column.title));
            needed += word + 3;
            // With a blank to each side.
            let least = u16::try_from(word + 2).unwrap_or(u16::MAX);
            if let Some(drawn) = drawn.column_mut(index) {
                drawn.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
        if needed > place {
            return None;
        }
    }
    Some(arranged(drawn, look))
}

/// As [`fitted`], for cells that are already wrapped.
pub fn fitted_lines(columns: &[Column], lines: &[Vec<String>], look: &Look) -> String {
    let printable_lines =
        |cell: &String| cell.lines().map(printable).collect::<Vec<_>>().join("\n");
    let lines = lines.iter().map(|line| line.iter().map(printable_lines).collect());
    arranged(drawn(columns, lines.collect(), look), look)
}

fn arranged(mut table: Table, look: &Look) -> String {
    if let Some(width) = look.width.and_then(|width| u16::try_from(width).ok()) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.trim_fmt()
}

fn table(columns: &[Column], lines: Vec<Vec<String>>, look: &Look) -> Table {
    let lines = lines.into_iter().map(|line| line.iter().map(|cell| printable(cell)).collect());
    drawn(columns, lines.collect(), look)
}

/// A table of cells without control characters but line ends.
fn drawn(columns: &[Column], lines: Vec<Vec<String>>, look: &Look) -> Table {
    let mut table = Table::new();
    table
        .load_style(if look.unicode {
            presets::UTF8_FULL_CONDENSED
        } else {
            presets::ASCII_FULL_CONDENSED
        })
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| column.title.clone()))
        .add_rows(lines);
    for (index, column) in columns.iter().enumerate() {
        if let Some(drawn) = table.column_mut(index) {
            drawn.set_cell_alignment(if column.right {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            });
        }
    }
    table
}

/// The text without control characters: what others wrote must not steer the terminal.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The width of the widest line, in columns of a terminal.
pub fn width(text: &str) -> usize {
    text.lines().map(console::measure_text_width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Column; 2] {
        [Column::text("channel"), Column::number("contacts")]
    }

    fn lines() -> Vec<Vec<String>> {
        vec![vec!["face to face".into(), "212,251".into()], vec!["home visit".into(), "313".into()]]
    }

    #[test]
    fn numbers_stand_to_the_right() {
        assert_eq!(
            grid(&columns(), lines(), &Look::PLAIN),
            "\
+--------------+----------+
| channel      | contacts |
+=========================+
| face to face |  212,251 |
| home visit   |      313 |
+--------------+----------+"
        );
    }

    #[test]
    fn unicode_only_where_it_can_be_shown() {
        let look = Look { unicode: true, ..Look::PLAIN };
        assert!(grid(&columns(), lines(), &look).contains('│'));
        assert!(grid(&columns(), lines(), &Look::PLAIN).is_ascii());
    }

    #[test]
    fn what_others_wrote_does_not_steer_the_terminal() {
        let lines = vec![vec!["a\u{1b}[2Jb\nc".to_owned(), String::new()]];
        assert!(grid(&columns(), lines, &Look::PLAIN).contains("| a [2Jb c |"));
    }

    #[test]
    fn a_narrow_place_wraps_cells() {
        let lines = vec![vec!["a long name ".repeat(10), "1".to_owned()]];
        let look = Look { width: Some(40), ..Look::PLAIN };
        assert!(width(&fitted(&columns(), lines.clone(), &look)) <= 40);
        assert!(width(&fitted(&columns(), lines, &Look::PLAIN)) > 100);
    }

    #[test]
    fn width_counts_columns_and_not_bytes() {
        assert_eq!(width("│ä│\n12"), 3);
    }
}
