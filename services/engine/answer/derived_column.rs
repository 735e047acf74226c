//! A column that is worked out record by record, and its axis: for what several fields of a record answer together.

use std::sync::Arc;

use super::plan::{Plan, PlanAxis};
use crate::domain::cube::Packed;
use crate::engine::threads::on_threads;
use crate::engine::{Engine, QueryError};
use crate::store::{Reader, StoreError, Submission};

impl Engine {
    /// Adds to a plan an axis of so many places. `make` says where each record of a submission falls on it.
    pub(super) fn derive_column(
        &self,
        plan: &mut Plan,
        places: usize,
        make: impl Fn(&Reader, &Submission) -> Result<Vec<u16>, StoreError> + Sync,
    ) -> Result<(), QueryError> {
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        let run = |some: &[Arc<Submission>]| -> Result<Vec<Arc<Packed>>, StoreError> {
            let wanted = some.iter().take_while(|_| !threads.are_late());
            let made = wanted.map(|submission| {
                let indices = make(reader, submission)?.into_iter();
                Ok(Arc::new(Packed::indices(indices, places)))
            });
            made.collect()
        };
        let mut columns = Vec::with_capacity(plan.submissions.len());
        for made in on_threads(&plan.submissions, |s| s.records(), threads, run) {
            columns.extend(made?);
        }
        threads.in_time()?;
        plan.axes.push(PlanAxis::derived(columns, places));
        Ok(())
    }
}
