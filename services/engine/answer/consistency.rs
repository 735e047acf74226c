//! Whether the records of one person agree: people whose records give more than one value of a characteristic (indicator DQ-08).

use super::axis_positions::PositionsOf;
use super::consultations::Tabulated;
use super::crosstab::Totals;
use super::definition::{ColumnDefinition, TableDefinition};
use super::model::{Cell, Column, Key};
use super::people::person_notes;
use super::plan::{On, PlanAxis};
use super::provenance::QuestionSettings;
use super::question::{Counted, Question, asks_its_query};
use super::recording::CHARACTERISTIC;
use crate::domain::codes::{CodeList, State, Value};
use crate::domain::disclosure::TrueCount;
use crate::domain::field::Field;
use crate::domain::measures::Tally;
use crate::domain::reference::Reference;
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Asks whether the records of each person agree.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsistencyQuestion {
    /// What is asked about.
    pub query: Query,
    /// The fields that are asked about, each with a code list.
    pub fields: Vec<Field>,
}

const PERSONS: ColumnDefinition = ColumnDefinition::count(
    "PERSONS",
    &[],
    "People with a person key",
    "Distinct people with at least one consultation of the row.",
);
const SEVERAL: ColumnDefinition = ColumnDefinition {
    definition: "People whose consultations of the row give more than one value, of the people whose consultations give a value. A missing value is no \
                 value. A broader code (Asian, where another record says Indian) is a value, and is never counted as a second one. `unknown_count`: people \
                 without a value.",
    ..ColumnDefinition::indicator("DQ-08", &[CHARACTERISTIC], "")
};
const NOTE: &str = "Records of one person are found by the person key, across the organisations of the row and within one collection. A person whose records agree in one organisation, \
     and differ between two, counts in the row of both together, and not in the rows of each.";

/// What a column shows: the number of the field among those asked for; none: all people.
pub(super) type Shows = Option<usize>;

impl Question for ConsistencyQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "CONSISTENCY",
        title: "Consistency of one person's values",
        rpc: "DataQualityService.GetConsistency",
        columns: &[PERSONS, SEVERAL],
    };
    /// Of each field, its people by value.
    type Figures = Vec<Tabulated>;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Persons)
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Self::Figures>, QueryError> {
        let mut plan = engine.consultations(query, Measure::Persons, &[])?;
        let mut provenance = engine.provenance(&mut plan, query)?;
        // Suppressed counts are of people without keys.
        let (persons, mut keyless) = (!query.suppressed, 0);
        let mut of = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let mut plan = plan.clone();
            plan.axes.push(axis(engine, &plan.reference, *field));
            let (tabulated, without) =
                engine.people_or_records(plan, persons, 1 + self.fields.len())?;
            keyless = without;
            of.push(tabulated);
        }
        if persons {
            person_notes(
                &plan,
                keyless,
                &mut provenance,
                "no two records are known to be of one person",
            );
            provenance.notes.push(NOTE.into());
        }
        let quality = engine.quality(&[(&plan, engine.volumes(&plan)?)])?;
        let rows = Tabulated { plan: of[0].plan.clone(), crosstab: of[0].crosstab.clone() };
        rows.counted(provenance, quality, "consultation", of)
    }

    fn all(&self, figures: &Self::Figures, row: &[usize]) -> Option<TrueCount> {
        Some(of_row(figures, 0, row).any())
    }

    /// Of those whom a share leaves out because they have no value, nothing is known: they are no group.
    fn parts(&self, figures: &Self::Figures, row: &[usize], shows: &Shows) -> Vec<TrueCount> {
        shows.iter().map(|field| of_row(figures, *field, row).several).collect()
    }

    fn columns(&self, reference: &Reference, _: &[&Self::Figures]) -> Vec<(Column, Shows)> {
        let of_field = |(number, field): (usize, &Field)| {
            let key = Key::named(CHARACTERISTIC, field.name(), reference.label_of(*field));
            (SEVERAL.column(reference, vec![key]), Some(number))
        };
        let all = (PERSONS.column(reference, Vec::new()), None);
        [all].into_iter().chain(self.fields.iter().enumerate().map(of_field)).collect()
    }

    fn cell(
        &self,
        figures: &Self::Figures,
        row: &[usize],
        shows: &Shows,
        showing: &Showing,
    ) -> Cell {
        let Some(field) = shows else {
            return Cell::count(of_row(figures, 0, row).any(), showing);
        };
        let Totals { known, unknown, not_collected, outside, several } =
            of_row(figures, *field, row);
        let tally =
            Tally { numerator: several, denominator: known, unknown, not_collected, outside };
        Cell::share(tally, "people", showing)
    }
}

/// People of a row by what their records say of a field.
fn of_row(figures: &[Tabulated], field: usize, row: &[usize]) -> Totals {
    let counts = figures.get(field).and_then(|of| of.crosstab.row(row));
    counts.map_or_else(Totals::default, |counts| counts.totals)
}

/// An axis with a place for each value of a field, and behind them one for each missing state. What is known more coarsely than by one code of the list
/// has the place of that state.
fn axis(engine: &Engine, reference: &Reference, field: Field) -> PlanAxis {
    let catalog = engine.store().catalog();
    let words = catalog.words().of(field);
    let list = reference.list_of(field);
    let place = |(number, value): (usize, &Value)| {
        let state = match value {
            Value::State(State::Any | State::None) | Value::Number(_) => None,
            Value::State(state) => Some(*state),
            Value::Codes(codes) => {
                let is_broad = |list: &CodeList| codes.iter().any(|code| is_broad(list, code));
                list.is_some_and(is_broad).then_some(State::Coarser)
            }
        };
        vec![state.map_or(number, |state| words.len() + state as usize)]
    };
    let positions = PositionsOf {
        of_word: words.iter().enumerate().map(place).collect(),
        not_collected: vec![words.len() + State::NotCollected as usize],
    };
    PlanAxis::computed(On::Field(field, positions.into()), words.len())
}

/// Whether a code of a list holds others.
fn is_broad(list: &CodeList, code: &str) -> bool {
    let mut others = list.categories.iter().filter(|other| other.code != code);
    others.any(|other| list.holds(code, &other.code))
}
