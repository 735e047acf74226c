//! The memory of questions under way, within one bound. A question takes what it needs before it begins a work, and gives it back when it
//! is answered. When there is no room it waits; a small question never waits for a large one.
//!
//! Whoever waits holds nothing, and memory is taken before a turn ([`super::turns`]): so no two questions wait for each other.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::QueryError;

/// How often one who waits looks whether anybody still waits for the answer.
const LOOK: Duration = Duration::from_millis(20);
/// How long the first who waits lets others pass who need less.
const PATIENCE: Duration = Duration::from_secs(1);
/// Questions that need no more than this part of the bound never wait. A quarter of the bound is theirs: there are at most 64 at once.
const SMALL: u64 = 256;

/// What all questions under way take together.
#[derive(Debug)]
pub(super) struct Memory {
    most: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of small questions, and of others.
    small: u64,
    large: u64,
    /// Who waits, and since when.
    waiting: VecDeque<(u64, Instant)>,
    last: u64,
}

impl Memory {
    /// At most so many bytes.
    pub(super) fn new(most: u64) -> Self {
        Self { most, state: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that are taken.
    pub(super) fn taken(&self) -> u64 {
        let state = self.lock();
        state.small + state.large
    }

    /// Most bytes of one question.
    fn limit(&self) -> u64 {
        self.most - self.most / 4
    }

    fn is_small(&self, bytes: u64) -> bool {
        bytes <= self.most / SMALL
    }

    fn take(&self, bytes: u64, given_up: impl Fn() -> bool) -> Result<(), QueryError> {
        let mut state = self.lock();
        if self.is_small(bytes) {
            state.small += bytes;
            return Ok(());
        }
        state.last += 1;
        let number = state.last;
        state.waiting.push_back((number, Instant::now()));
        let fits = |state: &State| {
            let first = state.waiting.front();
            let may = first.is_none_or(|(n, since)| *n == number || since.elapsed() < PATIENCE);
            may && state.large.saturating_add(bytes) <= self.limit()
        };
        let mut taken = fits(&state);
        while !taken && !given_up() {
            let woken = self.changed.wait_timeout(state, LOOK);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
            taken = fits(&state);
        }
        state.waiting.retain(|(n, _)| *n != number);
        state.large += if taken { bytes } else { 0 };
        drop(state);
        // The next may have waited for this one's place alone.
        self.changed.notify_all();
        taken.then_some(()).ok_or(QueryError::Late)
    }

    fn give_back(&self, bytes: u64) {
        let mut state = self.lock();
        let of = if self.is_small(bytes) { &mut state.small } else { &mut state.large };
        *of -= bytes;
        drop(state);
        self.changed.notify_all();
    }
}

/// What one question takes. Clones are of the same question.
#[derive(Clone, Debug)]
pub(super) struct Share(Arc<Held>);

#[derive(Debug)]
struct Held {
    all: Arc<Memory>,
    bytes: Mutex<u64>,
}

impl Share {
    /// The share of a question that has not begun.
    pub(super) fn new(all: Arc<Memory>) -> Self {
        Self(Arc::new(Held { all, bytes: Mutex::default() }))
    }

    /// The share of another question.
    pub(super) fn of_another(&self) -> Self {
        Self::new(Arc::clone(&self.0.all))
    }

    /// Takes memory for the next work of the question, whose works before are done: it has to be enough for what it keeps, too.
    /// Blocks while there is no room.
    pub(super) fn take(&self, bytes: u64, given_up: impl Fn() -> bool) -> Result<(), QueryError> {
        let Held { all, bytes: held } = &*self.0;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes <= *held {
            return Ok(());
        }
        if bytes > all.limit() {
            return Err(QueryError::TooHeavy { bytes, limit: all.limit() });
        }
        all.give_back(std::mem::take(&mut *held));
        all.take(bytes, given_up)?;
        *held = bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = self.bytes.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.all.give_back(*bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;

    const MOST: u64 = 1 << 20;

    fn share(all: &Arc<Memory>) -> Share {
        Share::new(Arc::clone(all))
    }

    #[test]
    fn questions_under_way_never_take_more_than_the_bound() {
        let (all, most, done) = (Arc::new(Memory::new(MOST)), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for number in 0..16u64 {
                let (all, most, done) = (&all, &most, &done);
                scope.spawn(move || {
                    for step in 1..20 {
                        let share = share(all);
                        // A question of several works, each of which needs more.
                        for part in [1, 2, 5] {
                            share.take(number * step % 13 * part * 9_000, || false).unwrap();
                            most.fetch_max(all.taken(), Ordering::SeqCst);
                        }
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!((all.taken(), done.into_inner()), (0, 16 * 19));
        assert!((MOST / 2..=MOST).contains(&most.into_inner()));
        assert!(all.lock().waiting.is_empty());
    }

    #[test]
    fn what_is_too_heavy_alone_is_refused_and_holds_nobody_up() {
        let all = Arc::new(Memory::new(MOST));
        let (heavy, light) = (share(&all), share(&all));
        let refused = heavy.take(MOST, || panic!("it waits"));
        let expected = (MOST, MOST * 3 / 4);
        assert!(
            matches!(refused, Err(QueryError::TooHeavy { bytes, limit }) if (bytes, limit) == expected)
        );
        light.take(MOST * 3 / 4, || false).unwrap();
        assert_eq!(all.taken(), MOST * 3 / 4);
    }

    #[test]
    fn small_questions_pass_and_the_first_who_waits_is_not_passed_for_ever() {
        let all = Arc::new(Memory::new(MOST));
        let first = share(&all);
        first.take(MOST / 2, || false).unwrap();
        let (second, took) = (share(&all), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                second.take(MOST * 3 / 4, || false).unwrap();
                took.store(true, Ordering::SeqCst);
            });
            while all.lock().waiting.is_empty() {
                std::thread::yield_now();
            }
            share(&all).take(MOST / 4, || false).unwrap();
            std::thread::sleep(PATIENCE);
            let late = share(&all).take(MOST / 4, || true);
            assert!(matches!(late, Err(QueryError::Late)), "it would pass one who waited long");
            share(&all).take(MOST / SMALL, || panic!("a small one waits")).unwrap();
            assert!(!took.load(Ordering::SeqCst));
            drop(first);
        });
        assert!(took.into_inner());
        drop(second);
        assert_eq!(all.taken(), 0);
    }
}
