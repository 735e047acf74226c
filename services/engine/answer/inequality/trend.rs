//! How the gap between two groups moves: its size in each period, the trend of each group, the recent trend of the gap, and whether a gap
//! that closed was levelled up or down.

use std::sync::Arc;

use super::groups::{
    OfColumn, category, column, derived, elsewhere, kind, legend, number, polarity, shares,
    showing, title,
};
use crate::domain::codes::Dimension;
use crate::domain::indicator::{Polarity, Unit};
use crate::domain::statistics::{
    Group, Groups, Interval, NotComputable, Verdict, levelling, pair, ratio, recent_trend, trend,
};
use crate::engine::answer::comparison::figure;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, Column, Key, Row};
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{Query, Showing, invalid};
use crate::engine::{Engine, QueryError};

/// Dimension of the part of a column that is about one of the two groups.
const GROUP: &str = "group";

/// Asks how a gap moves.
#[derive(Clone)]
pub struct TrendQuestion {
    /// The question whose answer has the gap; it is broken down by the period and the dimension.
    pub of: Arc<dyn AnyQuestion>,
    /// The dimension of the periods.
    pub period: String,
    /// The dimension whose groups are compared.
    pub dimension: String,
    /// Id of the column that is compared; empty: the first share.
    pub column: String,
}

const fn of_group(
    id: &'static str,
    label: &'static str,
    unit: Unit,
    definition: &'static str,
) -> ColumnDefinition {
    ColumnDefinition { groups: &[GROUP], ..kind(id, label, unit, definition) }
}

/// The kinds of columns.
const COLUMNS: [ColumnDefinition; 8] = [
    of_group(
        "VALUE",
        "Share of one of the two groups",
        Unit::Ratio,
        "Share of the group in the period. Its label is that of the share.",
    ),
    kind(
        "D",
        "Difference between two groups",
        Unit::Difference,
        "Share of the first group less that of the second, in the period.",
    ),
    kind(
        "R",
        "Ratio of two groups",
        Unit::Times,
        "Share of the first group divided by that of the second, in the period.",
    ),
    kind(
        "D-CHANGE",
        "Change of the size of the gap",
        Unit::Difference,
        "Size of the gap in the last period less that in the first. On the row of all periods.",
    ),
    kind(
        "D-SLOPE",
        "Recent trend of the gap, a period",
        Unit::Difference,
        "Slope of the last five gaps, as in Fingertips. On the row of all periods.",
    ),
    of_group(
        "TREND-SLOPE",
        "Trend of the share, a period",
        Unit::Difference,
        "Slope of the shares of the group. On the row of all periods.",
    ),
    of_group(
        "TREND-CHI-SQUARED",
        "Chi-squared of the trend",
        Unit::Index,
        "Chi-squared for linear trend of the shares of the group. On the row of all periods.",
    ),
    of_group(
        "TREND-P-VALUE",
        "P-value of the trend",
        Unit::Index,
        "P-value of that chi-squared. On the row of all periods.",
    ),
];

impl TrendQuestion {
    /// The table that answers it.
    pub(in crate::engine::answer) const TABLE: TableDefinition = TableDefinition {
        name: "GAP_TREND",
        title: "A gap over time",
        rpc: "InequalityService.GetGapTrend",
        columns: &COLUMNS,
    };
}

impl AnyQuestion for TrendQuestion {
    fn query(&self) -> &Query {
        self.of.query()
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        let answer = self.of.answer(engine)?;
        let reference = engine.reference();
        let showing = showing(&answer, self.query());
        let mut provenance = answer.provenance().clone();
        let found = shares(&answer).find(|(_, of)| self.column.is_empty() || of.id == self.column);
        let Some((place, of)) = found else {
            if provenance.empty.is_some() {
                return Ok(derived(
                    provenance,
                    &Self::TABLE,
                    Vec::new(),
                    Vec::new(),
                    answer.position(),
                ));
            }
            let ids: Vec<_> = shares(&answer).map(|(_, of)| format!("`{}`", of.id)).collect();
            let why = format!("`{}` is no column of shares; use {}", self.column, ids.join(", "));
            return Err(invalid("column", why));
        };
        let Some(dimension) = reference.dimension(&self.dimension) else { return Ok(answer) };
        let polarity = polarity(&reference, of);
        let series = Series::new(&answer, dimension, &self.period, (place, polarity), &showing);
        let (columns, rows) = series.table(&title(of), polarity, &showing);
        let label = reference.dimension(&self.period).map_or("", |of| of.label.as_str());
        provenance.dimensions = vec![legend(&self.period, label, &rows)];
        provenance.parameters.push(("dimension", self.dimension.clone()));
        provenance.parameters.push(("column", of.id.clone()));
        provenance.notes.push(format!(
            "D is the first group less the second: the groups that are furthest apart over all periods, or the ends of an order. The recent trend is \
             that of Fingertips, over the last five points. Fingertips has years, this answer has {}.",
            self.period.replace('_', " ") + "s"
        ));
        Ok(derived(provenance, &Self::TABLE, columns, rows, answer.position()))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        Arc::new(Self { of: self.of.at(position), ..self.clone() })
    }
}

/// Two groups in every period.
struct Series<'a> {
    /// The table that has their shares.
    source_table: &'static str,
    /// The groups that are compared, or why there are none.
    groups: Result<[&'a Key; 2], NotComputable>,
    /// Each period, with the cells of both groups.
    periods: Vec<(Key, [Option<&'a Cell>; 2])>,
}

impl<'a> Series<'a> {
    fn new(
        answer: &'a Protected,
        dimension: &Dimension,
        period: &str,
        (place, polarity): (usize, Polarity),
        showing: &Showing,
    ) -> Self {
        let rows = answer.rows();
        let mut periods: Vec<Key> = Vec::new();
        for key in rows.iter().filter_map(|row| category(row, period)) {
            if !periods.contains(key) {
                periods.push(key.clone());
            }
        }
        let groups = furthest(rows, dimension, (place, polarity), showing);
        let cell = |period: &Key, group: &Key| {
            let is = |row: &&Row| {
                row.keys.contains(period) && category(row, &dimension.id) == Some(group)
            };
            rows.iter().find(is).map(|row| &row.cells[place])
        };
        let periods = periods.into_iter().map(|period| {
            let of = groups
                .as_ref()
                .map_or([None, None], |groups| groups.map(|group| cell(&period, group)));
            (period, of)
        });
        let periods = periods.collect();
        Self { source_table: answer.provenance().table, groups, periods }
    }

    /// A row for each period, and before them the row of all.
    fn table(&self, title: &str, polarity: Polarity, showing: &Showing) -> (Vec<Column>, Vec<Row>) {
        let none = Key::named(GROUP, "NONE", "none");
        let [first, second] = self.groups.as_ref().map_or([&none, &none], |groups| *groups);
        let of = |id, label: &str, unit, key: &Key| {
            column(id, label, unit, vec![Key::named(GROUP, &key.code, &key.label)])
        };
        let mut columns: Vec<_> =
            [first, second].map(|key| of("VALUE", title, Unit::Ratio, key)).to_vec();
        let kind = |kind: &ColumnDefinition| {
            (kind.indicator, kind.label, kind.unit.unwrap_or(Unit::Ratio))
        };
        let [_, of_both @ .., slope, chi_squared, p_value] = &COLUMNS;
        for (id, label, unit) in of_both.iter().map(kind) {
            columns.push(column(id, label, unit, Vec::new()));
        }
        for key in [first, second] {
            for (id, label, unit) in [slope, chi_squared, p_value].map(kind) {
                columns.push(of(id, label, unit, key));
            }
        }
        let mut rows = vec![self.whole(polarity, showing)];
        for (period, cells) in &self.periods {
            let [one, other] = cells.map(|cell| cell.cloned().unwrap_or_else(no_row));
            let mut all = vec![one.clone(), other.clone()];
            all.push(Cell::difference(&one, &other, showing));
            all.push(ratio_of(&one, &other, showing));
            all.resize_with(columns.len(), elsewhere);
            let (keys, sentence) = (vec![period.clone()], String::new());
            rows.push(Row { keys, cells: all, sentence, source_table: self.source_table });
        }
        (columns, rows)
    }

    /// The row of all periods: trends, and how the gap changed.
    fn whole(&self, polarity: Polarity, showing: &Showing) -> Row {
        let noise = showing.protection.variance();
        let gaps: Vec<Interval> =
            self.periods.iter().filter_map(|(_, cells)| gap(*cells, showing)).collect();
        let mut cells = vec![elsewhere(), elsewhere(), elsewhere(), elsewhere()];
        let mut sentence = String::new();
        let ends = self.periods.first().zip(self.periods.last());
        let pairs = ends.and_then(|(from, to)| Some((shares_of(from.1)?, shares_of(to.1)?)));
        let widths = gaps.first().zip(gaps.last()).filter(|_| gaps.len() > 1);
        match widths.zip(pairs) {
            Some(((before, after), (was, is))) => {
                let found = levelling((*before, *after), (was, is), polarity);
                cells.push(Cell {
                    verdict: found.verdict,
                    ..Cell::without_counts(Ok(found.change.into()), 0)
                });
                sentence = says(before.value, after.value, found.verdict);
            }
            None => cells.push(number(Err(NotComputable::MissingGroup))),
        }
        // Only where every period has a gap are the points at equal distances.
        let recent = if gaps.len() == self.periods.len() {
            recent_trend(&gaps)
        } else {
            Err(NotComputable::FewPoints)
        };
        let verdict = recent.ok().map(|of| Verdict::from(of.marker));
        cells.push(Cell { verdict, ..number(recent.map(|of| of.slope)) });
        for group in 0..2 {
            let points: Option<Vec<_>> = self
                .periods
                .iter()
                .map(|(_, cells)| cells[group]?.counts.part_of_whole())
                .collect();
            let found =
                points.ok_or(NotComputable::MissingGroup).and_then(|points| trend(&points, noise));
            cells.push(number(found.map(|of| of.slope)));
            cells.push(number(found.map(|of| of.chi_squared)));
            cells.push(number(found.map(|of| of.p_value)));
        }
        Row { keys: Vec::new(), cells, sentence, source_table: self.source_table }
    }
}

/// The two groups of a gap, by their shares over all periods.
fn furthest<'a>(
    rows: &'a [Row],
    dimension: &Dimension,
    (place, polarity): (usize, Polarity),
    showing: &Showing,
) -> Result<[&'a Key; 2], NotComputable> {
    let keys = OfColumn::new(rows.iter(), dimension, place, showing).keys;
    let mut sums: Vec<(&Key, (u64, u64))> = Vec::new();
    for row in rows {
        let key = category(row, &dimension.id).and_then(|key| keys.iter().find(|of| **of == key));
        let counts = row.cells[place].counts.part_of_whole();
        let Some((key, (part, whole))) = key.zip(counts).filter(|_| row.keys.len() > 1) else {
            continue;
        };
        match sums.iter_mut().find(|(of, _)| of == key) {
            Some((_, sum)) => *sum = (sum.0 + part, sum.1 + whole),
            None => sums.push((*key, (part, whole))),
        }
    }
    if dimension.ordered {
        let end = |code: Option<&(String, String)>| {
            let is = |(key, _): &&(&Key, _)| code.is_some_and(|(code, _)| *code == key.code);
            sums.iter().find(is).map(|(key, _)| *key).ok_or(NotComputable::MissingGroup)
        };
        let ends = [end(dimension.categories.first())?, end(dimension.categories.last())?];
        return Ok(if polarity == Polarity::HigherIsBetter { [ends[1], ends[0]] } else { ends });
    }
    let groups: Option<Vec<_>> = sums.iter().map(|(_, (x, n))| Group::share(*x, *n)).collect();
    let groups = Groups::new(groups.ok_or(NotComputable::NoShare)?, 0.0)?;
    let two = pair(&groups, false, true, None);
    Ok([sums[two.first].0, sums[two.second].0])
}

/// The gap of a period with its limits.
fn gap(cells: [Option<&Cell>; 2], showing: &Showing) -> Option<Interval> {
    let [one, other] = cells;
    let of = Cell::difference(one?, other?, showing).figure.ok()?;
    let (lower, upper) = of.limits?;
    Some(Interval { value: of.value, lower, upper })
}

fn shares_of(cells: [Option<&Cell>; 2]) -> Option<(f64, f64)> {
    let share = |cell: Option<&Cell>| Some(cell?.figure.as_ref().ok()?.value);
    Some((share(cells[0])?, share(cells[1])?))
}

fn ratio_of(one: &Cell, other: &Cell, showing: &Showing) -> Cell {
    let Some((first, second)) = one.counts.part_of_whole().zip(other.counts.part_of_whole()) else {
        let why = [one, other].into_iter().find_map(|cell| cell.figure.clone().err());
        return Cell::absent(why.unwrap_or_else(Absence::withheld));
    };
    let found = ratio(first, second, showing.protection.variance(), showing.confidence);
    Cell::without_counts(figure(found), 0)
}

fn no_row() -> Cell {
    Cell::absent(Absence::no_data("the group has no records in this period"))
}

/// The change in a sentence.
fn says(before: f64, after: f64, verdict: Option<Verdict>) -> String {
    let points = |gap: f64| format!("{:.1}", 100.0 * gap.abs());
    let what = match verdict {
        Some(Verdict::LevelledUp) => "closed: levelled up, the worse-off group gained",
        Some(Verdict::LevelledDown) => "closed: levelled down, the better-off group lost",
        Some(Verdict::Narrowed) => "closed",
        Some(Verdict::Widened) => "widened",
        _ => "did not change significantly",
    };
    format!(
        "The gap {what}: {} points in the first period, {} in the last.",
        points(before),
        points(after)
    )
}
