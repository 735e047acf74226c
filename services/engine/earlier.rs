//! Answers about an earlier state of the data are given with the reference content of then: the same position gives the same answer for
//! ever, whatever content comes later.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard};

use super::answer::AxisPositions;
use super::cache::AnswerCache;
use super::query::AsOf;
use super::slabs::Slabs;
use super::{Engine, QueryError};
use crate::domain::reference::Reference;
use crate::store::Catalog;

/// Most earlier contents that are kept in memory. Each is read again when it is asked for after others.
const MOST: usize = 2;
/// Most bytes of columns that are kept for one of them.
const SLAB_BYTES: u64 = 32 << 20;

/// Earlier reference content, and what was worked out with it.
#[derive(Clone)]
pub(super) struct Content {
    reference: Arc<Reference>,
    positions: Arc<AxisPositions>,
    slabs: Arc<Slabs>,
}

/// The earlier contents that were asked for last, by the position from which on they were in force.
#[derive(Default)]
pub(super) struct Earlier(Mutex<VecDeque<(u64, Content)>>);

/// The catalogue, and the reference content that an engine answers with: it stands before that of the catalogue.
pub(super) struct CatalogView<'a> {
    catalog: RwLockReadGuard<'a, Catalog>,
    pub(super) reference: Arc<Reference>,
}

impl Deref for CatalogView<'_> {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        &self.catalog
    }
}

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
        let kept = |contents: &VecDeque<(u64, Content)>| {
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
                let content = Content { reference, positions: Arc::default(), slabs };
                let mut contents = self.earlier.0.lock().unwrap_or_else(PoisonError::into_inner);
                contents.push_front((configured, content.clone()));
                contents.truncate(MOST);
                content
            }
        };
        let Content { reference, positions, slabs } = content;
        let mut engine = self.clone();
        (engine.positions, engine.slabs) = (positions, slabs);
        engine.earlier_reference = Some(reference);
        Ok(engine)
    }
}
