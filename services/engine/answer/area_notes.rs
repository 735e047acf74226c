//! What an answer says of the areas that it is about, by, and under conditions on: they begin, end and change.

use super::plan::{Plan, PlanAxis};
use crate::domain::codes::{Dimension, Source};
use crate::domain::reference::Counted;
use crate::engine::query::{Filter, Query, Where};

/// Dimensions whose rows are places, of which some lie in several systems.
const PLACES: [&str; 2] = ["residence_place", "residence_district"];

impl Plan {
    /// Adds what has to be said of areas within the months of a question.
    pub(super) fn tell_of_areas(&self, query: &Query, notes: &mut Vec<String>) {
        let (reference, months) = (&self.reference, query.months);
        match &query.place {
            Where::Provider(area) => {
                notes.extend(reference.boundary_changes(area, months, Counted::Organisations));
            }
            Where::Residence(area) => {
                notes.extend(reference.boundary_changes(area, months, Counted::Residents));
                let place = reference.areas().get(area);
                notes.extend(place.and_then(|place| reference.several_systems(place)));
                let is_of_places = |axis: &PlanAxis| PLACES.contains(&axis.dimension.id.as_str());
                if self.axes.iter().any(is_of_places) {
                    notes.extend(reference.shared_places(area));
                }
            }
            Where::Organisations(codes) => {
                let breaks =
                    |code: &String| reference.series_breaks(code, months, Counted::Organisations);
                notes.extend(codes.iter().flat_map(breaks));
            }
        }
        notes.extend(reference.boundary_of_code(&query.given_area, months));
        let is_by_month = |of: &Dimension| reference.is_by_month(of);
        let told = self.axes.iter().any(|axis| is_by_month(&axis.dimension))
            || query
                .filters
                .iter()
                .any(|of| reference.dimension(&of.dimension).is_some_and(is_by_month));
        notes.extend(told.then(|| reference.residence_changes_within(months)).flatten());
        let of_spans = self.spans.months(months.0);
        notes.extend(told.then(|| reference.stand_ins_within(of_spans)).flatten());
        // A condition on an area means the area as it was in each month.
        let of_areas = |filter: &Filter| {
            let of = reference.dimension(&filter.dimension)?;
            match matches!(of.source, Source::ProviderArea(_)) {
                true => Some(Counted::Organisations),
                false => is_by_month(of).then_some(Counted::Residents),
            }
        };
        for (filter, counted) in
            query.filters.iter().filter_map(|filter| Some((filter, of_areas(filter)?)))
        {
            for code in &filter.codes {
                let said = reference.changes_of_condition(code, months, counted);
                let new: Vec<_> = said.into_iter().filter(|of| !notes.contains(of)).collect();
                notes.extend(new);
            }
        }
    }
}
