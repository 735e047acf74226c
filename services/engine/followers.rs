//! The caches and watchers that changes are announced to.

use std::sync::Arc;

use tokio::sync::watch;

use super::answer::AxisPositions;
use super::cache::AnswerCache;
use super::earlier::Earlier;
use super::publishing::Kept;
use super::releases::ShownAreas;
use super::settings::Settings;
use super::slabs::Slabs;
use crate::store::Touched;

/// The cache of answers, which drops what a change affects, the columns of months, which never change, and the watchers.
pub struct Followers {
    pub(super) answers: Arc<AnswerCache>,
    pub(super) slabs: Arc<Slabs>,
    pub(super) worked: Worked,
    pub(super) head: watch::Sender<u64>,
    /// Position of the newest release.
    pub(super) released: watch::Sender<u64>,
}

/// What the engine has worked out, and works out again after an erasure.
#[derive(Clone, Default)]
pub(super) struct Worked {
    pub(super) positions: Arc<AxisPositions>,
    pub(super) earlier: Arc<Earlier>,
    pub(super) shown_areas: Arc<ShownAreas>,
    pub(super) published: Arc<Kept>,
}

impl Worked {
    fn clear(&self) {
        self.positions.clear();
        self.earlier.clear();
        self.shown_areas.clear();
        self.published.clear();
    }
}

impl Followers {
    /// Followers for a store that is about to be opened.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let answers = Arc::new(AnswerCache::new(settings.memory_bytes / 4));
        let slabs = Arc::new(Slabs::new(settings.memory_bytes, Arc::clone(&answers)));
        let worked = Worked::default();
        Self {
            answers,
            slabs,
            worked,
            head: watch::Sender::new(0),
            released: watch::Sender::new(0),
        }
    }

    /// Drops the answers that a change affects, then announces the change to watchers.
    pub fn changed(&self, touched: Touched, position: u64) {
        match touched {
            Touched::Nothing | Touched::Releases => {}
            Touched::Erased => {
                self.answers.clear();
                self.slabs.clear();
                self.worked.clear();
            }
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
