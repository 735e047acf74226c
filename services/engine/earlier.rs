//! Earlier reference content, and the catalogue as it is seen with it.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, RwLockReadGuard};

use super::answer::AxisPositions;
use super::slabs::Slabs;
use crate::domain::reference::Reference;
use crate::store::Catalog;

/// Most earlier contents that are kept in memory. Each is read again when it is asked for after others.
pub(super) const MOST: usize = 2;
/// Most bytes of columns that are kept for one of them.
pub(super) const SLAB_BYTES: u64 = 32 << 20;

/// Earlier reference content, and what was worked out with it.
#[derive(Clone)]
pub(super) struct EarlierContent {
    pub(super) reference: Arc<Reference>,
    pub(super) positions: Arc<AxisPositions>,
    pub(super) slabs: Arc<Slabs>,
}

/// The earlier contents that were asked for last, by the position from which on they were in force.
#[derive(Default)]
pub(super) struct Earlier(pub(super) Mutex<VecDeque<(u64, EarlierContent)>>);

/// The catalogue, and the reference content that an engine answers with: it stands before that of the catalogue.
pub(super) struct CatalogView<'a> {
    pub(super) catalog: RwLockReadGuard<'a, Catalog>,
    pub(super) reference: Arc<Reference>,
}

impl Deref for CatalogView<'_> {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        &self.catalog
    }
}
