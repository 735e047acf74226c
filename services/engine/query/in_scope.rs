//! Whether a question stays within what its reader may read.

use super::asked::Where;
use super::checked::Query;
use crate::domain::collection::Dataset;
use crate::domain::partner::Named;
use crate::domain::reference::Reference;
use crate::engine::error::QueryError;

impl Query {
    /// Whether its reader may read the place that it asks about, and a dataset that it reads there, in a controlled collection.
    ///
    /// # Errors
    /// The reader may not; says what it may read.
    pub(in crate::engine) fn in_scope(
        &self,
        reference: &Reference,
        dataset: Dataset,
    ) -> Result<(), QueryError> {
        let scope = &self.reader.scope;
        let may = |what: &str, named: &Named| {
            let codes: Vec<_> = named.codes().take(20).collect();
            let codes = if codes.is_empty() { "none".to_owned() } else { codes.join(", ") };
            format!("you may read {what} {codes}")
        };
        if !scope.datasets.contains(&dataset) {
            let datasets =
                Named::Only(scope.datasets.iter().map(|of| of.slug().to_owned()).collect());
            return Err(QueryError::OutOfScope(format!(
                "tables of {} are outside of what you may read; {}",
                dataset.slug(),
                may("the datasets", &datasets)
            )));
        }
        let outside = match &self.place {
            Where::Provider(area) | Where::Residence(area) => {
                (!scope.reads_area(reference, area)).then_some(area)
            }
            Where::Organisations(codes) => {
                codes.iter().find(|code| !scope.reads_organisation(reference, code))
            }
        };
        match outside {
            None => Ok(()),
            Some(code) => Err(QueryError::OutOfScope(format!(
                "`{code}` is outside of what you may read; {}; {}",
                may("the areas", &scope.areas),
                may("the organisations", &scope.organisations)
            ))),
        }
    }
}
