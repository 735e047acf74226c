//! A table with more columns than fit the screen: the same lines several times, each time with the next columns.

use super::table::{self, Column};
use super::{Look, wrap};

/// The text of a key takes at most so many columns; longer text wraps. So several keys leave most of the screen to the figures.
const KEY: usize = 32;
const NARROWEST: usize = 14;

/// A table whose lines begin with `keys`, followed by `values`: one table if it fits the screen (100 columns if the width is unknown),
/// otherwise several, one below the other. A single column that is too wide wraps.
pub fn blocks(keys: &[Column], values: &[Column], lines: &[Vec<String>], look: &Look) -> String {
    let place = look.width.unwrap_or(wrap::WIDTH);
    let wrapped =
        |text: &str, width| wrap::text("", text, &Look { width: Some(width), ..Look::PLAIN });
    let key_width = (place / 3 / keys.len().max(1)).clamp(NARROWEST, KEY);
    let column = |(at, column): (usize, &Column)| {
        let cells = lines.iter().map(|line| &line[at]);
        let cells: Vec<_> = if at < keys.len() {
            cells.map(|cell| wrapped(cell, key_width)).collect()
        } else {
            cells.cloned().collect()
        };
        let width = cells.iter().map(|cell| table::width(cell)).max().unwrap_or(0);
        // So that the title is not much wider than the cells below it.
        let title = wrapped(&column.title, width);
        let width = width.max(table::width(&title)) + 3;
        (Column { title, ..column.clone() }, cells, width)
    };
    let columns: Vec<_> = keys.iter().chain(values).enumerate().map(column).collect();
    let (keys, mut rest) = columns.split_at(keys.len());
    let head = keys.iter().map(|(.., width)| width).sum::<usize>() + 1;
    let mut tables = Vec::new();
    while !rest.is_empty() {
        let mut width = head;
        let fit = rest.iter().take_while(|(.., next)| {
            width += next;
            width <= place
        });
        let (block, others) = rest.split_at(fit.count().max(1));
        let shown = || keys.iter().chain(block);
        let columns: Vec<_> = shown().map(|(column, ..)| column.clone()).collect();
        let line = |at: usize| shown().map(|(_, cells, _)| cells[at].clone()).collect();
        let lines: Vec<Vec<_>> = (0..lines.len()).map(line).collect();
        tables.push(table::fitted_lines(&columns, &lines, look));
        rest = others;
    }
    tables.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: Option<usize>) -> String {
        let values: Vec<_> = (1..=5).map(|at| Column::number(format!("DX-0{at}"))).collect();
        let lines: Vec<_> = ["16-24", "75+"]
            .iter()
            .map(|key| {
                let figures = (1..=5).map(|at| format!("{at}1.2 % (10.0-12.0)"));
                std::iter::once((*key).to_owned()).chain(figures).collect()
            })
            .collect();
        blocks(&[Column::text("age")], &values, &lines, &Look { width, ..Look::PLAIN })
    }

    #[test]
    fn every_figure_is_there_once_and_every_line_fits() {
        for place in [None, Some(60), Some(80), Some(100), Some(200)] {
            let text = drawn(place);
            assert!(table::width(&text) <= place.unwrap_or(100), "{text}");
            for at in 1..=5 {
                assert_eq!(text.matches(&format!("DX-0{at}")).count(), 1, "{text}");
                assert_eq!(text.matches(&format!("{at}1.2 %")).count(), 2, "{text}");
            }
        }
        assert_eq!(drawn(Some(200)).matches("16-24").count(), 1);
        assert_eq!(drawn(None).matches("16-24").count(), 2);
    }

    #[test]
    fn a_long_title_stands_in_lines() {
        let keys = [Column::text("Broad ethnic group (Chinese in Asian, as in Census 2021)")];
        let lines = [vec!["White".to_owned(), "1".to_owned()]];
        let text = blocks(&keys, &[Column::number("people")], &lines, &Look::PLAIN);
        assert!(table::width(&text) < 40, "{text}");
        assert!(text.contains("| Broad ethnic group "), "{text}");
        let long = "Has an accessible-information or communication need";
        let lines = [vec![long.to_owned(), "1".to_owned()]];
        let text = blocks(&keys, &[Column::number("people")], &lines, &Look::PLAIN);
        assert!(text.contains("| Has an") && text.contains("| communication need"), "{text}");
    }

    #[test]
    fn a_place_too_narrow_for_one_column_still_shows_them_all() {
        let text = drawn(Some(20));
        assert_eq!(text.matches("16-24").count(), 5, "{text}");
    }
}
