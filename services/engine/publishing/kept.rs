//! Publications that were made, and releases that none is made of.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::publication::{NotPublished, Publication};

/// Most releases whose publication is kept in memory. Others are made again.
const MOST: usize = 4;

/// How the publication of a release ended.
type Ended = Result<Arc<Publication>, NotPublished>;

/// The publications that were asked for last, by position of the release.
#[derive(Default)]
pub(in crate::engine) struct Kept(Mutex<VecDeque<(u64, Ended)>>);

impl Kept {
    /// Forgets all of them.
    pub(in crate::engine) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn get(&self, release: u64) -> Option<Ended> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(of, _)| *of == release).map(|(_, ended)| ended.clone())
    }

    pub(super) fn keep(&self, release: u64, ended: Ended) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(of, _)| *of != release);
        kept.push_front((release, ended));
        kept.truncate(MOST);
    }
}
