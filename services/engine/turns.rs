//! Turns of large works: one after another, in the order in which they came. A question has several works and waits for each, so
//! large questions go on side by side. A small question takes no turn.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often one who waits looks whether anybody still waits for the answer.
const LOOK: Duration = Duration::from_millis(20);

/// Who works, first, and who waits.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: Mutex<(VecDeque<u64>, u64)>,
    changed: Condvar,
}

/// A turn; the next one begins when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, (VecDeque<u64>, u64)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn; none if it was given up.
    pub(super) fn take(&self, given_up: impl Fn() -> bool) -> Option<Turn<'_>> {
        let mut waiting = self.lock();
        waiting.1 += 1;
        let number = waiting.1;
        waiting.0.push_back(number);
        let turn = Turn { turns: self, number };
        while waiting.0.front() != Some(&number) {
            if given_up() {
                drop(waiting);
                return None;
            }
            let woken = self.changed.wait_timeout(waiting, LOOK);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(waiting);
        Some(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.lock().0.retain(|number| *number != self.number);
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
        let first = turns.take(|| false).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (turns, at_once, most) = (&turns, &at_once, &most);
                scope.spawn(move || {
                    let Some(turn) = turns.take(|| number % 4 == 3) else { return };
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(1));
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
            while turns.lock().0.len() < 7 {
                std::thread::yield_now();
            }
            drop(first);
        });
        assert_eq!(most.into_inner(), 1);
        assert!(turns.lock().0.is_empty());
        drop(turns.take(|| false).unwrap());
    }
}
