//! Publications that were made, and releases that none is made of.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::publication::{NotPublished, Publication};

/// Most releases whose publication is kept in memory. Others are made again.
const MOST: usize = 4;

/// How the publication of a release ended.
type Ended = Result<Arc<Publication>, NotPublished>;

/// The publications that were asked for last.
#[derive(Default)]
pub(in crate::engine) struct Kept(Mutex<All>);

#[derive(Default)]
struct All {
    /// By position of the release.
    made: VecDeque<(u64, Ended)>,
    /// How often they were forgotten: what was begun before that is not kept.
    era: u64,
}

impl Kept {
    /// Forgets all of them.
    pub(in crate::engine) fn clear(&self) {
        let mut all = self.lock();
        all.made.clear();
        all.era += 1;
    }

    /// What a publication is begun in.
    pub(super) fn era(&self) -> u64 {
        self.lock().era
    }

    pub(super) fn get(&self, release: u64) -> Option<Ended> {
        let all = self.lock();
        all.made.iter().find(|(of, _)| *of == release).map(|(_, ended)| ended.clone())
    }

    /// Keeps what was begun in an era, unless that is over. Whether it is kept.
    pub(super) fn keep(&self, era: u64, release: u64, ended: Ended) -> bool {
        let mut all = self.lock();
        if all.era != era {
            return false;
        }
        all.made.retain(|(of, _)| *of != release);
        all.made.push_front((release, ended));
        all.made.truncate(MOST);
        true
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_before_all_were_forgotten_is_not_kept() {
        let kept = Kept::default();
        let era = kept.era();
        assert!(kept.keep(era, 1, Err(NotPublished::NoTables)));
        kept.clear();
        assert!(!kept.keep(era, 2, Err(NotPublished::NoTables)));
        assert!(kept.get(1).is_none() && kept.get(2).is_none());
        assert!(kept.keep(kept.era(), 2, Err(NotPublished::NoTables)) && kept.get(2).is_some());
    }
}
