//! Counting on several threads. The counting kernels are pure; this file spreads their work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use tracing::span::EnteredSpan;

use super::error::QueryError;
use super::memory::{Memory, Share};
use super::turns::{Team, Turn, Turns};
use crate::store::StoreError;

/// Most threads of one answer, its deadline, and whether anybody still waits for it.
#[derive(Clone, Debug)]
pub struct Threads {
    pub(super) most: usize,
    pub(super) until: Option<Instant>,
    /// Who asks, so that all get their turns.
    pub(super) asker: u64,
    /// Nobody waits for the answer any more.
    pub(super) given_up: Arc<AtomicBool>,
    /// Of all answers.
    pub(super) turns: Arc<Turns>,
    /// The parts of the same answer that are worked on at once, each on one thread; none: it has no parts.
    pub(super) team: Option<Team>,
    /// How many answers somebody waits for.
    pub(super) asking: Arc<AtomicUsize>,
    /// Memory of this answer.
    pub(super) share: Share,
}

impl Threads {
    /// At most so many threads, without a deadline, with so much memory for all answers.
    pub(super) fn new(most: usize, memory: Arc<Memory>) -> Self {
        let (given_up, turns, asking) = Default::default();
        let share = Share::new(memory);
        Self { most, until: None, asker: 0, given_up, turns, team: None, asking, share }
    }

    /// Takes memory for the next work, before its turn. Blocks while there is no room.
    pub(super) fn room(&self, bytes: usize) -> Result<(), QueryError> {
        self.share.take(bytes as u64, || self.are_late())
    }

    /// Keeps so much of what the work before took until the question is answered, and gives back the rest.
    pub(super) fn keep(&self, bytes: usize) -> Result<(), QueryError> {
        self.share.keep(bytes as u64, || self.are_late())
    }

    /// How many threads a work on so many records is spread over.
    pub(super) fn over(&self, records: usize) -> usize {
        self.most.clamp(1, records / A_THREAD + 1)
    }

    /// Whether the deadline has passed, or nobody waits any more.
    pub(super) fn are_late(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
            || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Takes memory and then a turn for a work of so many `bytes` and `values`. Both last as long as what is returned, and so does the span
    /// of the work.
    pub(super) fn begin(
        &self,
        bytes: usize,
        values: usize,
    ) -> Result<(Option<Turn<'_>>, EnteredSpan), QueryError> {
        let waiting = tracing::debug_span!("wait for the turn").entered();
        self.room(bytes)?;
        let turn = self.turn(values)?;
        drop(waiting);
        Ok((turn, tracing::debug_span!("scan").entered()))
    }

    /// Waits for a turn, if this work is large: large works go one after another, small ones at once, and who has asked the least goes first. `values` is how many values of
    /// columns and cells of tables it goes through.
    fn turn(&self, values: usize) -> Result<Option<Turn<'_>>, QueryError> {
        if values < LARGE {
            return Ok(None);
        }
        let others = usize::from(self.asking.load(Ordering::Relaxed) > 1);
        let team = self.team.map(|team| team.without(others));
        self.turns
            .take(self.asker, values as u64, team, || self.are_late())
            .map(Some)
            .ok_or(QueryError::Late)
    }

    /// For a large work: while others ask, it leaves them a core.
    pub(super) fn beside_others(&self) -> Self {
        let others = self.asking.load(Ordering::Relaxed) > 1;
        let most = if others { self.most.saturating_sub(1).max(1) } else { self.most };
        Self { most, ..self.clone() }
    }

    /// An error after the deadline, so that work ends that nobody waits for.
    pub(super) fn in_time(&self) -> Result<(), QueryError> {
        if self.are_late() { Err(QueryError::Late) } else { Ok(()) }
    }

    /// What `make` makes of each item, on several threads and in the order of the items; an error after the deadline.
    pub(super) fn each<T: Sync, R: Send>(
        &self,
        items: &[T],
        records: impl Fn(&T) -> usize,
        make: impl Fn(&T) -> Result<R, StoreError> + Sync,
    ) -> Result<Vec<R>, QueryError> {
        let run = |run: &[T]| -> Result<Vec<R>, StoreError> {
            run.iter().take_while(|_| !self.are_late()).map(&make).collect()
        };
        let mut all = Vec::with_capacity(items.len());
        for made in on_threads(items, records, self, run) {
            all.extend(made?);
        }
        self.in_time()?;
        Ok(all)
    }

    /// What `answer` makes of each of several questions, side by side and in their order. Each is counted on one thread and has its own memory. They
    /// wait for room as questions of several askers do. After an error none is begun.
    pub(super) fn side_by_side<T: Sync, R: Send>(
        &self,
        questions: &[T],
        answer: impl Fn(&T, Self) -> Result<R, QueryError> + Sync,
    ) -> Result<Vec<R>, QueryError> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let team = (questions.len() > 1 && self.most > 1).then(|| self.turns.team(self.most));
        let most = if team.is_some() { 1 } else { self.most };
        let run = || {
            let mut answers = Vec::new();
            while !failed.load(Ordering::Relaxed) {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(question) = questions.get(place) else { break };
                let own = Self { most, team, share: self.share.of_another(), ..self.clone() };
                let answered = self.in_time().and_then(|()| answer(question, own));
                failed.fetch_or(answered.is_err(), Ordering::Relaxed);
                answers.push((place, answered));
            }
            answers
        };
        let threads = self.most.clamp(1, questions.len().max(1));
        let mut answers = thread::scope(|scope| {
            // Where the system starts no thread, this one does their work too.
            let another = |_| thread::Builder::new().spawn_scoped(scope, run).ok();
            let others: Vec<_> = (1..threads).map_while(another).collect();
            let mut answers = run();
            for other in others {
                let joined = other.join();
                answers.extend(joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            answers
        });
        answers.sort_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answered)| answered).collect()
    }
}

/// A thread costs about as much as counting some ten thousand records.
const A_THREAD: usize = 16_384;

/// From so many values on a work is large: it takes a millisecond or more.
const LARGE: usize = 1 << 20;

/// Cuts the work into runs with about the same number of records, and does each run on its own thread, at most `threads` at once.
/// The results are in the order of the work.
pub(in crate::engine) fn on_threads<T: Sync, R: Send>(
    work: &[T],
    records: impl Fn(&T) -> usize,
    threads: &Threads,
    run: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let all: usize = work.iter().map(&records).sum();
    let threads = threads.over(all);
    if threads == 1 {
        return vec![run(work)];
    }
    let mut runs = Vec::with_capacity(threads);
    let (mut start, mut seen) = (0, 0);
    for (place, item) in work.iter().enumerate() {
        seen += records(item);
        if seen * threads >= all * (runs.len() + 1) {
            runs.push(&work[start..=place]);
            start = place + 1;
        }
    }
    thread::scope(|scope| {
        let run = &run;
        let begin = |items| {
            let handle = thread::Builder::new().spawn_scoped(scope, move || run(items));
            // Where the system starts no thread, this one does the work.
            handle.map_err(|_| items)
        };
        let begun: Vec<_> = runs.into_iter().map(begin).collect();
        let end = |begun: Result<thread::ScopedJoinHandle<'_, R>, &[T]>| match begun {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(items) => run(items),
        };
        begun.into_iter().map(end).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_side_by_side_are_in_order_and_an_error_ends_them() {
        for most in [1, 2, 3, 8] {
            let threads = Threads::new(most, Arc::new(Memory::new(1 << 20)));
            let questions: Vec<usize> = (0..50).collect();
            let answer = |question: &usize, own: Threads| {
                // Each takes what only few of them could take together.
                own.room(1 << 18)?;
                Ok(question * 2)
            };
            let answers = threads.side_by_side(&questions, answer).unwrap();
            assert_eq!(answers, questions.iter().map(|of| of * 2).collect::<Vec<_>>());
            let begun = AtomicUsize::new(0);
            let refuse = |question: &usize, _| {
                begun.fetch_add(1, Ordering::Relaxed);
                if *question < 2 { Ok(()) } else { Err(QueryError::Late) }
            };
            assert!(matches!(threads.side_by_side(&questions, refuse), Err(QueryError::Late)));
            assert!(begun.into_inner() < questions.len());
            assert_eq!(threads.side_by_side(&[0; 0], refuse_none).unwrap().len(), 0);
            threads.given_up.store(true, Ordering::Relaxed);
            let late = threads.side_by_side(&questions, |_, _| -> Result<(), QueryError> {
                panic!("nobody waits for it")
            });
            assert!(matches!(late, Err(QueryError::Late)));
        }
    }

    fn refuse_none(_: &usize, _: Threads) -> Result<(), QueryError> {
        Ok(())
    }

    #[test]
    fn nothing_is_left_out_or_done_twice() {
        let of = |most| Threads::new(most, Arc::new(Memory::new(1 << 20)));
        for (items, threads) in [(1, 4), (2, 2), (7, 3), (100, 2), (3, 8)] {
            let work: Vec<usize> = (0..items).map(|item| item * 30_000 % 70_001).collect();
            let runs = on_threads(&work, |records| *records, &of(threads), <[usize]>::to_vec);
            let mut done = runs.concat();
            // Items without records behind the last full run need not be done.
            done.resize(work.len(), 0);
            assert_eq!(done.iter().sum::<usize>(), work.iter().sum::<usize>());
            assert!(runs.len() <= threads);
        }
    }
}
