//! Horizontal bars of one figure: from zero to the right, or around zero where some are negative.

use super::{Look, wrap};

/// One bar, with the label before it and the figure behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The row or column of the figure.
    pub label: String,
    /// Length of the bar; if there is no figure, the reason.
    pub value: Result<f64, String>,
    /// The figure in words: `58.6 % (58.5-58.8)`.
    pub text: String,
}

/// Longest bar, in columns, if the screen is wide enough.
const LONGEST: usize = 40;
/// Labels are cut after this many columns.
const LABEL: usize = 40;

/// The bars under a title. They begin at zero; the longest fills the width, so that lengths compare within one chart only.
pub fn chart(title: &str, bars: &[Bar], look: &Look) -> String {
    let width_of = |text: &str| console::measure_text_width(text);
    let text = bars.iter().map(|bar| width_of(&bar.text)).max().unwrap_or(0);
    let place = look.width.unwrap_or(wrap::WIDTH);
    // Room for a short bar and its figure.
    let most = place.saturating_sub(text + 14).clamp(10, LABEL);
    let label = bars.iter().map(|bar| width_of(&bar.label)).max().unwrap_or(0).min(most);
    let width = place.saturating_sub(label + text + 4).clamp(10, LONGEST);
    let values = || bars.iter().filter_map(|bar| bar.value.as_ref().ok().copied());
    let most = values().map(f64::abs).fold(0.0, f64::max);
    // Where some are negative, half the columns are to each side of a line at zero.
    let zero = if look.unicode { "│" } else { "|" };
    let (zero, side, other) = if values().any(|value| value < 0.0) {
        (zero, (width - 1) / 2, " ".repeat((width - 1) / 2))
    } else {
        ("", width, String::new())
    };
    let glyph = if look.unicode { "█" } else { "#" };
    let mut lines = vec![look.paint(1, title)];
    for Bar { label: text, value, text: figure } in bars {
        let head = console::pad_str(text, label, console::Alignment::Left, Some("…"));
        let drawn = value.as_ref().map_or_else(Clone::clone, |value| {
            let columns = columns(value.abs(), most, side);
            let (bar, rest) = (glyph.repeat(columns), " ".repeat(side - columns));
            if *value < 0.0 {
                format!("{rest}{}{zero}{other}  {figure}", look.paint(33, &bar))
            } else {
                format!("{other}{zero}{}{rest}  {figure}", look.paint(34, &bar))
            }
        });
        lines.push(format!("{head}  {drawn}").trim_end().to_owned());
    }
    lines.join("\n")
}

/// Columns of a bar: little is one column, so that it does not look like nothing.
fn columns(value: f64, most: f64, width: usize) -> usize {
    if !(value > 0.0 && most > 0.0) {
        return 0;
    }
    (1..=width)
        .rev()
        .find(|columns| value / most * width as f64 >= *columns as f64 - 0.5)
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64) -> Bar {
        Bar { label: label.into(), value: Ok(value), text: format!("{value}") }
    }

    #[test]
    fn the_longest_fills_the_width_and_little_is_not_nothing() {
        let absent = Bar { label: "c".into(), value: Err("withheld".into()), text: String::new() };
        let bars = [bar("a", 0.5), bar("bb", 0.25), bar("z", 0.0001), bar("0", 0.0), absent];
        let look = Look { width: Some(30), ..Look::PLAIN };
        assert_eq!(
            chart("title", &bars, &look),
            "\
title
a   ##################  0.5
bb  #########           0.25
z   #                   0.0001
0                       0
c   withheld"
        );
    }

    #[test]
    fn negative_values_stand_to_the_left_of_zero() {
        let look = Look { width: Some(28), ..Look::PLAIN };
        assert_eq!(
            chart("t", &[bar("a", 0.02), bar("b", -0.01), bar("c", 0.0)], &look),
            "\
t
a          |########  0.02
b      ####|          -0.01
c          |          0"
        );
    }

    #[test]
    fn nothing_to_draw_is_no_division_by_zero() {
        assert_eq!(chart("t", &[], &Look::PLAIN), "t");
        assert_eq!(chart("t", &[bar("a", 0.0)], &Look::PLAIN).lines().count(), 2);
        assert_eq!(columns(f64::NAN, 1.0, 10), 0);
        assert_eq!(columns(2.0, 1.0, 10), 10);
    }

    #[test]
    fn narrow_places_and_long_labels() {
        let look = Look { width: Some(60), unicode: true, ..Look::PLAIN };
        let text = chart("t", &[bar(&"x".repeat(70), 1.0)], &look);
        assert!(console::measure_text_width(text.lines().last().unwrap()) <= 60, "{text}");
    }
}
