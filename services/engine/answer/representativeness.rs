//! Whether the people of the records are like the population: each category's share of the records over its share of the population
//! (indicator DQ-10).

use super::access::needs_of_records;
use super::crosstab::Crosstab;
use super::definition::{ColumnDefinition, TableDefinition};
use super::frame::has_total;
use super::model::{Absence, Cell, CellCounts, Column, Figure};
use super::people::{CONTACTS_INSTEAD, person_notes};
use super::plan::{Plan, PlanAxis};
use super::provenance::QuestionSettings;
use super::question::{Counted, Question, asks_its_query};
use super::rates::{Known, Population, of_people};
use crate::domain::codes::{Dimension, State};
use crate::domain::disclosure::{Protection, TrueCount};
use crate::domain::measures::Tally;
use crate::domain::reference::Reference;
use crate::engine::query::{Measure, Query, Showing, invalid};
use crate::engine::{Engine, QueryError};

/// Asks how the categories of a characteristic are represented among records.
#[derive(Clone, Debug, PartialEq)]
pub struct RepresentativenessQuestion {
    /// What is asked about: by the characteristic, and under no condition on it.
    pub query: Query,
    /// The dimension whose categories are compared with the population, see [`characteristic`].
    pub characteristic: String,
    /// What is counted.
    pub measure: Measure,
    /// Collection of the population; empty: the one that the collection names.
    pub population: String,
}

const CONTACTS: ColumnDefinition = ColumnDefinition::count(
    "CONTACTS",
    &[],
    "Consultations",
    "All consultations of the row, also missed and cancelled ones. If the measure is CONTACTS.",
);
const ATTENDED: ColumnDefinition = ColumnDefinition::count(
    "ATTENDED_CONTACTS",
    &[],
    "Consultations attended",
    "Consultations of the row that the person attended. If the measure is ATTENDED_CONTACTS.",
);
const PERSONS: ColumnDefinition = ColumnDefinition::count(
    "PERSONS",
    &[],
    "People with at least one consultation",
    "Distinct people of the row. A person whose records have several categories counts in each of them. If the measure is PERSONS.",
);
const OF_RECORDS: ColumnDefinition = ColumnDefinition::indicator("DQ-10-RECORDS", &[], "");
const OF_POPULATION: ColumnDefinition = ColumnDefinition::indicator("DQ-10-POPULATION", &[], "");
const RATIO: ColumnDefinition = ColumnDefinition {
    definition: "DQ-10-RECORDS ÷ DQ-10-POPULATION; 1: as in the population. The limits are the Wilson limits of DQ-10-RECORDS, divided by the \
                 population's share, which is taken as fixed. The counts are those of DQ-10-RECORDS.",
    ..ColumnDefinition::indicator("DQ-10", &[], "")
};
const NOTE: &str = "Shares are of the records, and of the people, whose category is known, in the same place and period. The limits of DQ-10 are those of \
     the records' share divided by the population's share, which is taken as fixed.";

/// What a column shows.
pub(super) enum Shows {
    Count,
    OfRecords,
    OfPopulation,
    Ratio,
}

/// What was counted.
pub(super) struct Represented {
    rows: Crosstab,
    /// The characteristic, and its number among the axes that make rows; none: the rows are not by it.
    axis: PlanAxis,
    number: Option<usize>,
    /// The same without the characteristic among what makes rows: what shares are shares of.
    wholes: Crosstab,
    /// The same of suppressed counts, each as one; none: there are none, or the question's reader is not told of any.
    left_out: Option<Crosstab>,
    persons: bool,
    population: Option<Population>,
}

impl Represented {
    fn all(&self, of: &Crosstab, row: &[usize]) -> TrueCount {
        let Some(counts) = of.row(row) else { return TrueCount::default() };
        match self.persons {
            true => counts.totals.any(),
            false => Known::new(&self.axis, &counts.inner).all,
        }
    }

    /// Records of a row's place and period whose category is known.
    fn known(&self, row: &[usize]) -> TrueCount {
        let Some(counts) = self.wholes.row(&self.beside(row)) else { return TrueCount::default() };
        match self.persons {
            true => counts.totals.known,
            false => Known::new(&self.axis, &counts.inner).known(),
        }
    }

    /// Suppressed counts among these, at least: with any, a share would be one of the rest alone.
    fn left_out(&self, row: &[usize]) -> u64 {
        let counts = self.left_out.as_ref().and_then(|of| of.row(&self.beside(row)));
        let known = counts.map(|counts| Known::new(&self.axis, &counts.inner).known());
        known.and_then(|known| Protection::Exact.see(known)).unwrap_or_default()
    }

    /// A row's places without that of the characteristic.
    fn beside(&self, row: &[usize]) -> Vec<usize> {
        let beside = row.iter().enumerate().filter(|(number, _)| Some(*number) != self.number);
        beside.map(|(_, place)| *place).collect()
    }

    /// Whether a row is of a category of the characteristic.
    fn is_of_category(&self, row: &[usize]) -> bool {
        let place = self.number.and_then(|number| row.get(number));
        let state = |place: &usize| self.axis.state(*place);
        place.is_some_and(|at| state(at).is_none_or(|of| matches!(of, State::Any | State::None)))
    }

    /// People times months of a row, and those of its place and period whose category is known.
    fn people(&self, row: &[usize]) -> Result<(u64, u64), Absence> {
        let Some(population) = &self.population else { return Err(Absence::not_computable("")) };
        let people = population.of(row)?;
        let whole = population.known(row, &self.axis.dimension.id)?;
        Ok((people.min(whole), whole))
    }
}

impl Question for RepresentativenessQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "REPRESENTATIVENESS",
        title: "Representativeness",
        rpc: "DataQualityService.GetRepresentativeness",
        columns: &[CONTACTS, ATTENDED, PERSONS, OF_RECORDS, OF_POPULATION, RATIO],
    };
    type Figures = Represented;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(self.measure)
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Represented>, QueryError> {
        // Suppressed counts are of people without keys.
        let persons = self.measure == Measure::Persons && !query.suppressed;
        let number = query.by.iter().position(|id| *id == self.characteristic);
        let plan = |query: &Query| {
            engine.consultations(query, self.measure, &[self.characteristic.as_str()])
        };
        let tabulated = |plan: Plan| engine.people_or_records(plan, persons, COLUMNS);
        let mut by_all = plan(query)?;
        let mut provenance = engine.provenance(&mut by_all, query)?;
        needs_of_records(&by_all, &mut provenance);
        let (rows, without) = tabulated(by_all)?;
        let pinned = rows.plan.pinned(query);
        let mut sums = if persons { engine.volumes(&rows.plan)? } else { rows.sums() };
        if number.is_some() {
            sums.remove(&(rows.plan.axes.len() - 1));
        }
        let quality = engine.quality(&[(&rows.plan, sums)])?;
        if persons {
            person_notes(&rows.plan, without, &mut provenance, CONTACTS_INSTEAD);
        }
        let mut beside = pinned.clone();
        beside.by.retain(|id| *id != self.characteristic);
        let wholes = match number {
            Some(_) => tabulated(plan(&beside)?)?.0.crosstab,
            None => rows.crosstab.clone(),
        };
        // Whoever may not see all is not told whether there are any.
        let told = rows.plan.protection.is_exact() && rows.plan.has_suppressed();
        let left_out = (told && number.is_some() && !query.suppressed)
            .then(|| engine.count(&plan(&beside)?.of_suppressed(), 1))
            .transpose()?;
        let population = (number.is_some() && !query.suppressed)
            .then(|| engine.population(&rows.plan, &pinned, &self.population))
            .transpose()?;
        if let Some(population) = &population {
            population.told(&mut provenance, has_total(query), ("ratio", NOTE));
        }
        let (crosstab, axis) = (rows.crosstab.clone(), rows.inner().clone());
        let figures =
            Represented { rows: crosstab, axis, number, wholes, left_out, persons, population };
        rows.counted(provenance, quality, "consultation", figures)
    }

    fn all(&self, figures: &Represented, row: &[usize]) -> Option<TrueCount> {
        Some(figures.all(&figures.rows, row))
    }

    /// A row is of one category: it has no parts.
    fn parts(&self, _: &Represented, _: &[usize], _: &Shows) -> Vec<TrueCount> {
        Vec::new()
    }

    fn columns(&self, reference: &Reference, _: &[&Represented]) -> Vec<(Column, Shows)> {
        let all = match self.measure {
            Measure::Contacts => CONTACTS,
            Measure::AttendedContacts => ATTENDED,
            Measure::Persons => PERSONS,
        };
        let columns: [_; COLUMNS] = [
            (all, Shows::Count),
            (OF_RECORDS, Shows::OfRecords),
            (OF_POPULATION, Shows::OfPopulation),
            (RATIO, Shows::Ratio),
        ];
        columns.map(|(of, shows)| (of.column(reference, Vec::new()), shows)).into()
    }

    fn cell(&self, figures: &Represented, row: &[usize], shows: &Shows, of: &Showing) -> Cell {
        let all = figures.all(&figures.rows, row);
        if let Shows::Count = shows {
            return Cell::count(all, of);
        }
        if !figures.is_of_category(row) {
            return Cell::absent(Absence::not_computable("the row is of no category"));
        }
        let people = figures.people(row);
        if let Shows::OfPopulation = shows {
            let Ok((people, whole)) = people.clone() else {
                return people.map_or_else(Cell::absent, |_| Cell::absent(Absence::withheld()));
            };
            let counts = CellCounts {
                numerator: Some(people),
                denominator: Some(whole),
                ..CellCounts::default()
            };
            return Cell::new(Ok(Figure::exact(share((people, whole)))), counts);
        }
        if let left_out @ 1.. = figures.left_out(row) {
            return Cell::absent(Absence::suppressed(left_out));
        }
        let tally = Tally { numerator: all, denominator: figures.known(row), ..Tally::default() };
        let none = |_: &CellCounts| Absence::no_data("no record has a known category");
        let mut cell = Cell::share_or(tally, of, none);
        // Those who are in no category belong to no row of one.
        cell.counts = CellCounts {
            numerator: cell.counts.numerator,
            denominator: cell.counts.denominator,
            ..CellCounts::default()
        };
        if let Shows::Ratio = shows {
            cell.figure = cell.figure.and_then(|of| Ok(over(of, share(people?))));
        }
        cell
    }
}

const COLUMNS: usize = 4;

#[allow(clippy::cast_precision_loss)] // people times months are below 2^53
fn share((people, whole): (u64, u64)) -> f64 {
    people as f64 / whole as f64
}

/// A figure and its limits, divided by a fixed number above 0.
fn over(figure: Figure, by: f64) -> Figure {
    let limits = figure.limits.map(|(lower, upper)| (lower / by, upper / by));
    Figure { value: figure.value / by, limits }
}

/// The one dimension of a question that populations have too.
///
/// # Errors
/// There is none or several, a condition is on the same characteristic, or persons are counted by a characteristic of which they may have several
/// categories.
pub fn characteristic(
    reference: &Reference,
    query: &Query,
    measure: Measure,
) -> Result<String, QueryError> {
    let field = |id: &String| reference.dimension(id).and_then(Dimension::field);
    let mut found = query.by.iter().filter(|id| field(id).is_some_and(of_people));
    let Some(id) = found.next() else {
        let why = "needs a characteristic that populations have: `ethnic_group_broad`";
        return Err(invalid("query.by", why));
    };
    if let Some(other) = found.next() {
        let why = format!("has `{id}` and `{other}`: ask for one characteristic at a time");
        return Err(invalid("query.by", why));
    }
    if query.filters.iter().any(|filter| field(&filter.dimension) == field(id)) {
        let why = format!(
            "must have no condition on the characteristic of `{id}`: shares are of all its categories"
        );
        return Err(invalid("query.where", why));
    }
    let several = reference.dimension(id).is_some_and(Dimension::overlapping);
    if several && measure == Measure::Persons {
        let why = format!("must not be PERSONS: a record may have several categories of `{id}`");
        return Err(invalid("measure", why));
    }
    Ok(id.clone())
}
