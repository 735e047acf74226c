//! Plans of consultations, and what all tables of consultations have in common.

use std::collections::BTreeSet;

use super::crosstab::Crosstab;
use super::model::{Absence, DataQuality};
use super::plan::{Plan, PlanAxis};
use super::provenance::{CARE_SETTING, Provenance};
use super::quality::Sums;
use super::question::{Counted, RowPlaces};
use crate::domain::codes::State;
use crate::domain::collection::Dataset;
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

    /// Counts a plan whose last axes are the inner ones.
    pub(super) fn tabulated(&self, plan: Plan, inner: usize) -> Result<Tabulated, QueryError> {
        let crosstab = self.count(&plan, inner)?;
        Ok(Tabulated { plan, crosstab })
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
    ) -> Counted<C> {
        let Self { plan, crosstab } = self;
        let rows: Vec<RowPlaces> = match plan.tells_all() {
            true => every_row(&plan.axes[..plan.axes.len() - 1]),
            false => crosstab.rows.keys().cloned().collect(),
        };
        let rows = rows.iter().filter(|row| {
            !row.is_empty() && plan.axes.iter().zip(*row).all(|(axis, place)| axis.wants(*place))
        });
        let rows = rows.map(|row| {
            let keys = plan.axes.iter().zip(row).map(|(axis, place)| axis.key(*place));
            (keys.collect(), row.clone())
        });
        let rows = rows.collect();
        let nothing = (!plan.tells(crosstab.all.sum())).then(|| nothing(&plan, record));
        let (position, provenance) = (plan.position, Provenance { quality, ..provenance });
        Counted { plan: Some(plan), position, provenance, rows, nothing, figures }
    }
}

/// Every combination of places on some axes.
fn every_row(axes: &[PlanAxis]) -> Vec<RowPlaces> {
    axes.iter().fold(vec![RowPlaces::new()], |rows, axis| {
        let with = |row: RowPlaces| {
            (0..axis.places()).map(move |place| [row.as_slice(), &[place]].concat())
        };
        rows.into_iter().flat_map(with).collect()
    })
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
