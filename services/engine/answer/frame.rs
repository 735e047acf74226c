//! The frame of every table: whether it has a total, where there is data if it has none, and what cannot be attributed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{Absence, Cell, Key, Row};
use super::plan::Plan;
use super::provenance::{Provenance, some_of};
use super::question::Question;
use crate::domain::area::Area;
use crate::domain::codes::{Source, State};
use crate::domain::disclosure::release_rule::Codes;
use crate::domain::reference::Reference;
use crate::engine::query::{Filter, Query, Where};
use crate::engine::{Engine, QueryError};

/// A total stands over the rows unless it would be a union that nobody has declared.
pub(super) fn has_total(query: &Query) -> bool {
    if query.only_listed {
        return false;
    }
    let several = matches!(&query.place, Where::Organisations(codes) if codes.len() > 1)
        || query.several().next().is_some();
    !several || query.by.is_empty()
}

/// A row, withheld if it is about an area that a release does not show; `shown`: the areas that it shows, none: all.
pub(super) fn of_shown_area(mut row: Row, reference: &Reference, shown: Option<&Codes>) -> Row {
    let Some(shown) = shown else { return row };
    let is_area = |key: &Key| {
        let source = reference.dimension(&key.dimension).map(|dimension| &dimension.source);
        match (key.state, source) {
            (None, Some(Source::ProviderArea(_))) => true,
            // A declared parent: the area that contains the listed organisations or areas.
            (Some(State::Any), Some(Source::ProviderArea(_) | Source::Organisation)) => {
                reference.areas().get(&key.code).is_some()
            }
            _ => false,
        }
    };
    if row.keys.iter().any(|key| is_area(key) && !shown.contains(&key.code)) {
        row.cells.fill_with(|| Cell::absent(Absence::withheld()));
    }
    row
}

impl Engine {
    /// The provenance of an answer over a plan. Where there is nothing, it names the collections that have data.
    pub(super) fn provenance(
        &self,
        plan: &mut Plan,
        query: &Query,
    ) -> Result<Provenance, QueryError> {
        let mut provenance = plan.provenance(query);
        if let Some(empty) = &mut provenance.empty {
            let others = self.elsewhere(plan, query)?;
            if !others.is_empty() {
                let others: Vec<_> = others.iter().map(|id| format!("`{id}`")).collect();
                let others = others.join(", ");
                let _ =
                    write!(empty.detail, "; there is data in {others}: name one in `collection`");
            }
            provenance.data_position = plan.data_position;
            provenance.scope.clone_from(&plan.scope);
        }
        Ok(provenance)
    }

    /// Says what cannot be attributed to the area that was asked for: volume of organisations that belong to what holds it and may
    /// give care in it, and to no area of its kind; by residence, that of people whose home is not known.
    pub(super) fn unattributed<Q: Question>(
        &self,
        question: &Q,
        plan: &Plan,
        query: &Query,
        provenance: &mut Provenance,
    ) -> Result<(), QueryError> {
        let mut other = Query { by: Vec::new(), ..query.clone() };
        let kind = match &query.place {
            Where::Organisations(_) => return Ok(()),
            Where::Provider(code) => {
                let Some(area) = plan.reference.areas().get(code) else { return Ok(()) };
                let elsewhere = belonging_to_none(&plan.reference, area);
                if elsewhere.is_empty() {
                    return Ok(());
                }
                other.place = Where::Organisations(elsewhere);
                Some(&area.kind)
            }
            Where::Residence(_) => {
                let unknown =
                    State::ALL.into_iter().filter(|s| s.is_unknown() || *s == State::NotCollected);
                let codes = unknown.map(|state| state.name().to_owned()).collect();
                other.filters.push(Filter { dimension: "residence_system".into(), codes });
                let all = plan.reference.organisations();
                other.place = Where::Organisations(all.map(|o| o.code.clone()).collect());
                None
            }
        };
        let Some(plan) = question.volume(self, &other)? else { return Ok(()) };
        let count = plan.protection.see(self.count(&plan, 0)?.all.sum());
        let whose = some_of(&Vec::from_iter(plan.organisations()), 5);
        let detail = kind.map_or("the home is not known".into(), |kind| {
            format!("{whose} belong to no single {kind}")
        });
        provenance.looked_at(plan.data_position, plan.scope);
        provenance.unattributed = count.filter(|count| *count > 0).map(|count| (count, detail));
        Ok(())
    }
}

/// Organisations that belong to an area that holds this one and to none of its kind, and not to another area beside those that
/// hold it: who belongs to one place gives no care in the districts of the other.
fn belonging_to_none(reference: &Reference, area: &Area) -> Vec<String> {
    let areas = reference.areas();
    let mut around = areas.ancestors(&area.code);
    around.remove(area.code.as_str());
    let kinds: BTreeSet<_> =
        around.iter().filter_map(|code| Some(&areas.get(code)?.kind)).collect();
    let found = reference.without(&area.kind).filter(|organisation| {
        let holds = |code: &String| around.contains(code.as_str());
        let beside = |code: &String| {
            !holds(code) && areas.get(code).is_some_and(|other| kinds.contains(&other.kind))
        };
        organisation.areas.iter().any(holds) && !organisation.areas.iter().any(beside)
    });
    found.map(|organisation| organisation.code.clone()).collect()
}
