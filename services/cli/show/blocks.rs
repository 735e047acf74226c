//! A table with more columns than fit the place: the same lines several times, each time with the next columns.

use super::table::{self, Column};
use super::{Look, wrap};

/// A table whose lines begin with `keys`, then hold `values`, as one table where that fits the place (100 columns where it does
/// not say), otherwise as several, one below the other. A single column that is too wide wraps.
pub fn blocks(keys: &[Column], values: &[Column], lines: &[Vec<String>], look: &Look) -> String {
    let place = look.width.unwrap_or(wrap::WIDTH);
    let widths: Vec<usize> = (0..keys.len() + values.len())
        .map(|at| {
            let title = keys.iter().chain(values).nth(at).map_or("", |column| &column.title);
            let cells = lines.iter().filter_map(|line| line.get(at)).map(String::as_str);
            cells.chain([title]).map(table::width).max().unwrap_or(0) + 3
        })
        .collect();
    let (key_widths, value_widths) = widths.split_at(keys.len());
    let head = key_widths.iter().sum::<usize>() + 1;
    let mut tables = Vec::new();
    let mut from = 0;
    while from < values.len() {
        let mut width = head;
        let fit = value_widths[from..].iter().take_while(|next| {
            width += **next;
            width <= place
        });
        let to = from + fit.count().max(1);
        let columns: Vec<_> = keys.iter().chain(&values[from..to]).cloned().collect();
        let lines = lines.iter().map(|line| {
            let (key, value) = line.split_at(keys.len());
            key.iter().chain(&value[from..to]).cloned().collect()
        });
        tables.push(table::fitted(&columns, lines.collect(), look));
        from = to;
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
    fn a_place_too_narrow_for_one_column_still_shows_them_all() {
        let text = drawn(Some(20));
        assert_eq!(text.matches("16-24").count(), 5, "{text}");
    }
}
