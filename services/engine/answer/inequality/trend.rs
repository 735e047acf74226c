//! How the gap between two groups, or between a group and all people, moves: its size in each period, the trend of each share, the recent
//! trend of the gap, and whether a gap that closed was levelled up or down.

use std::sync::Arc;

use super::groups::{
    OfColumn, category, column, derived, elsewhere, key, kind, legend, number, periods, polarity,
    shares, showing, title,
};
use crate::domain::codes::Dimension;
use crate::domain::indicator::{Polarity, Unit};
use crate::domain::statistics::{
    Confidence, Group, Groups, Interval, NotComputable, Verdict, levelling, pair, proportion,
    ratio, recent_trend, trend,
};
use crate::engine::answer::comparison::{figure, of_fixed};
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, Column, Key, Row};
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{Query, Showing, invalid};
use crate::engine::{Engine, QueryError};

/// Dimension of the part of a column that is about one of the two groups.
const GROUP: &str = "group";

/// What a gap is between.
#[derive(Clone)]
pub enum Between {
    /// The groups that are furthest apart over all periods, or the ends of an order.
    Furthest,
    /// The groups with these codes.
    Groups([String; 2]),
    /// The group with this code and all people, of whom the same question by the period alone tells.
    All(String, Arc<dyn AnyQuestion>),
}

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
    /// What is compared.
    pub between: Between,
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
        "Share of a group, or of all",
        Unit::Ratio,
        "Share of the group, or of all people, in the period. Its label is that of the share.",
    ),
    kind(
        "D",
        "Difference between the two",
        Unit::Difference,
        "First share less the second, in the period. Limits of a difference from all people take their share as fixed.",
    ),
    kind("R", "Ratio of the two", Unit::Times, "First share divided by the second, in the period."),
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
        let whole = match &self.between {
            // Read where the groups were read.
            Between::All(_, whole) => Some(whole.at(answer.position()).answer(engine)?),
            Between::Furthest | Between::Groups(_) => None,
        };
        if let Some(whole) = &whole {
            provenance.counted_too(whole.provenance());
        }
        let series = Series {
            source_table: provenance.table,
            groups: self.groups(&answer, dimension, (place, polarity), &showing),
            periods: periods(&answer, &self.period),
            of: &answer,
            whole: whole.as_ref(),
            column: of,
            place,
        };
        let (columns, rows) = series.table(&title(of), polarity, &showing);
        let label = reference.dimension(&self.period).map_or("", |of| of.label.as_str());
        provenance.dimensions = vec![legend(&self.period, label, &rows)];
        provenance.parameters.push(("dimension", self.dimension.clone()));
        provenance.parameters.push(("column", of.id.clone()));
        provenance.notes.push(format!(
            "D is the first share less the second: {}. The recent trend is that of Fingertips, over the last five points. Fingertips has years, \
             this answer has {}.",
            match &self.between {
                Between::Furthest =>
                    "of the groups that are furthest apart over all periods, or of the ends of an order",
                Between::Groups(_) => "of the two groups that were named",
                Between::All(..) => "of the group that was named, and of all people of the answer",
            },
            self.period.replace('_', " ") + "s"
        ));
        Ok(derived(provenance, &Self::TABLE, columns, rows, answer.position()))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        Arc::new(Self { of: self.of.at(position), ..self.clone() })
    }
}

impl TrendQuestion {
    /// The two that are compared, or why there are none.
    fn groups(
        &self,
        answer: &Protected,
        dimension: &Dimension,
        of: (usize, Polarity),
        showing: &Showing,
    ) -> Result<[Key; 2], NotComputable> {
        let named = |code: &String| {
            let label = dimension.categories.iter().find(|(known, _)| known == code);
            key(&dimension.id, code, label.map_or("", |(_, label)| label))
        };
        match &self.between {
            Between::Furthest => furthest(answer.rows(), dimension, of, showing),
            Between::Groups(codes) => Ok(codes.each_ref().map(named)),
            Between::All(code, _) => Ok([named(code), key(&dimension.id, ALL, "all people")]),
        }
    }
}

/// Code of all people among groups.
const ALL: &str = "ALL";

/// Two groups, or a group and all people, in every period.
struct Series<'a> {
    /// The table that has their shares.
    source_table: &'static str,
    /// What is compared, or why there is nothing to compare.
    groups: Result<[Key; 2], NotComputable>,
    periods: Vec<Key>,
    /// The answer by period and group.
    of: &'a Protected,
    /// The answer by period; none: two groups are compared.
    whole: Option<&'a Protected>,
    /// The column of the shares, and its place in the answer by group.
    column: &'a Column,
    place: usize,
}

impl Series<'_> {
    /// The two cells of a period; none: the group has no records in it.
    fn cells(&self, period: &Key) -> [Option<&Cell>; 2] {
        let Ok([first, second]) = &self.groups else { return [None, None] };
        let of_group = |group: &Key| {
            let is = |row: &&Row| {
                row.keys.contains(period)
                    && category(row, &group.dimension).is_some_and(|of| of.code == group.code)
            };
            self.of.rows().iter().find(is).map(|row| &row.cells[self.place])
        };
        let second = match self.whole {
            None => of_group(second),
            Some(whole) => {
                let place = whole.columns().iter().position(|of| of.id == self.column.id);
                let row = whole.rows().iter().find(|row| row.keys.as_slice() == [period.clone()]);
                row.zip(place).map(|(row, place)| &row.cells[place])
            }
        };
        [of_group(first), second]
    }

    /// The difference and the ratio of two shares. All people are taken as fixed: the group is a part of them.
    fn compared(&self, [one, other]: [&Cell; 2], showing: &Showing) -> (Cell, Cell) {
        let absent = [one, other].into_iter().find_map(|cell| cell.figure.clone().err());
        match (absent, self.whole) {
            (Some(why), _) => (Cell::absent(why.clone()), Cell::absent(why)),
            (None, Some(_)) => of_fixed(one, other),
            (None, None) => (Cell::difference(one, other, showing), ratio_of(one, other, showing)),
        }
    }

    /// The gap of a period with its limits.
    fn gap(&self, cells: [Option<&Cell>; 2], showing: &Showing) -> Option<Interval> {
        let of = self.compared([cells[0]?, cells[1]?], showing).0.figure.ok()?;
        let (lower, upper) = of.limits?;
        Some(Interval { value: of.value, lower, upper })
    }

    /// The same with limits of 95 %, which the recent trend is defined by.
    fn usual_gap(&self, cells: [Option<&Cell>; 2], showing: &Showing) -> Option<Interval> {
        let usual = Showing { confidence: Confidence::P95, ..showing.clone() };
        let share = |cell: Option<&Cell>| {
            let (part, whole) = cell?.counts.part_of_whole()?;
            let found = proportion(part, whole, usual.confidence)?;
            let figure = usual.figure(found, 0.0, &[(part, whole)]);
            cell.filter(|cell| cell.figure.is_ok())
                .map(|cell| Cell { figure: Ok(figure), ..cell.clone() })
        };
        let cells = cells.map(share);
        self.gap(cells.each_ref().map(Option::as_ref), &usual)
    }

    /// A row for each period, and before them the row of all.
    fn table(&self, title: &str, polarity: Polarity, showing: &Showing) -> (Vec<Column>, Vec<Row>) {
        let none = Key::named(GROUP, "NONE", "none");
        let [first, second] = self.groups.as_ref().map_or([&none, &none], <[Key; 2]>::each_ref);
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
        for period in &self.periods {
            let [one, other] = self.cells(period).map(|cell| cell.cloned().unwrap_or_else(no_row));
            let (difference, ratio) = self.compared([&one, &other], showing);
            let mut all = vec![one, other, difference, ratio];
            all.resize_with(columns.len(), elsewhere);
            let (keys, sentence) = (vec![period.clone()], String::new());
            rows.push(Row { keys, cells: all, sentence, source_table: self.source_table });
        }
        (columns, rows)
    }

    /// The row of all periods: trends, and how the gap changed.
    fn whole(&self, polarity: Polarity, showing: &Showing) -> Row {
        let noise = showing.protection.variance();
        let periods: Vec<_> = self.periods.iter().map(|period| self.cells(period)).collect();
        let gaps: Vec<_> = periods.iter().filter_map(|cells| self.gap(*cells, showing)).collect();
        let mut cells = vec![elsewhere(), elsewhere(), elsewhere(), elsewhere()];
        let mut sentence = String::new();
        let ends = periods.first().zip(periods.last());
        let pairs = ends.and_then(|(from, to)| Some((shares_of(*from)?, shares_of(*to)?)));
        let widths = gaps.first().zip(gaps.last()).filter(|_| gaps.len() > 1);
        match widths.zip(pairs) {
            Some(((before, after), (was, is))) => {
                let found = levelling((*before, *after), (was, is), polarity);
                cells.push(Cell {
                    verdict: found.verdict,
                    ..Cell::without_counts(Ok(found.change.into()), 0)
                });
                sentence = says(*before, *after, found.verdict);
            }
            None => cells.push(number(Err(NotComputable::MissingGroup))),
        }
        // Only where every period has a gap are the points at equal distances.
        let usual: Option<Vec<_>> =
            periods.iter().map(|cells| self.usual_gap(*cells, showing)).collect();
        let recent = usual.ok_or(NotComputable::MissingGroup).and_then(|gaps| recent_trend(&gaps));
        let verdict = recent.ok().map(|of| Verdict::from(of.marker));
        cells.push(Cell { verdict, ..number(recent.map(|of| of.slope)) });
        for group in 0..2 {
            let points: Option<Vec<_>> =
                periods.iter().map(|cells| cells[group]?.counts.part_of_whole()).collect();
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
fn furthest(
    rows: &[Row],
    dimension: &Dimension,
    (place, polarity): (usize, Polarity),
    showing: &Showing,
) -> Result<[Key; 2], NotComputable> {
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
            sums.iter().find(is).map(|(key, _)| (*key).clone()).ok_or(NotComputable::MissingGroup)
        };
        let ends = [end(dimension.categories.first())?, end(dimension.categories.last())?];
        let [first, last] = ends;
        return Ok(if polarity == Polarity::HigherIsBetter {
            [last, first]
        } else {
            [first, last]
        });
    }
    let groups: Option<Vec<_>> = sums.iter().map(|(_, (x, n))| Group::share(*x, *n)).collect();
    let groups = Groups::new(groups.ok_or(NotComputable::NoShare)?, 0.0)?;
    let two = pair(&groups, false, true, None);
    Ok([sums[two.first].0.clone(), sums[two.second].0.clone()])
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
fn says(before: Interval, after: Interval, verdict: Option<Verdict>) -> String {
    let points = |gap: Interval| format!("{:.1}", 100.0 * gap.value.abs());
    let what = match verdict {
        Some(Verdict::LevelledUp) => "closed: levelled up, the worse-off gained",
        Some(Verdict::LevelledDown) => "closed: levelled down, the better-off lost",
        Some(Verdict::Narrowed) => "closed",
        Some(Verdict::Widened) => "widened",
        _ => "did not change significantly",
    };
    // Only if neither of the two gaps may be none.
    let side = |gap: Interval| (gap.lower > 0.0, gap.upper < 0.0);
    let turned = match (side(before), side(after)) {
        ((true, _), (_, true)) | ((_, true), (true, _)) => {
            ", and it turned: the other of the two has the higher share in the last period"
        }
        _ => "",
    };
    format!(
        "The gap {what}: {} points in the first period, {} in the last{turned}.",
        points(before),
        points(after)
    )
}
