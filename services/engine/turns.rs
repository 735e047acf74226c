//! Turns of large works: one after another. A question has several works and waits for each, so large questions go on side by side. A
//! small question takes no turn.
//!
//! The next turn goes to the asker who has had the least work done, in values gone through, and of one asker's works to the first. So
//! somebody who asks many expensive questions waits for himself, and others for one work of his at most.
//!
//! Works of one [`Team`] go on at once: parts of one question, each on a thread of its own. They are one work to all others.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

/// How often one who waits looks whether anybody still waits for the answer.
const LOOK: Duration = Duration::from_millis(20);

/// Who works and who waits.
#[derive(Debug, Default)]
pub(super) struct Turns {
    line: Mutex<Line>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Line {
    /// Number of the last work that came.
    last: u64,
    /// The team that works, and how many of its works; none: nobody works.
    working: Option<(u64, usize)>,
    /// Numbers and askers of the works that wait, in the order in which they came.
    waiting: Vec<(u64, u64)>,
    /// Work done for each asker since somebody last was idle; who comes later begins at `begun`.
    done: FxHashMap<u64, u64>,
    begun: u64,
}

/// Works that may go on at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Team {
    number: u64,
    /// How many at most.
    most: usize,
}

impl Team {
    /// The same with fewer at once, and one at least.
    pub(super) fn without(self, others: usize) -> Self {
        Self { most: self.most.saturating_sub(others).max(1), ..self }
    }
}

/// A turn; the next one begins when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
}

impl Line {
    fn done_for(&self, asker: u64) -> u64 {
        self.done.get(&asker).map_or(self.begun, |done| *done.max(&self.begun))
    }

    fn next(&self) -> Option<u64> {
        let least = self.waiting.iter().min_by_key(|(number, who)| (self.done_for(*who), *number));
        least.map(|(number, _)| *number)
    }

    /// Begins a work if it is the next.
    fn begin(&mut self, number: u64, asker: u64, values: u64, team: Team) -> bool {
        let (working, at_once) = self.working.unwrap_or((team.number, 0));
        let is_free = working == team.number && at_once < team.most;
        if !is_free || self.next() != Some(number) {
            return false;
        }
        self.waiting.retain(|(other, _)| *other != number);
        self.working = Some((working, at_once + 1));
        self.begun = self.done_for(asker);
        self.done.insert(asker, self.begun.saturating_add(values));
        true
    }
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many works wait.
    pub(super) fn waiting(&self) -> u64 {
        self.lock().waiting.len() as u64
    }

    /// A team of so many works.
    pub(super) fn team(&self, most: usize) -> Team {
        let mut line = self.lock();
        line.last += 1;
        Team { number: line.last, most }
    }

    /// Waits for a turn for a work of an asker that goes through so many values; none if it was given up. Without a team it works alone.
    pub(super) fn take(
        &self,
        asker: u64,
        values: u64,
        team: Option<Team>,
        given_up: impl Fn() -> bool,
    ) -> Option<Turn<'_>> {
        let mut line = self.lock();
        line.last += 1;
        let number = line.last;
        line.waiting.push((number, asker));
        let team = team.unwrap_or(Team { number, most: 1 });
        while !line.begin(number, asker, values, team) {
            if given_up() {
                line.waiting.retain(|(other, _)| *other != number);
                drop(line);
                self.changed.notify_all();
                return None;
            }
            let woken = self.changed.wait_timeout(line, LOOK);
            line = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(line);
        if team.most > 1 {
            // Another of the team may have looked before this one, and may work beside it.
            self.changed.notify_all();
        }
        Some(Turn { turns: self })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = self.turns.lock();
        let left = line.working.map(|(team, at_once)| (team, at_once - 1));
        line.working = left.filter(|(_, at_once)| *at_once > 0);
        if line.waiting.is_empty() {
            line.done.clear();
            line.begun = 0;
        }
        drop(line);
        self.turns.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_works_at_a_time_and_who_gives_up_lets_the_next_one_in() {
        let (turns, at_once, most) = (Turns::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let first = turns.take(0, 1, None, || false).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8u64 {
                let (turns, at_once, most) = (&turns, &at_once, &most);
                scope.spawn(move || {
                    let Some(turn) = turns.take(number % 3, 1, None, || number % 4 == 3) else {
                        return;
                    };
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(1));
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
            while turns.lock().waiting.len() < 6 {
                std::thread::yield_now();
            }
            drop(first);
        });
        assert_eq!(most.into_inner(), 1);
        assert!(turns.lock().waiting.is_empty() && turns.lock().done.is_empty());
        drop(turns.take(0, 1, None, || false).unwrap());
    }

    #[test]
    fn a_team_works_at_once_and_lets_others_in_between() {
        let (turns, at_once, most) = (Turns::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let team = turns.team(2);
        let first = turns.take(1, 1_000, Some(team), || false).unwrap();
        let second = turns.take(1, 1_000, Some(team), || false).unwrap();
        assert!(turns.take(1, 1_000, Some(team), || true).is_none(), "a third of two");
        assert!(turns.take(1, 1_000, Some(team.without(1)), || true).is_none());
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            // More of the team wait before another asker comes, who has had less.
            for (count, asker) in [1, 1, 1, 1, 2].into_iter().enumerate() {
                let (turns, order, at_once, most) = (&turns, &order, &at_once, &most);
                scope.spawn(move || {
                    let team = (asker == 1).then_some(team);
                    let turn = turns.take(asker, 1_000, team, || false).unwrap();
                    order.lock().unwrap().push(asker);
                    let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
                    assert!(now == 1 || asker == 1, "the other works alone");
                    most.fetch_max(now, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
                while turns.lock().waiting.len() <= count {
                    std::thread::yield_now();
                }
            }
            drop((first, second));
        });
        let order = order.into_inner().unwrap();
        assert_eq!((order[0], order.len(), most.into_inner()), (2, 5, 2), "{order:?}");
        assert!(turns.lock().working.is_none());
    }

    #[test]
    fn who_asks_much_waits_for_himself() {
        let (turns, order) = (Turns::default(), Mutex::new(Vec::new()));
        let first = turns.take(1, 1_000, None, || false).unwrap();
        std::thread::scope(|scope| {
            // Ten large works of one asker wait before the small one of another comes.
            for (count, (asker, values)) in
                (0u64..).zip([(1, 1_000); 10].into_iter().chain([(2, 10)]))
            {
                let (turns, order) = (&turns, &order);
                scope.spawn(move || {
                    let turn = turns.take(asker, values, None, || false).unwrap();
                    order.lock().unwrap().push(asker);
                    drop(turn);
                });
                while turns.waiting() <= count {
                    std::thread::yield_now();
                }
            }
            assert_eq!(turns.waiting(), 11);
            drop(first);
        });
        let order = order.into_inner().unwrap();
        assert_eq!((order.len(), order[0], turns.waiting()), (11, 2, 0), "{order:?}");
    }
}
