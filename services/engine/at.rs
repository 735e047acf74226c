//! The engine as it answers about an earlier state of the data: with the reference content of then. So the same position gives the same
//! answer for ever, whatever content comes later.

use std::sync::Arc;

use super::cache::AnswerCache;
use super::earlier::{CatalogView, EarlierContent, SLAB_BYTES};
use super::query::AsOf;
use super::slabs::Slabs;
use super::{Engine, QueryError};
use crate::domain::codes::Content;
use crate::domain::reference::Reference;

impl Engine {
    /// The reference content that questions are answered with: codes, areas, organisations, collections, indicators.
    #[must_use]
    pub fn reference(&self) -> Arc<Reference> {
        self.earlier_reference
            .clone()
            .unwrap_or_else(|| Arc::clone(&self.store.catalog().reference))
    }

    /// Looks at the catalogue for an answer, under its lock, so briefly; again if a submission had to be read for it.
    pub(super) fn look<T>(
        &self,
        look: impl Fn(&CatalogView<'_>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        self.store.look(|catalog| {
            self.settings.threads.in_time()?;
            let reference = self.earlier_reference.as_ref().unwrap_or(&catalog.reference);
            look(&CatalogView { reference: Arc::clone(reference), look: catalog })
        })?
    }

    /// This engine, as it answers about a state of the data: with the reference content that was in force then. May read the disk.
    ///
    /// # Errors
    /// The state does not exist yet, or its content cannot be read, or cannot be used by this version of the service.
    pub fn at(&self, as_of: &AsOf) -> Result<Self, QueryError> {
        let position = self.position_of(as_of)?;
        let catalog = self.store.catalog();
        let (configured, is_of_today) =
            (catalog.configured(position), catalog.is_of_today(position));
        drop(catalog);
        if configured == 0 || is_of_today {
            return Ok(self.clone());
        }
        let make = || {
            let files = self.store.reader().content(configured)?;
            let reference = Arc::new(usable(configured, &files)?);
            let slabs = Arc::new(Slabs::new(SLAB_BYTES, Arc::new(AnswerCache::new(0))));
            Ok(EarlierContent { reference, positions: Arc::default(), slabs })
        };
        let is_late = || self.settings.threads.are_late();
        let content = self.earlier.get(configured, is_late, make)?;
        let EarlierContent { reference, positions, slabs } = content;
        let mut engine = self.clone();
        (engine.positions, engine.slabs) = (positions, slabs);
        engine.earlier_reference = Some(reference);
        Ok(engine)
    }
}

/// Earlier content as answers use it. With other content the same position would not give the same answer.
fn usable(position: u64, files: &Content) -> Result<Reference, QueryError> {
    Reference::new(files).map_err(|error| {
        QueryError::Refused(format!(
            "the reference content that was in force then came at position {position}, and this version of the service cannot use \
             it: {error}; leave `as_of` out, or ask about a later state"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_that_cannot_be_used_is_refused_and_never_replaced_by_other_content() {
        let all = Content::embedded();
        assert!(usable(5, &all).is_ok());
        for missing in ["dimensions.toml", "indicators.toml", "collections.toml"] {
            let files = all.files().filter(|(name, _)| *name != missing);
            let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
            let refused = usable(5, &Content::exactly(files));
            let Err(QueryError::Refused(why)) = refused else { panic!("{missing}") };
            assert!(why.contains("came at position 5") && why.contains(missing), "{why}");
        }
    }
}
