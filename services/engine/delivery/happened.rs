//! What the log entries after a position were, as far as partners are told of them.

use std::sync::Arc;

use crate::engine::Engine;
use crate::store::{Release, StoreError, Submission};

/// What an entry was.
pub(super) enum Happened {
    /// A submission was stored.
    Submitted(Arc<Submission>),
    /// A release was made, after this one.
    Released(Arc<Release>, Option<Arc<Release>>),
    /// Data was erased.
    Erased,
}

impl Engine {
    /// The entries after one position and up to another, in order.
    pub(super) fn happened(
        &self,
        after: u64,
        until: u64,
    ) -> Result<Vec<(u64, Happened)>, StoreError> {
        let is_new = |position: u64| position > after && position <= until;
        let mut found = self.store.look(|catalog| {
            let mut found = Vec::new();
            for (slot, versions) in catalog.slots() {
                for version in versions.iter().filter(|of| is_new(of.position) && !of.is_erased) {
                    if let Some(submission) = catalog.submission(slot, version) {
                        found.push((version.position, Happened::Submitted(submission)));
                    }
                }
            }
            let releases = catalog.releases();
            for (place, release) in releases.iter().enumerate() {
                if is_new(release.position) {
                    let before = place.checked_sub(1).map(|before| Arc::clone(&releases[before]));
                    let released = Happened::Released(Arc::clone(release), before);
                    found.push((release.position, released));
                }
            }
            let erased = catalog.erasures().iter().filter(|of| is_new(of.position));
            found.extend(erased.map(|of| (of.position, Happened::Erased)));
            found
        })?;
        found.sort_by_key(|(position, _)| *position);
        Ok(found)
    }
}
