//! Plans of consultations, and what all tables of consultations have in common.

use super::crosstab::Crosstab;
use super::frame::{axis_sums, nothing};
use super::plan::{Ask, Plan};
use super::provenance::{DimensionQuality, Provenance};
use super::quality::Sums;
use super::question::Counted;
use crate::domain::collection::Dataset;
use crate::engine::query::{Filter, Measure, Query};
use crate::engine::{Engine, QueryError};

/// The filters of a question with those that the care setting and the measure add.
fn filters(query: &Query, measure: Measure) -> Vec<Filter> {
    let mut filters = query.filters.clone();
    let mut add = |dimension: &str, code: &str| {
        filters.push(Filter { dimension: dimension.into(), codes: vec![code.into()] });
    };
    if let Some(setting) = &query.care_setting {
        add("care_setting", setting);
    }
    if measure == Measure::AttendedContacts {
        add("attendance", "ATTENDED");
    }
    filters
}

impl Engine {
    /// A plan of consultations by what is asked for and by more. Where persons are asked for, it is of all their consultations.
    pub(super) fn consultations(
        &self,
        query: &Query,
        measure: Measure,
        inner: &[&str],
    ) -> Result<Plan, QueryError> {
        let mut dimensions = query.by.clone();
        dimensions.extend(inner.iter().map(|id| (*id).to_owned()));
        let (collection, dataset) = (query.collection.as_str(), Dataset::Consultations);
        self.plan(&Ask { query, collection, dataset, dimensions, filters: filters(query, measure) })
    }
}

/// A cross-tabulation by what tells the rows apart and by one inner axis, and the plan that it was counted by.
pub(super) struct Tabulated {
    pub(super) plan: Plan,
    pub(super) crosstab: Crosstab,
    /// Number of axes that make rows. The inner axis comes after them.
    pub(super) outer: usize,
}

impl Tabulated {
    /// Sums for the quality of the outer axes and of the inner one.
    pub(super) fn sums(&self) -> Sums {
        axis_sums(&self.plan, &self.crosstab, self.outer)
    }

    /// What was counted for a question: the rows are those of the cross-tabulation that are wanted.
    pub(super) fn counted<C>(
        self,
        provenance: Provenance,
        quality: Vec<DimensionQuality>,
        record: &str,
        figures: C,
    ) -> Counted<C> {
        let Self { plan, crosstab, .. } = self;
        let wanted = crosstab.rows.keys().filter(|row| !row.is_empty() && plan.wants(row));
        let rows = wanted.map(|row| (plan.keys(row), row.clone())).collect();
        let nothing = (crosstab.all.sum() == 0).then(|| nothing(&plan, record));
        let position = plan.position;
        Counted { plan: Some(plan), position, provenance, quality, rows, nothing, figures }
    }
}
