//! Distinct persons, or records in their place: what the tables count that can be asked for persons.

use std::collections::BTreeSet;

use super::consultations::Tabulated;
use super::crosstab::Totals;
use super::model::Absence;
use super::plan::{Plan, PlanAxis};
use super::provenance::Provenance;
use crate::domain::codes::State;
use crate::domain::disclosure::TrueCount;
use crate::engine::{Engine, QueryError};

impl Engine {
    /// Counts a plan whose last axis is the inner one, for a table with so many columns at least: distinct persons, or what its records stand for. With
    /// the consultations without a person key in submissions that carry keys.
    pub(super) fn people_or_records(
        &self,
        plan: Plan,
        persons: bool,
        columns: usize,
    ) -> Result<(Tabulated, u64), QueryError> {
        if persons {
            let listed = self.listed(plan.axes.len() - 1, columns);
            let (crosstab, keyless) = self.count_persons(&plan, listed)?;
            return Ok((Tabulated { plan, crosstab }, keyless));
        }
        let mut tabulated = self.tabulated(plan, 1, columns)?;
        let (axis, of) = (tabulated.inner().clone(), &mut tabulated.crosstab);
        for counts in of.rows.values_mut().chain([&mut of.all]) {
            counts.totals = totals(&axis, &counts.inner);
        }
        Ok((tabulated, 0))
    }
}

/// What a reader can ask for in place of persons.
pub(super) const CONTACTS_INSTEAD: &str = "ask for CONTACTS or ATTENDED_CONTACTS";

/// The records of a row, out of those by place on its inner axis.
fn totals(axis: &PlanAxis, counts: &[TrueCount]) -> Totals {
    let sum = |of: fn(&PlanAxis, usize) -> bool| {
        let places = counts.iter().enumerate().filter(|(place, _)| of(axis, *place));
        places.map(|(_, count)| *count).sum()
    };
    Totals {
        known: sum(is_known),
        unknown: sum(|axis, place| is_collected(axis, place) && !is_known(axis, place)),
        not_collected: sum(|axis, place| is_asked(axis, place) && !is_collected(axis, place)),
        outside: sum(|axis, place| !is_asked(axis, place)),
        several: TrueCount::default(),
    }
}

pub(super) fn is_known(axis: &PlanAxis, place: usize) -> bool {
    axis.state(place).is_none_or(|state| state == State::Coarser)
}

fn is_asked(axis: &PlanAxis, place: usize) -> bool {
    axis.state(place) != Some(State::NotApplicable)
}

pub(super) fn is_collected(axis: &PlanAxis, place: usize) -> bool {
    is_asked(axis, place) && axis.state(place) != Some(State::NotCollected)
}

/// What has to be known to read counts of persons. `keyless` are consultations without a key in submissions that carry keys; `instead`: what the reader
/// can do if no submission has keys.
pub(super) fn person_notes(plan: &Plan, keyless: u64, provenance: &mut Provenance, instead: &str) {
    let with = plan.submissions().filter(|s| s.has_persons);
    let schemes = with.map(|s| &s.person_key_scheme).collect::<BTreeSet<_>>().len();
    let all = plan.submissions().count();
    let without = plan.submissions().filter(|s| !s.has_persons).count();
    let notes = &mut provenance.notes;
    if schemes > 1 {
        notes.push(format!(
            "Persons per scheme, summed: {schemes} person-key schemes cannot be merged."
        ));
    }
    if without > 0 {
        notes.push(format!(
            "Submissions without person keys, which count no persons: {without} of {all}."
        ));
    }
    if !plan.protection.is_exact() {
        notes.push("Consultations without a person key count no person.".into());
    } else if keyless > 0 {
        notes.push(format!("Consultations without a person key, in submissions that carry keys: {keyless}. They count no person."));
    }
    if schemes == 0 && all > 0 {
        let why = format!("no submission carries person keys: {instead}");
        provenance.empty = Some(Absence::not_computable(why));
    }
}
