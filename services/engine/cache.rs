//! Encoded answers. An answer is dropped when a slot that it read changes, and only then: a submission elsewhere drops nothing.
//! A slot is one organisation's month in one collection and dataset.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use rustc_hash::FxHashMap;

use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::store::Touched;

/// The slots that an answer read, including those without data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Collections, by number, and datasets.
    pub collections: Vec<(u16, Dataset)>,
    /// Organisations, by number, in order; empty: every one.
    pub organisations: Vec<u32>,
    /// First month that the answer read.
    pub first: Month,
    /// Last month that the answer read.
    pub last: Month,
}

impl Scope {
    /// Months of organisations in collections; no organisation: every one.
    #[must_use]
    pub fn new(
        collections: &[(u16, Dataset)],
        organisations: &[u32],
        (first, last): (Month, Month),
    ) -> Self {
        let mut organisations = organisations.to_vec();
        organisations.sort_unstable();
        Self { collections: collections.to_vec(), organisations, first, last }
    }

    /// The slots of both.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.collections.extend(other.collections);
        if self.organisations.is_empty() || other.organisations.is_empty() {
            self.organisations.clear();
        } else {
            self.organisations.extend(other.organisations);
            self.organisations.sort_unstable();
            self.organisations.dedup();
        }
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
        self
    }

    /// The slots of both; none if the slots of one are not known by number.
    #[must_use]
    pub fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.zip(other).map(|(one, other)| one.joined(other))
    }

    /// Whether a change bears on one of them. An assessment bears on every answer about its organisation and months: what an
    /// answer shows beside its figures is not told here, and assessments are rare.
    #[must_use]
    pub fn covers(&self, touched: &Touched) -> bool {
        match touched {
            Touched::Nothing => false,
            Touched::Slot(slot) => {
                (self.first..=self.last).contains(&slot.month)
                    && self.collections.contains(&(slot.collection, slot.dataset))
                    && self.has(Some(slot.organisation))
            }
            Touched::Assessment { organisation, first, last } => {
                *first <= self.last && self.first <= *last && self.has(*organisation)
            }
        }
    }

    /// Whether an organisation is one of those looked at; one without a number can only be one of all.
    fn has(&self, organisation: Option<u32>) -> bool {
        self.organisations.is_empty()
            || organisation.is_some_and(|number| self.organisations.binary_search(&number).is_ok())
    }
}

/// An encoded answer, and its positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedAnswer {
    /// The encoded response without its position.
    pub body: Bytes,
    /// Position at which it was read.
    pub position: u64,
    /// Position of the last change that affects it.
    pub data_position: u64,
}

struct Kept {
    answer: EncodedAnswer,
    scope: Scope,
    used: AtomicU64,
}

#[derive(Default)]
struct Inner {
    kept: FxHashMap<Bytes, Kept>,
    bytes: u64,
    /// The last changes, so that an answer read before one of them is not kept after it.
    recent: VecDeque<(u64, Touched)>,
}

/// A bounded cache of encoded answers by encoded question.
pub struct AnswerCache {
    inner: RwLock<Inner>,
    clock: AtomicU64,
    capacity: u64,
}

const RECENT: usize = 1024;

impl AnswerCache {
    /// A cache of at most `capacity` bytes.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self { inner: RwLock::default(), clock: AtomicU64::new(0), capacity }
    }

    /// The kept answer to a question. It is the answer for every position from the one where it was read to the last announced change.
    #[must_use]
    pub fn get(&self, question: &[u8]) -> Option<EncodedAnswer> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let kept = inner.kept.get(question)?;
        kept.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(kept.answer.clone())
    }

    /// Keeps an answer, unless a slot that it read has changed since.
    #[allow(clippy::needless_pass_by_value)] // it is kept
    pub fn keep(&self, question: Bytes, answer: EncodedAnswer, scope: Scope) {
        let position = answer.position;
        let cost = cost(&question, &answer.body, &scope);
        if cost > self.capacity / 16 {
            return;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let forgotten = inner.recent.len() == RECENT
            && inner.recent.front().is_some_and(|(at, _)| *at > position);
        let stale =
            inner.recent.iter().any(|(at, touched)| *at > position && scope.covers(touched));
        if forgotten || stale {
            return;
        }
        let used = AtomicU64::new(self.clock.fetch_add(1, Ordering::Relaxed));
        if let Some(old) = inner.kept.insert(question.clone(), Kept { answer, scope, used }) {
            let old = self::cost(&question, &old.answer.body, &old.scope);
            inner.bytes = inner.bytes.saturating_sub(old);
        }
        inner.bytes += cost;
        if inner.bytes > self.capacity {
            self.shrink(&mut inner);
        }
    }

    /// Drops every answer that a change affects.
    pub fn changed(&self, touched: Touched, position: u64) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let Inner { kept, bytes, recent } = &mut *inner;
        kept.retain(|question, kept| {
            let stays = !kept.scope.covers(&touched);
            if !stays {
                *bytes = bytes.saturating_sub(cost(question, &kept.answer.body, &kept.scope));
            }
            stays
        });
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back((position, touched));
    }

    /// Bytes of the answers in the cache.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// Number of answers in the cache.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).kept.len()
    }

    /// Whether the cache is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops the quarter of the answers that were used longest ago.
    fn shrink(&self, inner: &mut Inner) {
        let mut ages: Vec<_> = inner
            .kept
            .iter()
            .map(|(q, kept)| (kept.used.load(Ordering::Relaxed), q.clone()))
            .collect();
        ages.sort_unstable();
        for (_, question) in ages {
            if inner.bytes <= self.capacity - self.capacity / 4 {
                break;
            }
            if let Some(gone) = inner.kept.remove(&question) {
                let gone = cost(&question, &gone.answer.body, &gone.scope);
                inner.bytes = inner.bytes.saturating_sub(gone);
            }
        }
    }
}

fn cost(question: &Bytes, body: &Bytes, scope: &Scope) -> u64 {
    (question.len() + body.len() + scope.organisations.len() * 4 + 200) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
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
        EncodedAnswer { body: body.into(), position, data_position: 1 }
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
        assert!(cache.is_empty());
        cache.keep("all".into(), answer("answer", 21), every());
        cache.changed(assessment(None, "2019-06", "2020-04"), 22);
        assert!(cache.is_empty());
    }

    #[test]
    fn an_answer_read_before_a_change_is_not_kept_after_it() {
        let cache = AnswerCache::new(1 << 20);
        cache.changed(slot(1, "2020-05"), 9);
        keep(&cache, "q", 8);
        assert!(cache.is_empty());
        keep(&cache, "q", 9);
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn the_cache_is_bounded_and_forgets_the_oldest() {
        let cache = AnswerCache::new(16 << 10);
        for number in 0..1000 {
            cache.keep(format!("{number}").into(), answer(vec![0; 100], 1), scope());
        }
        assert!(cache.len() < 60 && !cache.is_empty());
        assert!(cache.get(b"999").is_some());
        assert!(cache.get(b"0").is_none());
    }
}
