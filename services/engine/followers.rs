//! The caches and watchers that changes are announced to.

use std::sync::Arc;

use tokio::sync::watch;

use super::cache::AnswerCache;
use super::settings::Settings;
use super::slabs::Slabs;
use crate::store::Touched;

/// The cache of answers, which drops what a change affects, the columns of months, which never change, and the watchers.
pub struct Followers {
    pub(super) answers: Arc<AnswerCache>,
    pub(super) slabs: Arc<Slabs>,
    pub(super) head: watch::Sender<u64>,
    /// Position of the newest release.
    pub(super) released: watch::Sender<u64>,
}

impl Followers {
    /// Followers for a store that is about to be opened.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let answers = Arc::new(AnswerCache::new(settings.memory_bytes / 4));
        let slabs = Arc::new(Slabs::new(settings.memory_bytes, Arc::clone(&answers)));
        Self { answers, slabs, head: watch::Sender::new(0), released: watch::Sender::new(0) }
    }

    /// Drops the answers that a change affects, then announces the change to watchers.
    pub fn changed(&self, touched: Touched, position: u64) {
        match touched {
            Touched::Nothing | Touched::Releases => {}
            Touched::Slot(_) | Touched::Assessment { .. } => {
                self.answers.changed(touched, position);
            }
        }
        self.head.send_replace(position);
        if touched == Touched::Releases {
            self.released.send_replace(position);
        }
    }
}
