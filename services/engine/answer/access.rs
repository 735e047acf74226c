//! What people need, where their consultations do not say: what their latest access snapshot says.
//!
//! Three fields, each for itself: whether they can use remote care, need an interpreter, have an accessible-information need. The
//! record speaks first. Where it is missing, or says that the person was not assessed, the latest snapshot of the same person key
//! (which is of the same scheme) at or before the consultation's month speaks, of those that collect the field, whichever
//! organisation it is from, if the reader may read it; of two in one month, the one that was accepted last. Where neither knows, the
//! record stands as it is.

mod known;
mod need_from_snapshot;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::plan::{Plan, PlanMonth};
use super::provenance::Provenance;
use crate::domain::collection::{Collection, Dataset};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::query::{Reader, invalid, no_collection, no_dimension};
use crate::engine::scope::Scope;
use crate::engine::{Engine, QueryError};
use crate::store::Standing;
use known::Snapshots;
pub(super) use need_from_snapshot::NEEDS;
use need_from_snapshot::NeedFromSnapshot;

/// What snapshots say of the people of a plan's consultations.
pub(super) struct Access {
    /// Collection of the snapshots; empty: none, and they say nothing.
    collection: String,
    data_position: u64,
    scope: Option<Scope>,
    needs: Vec<NeedFromSnapshot>,
}

/// Numbers of the organisations with snapshots that the reader may not read. The person of a snapshot is found by its key alone: without this,
/// any organisation could ask of a person what others recorded.
fn unheard(
    reference: &Reference,
    reader: &Reader,
    collection: &str,
    months: &[Arc<Standing>],
) -> BTreeSet<u32> {
    let of = (collection, Dataset::DigitalAccess);
    let submissions = months.iter().flat_map(|month| &month.submissions);
    let all: BTreeMap<_, _> =
        submissions.map(|made| (made.slot.organisation, &made.organisation)).collect();
    let unheard = all.into_iter().filter(|(_, code)| !reader.knows(reference, of, code));
    unheard.map(|(number, _)| number).collect()
}

/// The collection whose access snapshots are to tell what records of another do not.
///
/// # Errors
/// It is none, or may not be asked beside the other.
pub fn snapshots_beside<'a>(
    reference: &'a Reference,
    beside: &Collection,
    id: &str,
) -> Result<&'a Collection, QueryError> {
    let found = reference
        .collection(id)
        .ok_or_else(|| no_collection(reference, "access_collection", id))?;
    let Err(why) = beside.may_ask(found) else { return Ok(found) };
    let those = reference.collections().filter(|other| beside.may_ask(other).is_ok());
    let those: Vec<_> = those.map(|other| format!("`{}`", other.id)).collect();
    let instead = match those.as_slice() {
        [] => "no other would do: leave it empty".to_owned(),
        those => format!("name one that does, {}, or leave it empty", those.join(", ")),
    };
    Err(invalid("access_collection", format!("collection `{id}` {why}; {instead}")))
}

/// The fields of needs that a question asks about.
pub(super) fn needs_asked(plan: &Plan) -> Vec<Field> {
    let asks = |field: &Field| {
        plan.axes.iter().any(|axis| axis.field() == Some(*field))
            || plan.filters.iter().any(|filter| filter.field == *field)
    };
    NEEDS.into_iter().filter(asks).collect()
}

/// Says, in a table that asks no snapshots, that other tables do.
pub(super) fn needs_of_records(plan: &Plan, provenance: &mut Provenance) {
    if !needs_asked(plan).is_empty() && !plan.collection.access_collection.is_empty() {
        provenance.notes.push(format!(
            "Needs are what the records of the consultations say. The tables IMPACT and PROVISION also ask the access snapshots in `{}`, \
             and know the needs of more people.",
            plan.collection.access_collection
        ));
    }
}

impl Engine {
    /// Lets the snapshots of a collection up to a month speak of some fields of a plan's consultations, at the plan's position, as far as the
    /// reader may read them, and gives what they say.
    pub(super) fn access(
        &self,
        (plan, reader): (&mut Plan, &Reader),
        collection: &str,
        fields: &[Field],
        last: Month,
    ) -> Result<Access, QueryError> {
        let until = (Month::FIRST, last);
        let (number, months, mut needs) = self.look(|catalog| {
            let reference = &catalog.reference;
            let need = |field: &Field| {
                let dimension = reference.dimension(field.name());
                let dimension =
                    dimension.ok_or_else(|| no_dimension(reference, "query.by", field.name()))?;
                let places = self.positions.of(reference, catalog.words(), dimension, *field);
                Ok(NeedFromSnapshot::new(*field, dimension, &places))
            };
            let needs = fields.iter().map(need).collect::<Result<Vec<_>, QueryError>>()?;
            let number = catalog.collection(collection);
            let months = number.into_iter().flat_map(|number| {
                catalog.months(number, Dataset::DigitalAccess, until, plan.position)
            });
            Ok((number, months.collect::<Vec<_>>(), needs))
        })?;
        let data_position = months.iter().map(|month| month.last()).max().unwrap_or(0);
        let scope =
            number.map(|number| Scope::new(&[(number, Dataset::DigitalAccess)], &[], until));
        let unheard = unheard(&plan.reference, reader, collection, &months);
        let numbers = self.slabs.persons_for_more();
        let snapshots = Snapshots { months, unheard };
        if !snapshots.months.is_empty() {
            let records: usize = plan.months.iter().map(PlanMonth::records).sum();
            let said: usize = snapshots.months.iter().map(|month| month.records()).sum();
            let each = (records + numbers.end() as usize) * size_of::<u32>();
            let values = (records + said) * needs.len();
            let turn = self.settings.threads.begin(each * needs.len(), values)?;
            let columns = |need: &NeedFromSnapshot| need.work(self, plan, &snapshots, &numbers);
            let columns = self.settings.threads.each(&needs, |_| records, columns)?;
            drop(turn);
            self.settings.threads.keep(records * size_of::<u32>() * needs.len())?;
            needs.iter_mut().zip(columns).for_each(|(need, columns)| need.columns = columns);
        }
        let access = Access { collection: collection.to_owned(), data_position, scope, needs };
        access.join(plan);
        Ok(access)
    }
}

impl Access {
    /// Plans of the same consultations by where each need is known from: the record (place 0), a snapshot (1), or neither (2). `plan` is one of them by
    /// what makes the rows, which was joined.
    pub(super) fn sources(&self, plan: &Plan) -> Vec<Plan> {
        let by_source = |need: &NeedFromSnapshot| {
            let mut plan = plan.clone();
            plan.axes.push(need.source_axis());
            plan
        };
        self.needs.iter().map(by_source).collect()
    }

    /// Lets the snapshots speak in a plan of the same consultations.
    pub(super) fn join(&self, plan: &mut Plan) {
        self.needs.iter().for_each(|need| need.join(plan));
    }

    /// Tells what was looked at, and what has to be known to read the figures; nothing where there are no snapshots.
    pub(super) fn told(&self, provenance: &mut Provenance) {
        if self.collection.is_empty() {
            return;
        }
        provenance.looked_at(self.data_position, self.scope.clone());
        provenance.notes.push(format!(
            "Whether a person can use remote care, needs an interpreter or has an accessible-information need is what the record \
             says; where it says nothing or NOT_ASSESSED, what the person's latest snapshot in `{}` at or before the month says.",
            self.collection
        ));
    }
}
