//! A forest plot: each row's figure as a point between its limits, and a line at the value of no difference.

use super::figures::figure;
use crate::cli::show::indicators::Reasons;
use crate::cli::show::keys::Legend;
use crate::cli::show::{Look, wrap};
use crate::proto::v1::{Breakdown, Column, Unit};

/// Columns of the plot, and of labels at most.
const WIDTH: usize = 41;
const LABEL: usize = 36;

/// One line of a plot.
struct Point {
    label: String,
    found: Option<(f64, f64, f64)>,
    text: String,
}

/// The plot of a column, for the rows with keys; empty: no row has limits.
pub(super) fn forest(answer: &Breakdown, place: usize, column: &Column, look: &Look) -> String {
    let legend = Legend(&answer.dimensions);
    let rows = answer.rows.iter().filter(|row| !row.keys.is_empty());
    let points = rows.filter_map(|row| {
        let cell = row.cells.get(place)?;
        let limits = cell.value.zip(cell.lower.zip(cell.upper));
        Some(Point {
            label: legend.label(&row.keys),
            found: limits.map(|(value, (lower, upper))| (lower, value, upper)),
            text: figure(column, cell, false, &mut Reasons::default()),
        })
    });
    let points: Vec<_> = points.collect();
    // A line where the groups are alike.
    let line = (column.unit() == Unit::Difference).then_some(0.0);
    plot(&points, line, look)
}

fn plot(points: &[Point], line: Option<f64>, look: &Look) -> String {
    let ends = || points.iter().filter_map(|of| of.found).flat_map(|(low, _, high)| [low, high]);
    let all = || ends().chain(line);
    let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
    if ends().next().is_none() {
        return String::new();
    }
    let label = points.iter().map(|of| console::measure_text_width(&of.label)).max().unwrap_or(0);
    let label = label.min(LABEL);
    let text = points.iter().map(|of| console::measure_text_width(&of.text)).max().unwrap_or(0);
    let place = look.width.unwrap_or(wrap::WIDTH);
    let width = place.saturating_sub(label + text + 4).clamp(11, WIDTH);
    let at = |value: f64| column_of(value, (least, most), width);
    let (dash, dot, bar) = if look.unicode { ('─', '●', '│') } else { ('-', 'o', '|') };
    let drawn = |of: &Point| {
        let mut cells = vec![' '; width];
        if let Some(line) = line {
            cells[at(line)] = bar;
        }
        if let Some((low, value, high)) = of.found {
            cells[at(low)..=at(high)].fill(dash);
            cells[at(value)] = dot;
        }
        let head = console::pad_str(&of.label, label, console::Alignment::Left, Some("…"));
        let plot: String = cells.into_iter().collect();
        format!("{head}  {plot}  {}", of.text).trim_end().to_owned()
    };
    points.iter().map(drawn).collect::<Vec<_>>().join("\n")
}

/// The column of a value between the two ends.
fn column_of(value: f64, (least, most): (f64, f64), width: usize) -> usize {
    if most <= least {
        return width / 2;
    }
    let share = (value - least) / (most - least);
    // As many columns as there are: a whole number, at most the width.
    (0..width).rev().find(|column| share * (width - 1) as f64 >= *column as f64 - 0.5).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, found: Option<(f64, f64, f64)>) -> Point {
        Point { label: label.into(), found, text: "x".into() }
    }

    #[test]
    fn limits_and_points_lie_where_their_values_are() {
        let points = [
            point("a", Some((-1.0, -0.5, 0.0))),
            point("bb", Some((0.0, 0.5, 1.0))),
            point("c", None),
        ];
        let look = Look { width: Some(18), ..Look::PLAIN };
        assert_eq!(
            plot(&points, Some(0.0), &look),
            "a   ---o--       x\nbb       ---o--  x\nc        |       x"
        );
        assert_eq!(plot(&[point("c", None)], None, &look), "");
    }

    #[test]
    fn one_value_is_in_the_middle() {
        assert_eq!(column_of(3.0, (3.0, 3.0), 11), 5);
        assert_eq!([0.0, 0.5, 1.0].map(|value| column_of(value, (0.0, 1.0), 11)), [0, 5, 10]);
    }
}
