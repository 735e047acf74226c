//! Plans of consultations, and what all tables of consultations have in common.

use std::collections::BTreeSet;

use super::crosstab::Crosstab;
use super::model::{Absence, DataQuality};
use super::plan::{On, Plan, PlanAxis};
use super::provenance::{CARE_SETTING, Provenance};
use super::quality::Sums;
use super::question::{Counted, RowPlaces};
use crate::domain::codes::State;
use crate::domain::collection::Dataset;
use crate::domain::cube::Cube;
use crate::domain::disclosure::TrueCount;
use crate::engine::query::{Filter, Measure, Query};
use crate::engine::{Engine, QueryError};

impl Engine {
    /// A plan of records of a dataset by what is asked for and by more, under more conditions.
    pub(super) fn plan_by(
        &self,
        query: &Query,
        dataset: Dataset,
        inner: &[&str],
        conditions: impl IntoIterator<Item = Filter>,
    ) -> Result<Plan, QueryError> {
        let mut query = query.clone();
        query.by.extend(inner.iter().map(|id| (*id).to_owned()));
        query.filters.extend(conditions);
        self.plan(&query, dataset)
    }

    /// A plan of consultations by what is asked for and by more. Where persons are asked for, it is of all their consultations.
    pub(super) fn consultations(
        &self,
        query: &Query,
        measure: Measure,
        inner: &[&str],
    ) -> Result<Plan, QueryError> {
        let setting = query.care_setting.iter().map(|setting| Filter::only(CARE_SETTING, setting));
        let attended =
            (measure == Measure::AttendedContacts).then(|| Filter::only("attendance", "ATTENDED"));
        self.plan_by(query, Dataset::Consultations, inner, setting.chain(attended))
    }

    /// Counts a plan whose last axes are the inner ones, for a table with so many columns at least.
    pub(super) fn tabulated(
        &self,
        plan: Plan,
        inner: usize,
        columns: usize,
    ) -> Result<Tabulated, QueryError> {
        let listed = self.listed(plan.axes.len() - inner, columns);
        let crosstab = self.crosstab(&plan, plan.path(), inner, Some(listed))?;
        Ok(Tabulated { plan, crosstab })
    }

    /// The same of several plans of the same records by the same rows, in one pass.
    pub(super) fn tabulated_each<const N: usize>(
        &self,
        plans: [Plan; N],
        inner: usize,
        columns: usize,
    ) -> Result<[Tabulated; N], QueryError> {
        let outer = plans[0].axes.len() - inner;
        let wanted = Vec::from_iter(plans.iter().map(|plan| (plan, None)));
        let mut pass = self.pass(&wanted, outer, self.listed(outer, columns))?;
        let mut crosstabs = Vec::with_capacity(N);
        for number in 0..N {
            crosstabs.push(pass.crosstab(number)?);
        }
        pass.end()?;
        let mut crosstabs = crosstabs.into_iter();
        Ok(plans.map(|plan| Tabulated { plan, crosstab: crosstabs.next().unwrap_or_default() }))
    }
}

/// A cross-tabulation by what tells the rows apart and by inner axes, which are the last, and the plan that it was counted by.
pub(super) struct Tabulated {
    pub(super) plan: Plan,
    pub(super) crosstab: Crosstab,
}

impl Tabulated {
    /// The inner axis, the last of several.
    pub(super) fn inner(&self) -> &PlanAxis {
        &self.plan.axes[self.plan.axes.len() - 1]
    }

    /// Places of the inner axis that occur anywhere and are wanted.
    pub(super) fn occurring(&self) -> BTreeSet<usize> {
        let counts = &self.crosstab.all.inner;
        let occurs = |place: &usize| {
            self.inner().wants(*place)
                && self.plan.tells(counts.get(*place).copied().unwrap_or_default())
        };
        (0..self.inner().places()).filter(occurs).collect()
    }

    /// Sums along each axis whose quality is told: those that make rows, and the inner one.
    pub(super) fn sums(&self) -> Sums {
        let (axes, outer) = (&self.plan.axes, self.plan.axes.len() - 1);
        let mut sums = Sums::from([(outer, self.crosstab.all.inner.clone())]);
        for number in (0..outer).filter(|number| axes[*number].field().is_some()) {
            // With another multi-valued axis beside it rows count a record several times; there is at most one, and it is told by
            // ANY. A set of what is known more coarsely is ANY too.
            let other = (0..outer).find(|n| *n != number && axes[*n].dimension.overlapping());
            let once = |row: &Vec<usize>| {
                let state = other.map(|other| axes[other].state(row[other]));
                state.is_none_or(|state| state.is_some_and(|state| state != State::Coarser))
            };
            let mut of_places = vec![TrueCount::default(); axes[number].places()];
            for (row, counts) in self.crosstab.rows.iter().filter(|(row, _)| once(row)) {
                of_places[row[number]] += counts.sum();
            }
            sums.insert(number, of_places);
        }
        sums
    }

    /// What was counted for a question: the rows are those of the cross-tabulation that are wanted. `record` is what is counted, in
    /// the singular.
    pub(super) fn counted<C>(
        self,
        provenance: Provenance,
        quality: Vec<(String, DataQuality)>,
        record: &str,
        figures: C,
    ) -> Result<Counted<C>, QueryError> {
        let Self { plan, crosstab } = self;
        let every = if plan.tells_all() { plan.every_row()? } else { Vec::new() };
        let rows: Vec<&RowPlaces> = match plan.tells_all() {
            true => every.iter().collect(),
            false => crosstab.rows.keys().collect(),
        };
        let rows = rows.into_iter().filter(|row| !row.is_empty() && plan.wants(row));
        let rows = rows.map(|row| {
            let keys = plan.axes.iter().zip(row).map(|(axis, place)| axis.key(*place));
            (keys.collect(), row.clone())
        });
        let rows = rows.collect();
        let nothing = (!plan.tells(crosstab.all.sum())).then(|| nothing(&plan, record));
        let (position, provenance) = (plan.position, Provenance { quality, ..provenance });
        Ok(Counted { plan: Some(plan), position, provenance, rows, nothing, figures })
    }
}

impl Plan {
    /// How many rows the first axes may have.
    pub(super) fn every_row_count(&self, outer: usize) -> usize {
        let (starts, lists) = self.every_place(outer);
        lists.iter().fold(starts.len(), |all, of| all.saturating_mul(of.len()))
    }

    /// Every row that may be: where there are submissions, each combination of places of records, whether anybody is there or not.
    fn every_row(&self) -> Result<Vec<RowPlaces>, QueryError> {
        let outer = self.axes.len() - 1;
        let count = self.every_row_count(outer);
        if count > Cube::LIMIT {
            let (cells, limit) = (count as u64, Cube::LIMIT as u64);
            return Err(QueryError::TooLarge { cells, limit, nearest: None });
        }
        let (starts, lists) = self.every_place(outer);
        let with = |rows: Vec<RowPlaces>, (number, list): (usize, &Vec<usize>)| {
            let added = |row: RowPlaces| {
                list.iter().map(move |place| {
                    let mut row = row.clone();
                    row[number] += place;
                    row
                })
            };
            rows.into_iter().flat_map(added).collect()
        };
        Ok(lists.iter().enumerate().fold(starts.into_iter().collect(), with))
    }

    /// Where submissions are on the first axes, and on each of these the places that records may have.
    fn every_place(&self, outer: usize) -> (BTreeSet<RowPlaces>, Vec<Vec<usize>>) {
        let axes = &self.axes[..outer];
        let of_submission = |number: usize| -> RowPlaces {
            let place = |axis: &PlanAxis| match &axis.on {
                On::Submission(places) => places[number],
                On::Field(..) | On::Derived(_) | On::Together(_) => 0,
            };
            axes.iter().map(place).collect()
        };
        let starts: BTreeSet<_> = (0..self.submissions().count()).map(of_submission).collect();
        let places = |axis: &PlanAxis| -> Vec<usize> {
            let overlapping = axis.dimension.overlapping();
            let may_be = |place: &usize| match axis.state(*place) {
                Some(State::Any | State::None) => overlapping,
                Some(_) | None => true,
            };
            match axis.on {
                On::Submission(_) => vec![0],
                On::Field(..) | On::Derived(_) | On::Together(_) => {
                    (0..axis.places()).filter(may_be).collect()
                }
            }
        };
        (starts, axes.iter().map(places).collect())
    }
}

/// Why a table with submissions behind it has no figure. `record` is what is counted, in the singular.
fn nothing(plan: &Plan, record: &str) -> Absence {
    let uncollected = plan.filters.iter().find(|filter| {
        plan.submissions().all(|submission| submission.column(filter.field).is_none())
    });
    match uncollected {
        Some(filter) => {
            let (id, field) = (&plan.collection.id, filter.field.name());
            Absence::not_collected(format!("no source of collection `{id}` collects {field}"))
        }
        None => Absence::no_data(format!(
            "there are submissions, and no {record} in them meets the conditions"
        )),
    }
}
