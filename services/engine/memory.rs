//! The memory of questions under way, within one bound. A question takes what it needs before it begins a work, and gives it back when it
//! is answered. When there is no room it waits; a small question never waits for a large one.
//!
//! No two questions wait for each other. Memory is taken before a turn ([`super::turns`]). Who holds nothing waits for all that it
//! needs, and such questions leave half of the room free. Who holds figures and needs more takes it there, one question at a time.

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
    taken: Taken,
    /// Whether a question has more than it began with, out of the room that the others leave.
    has_grown: bool,
    /// Who waits and holds nothing, and since when.
    waiting: VecDeque<(u64, Instant)>,
    last: u64,
}

/// Bytes that are taken, in each of the three parts of the bound.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    small: u64,
    begun: u64,
    grown: u64,
}

impl Taken {
    fn sum(self) -> u64 {
        self.small + self.begun + self.grown
    }

    fn subtract(&mut self, other: Self) {
        self.small -= other.small;
        self.begun -= other.begun;
        self.grown -= other.grown;
    }
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
        self.lock().taken.sum()
    }

    /// How many questions that hold nothing wait.
    pub(super) fn waiting(&self) -> u64 {
        self.lock().waiting.len() as u64
    }

    /// Most bytes of one question.
    fn limit(&self) -> u64 {
        self.most - self.most / 4
    }

    fn is_small(&self, bytes: u64) -> bool {
        bytes <= self.most / SMALL
    }

    /// Takes what a question needs that holds nothing.
    fn begin(&self, bytes: u64, given_up: impl Fn() -> bool) -> Result<Taken, QueryError> {
        let mut state = self.lock();
        if self.is_small(bytes) {
            state.taken.small += bytes;
            return Ok(Taken { small: bytes, ..Taken::default() });
        }
        state.last += 1;
        let number = state.last;
        state.waiting.push_back((number, Instant::now()));
        let fits = |state: &State| {
            let first = state.waiting.front();
            let may = first.is_none_or(|(n, since)| *n == number || since.elapsed() < PATIENCE);
            let large = state.taken.begun + state.taken.grown;
            may && (large == 0
                || state.taken.begun + bytes <= self.limit() / 2 && large + bytes <= self.limit())
        };
        let mut taken = fits(&state);
        while !taken && !given_up() {
            state = self.wait(state);
            taken = fits(&state);
        }
        state.waiting.retain(|(n, _)| *n != number);
        let begun = if taken { bytes } else { 0 };
        state.taken.begun += begun;
        drop(state);
        // The next may have waited for this one's place alone.
        self.changed.notify_all();
        if taken { Ok(Taken { begun, ..Taken::default() }) } else { Err(QueryError::Late) }
    }

    /// Takes more for a question that goes on holding what it has.
    fn grow(
        &self,
        held: &mut Taken,
        more: u64,
        given_up: impl Fn() -> bool,
    ) -> Result<(), QueryError> {
        let mut state = self.lock();
        let fits = |state: &State| state.taken.begun + more <= self.limit() / 2;
        if self.is_small(held.small + more) {
            (state.taken.small, held.small) = (state.taken.small + more, held.small + more);
            return Ok(());
        }
        // Others have begun with at most half of the room, or not at all.
        let room = self.limit() - held.begun.max(self.limit() / 2);
        if held.grown + more > room {
            let (bytes, limit) = (held.sum() + more, held.begun + room);
            return Err(QueryError::TooHeavy { bytes, limit });
        }
        while held.grown == 0 && state.has_grown && !fits(&state) {
            if given_up() {
                return Err(QueryError::Late);
            }
            state = self.wait(state);
        }
        if held.grown == 0 && fits(&state) {
            (state.taken.begun, held.begun) = (state.taken.begun + more, held.begun + more);
        } else {
            state.has_grown = true;
            (state.taken.grown, held.grown) = (state.taken.grown + more, held.grown + more);
        }
        Ok(())
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Gives back what is held above so many bytes.
    fn give_back(&self, held: &mut Taken, least: u64) {
        let mut over = held.sum().saturating_sub(least);
        let mut less = |part: u64| {
            let less = part.min(over);
            over -= less;
            less
        };
        let (grown, begun, small) = (less(held.grown), less(held.begun), less(held.small));
        let back = Taken { small, begun, grown };
        if back.sum() == 0 {
            return;
        }
        held.subtract(back);
        let mut state = self.lock();
        state.taken.subtract(back);
        state.has_grown &= grown == 0 || held.grown > 0;
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
    /// What is taken, and what of it the question keeps to its end.
    taken: Mutex<(Taken, u64)>,
}

impl Share {
    /// The share of a question that has not begun.
    pub(super) fn new(all: Arc<Memory>) -> Self {
        Self(Arc::new(Held { all, taken: Mutex::default() }))
    }

    /// The share of another question.
    pub(super) fn of_another(&self) -> Self {
        Self::new(Arc::clone(&self.0.all))
    }

    /// Takes memory for the next work of the question, whose works before are done, besides what it keeps. Blocks while there is no room.
    pub(super) fn take(&self, bytes: u64, given_up: impl Fn() -> bool) -> Result<(), QueryError> {
        let Held { all, taken } = &*self.0;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, kept) = &mut *taken;
        let wanted = *kept + bytes;
        if wanted > all.limit() {
            return Err(QueryError::TooHeavy { bytes: wanted, limit: all.limit() });
        }
        if wanted > held.sum() && *kept == 0 {
            all.give_back(held, 0);
            *held = all.begin(wanted, &given_up)?;
        }
        if wanted > held.sum() {
            let more = wanted - held.sum();
            return all.grow(held, more, given_up);
        }
        all.give_back(held, wanted);
        Ok(())
    }

    /// Of the work before the question keeps so many bytes to its end, and gives back the others.
    pub(super) fn keep(&self, bytes: u64, given_up: impl Fn() -> bool) -> Result<(), QueryError> {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.1 += bytes;
        drop(taken);
        self.take(0, given_up)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (held, _) = self.taken.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.all.give_back(held, 0);
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
    fn questions_that_keep_figures_and_need_more_do_not_wait_for_each_other() {
        let (all, most, done) = (Arc::new(Memory::new(MOST)), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for number in 0..16u64 {
                let (all, most, done) = (&all, &most, &done);
                scope.spawn(move || {
                    for step in 1..20 {
                        let share = share(all);
                        let some = number * step % 13 * 8_000;
                        share.take(2 * some, || false).unwrap();
                        share.keep(some, || false).unwrap();
                        std::thread::sleep(Duration::from_micros(200));
                        // More than it began with, while the others do the like.
                        share.take(2 * some, || false).unwrap();
                        share.keep(some / 2, || false).unwrap();
                        most.fetch_max(all.taken(), Ordering::SeqCst);
                        assert!(all.taken() >= some + some / 2);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!((all.taken(), done.into_inner()), (0, 16 * 19));
        assert!((MOST / 4..=MOST).contains(&most.into_inner()));
        assert!(!all.lock().has_grown && all.lock().waiting.is_empty());
    }

    #[test]
    fn what_is_kept_stays_until_the_question_ends_and_the_rest_of_a_work_does_not() {
        let all = Arc::new(Memory::new(MOST));
        let (first, second) = (share(&all), share(&all));
        first.take(MOST / 2, || false).unwrap();
        first.keep(MOST / 4, || false).unwrap();
        assert_eq!(all.taken(), MOST / 4);
        second.take(MOST / 8, || false).unwrap();
        second.keep(MOST / 8, || false).unwrap();
        first.take(MOST / 4, || false).unwrap();
        assert_eq!(all.taken(), MOST * 5 / 8, "what it keeps counts beside the next work");
        let late = second.take(MOST / 8, || true);
        assert!(matches!(late, Err(QueryError::Late)), "one grows at a time");
        assert_eq!(all.taken(), MOST * 5 / 8, "who waits goes on holding what it keeps");
        let heavy = first.take(MOST / 2, || panic!("it waits"));
        assert!(matches!(heavy, Err(QueryError::TooHeavy { .. })));
        drop(first);
        second.take(MOST / 4, || false).unwrap();
        drop(second);
        assert_eq!(all.taken(), 0);
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
        first.take(MOST / 8, || false).unwrap();
        let (second, took) = (share(&all), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                second.take(MOST * 3 / 4, || false).unwrap();
                took.store(true, Ordering::SeqCst);
            });
            while all.lock().waiting.is_empty() {
                std::thread::yield_now();
            }
            assert_eq!(all.waiting(), 1);
            share(&all).take(MOST / 4, || false).unwrap();
            std::thread::sleep(PATIENCE);
            let late = share(&all).take(MOST / 4, || true);
            assert!(matches!(late, Err(QueryError::Late)), "it would pass one who waited long");
            share(&all).take(MOST / SMALL, || panic!("a small one waits")).unwrap();
            assert!(!took.load(Ordering::SeqCst));
            drop(first);
        });
        assert!(took.into_inner());
        assert_eq!(all.waiting(), 0);
        drop(second);
        assert_eq!(all.taken(), 0);
    }
}
