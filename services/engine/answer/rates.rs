//! The people behind consultations: rates per 1,000 of the matching population.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Absence, Reason};
use super::plan::{Ask, On, Plan};
use super::table::{Table, Unit};
use crate::domain::codes::{Dimension, State};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::cache::Scope;
use crate::engine::query::{Filter, Query, no_collection};
use crate::engine::{Engine, QueryError};

/// A population matched to a plan of consultations.
pub(super) struct Population {
    plan: Plan,
    table: Table,
    /// Axes of the consultations' plan that the population has too.
    shared: Vec<usize>,
    /// Organisations and months with consultations and without a population: places on the shared axes of submissions, and words.
    missing: Vec<(BTreeMap<usize, usize>, String)>,
}

/// Whether a population can be broken down by a field.
fn of_people(field: Field) -> bool {
    field.is_characteristic() || field == Field::ResidenceLsoa
}

impl Engine {
    /// The population that goes with a plan of consultations.
    pub(super) fn population(
        &self,
        plan: &Plan,
        query: &Query,
        named: &str,
    ) -> Result<Population, QueryError> {
        let collection =
            if named.is_empty() { plan.collection.population_collection.as_str() } else { named };
        if collection.is_empty() {
            return Err(QueryError::Field {
                field: "population_collection".into(),
                description: format!("collection `{}` names none: name one", plan.collection.id),
            });
        }
        let found = plan.reference.collection(collection);
        let found = found.ok_or_else(|| no_collection(&plan.reference, collection))?;
        if !found.datasets.contains(&Dataset::Populations) {
            return Err(QueryError::Field {
                field: "population_collection".into(),
                description: format!("collection `{collection}` holds no populations"),
            });
        }
        let outer = plan.axes.len() - 1;
        let shared: Vec<_> =
            (0..outer).filter(|n| plan.axes[*n].field().is_none_or(of_people)).collect();
        let dimensions = shared.iter().map(|n| plan.axes[*n].dimension.id.clone()).collect();
        let kept = |filter: &&Filter| {
            let field = plan.reference.dimension(&filter.dimension).and_then(Dimension::field);
            field.is_none_or(of_people)
        };
        let filters = query.filters.iter().filter(kept).cloned().collect();
        let ask = Ask { query, collection, dataset: Dataset::Populations, dimensions, filters };
        let mut people = self.plan(&ask)?;
        // Where nobody has said how many consultations there were, people would count as never seen.
        let seen: BTreeSet<_> =
            plan.submissions.iter().map(|s| (s.slot.organisation, s.slot.month)).collect();
        people.keep(|s| seen.contains(&(s.slot.organisation, s.slot.month)));
        let path = people.path(Unit::Weights);
        let table =
            people.table(self.store().reader(), Unit::Weights, path, 0, self.settings.threads)?;

        let has: BTreeSet<_> =
            people.submissions.iter().map(|s| (s.slot.organisation, s.slot.month)).collect();
        let without = plan.submissions.iter().enumerate();
        let without = without.filter(|(_, s)| !has.contains(&(s.slot.organisation, s.slot.month)));
        let missing = without.map(|(number, submission)| {
            let places = shared.iter().filter_map(|n| match &plan.axes[*n].on {
                On::Submission(places) => Some((*n, places[number])),
                On::Field(..) => None,
            });
            (places.collect(), format!("{} {}", submission.organisation, submission.slot.month))
        });
        let missing = missing.collect();
        Ok(Population { table, shared, missing, plan: people })
    }
}

impl Population {
    /// People times months of a row, or why that cannot be told.
    pub(super) fn of(&self, plan: &Plan, row: &[usize]) -> Result<u64, Absence> {
        let absent = |reason, detail: String| Err(Absence { reason, detail });
        let concerns = |places: &BTreeMap<usize, usize>| {
            places.iter().all(|(axis, place)| row.get(*axis).is_none_or(|at| at == place))
        };
        let missing: Vec<_> = self
            .missing
            .iter()
            .filter(|(places, _)| concerns(places))
            .map(|(_, words)| words.as_str())
            .collect();
        if let Some(first) = missing.first() {
            let detail = format!(
                "collection `{}` has no population for {} of the months and organisations, the first {first}",
                self.plan.collection.id,
                missing.len()
            );
            return absent(Reason::NotComputable, detail);
        }
        let mut wanted = Vec::new();
        for (mine, theirs) in self.shared.iter().enumerate() {
            let Some(place) = row.get(*theirs) else { continue };
            let key = plan.axes[*theirs].key(*place);
            if key.state.is_some_and(|state| !matches!(state, State::Any | State::None)) {
                return absent(
                    Reason::NotComputable,
                    format!("{} is no category with a population", key.code),
                );
            }
            // The places of an axis that submissions decide depend on who has submitted: match them by code.
            let axis = &self.plan.axes[mine];
            match (0..axis.places()).find(|place| axis.key(*place) == key) {
                Some(place) => wanted.push(place),
                None => {
                    return absent(
                        Reason::NoData,
                        format!("nobody has said how many people {} has", key.code),
                    );
                }
            }
        }
        let found = if row.is_empty() {
            self.table.all.first()
        } else {
            self.table.rows.get(&wanted).and_then(|c| c.first())
        };
        match found {
            Some(people) if *people > 0 => Ok(*people),
            _ => {
                let fields = self.shared.iter().filter_map(|n| plan.axes[*n].field());
                let names: Vec<_> = fields.map(Field::name).collect();
                let detail = format!(
                    "collection `{}` has no people by {}",
                    self.plan.collection.id,
                    names.join(", ")
                );
                absent(Reason::NotCollected, detail)
            }
        }
    }

    /// What has to be known to read the rates.
    pub(super) fn note(&self) -> String {
        format!(
            "Rates are per 1,000 people of collection `{}` a month: consultations over people, both summed over the months.",
            self.plan.collection.id
        )
    }

    pub(super) fn data_position(&self) -> u64 {
        self.plan.data_position
    }

    pub(super) fn scope(&self) -> Option<Scope> {
        self.plan.scope.clone()
    }
}
