//! Who reads an answer.

use std::sync::Arc;

use super::Query;
use super::asked::Where;
use crate::domain::collection::Openness;
use crate::domain::disclosure::{ProfileName, Protection};
use crate::domain::partner::{Named, Scope};
use crate::domain::reference::Reference;
use crate::engine::error::QueryError;

/// Who reads an answer. Who calls decides it, never what is asked: two readers never share an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The profile that the reader is held to.
    pub profile: ProfileName,
    /// Code of the reader's organisation, if it has one.
    pub organisation: Option<String>,
    /// What of controlled data it may read, in its profile.
    pub scope: Arc<Scope>,
}

impl Reader {
    /// A reader of a profile, of no organisation.
    #[must_use]
    pub fn of(profile: ProfileName) -> Self {
        Self { profile, organisation: None, scope: Arc::new(Scope::everything()) }
    }

    /// Bytes that tell this reader from every other.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let organisation = self.organisation.as_deref().unwrap_or_default();
        let length = u32::try_from(organisation.len()).unwrap_or(u32::MAX);
        let profile = [self.profile as u8, u8::from(self.organisation.is_some())];
        let (length, scope) = (length.to_be_bytes(), self.scope.key());
        [&profile[..], &length, organisation.as_bytes(), &scope].concat()
    }

    /// Whether the reader may read exact figures of what an organisation submitted to a collection: if it is open, of its own submissions,
    /// and where the profile shows all.
    #[must_use]
    pub fn reads(&self, reference: &Reference, collection: &str, organisation: &str) -> bool {
        (self.reads_all(reference) && self.scope.reads_organisation(reference, organisation))
            || self.submitted(reference, organisation)
            || reference.collection(collection).is_some_and(|of| of.openness == Openness::Open)
    }

    /// Whether what an organisation submitted is the reader's own.
    fn submitted(&self, reference: &Reference, organisation: &str) -> bool {
        let is_own = self.organisation.as_deref() == Some(organisation);
        // Whoever has no identity has submitted nothing that it could be known by.
        is_own || (self.organisation.is_some() && self.scope.submits_for(reference, organisation))
    }

    /// Whether it may know that an organisation has submitted.
    #[must_use]
    pub fn knows(&self, reference: &Reference, collection: &str, organisation: &str) -> bool {
        self.scope.reads_organisation(reference, organisation)
            || self.reads(reference, collection, organisation)
    }

    /// Whether the profile shows all.
    #[must_use]
    pub fn reads_all(&self, reference: &Reference) -> bool {
        self.sees(reference).is_exact()
    }

    /// What the reader may see of controlled data.
    pub(in crate::engine) fn sees(&self, reference: &Reference) -> Protection {
        reference.profile(self.profile).protection.clone()
    }
}

impl Query {
    /// Whether its reader may read the place and the dataset that it asks about, in a controlled collection.
    ///
    /// # Errors
    /// The reader may not; says what it may read.
    pub(in crate::engine) fn in_scope(&self, reference: &Reference) -> Result<(), QueryError> {
        let (scope, dataset) = (&self.reader.scope, self.table.dataset());
        let may = |what: &str, named: &Named| {
            let codes: Vec<_> = named.codes().take(20).collect();
            let codes = if codes.is_empty() { "none".to_owned() } else { codes.join(", ") };
            format!("you may read {what} {codes}")
        };
        if !scope.datasets.contains(&dataset) {
            let datasets = Named::Only(scope.datasets.iter().map(|of| of.slug().to_owned()).collect());
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
