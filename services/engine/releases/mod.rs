//! Releases: named states of the data. Who may not see the newest state reads these.
//!
//! - `making` whether a release may be made, and making it; [`closing`] when the service makes one itself; `months` which months have closed
//! - `shown`, `kept` the organisations and areas of a release; `reading` which release answers a question

pub mod closing;
mod kept;
mod making;
mod months;
mod reading;
mod shown;

use std::sync::Arc;

use super::Engine;
use crate::store::Release;

pub(super) use kept::ShownAreas;
pub use making::{MadeRelease, NotReleased, WantedRelease, release_id};
pub(super) use months::{begin, last_closed};

impl Engine {
    /// At most `most` releases, newest first. They are older than the position `before`, if it is not 0.
    #[must_use]
    pub fn releases(&self, before: u64, most: usize) -> Vec<Arc<Release>> {
        let catalog = self.store.catalog();
        let newest_first = catalog.releases().iter().rev();
        let older = newest_first.filter(|release| before == 0 || release.position < before);
        older.take(most).cloned().collect()
    }

    /// The release of a name.
    #[must_use]
    pub fn release(&self, id: &str) -> Option<Arc<Release>> {
        self.store.catalog().release(id).cloned()
    }

    /// The last release; none: none has been made yet.
    #[must_use]
    pub fn newest_release(&self) -> Option<Arc<Release>> {
        self.store.catalog().releases().last().cloned()
    }
}
