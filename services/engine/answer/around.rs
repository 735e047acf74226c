//! What stands around every table: whether it has a total, what cannot be attributed, why there is nothing, and sums for the
//! quality of its dimensions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::context::{Absence, Context, Reason};
use super::plan::Plan;
use super::table::{Table, Unit};
use crate::domain::area::Area;
use crate::domain::codes::State;
use crate::domain::reference::Reference;
use crate::engine::cache::Scope;
use crate::engine::query::{Filter, Query, Where};
use crate::engine::{Engine, QueryError};

/// A total stands over the rows unless it would be a union that nobody has declared.
pub(super) fn has_total(query: &Query) -> bool {
    let several = matches!(&query.place, Where::Organisations(codes) if codes.len() > 1)
        || query.several().next().is_some();
    !several || query.by.is_empty()
}

impl Context {
    /// Lets a declared parent stand beside what is listed; whether it has figures. Where it has, the answer is not empty, whatever
    /// those listed have; where it is not whole, its row says so here.
    pub(super) fn stands_beside(&mut self, parent: &Self, note: String) -> bool {
        self.data_position = self.data_position.max(parent.data_position);
        self.notes.push(note);
        let (submitted, expected) = (parent.organisation_count, parent.expected_organisation_count);
        if submitted < expected {
            let told = format!(
                "For that row {submitted} of {expected} expected organisations have submitted."
            );
            self.notes.push(told);
        }
        let has_figures = parent.empty.is_none();
        if has_figures {
            self.nothing_of_those_listed();
        }
        has_figures
    }

    /// What would have made the answer empty is said of what is listed: something else has figures.
    pub(super) fn nothing_of_those_listed(&mut self) {
        if let Some(empty) = self.empty.take() {
            self.notes.push(format!("Of those listed nothing is here: {}.", empty.detail));
        }
    }
}

/// Volume that cannot be attributed, and what its figure depends on.
pub(super) struct Elsewhere {
    pub(super) told: Option<(u64, String)>,
    pub(super) data_position: u64,
    pub(super) scope: Option<Scope>,
}

/// What the scope of an answer becomes when it looks at this too.
pub(super) fn joined(scope: Option<Scope>, other: Option<Scope>) -> Option<Scope> {
    scope.zip(other).map(|(scope, other)| scope.joined(other))
}

impl Engine {
    /// The context of an answer over a plan. Where there is nothing, it names the collections that have something.
    pub(super) fn context(&self, plan: &mut Plan, query: &Query) -> Context {
        let mut context = plan.context(query);
        if let Some(empty) = &mut context.empty {
            let others = self.elsewhere(plan, query);
            if !others.is_empty() {
                let others: Vec<_> = others.iter().map(|id| format!("`{id}`")).collect();
                let others = others.join(", ");
                let _ =
                    write!(empty.detail, "; there is data in {others}: name one in `collection`");
            }
            context.data_position = plan.data_position;
        }
        context
    }

    /// What cannot be attributed to the area that was asked for: volume of organisations that belong to what holds it and may
    /// give care in it, and to no area of its kind; by residence, that of people whose home is not known. `volume` plans what is
    /// counted, without axes.
    pub(super) fn unattributed(
        &self,
        plan: &Plan,
        query: &Query,
        volume: impl Fn(&Query) -> Result<Plan, QueryError>,
    ) -> Result<Option<Elsewhere>, QueryError> {
        let mut other = Query { by: Vec::new(), ..query.clone() };
        let detail = match &query.place {
            Where::Organisations(_) => return Ok(None),
            Where::Provider(code) => {
                let Some(area) = plan.reference.areas().get(code) else { return Ok(None) };
                let elsewhere = belonging_to_none(&plan.reference, area);
                if elsewhere.is_empty() {
                    return Ok(None);
                }
                other.place = Where::Organisations(elsewhere);
                format!("belong to no single {}", area.kind)
            }
            Where::Residence(_) => {
                let unknown =
                    State::ALL.into_iter().filter(|s| s.is_unknown() || *s == State::NotCollected);
                let codes = unknown.map(|state| state.name().to_owned()).collect();
                other.filters.push(Filter { dimension: "residence_system".into(), codes });
                other.place = Where::Organisations(
                    plan.reference.organisations().map(|o| o.code.clone()).collect(),
                );
                "the home is not known".into()
            }
        };
        let plan = volume(&other)?;
        let path = plan.path(Unit::Weights);
        let table =
            plan.table(self.store().reader(), Unit::Weights, path, 0, self.settings.threads)?;
        let count: u64 = table.all.iter().sum();
        let whose: BTreeSet<_> =
            plan.submissions.iter().map(|s| s.organisation.to_string()).collect();
        let detail = match &query.place {
            Where::Provider(_) => format!("{} {detail}", some_of(&whose)),
            Where::Residence(_) | Where::Organisations(_) => detail,
        };
        let told = (count > 0).then_some((count, detail));
        Ok(Some(Elsewhere { told, data_position: plan.data_position, scope: plan.scope }))
    }
}

/// A few of some codes.
fn some_of(codes: &BTreeSet<String>) -> String {
    let some: Vec<_> = codes.iter().take(5).map(String::as_str).collect();
    let more = if codes.len() > some.len() { ", …" } else { "" };
    format!("{}{more}", some.join(", "))
}

/// Organisations that belong to an area that holds this one and to none of its kind, and not to another area beside those that
/// hold it: who belongs to one place gives no care in the districts of the other.
fn belonging_to_none(reference: &Reference, area: &Area) -> Vec<String> {
    let areas = reference.areas();
    let mut around = areas.ancestors(&area.code);
    around.remove(area.code.as_str());
    let kinds: BTreeSet<_> =
        around.iter().filter_map(|code| Some(&areas.get(code)?.kind)).collect();
    let found = reference.organisations().filter(|organisation| {
        let holds = |code: &String| around.contains(code.as_str());
        let beside = |code: &String| {
            !holds(code) && areas.get(code).is_some_and(|other| kinds.contains(&other.kind))
        };
        reference.area_of(&organisation.code, &area.kind).is_none()
            && organisation.areas.iter().any(holds)
            && !organisation.areas.iter().any(beside)
    });
    found.map(|organisation| organisation.code.clone()).collect()
}

/// Places of the first inner axis that occur anywhere.
pub(super) fn occurring(table: &Table, places: usize) -> Vec<usize> {
    (0..places).filter(|place| table.all[*place] > 0).collect()
}

/// Sums along each axis whose quality is told.
pub(super) fn axis_sums(plan: &Plan, table: &Table, outer: usize) -> BTreeMap<usize, Vec<u64>> {
    let mut sums = BTreeMap::new();
    for number in (0..outer).filter(|number| plan.axes[*number].field().is_some()) {
        // With another multi-valued axis beside it rows count a record several times; there is at most one, and it is told by ANY.
        // A set of what is known more coarsely is ANY too.
        let other = (0..outer).find(|n| *n != number && plan.axes[*n].dimension.overlapping());
        let once = |row: &Vec<usize>| {
            other.is_none_or(|other| {
                plan.axes[other].state(row[other]).is_some_and(|state| state != State::Coarser)
            })
        };
        let mut of_places = vec![0; plan.axes[number].places()];
        for (row, counts) in table.rows.iter().filter(|(row, _)| once(row)) {
            of_places[row[number]] += counts.iter().take(plan.axes[outer].places()).sum::<u64>();
        }
        sums.insert(number, of_places);
    }
    let inner = plan.axes[outer].places();
    sums.insert(outer, table.all[..inner].to_vec());
    sums
}

/// Why a table with submissions behind it has no figure. `what` is what is counted, in the singular.
pub(super) fn nothing(plan: &Plan, context: &Context, what: &str) -> Absence {
    let uncollected = plan.filters.iter().find(|filter| {
        plan.submissions.iter().all(|submission| submission.column(filter.field).is_none())
    });
    match uncollected {
        Some(filter) => Absence {
            reason: Reason::NotCollected,
            detail: format!(
                "no source of collection `{}` collects {}",
                context.collection,
                filter.field.name()
            ),
        },
        None => Absence {
            reason: Reason::NoData,
            detail: format!("there are submissions, and no {what} in them meets the conditions"),
        },
    }
}
