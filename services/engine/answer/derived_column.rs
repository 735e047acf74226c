//! A column that is worked out record by record, and its axis: for what has to be looked up beyond the record.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::{Plan, PlanAxis, PlanMonth};
use crate::domain::cube::Codes;
use crate::engine::threads::on_threads;
use crate::engine::{Engine, QueryError};
use crate::store::StoreError;

impl Engine {
    /// Adds to a plan an axis of so many places. `make` says where each record that stands in a month falls on it.
    pub(super) fn derive_column(
        &self,
        plan: &mut Plan,
        places: usize,
        make: impl Fn(&PlanMonth) -> Result<Arc<Codes>, StoreError> + Sync,
    ) -> Result<(), QueryError> {
        let threads = self.settings.threads;
        let run = |some: &[PlanMonth]| -> Result<Vec<_>, StoreError> {
            let wanted = some.iter().take_while(|_| !threads.are_late());
            wanted.map(|month| Ok((month.standing.slot.month, make(month)?))).collect()
        };
        let mut columns = BTreeMap::new();
        for made in on_threads(&plan.months, PlanMonth::records, threads, run) {
            columns.extend(made?);
        }
        threads.in_time()?;
        plan.axes.push(PlanAxis::derived(columns, places));
        Ok(())
    }
}
