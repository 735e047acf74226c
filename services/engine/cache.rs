//! Encoded answers. An answer is not given out any more when a slot that it read has changed, and only then: a submission elsewhere
//! spoils nothing. A slot is one organisation's month in one collection and dataset.
//!
//! A change is only noted: who asks for an answer again looks at the changes since it was last asked for. So a change costs the same
//! however many answers are kept, and nobody waits for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::scope::Scope;
use crate::store::Touched;
use crate::store::audit::Cells;

/// An encoded answer, and its positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedAnswer {
    /// The encoded response without its position.
    pub body: Bytes,
    /// Position at which it was read.
    pub position: u64,
    /// Position of the last change that affects it.
    pub data_position: u64,
    /// Whether it shows a release: then it is the answer for ever.
    pub released: bool,
    /// What the audit log has of it.
    pub shown: Shown,
}

/// What the audit log has of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// How many cells have a figure, and of how many it was withheld.
    pub cells: Cells,
    /// The release that it shows; none: the newest state.
    pub release: Option<Arc<str>>,
}

struct Kept {
    answer: EncodedAnswer,
    scope: Scope,
    /// How many changes there had been when it was last found unaffected.
    checked: AtomicU64,
    /// Whether it was asked for since it was last its turn to go.
    used: AtomicBool,
}

#[derive(Default)]
struct Inner {
    kept: FxHashMap<Bytes, Kept>,
    /// Every question, the one whose turn it is to go first.
    turns: VecDeque<Bytes>,
    bytes: u64,
    /// The last changes with their positions, in order.
    changes: VecDeque<(u64, Touched)>,
    /// How many changes there were.
    count: u64,
    /// How often everything was forgotten.
    cleared: u64,
}

/// A bounded cache of encoded answers by encoded question.
pub struct AnswerCache {
    inner: RwLock<Inner>,
    capacity: u64,
}

/// Changes that are remembered. An answer that nobody asked for while more of them came is computed again.
const REMEMBERED: usize = if cfg!(test) { 8 } else { 1 << 14 };

impl AnswerCache {
    /// A cache of at most `capacity` bytes.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self { inner: RwLock::default(), capacity }
    }

    /// The kept answer to a question. It is the answer for every position from the one where it was read to the last announced change.
    #[must_use]
    pub fn get(&self, question: &[u8]) -> Option<EncodedAnswer> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let kept = inner.kept.get(question)?;
        if kept.answer.released {
            kept.used.store(true, Ordering::Relaxed);
            return Some(kept.answer.clone());
        }
        let unseen = inner.count - kept.checked.load(Ordering::Relaxed);
        let unseen = usize::try_from(unseen).ok().filter(|some| *some <= inner.changes.len())?;
        if inner.changes.iter().rev().take(unseen).any(|(_, touched)| kept.scope.covers(touched)) {
            return None;
        }
        kept.checked.store(inner.count, Ordering::Relaxed);
        kept.used.store(true, Ordering::Relaxed);
        Some(kept.answer.clone())
    }

    /// Forgets every answer, those under way included: see [`AnswerCache::keep_since`].
    pub fn clear(&self) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        *inner = Inner { count: inner.count, cleared: inner.cleared + 1, ..Inner::default() };
    }

    /// How often everything was forgotten.
    #[must_use]
    pub fn cleared(&self) -> u64 {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).cleared
    }

    /// Keeps an answer that was begun when everything had been `cleared` so often, unless that has happened again.
    pub fn keep_since(&self, cleared: u64, question: Bytes, answer: EncodedAnswer, scope: Scope) {
        self.put(Some(cleared), question, answer, scope);
    }

    /// Keeps an answer, unless a slot that it read has changed since.
    #[allow(clippy::needless_pass_by_value)] // it is kept
    pub fn keep(&self, question: Bytes, answer: EncodedAnswer, scope: Scope) {
        self.put(None, question, answer, scope);
    }

    #[allow(clippy::needless_pass_by_value)] // it is kept
    fn put(&self, cleared: Option<u64>, question: Bytes, answer: EncodedAnswer, scope: Scope) {
        // However many changes came since, none bears on it.
        let position = if answer.released { u64::MAX } else { answer.position };
        let cost = cost(&question, &answer.body, &scope);
        if cost > self.capacity / 16 {
            return;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if cleared.is_some_and(|cleared| cleared != inner.cleared) {
            return;
        }
        let forgotten = inner.changes.len() == REMEMBERED
            && inner.changes.front().is_some_and(|(at, _)| *at > position);
        let mut since = inner.changes.iter().rev().take_while(|(at, _)| *at > position);
        if forgotten || since.any(|(_, touched)| scope.covers(touched)) {
            return;
        }
        let (checked, used) = (inner.count.into(), AtomicBool::default());
        match inner.kept.insert(question.clone(), Kept { answer, scope, checked, used }) {
            None => inner.turns.push_back(question),
            Some(old) => inner.bytes -= self::cost(&question, &old.answer.body, &old.scope),
        }
        inner.bytes += cost;
        inner.shrink(self.capacity);
    }

    /// Notes a change: answers that it affects are not given out any more.
    pub fn changed(&self, touched: Touched, position: u64) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.changes.len() == REMEMBERED {
            inner.changes.pop_front();
        }
        inner.changes.push_back((position, touched));
        inner.count += 1;
    }

    /// Bytes of the answers in the cache, affected ones included until it is their turn to go.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

impl Inner {
    /// Lets go of answers that nobody has asked for since it was last their turn, until there is room.
    fn shrink(&mut self, capacity: u64) {
        while self.bytes > capacity
            && let Some(question) = self.turns.pop_front()
        {
            let used =
                self.kept.get(&question).is_some_and(|of| of.used.swap(false, Ordering::Relaxed));
            if used {
                self.turns.push_back(question);
            } else if let Some(gone) = self.kept.remove(&question) {
                self.bytes -= cost(&question, &gone.answer.body, &gone.scope);
            }
        }
    }
}

fn cost(question: &Bytes, body: &Bytes, scope: &Scope) -> u64 {
    (question.len() + body.len() + scope.organisations.len() * 4 + 240) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::collection::Dataset;
    use crate::store::Slot;

    fn slot(organisation: u32, month: &str) -> Touched {
        let month = month.parse().unwrap();
        let dataset = Dataset::Consultations;
        Touched::Slot(Slot { collection: 1, dataset, organisation, month })
    }

    fn assessment(organisation: Option<u32>, first: &str, last: &str) -> Touched {
        let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
        Touched::Assessment { organisation, first, last }
    }

    fn scope() -> Scope {
        let (first, last) = ("2020-04".parse().unwrap(), "2020-06".parse().unwrap());
        Scope {
            collections: vec![(1, Dataset::Consultations)],
            organisations: vec![1, 3],
            first,
            last,
        }
    }

    fn answer(body: impl Into<Bytes>, position: u64) -> EncodedAnswer {
        let (body, shown) = (body.into(), Shown::default());
        EncodedAnswer { body, position, data_position: 1, released: false, shown }
    }

    fn keep(cache: &AnswerCache, question: &'static str, position: u64) {
        cache.keep(question.into(), answer("answer", position), scope());
    }

    #[test]
    fn only_what_bears_on_an_answer_evicts_it() {
        let cache = AnswerCache::new(1 << 20);
        keep(&cache, "q", 5);
        cache.changed(slot(2, "2020-04"), 6);
        cache.changed(slot(1, "2020-07"), 7);
        assert!(cache.get(b"q").is_some());
        cache.changed(slot(3, "2020-06"), 8);
        assert!(cache.get(b"q").is_none());
    }

    #[test]
    fn an_assessment_evicts_what_is_about_its_organisation_and_months() {
        let cache = AnswerCache::new(1 << 20);
        let elsewhere = [
            assessment(Some(2), "2020-04", "2020-06"),
            assessment(None, "2020-04", "2020-06"),
            assessment(Some(1), "2020-01", "2020-03"),
            assessment(Some(1), "2020-07", "2020-09"),
        ];
        for (touched, position) in elsewhere.into_iter().zip(6..) {
            keep(&cache, "q", position);
            cache.changed(touched, position);
            assert!(cache.get(b"q").is_some(), "{touched:?}");
        }
        let every = || Scope { organisations: Vec::new(), ..scope() };
        cache.keep("all".into(), answer("answer", 20), every());
        cache.changed(assessment(Some(1), "2020-06", "2021-03"), 21);
        assert!(cache.get(b"all").is_none());
        cache.keep("all".into(), answer("answer", 21), every());
        cache.changed(assessment(None, "2019-06", "2020-04"), 22);
        assert!(cache.get(b"all").is_none());
    }

    #[test]
    fn an_answer_read_before_a_change_is_not_kept_after_it() {
        let cache = AnswerCache::new(1 << 20);
        cache.changed(slot(1, "2020-05"), 9);
        keep(&cache, "q", 8);
        assert!(cache.get(b"q").is_none());
        keep(&cache, "q", 9);
        assert!(cache.get(b"q").is_some());
    }

    #[test]
    fn an_answer_that_was_not_asked_for_while_too_much_changed_is_computed_again() {
        let cache = AnswerCache::new(1 << 20);
        keep(&cache, "asked", 1);
        keep(&cache, "forgotten", 1);
        for position in 2..2 + REMEMBERED as u64 + 1 {
            cache.changed(slot(2, "2020-04"), position);
            assert!(cache.get(b"asked").is_some());
        }
        assert!(cache.get(b"forgotten").is_none());
        // What was read before the changes that are remembered may be affected by one that is not.
        keep(&cache, "old", 1);
        assert!(cache.get(b"old").is_none());
    }

    #[test]
    fn an_answer_about_a_release_stays_whatever_changes() {
        let cache = AnswerCache::new(1 << 20);
        let change = |from: u64| {
            for position in from..from + 2 * REMEMBERED as u64 {
                cache.changed(slot(1, "2020-04"), position);
                cache.changed(assessment(None, "1970-01", "2190-01"), position);
            }
        };
        change(10);
        let released = EncodedAnswer { released: true, ..answer("answer", 1) };
        cache.keep("released".into(), released.clone(), scope());
        change(100);
        assert_eq!(cache.get(b"released"), Some(released));
    }

    #[test]
    fn the_cache_is_bounded_and_forgets_what_nobody_asks_for() {
        let cache = AnswerCache::new(16 << 10);
        let key = |number: u32| Bytes::from(format!("{number}"));
        for number in 0..1000 {
            cache.keep(key(number), answer(vec![0; 100], 1), scope());
            assert!(cache.get(b"0").is_some());
            assert!(cache.bytes() <= 16 << 10);
        }
        let kept = (1..1000).filter(|number| cache.get(&key(*number)).is_some()).count();
        assert!((20..60).contains(&kept), "{kept}");
        assert!(cache.get(b"999").is_some());
    }

    #[test]
    fn an_answer_in_the_place_of_another_takes_no_more_room() {
        let cache = AnswerCache::new(1 << 20);
        keep(&cache, "q", 5);
        let bytes = cache.bytes();
        cache.changed(slot(1, "2020-05"), 6);
        assert!(cache.get(b"q").is_none());
        keep(&cache, "q", 6);
        assert!(cache.get(b"q").is_some());
        assert_eq!(cache.bytes(), bytes);
    }
}
