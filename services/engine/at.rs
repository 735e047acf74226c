//! The engine as it answers about an earlier state of the data: with the reference content of then. So the same position gives the same
//! answer for ever, whatever content comes later.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use super::cache::AnswerCache;
use super::earlier::{CatalogView, EarlierContent, MOST, SLAB_BYTES};
use super::query::AsOf;
use super::slabs::Slabs;
use super::{Engine, QueryError};
use crate::domain::reference::Reference;

impl Engine {
    /// The reference content that questions are answered with: codes, areas, organisations, collections, indicators.
    #[must_use]
    pub fn reference(&self) -> Arc<Reference> {
        self.earlier_reference
            .clone()
            .unwrap_or_else(|| Arc::clone(&self.store.catalog().reference))
    }

    /// The catalogue, for an answer.
    pub(super) fn catalog(&self) -> CatalogView<'_> {
        let catalog = self.store.catalog();
        let reference = self.earlier_reference.as_ref().unwrap_or(&catalog.reference);
        CatalogView { reference: Arc::clone(reference), catalog }
    }

    /// This engine, as it answers about a state of the data: with the reference content that was in force then. Content that this version
    /// of the service cannot use gives place to the present one. May read the disk.
    ///
    /// # Errors
    /// The state does not exist yet, or the content cannot be read.
    pub fn at(&self, as_of: &AsOf) -> Result<Self, QueryError> {
        let position = self.position_of(as_of)?;
        let catalog = self.store.catalog();
        let (configured, is_of_today) =
            (catalog.configured(position), catalog.is_of_today(position));
        drop(catalog);
        if configured == 0 || is_of_today {
            return Ok(self.clone());
        }
        let kept = |contents: &VecDeque<(u64, EarlierContent)>| {
            contents.iter().find(|(at, _)| *at == configured).map(|(_, content)| content.clone())
        };
        let found = kept(&self.earlier.0.lock().unwrap_or_else(PoisonError::into_inner));
        let content = match found {
            Some(content) => content,
            None => {
                let files = self.store.reader().content(configured)?;
                let reference = match Reference::new(&files) {
                    Ok(reference) => Arc::new(reference),
                    Err(error) => {
                        tracing::warn!(%error, position = configured, "earlier reference content cannot be used by this version");
                        return Ok(self.clone());
                    }
                };
                let slabs = Arc::new(Slabs::new(SLAB_BYTES, Arc::new(AnswerCache::new(0))));
                let content = EarlierContent { reference, positions: Arc::default(), slabs };
                let mut contents = self.earlier.0.lock().unwrap_or_else(PoisonError::into_inner);
                // Another question may have read the same meanwhile.
                contents.retain(|(at, _)| *at != configured);
                contents.push_front((configured, content.clone()));
                contents.truncate(MOST);
                content
            }
        };
        let EarlierContent { reference, positions, slabs } = content;
        let mut engine = self.clone();
        (engine.positions, engine.slabs) = (positions, slabs);
        engine.earlier_reference = Some(reference);
        Ok(engine)
    }
}
