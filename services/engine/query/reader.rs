//! Who reads an answer.

use std::sync::{Arc, LazyLock};

use crate::domain::collection::{Collection, Dataset, Openness};
use crate::domain::disclosure::{ProfileName, Protection};
use crate::domain::partner::Scope;
use crate::domain::reference::Reference;

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
        static EVERYTHING: LazyLock<Arc<Scope>> = LazyLock::new(|| Arc::new(Scope::everything()));
        Self { profile, organisation: None, scope: Arc::clone(&EVERYTHING) }
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

    /// Whether the reader may read exact figures of what an organisation submitted of a dataset to a collection: if it is open, of its own
    /// submissions, and where the profile shows all.
    #[must_use]
    pub fn reads(
        &self,
        reference: &Reference,
        (collection, dataset): (&str, Dataset),
        organisation: &str,
    ) -> bool {
        (self.reads_all(reference) && self.may_know(reference, dataset, organisation))
            || self.submitted(reference, organisation)
            || reference.collection(collection).is_some_and(|of| of.openness == Openness::Open)
    }

    /// Whether its scope has the dataset and the organisation.
    fn may_know(&self, reference: &Reference, dataset: Dataset, organisation: &str) -> bool {
        self.scope.datasets.contains(&dataset)
            && self.scope.reads_organisation(reference, organisation)
    }

    /// Whether the reader gets releases of a collection. Of an open one everybody gets the newest state.
    #[must_use]
    pub fn reads_releases(&self, reference: &Reference, collection: &str) -> bool {
        let is_open = |of: &Collection| of.openness == Openness::Open;
        reference.profile(self.profile).reads_releases
            && !reference.collection(collection).is_some_and(is_open)
    }

    /// Whether what an organisation submitted is the reader's own.
    fn submitted(&self, reference: &Reference, organisation: &str) -> bool {
        let is_own = self.organisation.as_deref() == Some(organisation);
        // Whoever has no identity has submitted nothing that it could be known by.
        is_own
            || (self.organisation.is_some()
                && self.scope.submits_for(reference, organisation, None))
    }

    /// Whether it may know that an organisation has submitted a dataset to a collection.
    #[must_use]
    pub fn knows(&self, reference: &Reference, of: (&str, Dataset), organisation: &str) -> bool {
        self.may_know(reference, of.1, organisation) || self.reads(reference, of, organisation)
    }

    /// Whether it may read what an organisation says of itself.
    #[must_use]
    pub fn hears(&self, reference: &Reference, organisation: &str) -> bool {
        self.scope.reads_organisation(reference, organisation)
            || self.submitted(reference, organisation)
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
