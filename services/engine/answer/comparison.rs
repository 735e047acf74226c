//! Comparisons of the groups of one dimension: for each share and rate the difference from the reference and the ratio to it, as columns.
//!
//! They are derived from the cells of the answer, after these were protected: what is withheld there has no comparison.

use std::collections::BTreeMap;

use super::model::{Absence, Cell, CellCounts, Column, Figure, Key, Row};
use crate::domain::codes::{Dimension, State};
use crate::domain::indicator::{Polarity, Unit};
use crate::domain::reference::Reference;
use crate::domain::statistics::{
    Estimate, Interval, NotComputable, Verdict, hybrid_difference, rate_ratio, ratio,
};
use crate::engine::query::{Against, Comparison, Showing};

/// Dimension of the part of a column that says how it compares.
pub(super) const COMPARISON: &str = "comparison";
/// The two ways to compare.
pub(super) const DIFFERENCE: &str = "DIFFERENCE";
pub(super) const RATIO: &str = "RATIO";
/// Columns that a column becomes at most.
pub(super) const COLUMNS: usize = 3;
const NO_COUNTS: &str = "the figure has no numerator and denominator: it can be compared with the whole, not with a group or the complement";
const NO_REST_OF_RATE: &str =
    "the rate of everybody outside the group is not known: compare rates with a group or the whole";

/// What a cell is compared with.
enum Beside<'a> {
    /// Another group.
    Group(&'a Cell),
    /// The whole that it is a part of.
    Whole(&'a Cell),
    /// All of the whole that is not in the group.
    Rest(&'a Cell),
    Nothing(Absence),
}

/// The columns and rows with the comparisons behind the columns that they are of.
pub(super) fn compared(
    reference: &Reference,
    of: &Comparison,
    (columns, mut rows): (Vec<Column>, Vec<Row>),
    showing: &Showing,
) -> (Vec<Column>, Vec<Row>) {
    let comparing = Comparing { reference, of, showing };
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); rows.len()];
    let mut all = Vec::new();
    for (place, column) in columns.into_iter().enumerate() {
        let pairs = matches!(column.unit, Unit::Ratio | Unit::Per1000Month)
            .then(|| comparing.column(&column, place, &rows));
        for (cells, row) in cells.iter_mut().zip(&mut rows) {
            cells.push(std::mem::replace(&mut row.cells[place], Cell::absent(Absence::withheld())));
        }
        let Some(pairs) = pairs else {
            all.push(column);
            continue;
        };
        let kinds = [
            (DIFFERENCE, "difference from the reference", Unit::Difference),
            (RATIO, "ratio to the reference", Unit::Times),
        ];
        let made = kinds.map(|(code, label, unit)| {
            let group = column.group.iter().cloned().chain([Key::named(COMPARISON, code, label)]);
            // A difference of rates has the unit of the rates.
            let unit =
                if code == DIFFERENCE && column.unit != Unit::Ratio { column.unit } else { unit };
            Column {
                id: format!("{}/{code}", column.id),
                group: group.collect(),
                unit,
                ..column.clone()
            }
        });
        all.push(column);
        all.extend(made);
        cells.iter_mut().zip(pairs).for_each(|(cells, pair)| cells.extend(pair));
    }
    rows.iter_mut().zip(cells).for_each(|(row, cells)| row.cells = cells);
    (all, rows)
}

/// What has to be known to read the comparisons. `distinct`: records are counted by their people, each of whom may have records of several groups.
pub(super) fn notes(reference: &Reference, of: &Comparison, distinct: bool) -> Vec<String> {
    let which = match &of.against {
        Against::Named(code) => format!("the group `{code}`"),
        Against::Largest => "the group with the largest denominator".into(),
        Against::LeastDeprived => "the least deprived group".into(),
        Against::Best => "the group with the best value".into(),
        Against::Whole => "the whole, which is taken as fixed".into(),
        Against::Complement => "everybody who is not in the group".into(),
    };
    let kind = "Differences of shares have Newcombe limits, ratios Katz limits";
    let mut notes = vec![format!(
        "Groups of `{}` are compared with {which}. {kind}. SIMILAR: the limits of the difference hold 0.",
        of.dimension
    )];
    // What is in both groups has one outcome: the errors of the groups go together, and less is left in their difference.
    let with_group = !matches!(of.against, Against::Whole | Against::Complement);
    if with_group && reference.dimension(&of.dimension).is_some_and(Dimension::overlapping) {
        notes.push(format!(
            "A record can be in several groups of `{}`. The limits take the groups as different records: if groups share records, they are wider than needed.",
            of.dimension
        ));
    }
    if distinct && matches!(of.against, Against::Complement) {
        notes.push(format!(
            "The complement is all people less the people of the group. A person with records in several groups of `{}` is not in the complement, but what \
             only the person's other records say counts there.",
            of.dimension
        ));
    }
    notes
}

struct Comparing<'a> {
    reference: &'a Reference,
    of: &'a Comparison,
    showing: &'a Showing,
}

impl Comparing<'_> {
    /// Difference and ratio for each row of a column.
    fn column(&self, column: &Column, place: usize, rows: &[Row]) -> Vec<[Cell; 2]> {
        let known = self.reference.indicator(&column.indicator);
        let polarity = known.map_or(Polarity::Neither, |known| known.polarity);
        let mut slices: BTreeMap<Vec<&str>, Vec<&Row>> = BTreeMap::new();
        for row in rows.iter().filter(|row| self.group(row).is_some()) {
            slices.entry(self.others(row)).or_default().push(row);
        }
        let whole = rows.iter().find(|row| row.keys.is_empty());
        let chosen = |slice: &[&Row]| self.chosen(slice, place, polarity);
        let chosen: BTreeMap<_, _> =
            slices.iter().map(|(others, slice)| (others.clone(), chosen(slice))).collect();
        let cells = |row: &Row| {
            let beside = match (&self.of.against, whole) {
                _ if self.group(row).is_none() => {
                    Beside::Nothing(Absence::not_computable("this row contains the reference"))
                }
                (Against::Whole | Against::Complement, None) => {
                    Beside::Nothing(Absence::not_computable("the answer has no total"))
                }
                (Against::Whole, Some(whole)) => Beside::Whole(&whole.cells[place]),
                (Against::Complement, Some(whole)) => Beside::Rest(&whole.cells[place]),
                _ => match chosen.get(&self.others(row)) {
                    Some(Ok(code)) if self.group(row).is_some_and(|key| key.code == *code) => {
                        Beside::Nothing(Absence::not_computable("this is the reference"))
                    }
                    Some(Ok(code)) => {
                        let is = |of: &&&Row| self.group(of).is_some_and(|key| key.code == *code);
                        let found = slices.get(&self.others(row)).and_then(|of| of.iter().find(is));
                        found.map_or_else(
                            || Beside::Nothing(Absence::not_computable("the reference has no row")),
                            |row| Beside::Group(&row.cells[place]),
                        )
                    }
                    Some(Err(why)) => Beside::Nothing(why.clone()),
                    None => Beside::Nothing(Absence::not_computable("the reference has no row")),
                },
            };
            self.pair(&row.cells[place], &beside, column.unit, polarity)
        };
        rows.iter().map(cells).collect()
    }

    /// The key of the row in the dimension that is compared, if it is a group: a category or a missing state.
    fn group<'r>(&self, row: &'r Row) -> Option<&'r Key> {
        let key = row.keys.iter().find(|key| *key.dimension == *self.of.dimension);
        key.filter(|key| key.state != Some(State::Any))
    }

    /// The codes of the row in the other dimensions.
    fn others<'r>(&self, row: &'r Row) -> Vec<&'r str> {
        let others = row.keys.iter().filter(|key| *key.dimension != *self.of.dimension);
        others.map(|key| key.code.as_str()).collect()
    }

    /// The code of the reference among these groups.
    fn chosen(&self, slice: &[&Row], place: usize, polarity: Polarity) -> Result<String, Absence> {
        let no_row = || Absence::not_computable("the reference has no figure");
        let groups = slice.iter().filter_map(|row| {
            let key = self.group(row).filter(|key| key.state.is_none())?;
            Some((key.code.clone(), &row.cells[place]))
        });
        let value = |cell: &Cell| cell.figure.as_ref().map_or(f64::NAN, |figure| figure.value);
        let with_value = || groups.clone().filter(|(_, cell)| cell.figure.is_ok());
        let found = match (&self.of.against, polarity) {
            (Against::Named(code), _) => Some(code.clone()),
            (Against::Largest, _) => {
                let all = with_value().collect::<Vec<_>>().into_iter().rev();
                all.max_by_key(|(_, cell)| cell.counts.denominator).map(|(code, _)| code)
            }
            (Against::LeastDeprived, _) => {
                let dimension = self.reference.dimension(&self.of.dimension);
                let last = dimension.and_then(|of| of.categories.last());
                last.map(|(code, _)| code.clone())
            }
            (Against::Best, Polarity::Neither) => {
                return Err(Absence::not_computable(NotComputable::NoPolarity.to_string()));
            }
            (Against::Best, _) => {
                let adverse = polarity == Polarity::LowerIsBetter;
                let better = |(_, a): &(String, &Cell), (_, b): &(String, &Cell)| {
                    let of = value(a).total_cmp(&value(b));
                    if adverse { of.reverse() } else { of }
                };
                with_value().max_by(better).map(|(code, _)| code)
            }
            (Against::Whole | Against::Complement, _) => None,
        };
        found.ok_or_else(no_row)
    }

    /// The difference of a cell from what it is compared with, with its verdict, and the ratio.
    fn pair(&self, cell: &Cell, beside: &Beside<'_>, unit: Unit, polarity: Polarity) -> [Cell; 2] {
        let absent = |why: &Absence| [(); 2].map(|()| Cell::absent(why.clone()));
        if let Err(why) = &cell.figure {
            return absent(why);
        }
        let is_rate = unit != Unit::Ratio;
        let (difference, ratio) = match beside {
            Beside::Nothing(why) => return absent(why),
            Beside::Group(other) | Beside::Whole(other) | Beside::Rest(other)
                if other.figure.is_err() =>
            {
                let why = other.figure.as_ref().err().cloned();
                return absent(&why.unwrap_or_else(Absence::withheld));
            }
            Beside::Group(other) | Beside::Rest(other)
                if !is_rate
                    && [cell, other].iter().any(|of| of.counts.part_of_whole().is_none()) =>
            {
                return absent(&Absence::not_computable(NO_COUNTS));
            }
            Beside::Group(other) if is_rate => self.rates(cell, other),
            Beside::Group(other) => {
                (Cell::difference(cell, other, self.showing), self.ratio(cell, other, 1.0))
            }
            Beside::Whole(whole) => of_fixed(cell, whole),
            Beside::Rest(_) if is_rate => {
                return absent(&Absence::not_computable(NO_REST_OF_RATE));
            }
            Beside::Rest(whole) => match rest(cell, whole) {
                Some(rest) => self.shares_of_whole(cell, &rest),
                None => return absent(&Absence::not_computable("nobody is outside the group")),
            },
        };
        let limits = difference.figure.as_ref().ok().and_then(|figure| figure.limits);
        let verdict = limits.map(|limits| Verdict::of(limits, 0.0, polarity));
        [Cell { verdict, ..difference }, ratio]
    }

    /// The ratio of two shares, where noise of so many times the variance is in each count.
    fn ratio(&self, cell: &Cell, other: &Cell, times: f64) -> Cell {
        let [first, second] =
            [cell, other].map(|cell| cell.counts.part_of_whole().unwrap_or_default());
        let noise = times * self.showing.protection.variance();
        let found = ratio(first, second, noise, self.showing.confidence);
        Cell::without_counts(figure(found), cell.behind + other.behind)
    }

    /// A group and the rest of a whole, whose counts are what the whole has more. Both share the changes of the group's counts: limits are
    /// wide enough for that.
    fn shares_of_whole(&self, cell: &Cell, rest: &Cell) -> (Cell, Cell) {
        let difference = Cell::difference(cell, rest, self.showing);
        let shares = [cell, rest].map(|cell| cell.counts.part_of_whole().unwrap_or_default());
        let widened = |of: Figure| {
            let limits = of.limits.map(|(lower, upper)| Interval { value: of.value, lower, upper });
            limits
                .map_or(of, |of| self.showing.figure(of, -1.0, &[shares[0], shares[1], shares[1]]))
        };
        let figure = difference.figure.clone().map(widened);
        (Cell { figure, ..difference }, self.ratio(cell, rest, 3.0))
    }

    /// Two rates: the difference by the hybrid of their limits, the ratio on the logarithmic scale.
    #[allow(clippy::cast_precision_loss)] // people times months are below 2^53
    fn rates(&self, cell: &Cell, other: &Cell) -> (Cell, Cell) {
        let behind = cell.behind + other.behind;
        let interval = |cell: &Cell| {
            let figure = cell.figure.as_ref().ok()?;
            let (lower, upper) = figure.limits?;
            Some(Interval { value: figure.value, lower, upper })
        };
        let difference = interval(cell).zip(interval(other));
        let difference = difference.map(|(one, other)| hybrid_difference(one, other).into());
        let no_limits = || Absence::not_computable("one of the rates has no limits");
        let difference = difference.ok_or_else(no_limits);
        let events = |counts: &CellCounts| {
            (counts.numerator.unwrap_or_default(), counts.denominator.unwrap_or_default() as f64)
        };
        let noise = self.showing.protection.variance();
        let (first, second) = (events(&cell.counts), events(&other.counts));
        let found = rate_ratio(first, second, noise, self.showing.confidence);
        (Cell::without_counts(difference, behind), Cell::without_counts(figure(found), behind))
    }
}

/// A cell against a whole that is taken as fixed.
pub(super) fn of_fixed(cell: &Cell, whole: &Cell) -> (Cell, Cell) {
    let (Ok(own), Ok(fixed)) = (&cell.figure, &whole.figure) else {
        return (Cell::absent(Absence::withheld()), Cell::absent(Absence::withheld()));
    };
    let figure = |of: &dyn Fn(f64) -> f64| Figure {
        value: of(own.value),
        limits: own.limits.map(|(lower, upper)| (of(lower), of(upper))),
    };
    let difference = Ok(figure(&|value| value - fixed.value));
    let ratio = if fixed.value > 0.0 {
        Ok(figure(&|value| value / fixed.value))
    } else {
        Err(Absence::not_computable(NotComputable::ZeroReference.to_string()))
    };
    (Cell::without_counts(difference, cell.behind), Cell::without_counts(ratio, cell.behind))
}

/// What a whole has that is not in the group; none: nobody.
pub(super) fn rest(cell: &Cell, whole: &Cell) -> Option<Cell> {
    let (part, people) = cell.counts.part_of_whole()?;
    let (all_part, all) = whole.counts.part_of_whole()?;
    let denominator = all.checked_sub(people).filter(|rest| *rest > 0)?;
    let numerator = all_part.saturating_sub(part).min(denominator);
    let counts = CellCounts {
        numerator: Some(numerator),
        denominator: Some(denominator),
        ..CellCounts::default()
    };
    Some(Cell::new(Ok(Figure::exact(0.0)), counts))
}

/// A computed value as a figure.
pub(super) fn figure(found: Result<Estimate, NotComputable>) -> Result<Figure, Absence> {
    match found {
        Ok(of) => Ok(Figure { value: of.value, limits: of.limits.ok() }),
        Err(why) => Err(Absence::not_computable(why.to_string())),
    }
}
