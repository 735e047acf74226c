//! What a question wants of a published figure: whom it is about, where and until when.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::line::Fit;
use crate::domain::codes::{Dimension, State, Value};
use crate::domain::estimate::{Estimate, MEASURED};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::query::{Filter, Query, Where};
use crate::store::Submission;

/// What a question wants of a figure.
pub(super) struct EstimatesAsked<'a> {
    reference: &'a Reference,
    /// Fields that it is broken down by or that conditions name.
    fields: BTreeSet<Field>,
    /// Conditions on fields.
    filters: Vec<(Field, &'a Filter)>,
    /// Areas, from near to far.
    levels: Vec<BTreeSet<String>>,
    last: Month,
}

impl<'a> EstimatesAsked<'a> {
    pub(super) fn new(reference: &'a Reference, query: &'a Query) -> Self {
        let field = |id: &str| reference.dimension(id).and_then(Dimension::field);
        let conditions = query.filters.iter();
        let filters: Vec<_> =
            conditions.filter_map(|filter| Some((field(&filter.dimension)?, filter))).collect();
        let by = query.by.iter().filter_map(|id| field(id));
        Self {
            reference,
            fields: by.chain(filters.iter().map(|(field, _)| *field)).collect(),
            filters,
            levels: levels(reference, &query.place),
            last: query.months.1,
        }
    }

    pub(super) fn fit<'r>(
        &self,
        submission: &'r Arc<Submission>,
        row: &'r Estimate,
    ) -> Option<Fit<'r>>
    where
        'a: 'r,
    {
        let (first, last) = row.months()?;
        if first > self.last || !self.is_about(row) {
            return None;
        }
        let mut fit = Fit::new(self.reference, submission, row, (first, last));
        fit.level = self.levels.iter().position(|level| level.contains(fit.area))?;
        Some(fit)
    }

    /// Whether the figure is about categories of exactly the fields asked for, and of those that the conditions leave.
    fn is_about(&self, row: &Estimate) -> bool {
        let mut fields = BTreeSet::new();
        for key in row.keys.iter().filter(|key| !MEASURED.contains(&key.dimension.as_str())) {
            let dimension = self.reference.dimension(&key.dimension);
            let Some((dimension, field)) = dimension.and_then(|d| Some((d, d.field()?))) else {
                return false;
            };
            fields.insert(field);
            let mut of_field = self.filters.iter().filter(|(of, _)| *of == field);
            if !of_field.all(|(_, filter)| self.leaves(filter, &dimension.id, &key.code)) {
                return false;
            }
        }
        fields == self.fields
    }

    /// Whether a condition leaves a category of the same field, of the same view or another.
    fn leaves(&self, filter: &Filter, dimension: &str, code: &str) -> bool {
        if filter.dimension == dimension || State::from_name(code).is_some() {
            return filter.codes.iter().any(|wanted| wanted == code);
        }
        let Some(on) = self.reference.dimension(&filter.dimension) else { return false };
        let places = self.reference.places(on, &Value::Codes(vec![code.to_owned()]));
        let wanted = filter.codes.iter().filter_map(|code| on.place_of(code));
        wanted.into_iter().any(|place| places.contains(&place))
    }
}

/// The areas of a question, those that publishers made of them and of others, those that hold them, and so on.
fn levels(reference: &Reference, place: &Where) -> Vec<BTreeSet<String>> {
    let mut levels: Vec<BTreeSet<String>> = Vec::new();
    let mut next: BTreeSet<String> = match place {
        Where::Provider(area) | Where::Residence(area) => [area.clone()].into(),
        Where::Organisations(codes) => {
            if let [only] = codes.as_slice() {
                levels.push([only.clone()].into());
            }
            let areas = |code: &String| -> BTreeSet<String> {
                let found = reference.organisation(code);
                found.map(|o| o.areas.iter().cloned().collect()).unwrap_or_default()
            };
            // What holds all of them. Of nested areas the inner ones come first.
            let shared = codes.iter().map(areas).reduce(|all, areas| &all & &areas);
            let shared = shared.unwrap_or_default();
            let outer: BTreeSet<String> =
                shared.iter().flat_map(|code| parents(reference, code)).collect();
            shared.difference(&outer).cloned().collect()
        }
    };
    while !next.is_empty() {
        let seen = |code: &String| levels.iter().any(|level| level.contains(code));
        next.retain(|code| !seen(code));
        let after = next.iter().flat_map(|code| parents(reference, code)).collect();
        let of = |code: &String| reference.areas().get(code).map(|area| area.published_in.clone());
        let published: BTreeSet<_> = next.iter().filter_map(of).flatten().collect();
        levels.extend([next, published].into_iter().filter(|level| !level.is_empty()));
        next = after;
    }
    levels
}

fn parents(reference: &Reference, code: &str) -> Vec<String> {
    reference.areas().get(code).map(|area| area.parents.clone()).unwrap_or_default()
}
