//! The areas of the releases that were asked for last, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::collection::Dataset;
use crate::domain::disclosure::release_rule::Codes;

/// Most releases whose areas are kept. Each is worked out again when it is asked for after others.
const MOST: usize = 8;

/// By collection and dataset.
pub(in crate::engine) type ByCollection<T> = BTreeMap<(String, Dataset), T>;

/// The areas that a release shows, shared.
type Shown = Arc<ByCollection<Codes>>;

/// Areas by position of the release.
#[derive(Default)]
pub(in crate::engine) struct ShownAreas(Mutex<VecDeque<(u64, Shown)>>);

impl ShownAreas {
    /// Forgets all of them.
    pub(in crate::engine) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn get(&self, position: u64) -> Option<Shown> {
        let kept = self.lock();
        kept.iter().find(|(at, _)| *at == position).map(|(_, shown)| Arc::clone(shown))
    }

    pub(super) fn keep(&self, position: u64, shown: Shown) {
        let mut kept = self.lock();
        kept.push_front((position, shown));
        kept.truncate(MOST);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, Shown)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
