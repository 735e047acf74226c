//! How good the data is in each dimension of a question: in those that it is broken down by, and in those of its conditions; and
//! how good that of each figure is.
//!
//! Everything that meets a condition is known in its dimension. So for a dimension used in a condition, quality is measured as if
//! that condition were not set.

use std::collections::BTreeMap;

use super::model::{CellCounts, DataQuality};
use super::plan::{On, Plan, PlanAxis, PlanFilter};
use crate::domain::codes::{Dimension, State};
use crate::domain::disclosure::{Protection, TrueCount};
use crate::engine::{Engine, QueryError};

/// Sums along axes of a plan, by number of the axis.
pub(super) type Sums = BTreeMap<usize, Vec<TrueCount>>;

impl Plan {
    /// The same submissions by an axis of a field, without the conditions on its dimension. The axes of `beside` stay, before it.
    pub(super) fn opened(&self, axis: PlanAxis, beside: &[usize]) -> Self {
        let mut plan = self.clone();
        plan.filters.retain(|filter| filter.dimension.id != axis.dimension.id);
        plan.axes = beside.iter().filter_map(|number| self.axes.get(*number)).cloned().collect();
        plan.axes.push(axis);
        plan
    }

    /// Quality of the axes that sums are given of.
    pub(super) fn quality(&self, sums: &Sums) -> Vec<(String, DataQuality)> {
        let of_axis = |(number, sums): (&usize, &Vec<TrueCount>)| {
            self.axes[*number].quality(sums, &self.protection)
        };
        sums.iter().map(of_axis).collect()
    }
}

impl PlanFilter {
    /// The axis of the dimension that it is a condition on.
    pub(super) fn axis(&self) -> PlanAxis {
        let dimension = Dimension::clone(&self.dimension);
        let categories = dimension.categories.clone();
        let on = On::Field(self.field, self.places.clone());
        PlanAxis { dimension, categories, on, only: None }
    }
}

impl PlanAxis {
    fn quality(&self, sums: &[TrueCount], protection: &Protection) -> (String, DataQuality) {
        let of_state = |state: State| sums[self.categories.len() + state as usize];
        // A multi-valued dimension counts a record once as ANY, and again in each of its categories.
        let known: TrueCount = if self.dimension.overlapping() {
            of_state(State::Any)
        } else {
            sums[..self.categories.len()].iter().copied().sum::<TrueCount>()
                + of_state(State::Coarser)
        };
        let unknown: TrueCount =
            State::ALL.into_iter().filter(|s| s.is_unknown()).map(of_state).sum();
        // Nothing is asked of those to whom it does not apply: they are known and unknown in no count.
        let covered = known + unknown + of_state(State::None);
        let all = protection.see(covered + of_state(State::NotCollected));
        let [covered, unknown] = [covered, unknown].map(|count| protection.see(count));
        let share = |part: Option<u64>, whole: Option<u64>| share(part?.min(whole?), whole?);
        let quality =
            DataQuality { coverage: share(covered, all), unknown: share(unknown, covered) };
        (self.dimension.id.clone(), quality)
    }
}

impl Engine {
    /// Quality of everything that a table looks at: a line for each axis that sums are given of, then one for each other
    /// dimension that the first plan has conditions on.
    pub(super) fn quality(
        &self,
        counted: &[(&Plan, Sums)],
    ) -> Result<Vec<(String, DataQuality)>, QueryError> {
        let mut lines: Vec<(String, DataQuality)> = Vec::new();
        for line in counted.iter().flat_map(|(plan, sums)| plan.quality(sums)) {
            if lines.iter().all(|known| known.0 != line.0) {
                lines.push(line);
            }
        }
        let Some((plan, _)) = counted.first() else { return Ok(lines) };
        for filter in &plan.filters {
            let axis = filter.axis();
            let line = axis.quality(&self.volume_by(plan, &axis)?, &plan.protection);
            match lines.iter_mut().find(|known| known.0 == line.0) {
                Some(known) => *known = line,
                None => lines.push(line),
            }
        }
        Ok(lines)
    }

    /// Consultations, or people, of a plan by one dimension, without the conditions on it: out of roll-ups unless the other
    /// conditions are on a field too.
    fn volume_by(&self, plan: &Plan, axis: &PlanAxis) -> Result<Vec<TrueCount>, QueryError> {
        Ok(self.count(&plan.opened(axis.clone(), &[]), 1)?.all.inner)
    }

    /// Consultations along each axis of a field, for a table that counts something else.
    pub(super) fn volumes(&self, plan: &Plan) -> Result<Sums, QueryError> {
        let mut sums = Sums::new();
        for (number, axis) in plan.axes.iter().enumerate().filter(|(_, a)| a.field().is_some()) {
            sums.insert(number, self.volume_by(plan, axis)?);
        }
        Ok(sums)
    }
}

/// The worst quality of some dimensions; none where the answer has none of them.
pub(super) fn worst(
    lines: &[(String, DataQuality)],
    of: impl Fn(&str) -> bool,
) -> Option<DataQuality> {
    let lines = || lines.iter().filter(|(dimension, _)| of(dimension)).map(|(_, quality)| quality);
    let coverage = lines().filter_map(|line| line.coverage).reduce(f64::min);
    let unknown = lines().filter_map(|line| line.unknown).reduce(f64::max);
    coverage.or(unknown).map(|_| DataQuality { coverage, unknown })
}

/// What the counts of a cell say of their own quality.
pub(super) fn of_counts(counts: &CellCounts) -> DataQuality {
    let (Some(known), Some(unknown)) = (counts.denominator, counts.unknown) else {
        return DataQuality::default();
    };
    let covered = known + unknown;
    DataQuality {
        coverage: counts.not_collected.and_then(|none| share(covered, covered + none)),
        unknown: share(unknown, covered),
    }
}

#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
