//! A long answer in short, for a terminal. Files, and `--notes`, have all of it.

use super::layout::Layout;
use crate::proto::v1::{Breakdown, Column, Row};

/// Most rows that a terminal shows: two years of months and their total.
const MOST: usize = 25;
/// Most columns that it shows: whoever names indicators sees them all.
const MOST_COLUMNS: usize = 10;
/// Dimensions of time: of many rows, those of the newest period are shown.
const PERIODS: [&str; 4] = ["month", "quarter", "financial_year", "calendar_year"];

/// The part of an answer that a terminal shows, and what it lacks in words. `None`: the answer is short.
pub(super) fn brief(answer: &Breakdown, layout: &Layout) -> Option<(Breakdown, String)> {
    let (indicators, groups) = layout.brief;
    let is_shown = |column: &Column| {
        let group = column.group.first().map(|key| key.code.as_str());
        indicators.is_empty()
            || indicators.contains(&column.indicator.as_str())
                && group.is_none_or(|group| groups.contains(&group))
    };
    let columns = &answer.columns;
    let places: Vec<_> = (0..columns.len()).filter(|at| is_shown(&columns[*at])).collect();
    let many = answer.rows.len() > 1 && columns.len() > MOST_COLUMNS && !places.is_empty();
    let places = if many { places } else { (0..columns.len()).collect() };
    let (rows, of) = rows(&answer.rows);
    let mut lacks = Vec::new();
    if rows.len() < answer.rows.len() {
        lacks.push(format!("{} of {} rows{of}", rows.len(), answer.rows.len()));
    }
    if places.len() < columns.len() {
        lacks.push(format!("{} of {} columns", places.len(), columns.len()));
    }
    if lacks.is_empty() {
        return None;
    }
    let cells = |row: &Row| Row {
        keys: row.keys.clone(),
        cells: places.iter().filter_map(|at| row.cells.get(*at).cloned()).collect(),
    };
    let shown = Breakdown {
        rows: rows.into_iter().map(cells).collect(),
        columns: places.iter().map(|at| columns[*at].clone()).collect(),
        ..answer.clone()
    };
    let what = "--notes shows all of them, --format csv has every figure";
    Some((shown, format!("in short: {}; {what}", lacks.join(" and "))))
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
    use crate::proto::v1::CategoryKey;

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
        let row = |keys| Row { keys, cells: vec![Default::default(); ids.len()] };
        let keyed = (0..rows).map(|at| {
            let period = format!("2020-{:02}", 1 + at % 3);
            row(vec![key(dimension, period), key("age_band", at.to_string())])
        });
        let rows = std::iter::once(row(Vec::new())).chain(keyed).collect();
        Breakdown { columns: columns.collect(), rows, ..Default::default() }
    }

    #[test]
    fn of_many_rows_the_newest_period_is_shown() {
        let channels = Layout::of("CHANNELS");
        assert!(brief(&answer("month", MOST - 1), &channels).is_none());
        let (shown, lacks) = brief(&answer("month", 60), &channels).unwrap();
        assert_eq!((shown.rows.len(), shown.columns.len()), (21, 3));
        assert!(shown.rows[1..].iter().all(|row| row.keys[0].code == "2020-03"));
        assert!(lacks.starts_with("in short: 21 of 61 rows (of 2020-03); --notes"), "{lacks}");
        let (shown, lacks) = brief(&answer("sex", 60), &channels).unwrap();
        assert_eq!(shown.rows.len(), MOST);
        assert!(lacks.starts_with("in short: 25 of 61 rows; "), "{lacks}");
    }

    #[test]
    fn of_many_columns_the_main_ones_are_shown() {
        let provision = Layout::of("PROVISION");
        let ids = [&["CONTACTS", "CH-07"], &["CH-13"; 9][..]].concat();
        let of = |rows| of_columns(&ids, "sex", rows);
        assert!(brief(&of(0), &provision).is_none(), "one row has room for all");
        let (shown, lacks) = brief(&of(2), &provision).unwrap();
        let shown_ids: Vec<_> = shown.columns.iter().map(|column| column.id.as_str()).collect();
        assert_eq!(shown_ids, ["CONTACTS", "CH-07"]);
        assert!(shown.rows.iter().all(|row| row.cells.len() == 2));
        assert!(lacks.starts_with("in short: 2 of 11 columns; "), "{lacks}");
        assert!(brief(&answer("sex", 2), &provision).is_none(), "few columns are all shown");
        let others = of_columns(&["CH-13"; 12], "sex", 2);
        assert!(brief(&others, &provision).is_none(), "none of the main ones is there");
    }
}
