//! Who is told of changes.

use std::sync::Arc;

use tokio::sync::watch;

use super::cache::AnswerCache;
use super::settings::Settings;
use crate::store::Touched;

/// What has to be told of changes: the cache of answers, and everybody who watches.
pub struct Followers {
    pub(super) answers: Arc<AnswerCache>,
    pub(super) head: watch::Sender<u64>,
}

impl Followers {
    /// Followers for a store that is about to be opened.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let answers = Arc::new(AnswerCache::new(settings.answer_bytes));
        Self { answers, head: watch::Sender::new(0) }
    }

    /// Lets go of the answers that a change touches, then tells who waits.
    pub fn changed(&self, touched: Touched, position: u64) {
        if touched != Touched::Nothing {
            self.answers.changed(touched, position);
        }
        self.head.send_replace(position);
    }
}
