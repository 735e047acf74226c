//! The people behind consultations: rates per 1,000 of the matching population.
//!
//! A rate is told only where consultations and people match: the same organisations and months, and in what they are told apart
//! by, either both of them collect it or neither does. If some of either are known only more coarsely than by a category, no
//! category has a rate: they may be of any. Who is in no category at all is told as a share, of both.

mod choice;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::counted::line;
use super::crosstab::{Crosstab, InnerCounts};
use super::model::Absence;
use super::plan::{On, Plan, PlanAxis, PlanFilter};
use super::provenance::Provenance;
use crate::domain::codes::{Dimension, State};
use crate::domain::collection::{Collection, Dataset, Openness};
use crate::domain::disclosure::{Protection, TrueCount};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::query::{Filter, Query, invalid, taking};
use crate::engine::{Engine, QueryError};
use crate::store::Submission;

/// A population matched to a plan of consultations.
pub(super) struct Population {
    plan: Plan,
    /// What may be seen of the consultations, whatever may be seen of the people.
    of_consultations: Protection,
    crosstab: Crosstab,
    /// All people of each place and period; none: the question's reader may see all.
    all: Option<Crosstab>,
    /// The same of suppressed counts of people, each as one; none: there are none.
    suppressed: Option<Crosstab>,
    /// Axes that the population has too, in its order.
    shared: Vec<Shared>,
    characteristics: Vec<Characteristic>,
    /// What stands behind rows, by places on the shared axes that submissions decide; behind everything: none.
    behind: BTreeMap<Vec<usize>, Behind>,
    /// The other collection that was looked at, and its organisations; none: there was no choice.
    unused: Option<(String, Vec<String>)>,
}

/// An axis of consultations that people have too.
struct Shared {
    /// Its number among those of the consultations.
    axis: usize,
    /// The people's place of each of the consultations': those of time, organisation and area depend on who has submitted.
    places: Vec<Option<usize>>,
    by_submission: bool,
}

/// What people and consultations are told apart by: an axis, a condition, or both.
struct Characteristic {
    /// The axis of people.
    on: PlanAxis,
    /// The number of the consultations' axis.
    axis: Option<usize>,
    /// The place that a condition wants, the first of several.
    condition: Option<usize>,
    /// How well it is known of people, by their places on the axes that submissions decide; of all: none.
    people: BTreeMap<Vec<usize>, Known>,
    /// The same of consultations, by places on their own axes.
    seen: BTreeMap<Vec<usize>, Known>,
}

/// Consultations, or people times months: all of them, those known only more coarsely, those in no category.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) all: TrueCount,
    coarser: TrueCount,
    missing: TrueCount,
}

/// Organisations' months with consultations: how many, those without people, those that collect a field of one of both alone.
#[derive(Default)]
struct Behind {
    count: usize,
    months: BTreeSet<Month>,
    without: Vec<Arc<Submission>>,
    unlike: BTreeMap<Field, Vec<Arc<Submission>>>,
}

/// A count in words, if it may be seen.
fn told_of(count: Option<u64>) -> String {
    count.map_or_else(|| "few or none".to_owned(), |count| count.to_string())
}

/// The organisation and month of the first of some submissions.
fn first(of: &[Arc<Submission>]) -> String {
    let first = of.iter().min_by_key(|of| (&of.organisation, of.slot.month));
    first.map_or(String::new(), |of| format!("{} {}", of.organisation, of.slot.month))
}

/// Whether a population can be broken down by a field.
pub(super) fn of_people(field: Field) -> bool {
    field.is_characteristic() || field == Field::ResidenceLsoa
}

impl Engine {
    /// The population of one collection that goes with a plan of consultations.
    fn population_of(
        &self,
        plan: &Plan,
        query: &Query,
        collection: &str,
    ) -> Result<Population, QueryError> {
        let field = "population_collection";
        if collection.is_empty() {
            let why = format!("collection `{}` names none: name one", plan.collection.id);
            return Err(invalid(field, why));
        }
        let people = taking(&plan.reference, field, collection, Dataset::Populations)?;
        // The question was held to no lattice, and reads no release.
        let is_open = |of: &Collection| of.openness == Openness::Open;
        if is_open(&plan.collection) && !is_open(people) && !query.showing.protection.is_exact() {
            return Err(QueryError::Refused(format!(
                "`{collection}` is controlled, and of `{}`, which is open, everything may be asked: name an open population in `{field}`",
                plan.collection.id
            )));
        }
        let outer = plan.axes.len() - 1;
        let shared: Vec<_> =
            (0..outer).filter(|n| plan.axes[*n].field().is_none_or(of_people)).collect();
        let by = shared.iter().map(|n| plan.axes[*n].dimension.id.clone()).collect();
        let kept = |filter: &&Filter| {
            let field = plan.reference.dimension(&filter.dimension).and_then(Dimension::field);
            field.is_none_or(of_people)
        };
        let filters = query.filters.iter().filter(kept).cloned().collect();
        let query = Query { collection: collection.to_owned(), by, filters, ..query.clone() };
        let mut people = self.plan(&query, Dataset::Populations)?;
        // Where nobody has said how many consultations there were, people would count as never seen.
        let seen: BTreeSet<_> =
            plan.submissions().map(|s| (s.slot.organisation, s.slot.month)).collect();
        let of = |s: &Arc<Submission>| (s.slot.organisation, s.slot.month);
        let kept: Vec<_> = people.submissions().map(|s| seen.contains(&of(s))).collect();
        people.keep(&kept);
        let crosstab = self.count(&people, 0)?;
        // Whoever may not see all is not told whether there are any.
        let told = people.protection.is_exact() && people.has_suppressed();
        let suppressed = told.then(|| self.count(&people.of_suppressed(), 0));
        let suppressed = suppressed.transpose()?;
        let shared = shared.into_iter().zip(&people.axes);
        let shared: Vec<_> = shared.map(|(n, axis)| Shared::new(n, plan, axis)).collect();
        let characteristics = self.characteristics(plan, &people, &shared)?;
        let may_see_all = people.protection.is_exact();
        let all = (!may_see_all).then(|| self.count(&all_of(&people, &shared), 0)).transpose()?;
        let behind = behind(plan, &people, &shared, &characteristics);
        let of_consultations = plan.protection.clone();
        Ok(Population {
            of_consultations,
            crosstab,
            all,
            suppressed,
            shared,
            characteristics,
            behind,
            plan: people,
            unused: None,
        })
    }

    /// What people and consultations are told apart by, and how well it is known of them.
    fn characteristics(
        &self,
        plan: &Plan,
        people: &Plan,
        shared: &[Shared],
    ) -> Result<Vec<Characteristic>, QueryError> {
        let by_submission: (Vec<_>, Vec<_>) = (0..shared.len())
            .filter(|n| shared[*n].by_submission)
            .map(|n| (n, shared[n].axis))
            .unzip();
        let of_axes = people.axes.iter().filter(|axis| axis.field().is_some()).cloned();
        let axes = people.filters.iter().map(PlanFilter::axis).chain(of_axes);
        let axes: BTreeMap<_, _> = axes.map(|axis| (axis.dimension.id.clone(), axis)).collect();
        let mut found = Vec::new();
        for (id, on) in axes {
            let known = |plan: &Plan, beside: &[usize]| {
                // Without the conditions on it: they would hide whom they leave out.
                let plan = plan.opened(on.clone(), beside);
                let mut crosstab = self.count(&plan, 1)?;
                if plan.has_suppressed() {
                    crosstab.add(self.count(&plan.of_suppressed(), 1)?);
                }
                // Where no axis is decided by submissions, the only row is the one of all.
                let rows = crosstab.rows.into_iter().chain([(Vec::new(), crosstab.all)]);
                let known = |(row, counts): (_, InnerCounts)| (row, Known::new(&on, &counts.inner));
                Ok::<_, QueryError>(rows.map(known).collect())
            };
            let (known, seen) = (known(people, &by_submission.0)?, known(plan, &by_submission.1)?);
            let axis = people.axes.iter().zip(shared).find(|(axis, _)| axis.dimension.id == id);
            let wanted = people.filters.iter().filter(|filter| filter.dimension.id == id);
            found.push(Characteristic {
                on,
                axis: axis.map(|(_, shared)| shared.axis),
                condition: wanted.flat_map(|filter| &filter.wanted).next().copied(),
                people: known,
                seen,
            });
        }
        Ok(found)
    }
}

impl Shared {
    fn new(axis: usize, plan: &Plan, of_people: &PlanAxis) -> Self {
        let own = &plan.axes[axis];
        let by_submission = own.field().is_none();
        let place = |place: usize| {
            if !by_submission && Arc::ptr_eq(&own.categories, &of_people.categories) {
                return Some(place);
            }
            let key = own.key(place);
            if !by_submission {
                return match own.state(place) {
                    Some(state) => Some(of_people.dimension.place_of_state(state)),
                    None => of_people.dimension.place_of(&key.code),
                };
            }
            (0..of_people.places()).find(|place| of_people.key(*place) == key)
        };
        Self { axis, places: (0..own.places()).map(place).collect(), by_submission }
    }
}

impl Known {
    /// Those that are in a category, or in a set of categories.
    pub(super) fn known(self) -> TrueCount {
        self.all.rest(self.missing)
    }

    pub(super) fn new(axis: &PlanAxis, counts: &[TrueCount]) -> Self {
        let mut known = Self::default();
        for (place, count) in counts.iter().copied().enumerate() {
            match axis.state(place) {
                Some(State::Coarser) => known.coarser += count,
                // Each once: in any category of a multi-valued dimension they are in ANY too.
                None if axis.dimension.overlapping() => {}
                None | Some(State::Any | State::None) => known.all += count,
                Some(_) => known.missing += count,
            }
        }
        known.all += known.missing;
        if !axis.dimension.overlapping() {
            known.all += known.coarser;
        }
        known
    }
}

/// The same people without what they are told apart by: all of each place and period.
fn all_of(people: &Plan, shared: &[Shared]) -> Plan {
    let is_told = |filter: &PlanFilter| filter.axis().field().is_some_and(Field::is_characteristic);
    let mut all = people.clone();
    all.filters.retain(|filter| !is_told(filter));
    let axes = people.axes.iter().zip(shared).filter(|(_, shared)| shared.by_submission);
    all.axes = axes.map(|(axis, _)| axis.clone()).collect();
    all
}

/// What stands behind the rows of a plan of consultations.
fn behind(
    plan: &Plan,
    people: &Plan,
    shared: &[Shared],
    characteristics: &[Characteristic],
) -> BTreeMap<Vec<usize>, Behind> {
    let has: BTreeMap<_, _> =
        people.submissions().map(|s| ((s.slot.organisation, s.slot.month), s)).collect();
    let fields: BTreeSet<_> = characteristics.iter().filter_map(|one| one.on.field()).collect();
    let mut behind: BTreeMap<Vec<usize>, Behind> = BTreeMap::new();
    for (number, submission) in plan.submissions().enumerate() {
        let place = |shared: &Shared| match &plan.axes[shared.axis].on {
            On::Submission(places) => Some(places[number]),
            On::Field(..) | On::Derived(_) | On::Together(_) => None,
        };
        let row: Vec<_> = shared.iter().filter_map(place).collect();
        let of_people = has.get(&(submission.slot.organisation, submission.slot.month));
        for rows in BTreeSet::from([Vec::new(), row]) {
            let behind = behind.entry(rows).or_default();
            behind.count += 1;
            behind.months.insert(submission.slot.month);
            let Some(of_people) = of_people else {
                behind.without.push(Arc::clone(submission));
                continue;
            };
            for field in &fields {
                if submission.column(*field).is_some() != of_people.column(*field).is_some() {
                    behind.unlike.entry(*field).or_default().push(Arc::clone(submission));
                }
            }
        }
    }
    behind
}

impl Population {
    /// People times months of a row, or why that cannot be told.
    pub(super) fn of(&self, row: &[usize]) -> Result<u64, Absence> {
        let collection = &self.plan.collection.id;
        let (wanted, by_submission) = self.places(row);
        let none = Behind::default();
        let behind = self.behind.get(&by_submission.0).unwrap_or(&none);
        if let (without @ 1.., first) = (behind.without.len(), first(&behind.without)) {
            return Err(Absence::not_computable(format!(
                "collection `{collection}` has no population for {without} of the months and organisations, the first {first}"
            )));
        }
        for one in &self.characteristics {
            let of_row = one.axis.and_then(|axis| row.get(axis)).copied();
            let Some(place) = of_row.or(one.condition) else { continue };
            let (id, state) = (&one.on.dimension.id, one.on.state(place));
            if state.is_some_and(|state| !matches!(state, State::Any | State::None)) {
                let code = one.on.key(place).code;
                return Err(Absence::not_computable(format!(
                    "{code} of {id} is no category with a population"
                )));
            }
            let unlike = one.on.field().and_then(|field| behind.unlike.get_key_value(&field));
            if let Some((field, unlike)) = unlike {
                let (count, first) = (unlike.len(), first(unlike));
                let (all, field) = (behind.count, field.name());
                return Err(Absence::not_computable(format!(
                    "consultations and the people of collection `{collection}` do not match: for {count} of {all} months of organisations only one of the two collects {field}, the first {first}"
                )));
            }
            let coarser = |of: Option<&Known>| of.copied().unwrap_or_default().coarser;
            let people = coarser(one.people.get(&by_submission.1));
            let seen = coarser(one.seen.get(&by_submission.0));
            let (people, seen) = (self.see(people, behind), self.of_consultations.see(seen));
            if state.is_none() && [people, seen].iter().flatten().any(|count| *count > 0) {
                let [people, seen] = [people, seen].map(told_of);
                return Err(Absence::not_computable(format!(
                    "known only more coarsely than by {id}: {seen} of the consultations, and {people} of the people of collection `{collection}`"
                )));
            }
        }
        let count = |of: &Crosstab| {
            let count = of.row(&wanted).and_then(|of| of.inner.first().copied());
            count.unwrap_or_default()
        };
        // How many counts a publisher did not give says nothing of people.
        let left_out = self.suppressed.as_ref().and_then(|of| Protection::Exact.see(count(of)));
        if let Some(left_out @ 1..) = left_out {
            return Err(Absence::suppressed(left_out));
        }
        let people = count(&self.crosstab);
        if self.leaves_few(people, (row, &by_submission.1), behind) {
            return Err(Absence::withheld());
        }
        let people = self.see(people, behind).ok_or_else(Absence::withheld)?;
        Some(people).filter(|people| *people > 0).ok_or_else(|| {
            Absence::not_computable(format!(
                "collection `{collection}` has no people here to divide by"
            ))
        })
    }

    /// The people's places of a row; and those that submissions decide, of the consultations and of the people.
    fn places(&self, row: &[usize]) -> (Vec<usize>, (Vec<usize>, Vec<usize>)) {
        let mut by_submission = (Vec::new(), Vec::new());
        let mut wanted = Vec::new();
        for shared in self.shared.iter().filter(|_| !row.is_empty()) {
            let own = row[shared.axis];
            // Where nobody has said anything of people, there is none.
            let place = shared.places.get(own).copied().flatten().unwrap_or(usize::MAX);
            wanted.push(place);
            if shared.by_submission {
                by_submission.0.push(own);
                by_submission.1.push(place);
            }
        }
        (wanted, by_submission)
    }

    /// People times months of a row's place and period whose category of a dimension is known, or why that cannot be told.
    pub(super) fn known(&self, row: &[usize], dimension: &str) -> Result<u64, Absence> {
        let (_, (own, places)) = self.places(row);
        // A count that is not given may be of any category.
        let here = |row: &[usize]| {
            let axes = self.shared.iter().zip(row).filter(|(shared, _)| shared.by_submission);
            axes.map(|(_, place)| place).eq(&places)
        };
        let left_out = self.suppressed.iter().flat_map(|of| &of.rows);
        let left_out = left_out.filter(|(row, _)| here(row)).map(|(_, of)| of.sum());
        // One may be in several categories: so many are left out at least.
        let left_out = left_out.filter_map(|of| Protection::Exact.see(of)).max();
        if let Some(left_out @ 1..) = left_out {
            return Err(Absence::suppressed(left_out));
        }
        let one = self.characteristics.iter().find(|one| one.on.dimension.id == dimension);
        let known = one.and_then(|one| one.people.get(&places)).copied().unwrap_or_default();
        let none = Behind::default();
        let behind = self.behind.get(&own).unwrap_or(&none);
        self.see(known.known(), behind).filter(|known| *known > 0).ok_or_else(Absence::withheld)
    }

    /// Whether people leave few of all in their place and period. How many these are is published elsewhere.
    fn leaves_few(
        &self,
        people: TrueCount,
        (row, places): (&[usize], &[usize]),
        behind: &Behind,
    ) -> bool {
        let Some(all) = &self.all else { return false };
        let is_told =
            |one: &Characteristic| one.condition.is_some() || one.axis.is_some() && !row.is_empty();
        let all = all.row(places).and_then(|of| of.inner.first().copied()).unwrap_or_default();
        let months = behind.months.len() as u64;
        self.characteristics.iter().any(is_told)
            && self.see(people, behind).is_some()
            && self.plan.protection.is_few_monthly(all.rest(people), months)
    }

    /// What may be seen of people, who count again in each month of what is behind them.
    fn see(&self, people: TrueCount, behind: &Behind) -> Option<u64> {
        self.plan.protection.see_monthly(people, behind.months.len() as u64)
    }

    /// Variance of what was added to the number of people: their sum over all months is changed once.
    pub(super) fn variance(&self) -> f64 {
        self.plan.protection.variance()
    }

    /// Tells what has to be known to read the figures, and what was looked at for them. `whole`: the question is about a whole of which all may
    /// be told. `figure`: what they are called, and how they are made.
    pub(super) fn told(
        &self,
        provenance: &mut Provenance,
        whole: bool,
        (figure, how): (&str, &str),
    ) {
        let collection = &self.plan.collection.id;
        provenance.parameters.push(("population_collection", collection.clone()));
        let notes = &mut provenance.notes;
        let source = Some(line(&self.plan.counted())).filter(|line| !line.is_empty());
        let source = source.map_or(String::new(), |source| format!(": {source}"));
        notes.push(format!("{how} The people are those of collection `{collection}`{source}."));
        self.says_who_is_left_out(figure, notes);
        if self.suppressed.is_some() {
            notes.push(format!(
                "The publisher of collection `{collection}` does not give some counts of people. A {figure} that divides by them is absent with the reason SUPPRESSED: it is not one over the rest."
            ));
        }
        let months = self.behind.get(&[][..]).map_or(1, |behind| behind.months.len() as u64);
        for one in &self.characteristics {
            let (id, people) =
                (&one.on.dimension.id, format!("people of collection `{collection}`"));
            for (known, whom, protection, months) in [
                (&one.people, people.as_str(), &self.plan.protection, months),
                (&one.seen, "consultations", &self.of_consultations, 1),
            ] {
                if !whole && !protection.is_exact() {
                    continue;
                }
                let known = known.get(&[][..]).copied().unwrap_or_default();
                let see = |count| protection.see_monthly(count, months);
                if let (Some(missing @ 1..), Some(all)) = (see(known.missing), see(known.all)) {
                    #[allow(clippy::cast_precision_loss)] // people times months are below 2^53
                    let share = 100.0 * missing as f64 / all as f64;
                    notes.push(format!(
                        "{share:.1}% of the {whom} are in no category of {id}, and so in no {figure} by it."
                    ));
                }
                if let Some(coarser @ 1..) = see(known.coarser) {
                    notes.push(format!(
                        "Known only more coarsely than by {id}: {coarser} of the {whom}. They may be of any category of it, so none has a {figure}."
                    ));
                }
            }
        }
        provenance.looked_at(self.plan.data_position, self.plan.scope.clone());
    }
}
