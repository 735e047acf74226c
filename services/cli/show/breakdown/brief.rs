//! A long answer in short, for a terminal. Files, and `--notes`, have all of it.

use super::layout::{Layout, Main};
use crate::proto::v1::{Breakdown, Row};

/// Most lines of figures that a terminal shows: about two screens.
const LONGEST: usize = 50;
/// Most rows that it shows: two years of months and their total.
const MOST: usize = 25;
/// Dimensions of time: of many rows, those of the newest period are shown.
const PERIODS: [&str; 4] = ["month", "quarter", "financial_year", "calendar_year"];

/// The figures that a terminal shows of an answer, as `draw` draws them, and what they lack in words; empty: nothing.
pub(super) fn brief(
    answer: &Breakdown,
    layout: &Layout,
    draw: impl Fn(&Breakdown) -> String,
) -> (String, String) {
    let (rows, of) = rows(&answer.rows);
    let (mut drawn, mut lines, mut shown) = (String::new(), usize::MAX, 0);
    for places in choices(answer, layout) {
        let next = draw(&part(answer, &rows, &places));
        let length = next.lines().count();
        // Fewer columns have to save lines.
        if length < lines {
            (drawn, lines, shown) = (next, length, places.len());
        }
        if lines <= LONGEST {
            break;
        }
    }
    let mut lacks = Vec::new();
    if rows.len() < answer.rows.len() {
        lacks.push(format!("{} of {} rows{of}", rows.len(), answer.rows.len()));
    }
    if shown < answer.columns.len() {
        lacks.push(format!("{shown} of {} columns", answer.columns.len()));
    }
    let what = "--notes shows all of them, --format csv has every figure";
    let words = format!("in short: {}; {what}", lacks.join(" and "));
    (drawn, if lacks.is_empty() { String::new() } else { words })
}

/// Which columns to show, by their places: all; if that is too long, fewer and fewer of the main ones, or of those that were asked for.
fn choices(answer: &Breakdown, layout: &Layout) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..answer.columns.len()).collect();
    let of = |main: &Main| -> Vec<usize> {
        all.iter().copied().filter(|at| main.has(&answer.columns[*at])).collect()
    };
    let fewer = layout.brief.iter().map(of).filter(|places| !places.is_empty());
    let fewer: Vec<_> = fewer.collect();
    let mut choices = vec![all.clone()];
    // One row has room for all.
    if answer.rows.len() < 2 {
        return choices;
    }
    choices.extend(fewer);
    let mut least = choices.last().cloned().unwrap_or_default();
    while least.len() > 1 {
        least.truncate(least.len().div_ceil(2));
        choices.push(least.clone());
    }
    choices
}

/// An answer with these rows and columns alone.
fn part(answer: &Breakdown, rows: &[&Row], places: &[usize]) -> Breakdown {
    let cells = |row: &&Row| Row {
        keys: row.keys.clone(),
        cells: places.iter().filter_map(|at| row.cells.get(*at).cloned()).collect(),
        sentence: row.sentence.clone(),
        source_table: row.source_table.clone(),
    };
    Breakdown {
        rows: rows.iter().map(cells).collect(),
        columns: places.iter().map(|at| answer.columns[*at].clone()).collect(),
        ..answer.clone()
    }
}

/// The rows to show, and which they are in words: of many, the total and those of the newest period.
fn rows(all: &[Row]) -> (Vec<&Row>, String) {
    if all.len() <= MOST {
        return (all.iter().collect(), String::new());
    }
    let period = |row: &Row| {
        let key = row.keys.iter().find(|key| PERIODS.contains(&key.dimension.as_str()));
        key.map(|key| key.code.clone())
    };
    let newest = all.iter().filter_map(period).max();
    let is_shown = |row: &&Row| row.keys.is_empty() || newest.is_none() || period(row) == newest;
    let shown = all.iter().filter(is_shown).take(MOST).collect();
    (shown, newest.map_or(String::new(), |newest| format!(" (of {newest})")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::{CategoryKey, Column};

    fn key(dimension: &str, code: String) -> CategoryKey {
        CategoryKey { dimension: dimension.into(), code, ..Default::default() }
    }

    fn answer(dimension: &str, rows: usize) -> Breakdown {
        of_columns(&["CONTACTS", "CH-13", "CH-07"], dimension, rows)
    }

    fn of_columns(ids: &[&str], dimension: &str, rows: usize) -> Breakdown {
        let columns = ids.iter().map(|id| Column {
            id: (*id).into(),
            indicator: (*id).into(),
            ..Default::default()
        });
        let row =
            |keys| Row { keys, cells: vec![Default::default(); ids.len()], ..Default::default() };
        let keyed = (0..rows).map(|at| {
            let period = format!("2020-{:02}", 1 + at % 3);
            row(vec![key(dimension, period), key("age_band", at.to_string())])
        });
        let rows = std::iter::once(row(Vec::new())).chain(keyed).collect();
        Breakdown { columns: columns.collect(), rows, ..Default::default() }
    }

    /// A line for each row of each block of three columns.
    fn draw(answer: &Breakdown) -> String {
        "line\n".repeat(answer.rows.len() * answer.columns.len().div_ceil(3))
    }

    /// Rows, columns and words of an answer in short.
    fn short(answer: &Breakdown, table: &str) -> (usize, Vec<String>, String) {
        let last = std::cell::RefCell::new((0, Vec::new()));
        let (_, lacks) = brief(answer, &Layout::of(table), |shown| {
            let ids = shown.columns.iter().map(|column| column.id.clone()).collect();
            last.replace((shown.rows.len(), ids));
            draw(shown)
        });
        let (rows, columns) = last.into_inner();
        (rows, columns, lacks)
    }

    #[test]
    fn of_many_rows_the_newest_period_is_shown() {
        let (rows, columns, lacks) = short(&answer("month", MOST - 1), "CHANNELS");
        assert_eq!((rows, columns.len(), lacks.as_str()), (MOST, 3, ""));
        let (rows, columns, lacks) = short(&answer("month", 60), "CHANNELS");
        assert_eq!((rows, columns.len()), (21, 3));
        assert!(lacks.starts_with("in short: 21 of 61 rows (of 2020-03); --notes"), "{lacks}");
        let (rows, _, lacks) = short(&answer("sex", 60), "CHANNELS");
        assert_eq!(rows, MOST);
        assert!(lacks.starts_with("in short: 25 of 61 rows; "), "{lacks}");
    }

    #[test]
    fn of_many_columns_the_main_ones_are_shown() {
        let ids = [&["CONTACTS", "CH-07"], &["CH-13"; 30][..]].concat();
        let (_, columns, lacks) = short(&of_columns(&ids, "sex", 0), "PROVISION");
        assert_eq!((columns.len(), lacks.as_str()), (32, ""), "one row has room for all");
        let (_, columns, lacks) = short(&of_columns(&ids, "sex", 5), "PROVISION");
        assert_eq!(columns, ["CONTACTS", "CH-07"]);
        assert!(lacks.starts_with("in short: 2 of 32 columns; "), "{lacks}");
        let (_, columns, _) = short(&of_columns(&ids[..6], "sex", 20), "PROVISION");
        assert_eq!(columns.len(), 6, "what fits is shown");
    }

    #[test]
    fn columns_that_save_no_line_are_kept() {
        let answer = of_columns(&["CH-13"; 3], "sex", 5);
        let (_, lacks) = brief(&answer, &Layout::of("PROVISION"), |_| "line\n".repeat(60));
        assert_eq!(lacks, "");
    }

    #[test]
    fn of_many_columns_that_were_asked_for_the_first_are_shown() {
        let (_, columns, lacks) = short(&of_columns(&["CH-13"; 12], "sex", 20), "PROVISION");
        assert_eq!(columns.len(), 6);
        assert!(lacks.starts_with("in short: 6 of 12 columns; "), "{lacks}");
    }
}
