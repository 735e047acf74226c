//! Bounds how many questions are computed at once, and computes identical concurrent questions once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tonic::Status;
use tracing::Instrument as _;

use super::deadline::Deadline;
use super::status;
use crate::engine::cache::EncodedAnswer;

/// Who waits for an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asker {
    /// A call, with its deadline.
    Call(Deadline),
    /// A watch, with the longest time for one answer, counted from its turn.
    Watch(Duration),
}

/// The questions that are being computed, and how many may be at once.
pub struct SingleFlight {
    permits: Arc<Semaphore>,
    /// Permits that watches may have, so that calls are answered however many clients watch.
    of_watches: Arc<Semaphore>,
    /// Who waits for a permit.
    waiting: Arc<()>,
    asked: Questions,
    /// Questions of watches, kept apart: a call does not wait for a watch that waits for its turn.
    watched: Questions,
}

/// Permission to compute, and the deadline.
pub(super) struct Turn {
    pub(super) deadline: Deadline,
    _permits: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
}

impl SingleFlight {
    /// At most `most` computations at once. Others wait until their deadline.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(most)),
            of_watches: Arc::new(Semaphore::new((most / 2).max(1))),
            waiting: Arc::default(),
            asked: Questions::default(),
            watched: Questions::default(),
        }
    }

    /// How many questions wait for a permit.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        Arc::strong_count(&self.waiting) as u64 - 1
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self, asker: Asker) -> Result<Turn, Status> {
        self.permitted(asker).instrument(tracing::debug_span!("wait for a place")).await
    }

    async fn permitted(&self, asker: Asker) -> Result<Turn, Status> {
        // Counted by its copies, which go with whoever waits no more.
        let _waits = Arc::clone(&self.waiting);
        let permit = async |of: &Arc<Semaphore>| {
            Arc::clone(of).acquire_owned().await.map_err(|_| status::stopping())
        };
        match asker {
            Asker::Call(deadline) => {
                Ok(Turn { deadline, _permits: (permit(&self.permits).await?, None) })
            }
            Asker::Watch(time) => {
                let watching = permit(&self.of_watches).await?;
                let working = permit(&self.permits).await?;
                let deadline = Deadline::at(Instant::now() + time);
                Ok(Turn { deadline, _permits: (working, Some(watching)) })
            }
        }
    }

    /// Joins the callers of an identical question.
    pub(super) fn join(&self, asker: Asker, question: &Bytes) -> Joined<'_> {
        let questions = match asker {
            Asker::Call(_) => &self.asked,
            Asker::Watch(_) => &self.watched,
        };
        let mut asked = questions.lock();
        let (asking, answer) = asked.entry(question.clone()).or_default();
        *asking += 1;
        Joined { questions, question: question.clone(), answer: Arc::clone(answer) }
    }
}

/// The last answer to a question that somebody still asks. The holder of the lock computes the next answer; the others wait for it.
type Shared = Arc<tokio::sync::Mutex<Option<EncodedAnswer>>>;

/// The questions being asked, with the number of callers of each.
#[derive(Default)]
struct Questions(Mutex<FxHashMap<Bytes, (usize, Shared)>>);

impl Questions {
    fn lock(&self) -> MutexGuard<'_, FxHashMap<Bytes, (usize, Shared)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One caller of a question. When the last caller leaves, the shared answer is dropped.
pub(super) struct Joined<'a> {
    questions: &'a Questions,
    question: Bytes,
    pub(super) answer: Shared,
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        let mut questions = self.questions.lock();
        if let Some((asking, _)) = questions.get_mut(&self.question) {
            *asking -= 1;
            if *asking == 0 {
                questions.remove(&self.question);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn watches_leave_half_of_the_turns_to_calls() {
        for (most, watches) in [(1, 1), (2, 1), (4, 2), (5, 2)] {
            let single_flight = SingleFlight::new(most);
            let watch = Asker::Watch(Duration::from_secs(1));
            let mut turns = Vec::new();
            for _ in 0..watches {
                turns.push(single_flight.turn(watch).await.unwrap());
            }
            let next =
                tokio::time::timeout(Duration::from_millis(20), single_flight.turn(watch)).await;
            assert!(next.is_err(), "{most} turns, {watches} of them for watches");
            let call = Asker::Call(Deadline::at(Instant::now()));
            for _ in watches..most {
                turns.push(single_flight.turn(call).await.unwrap());
            }
        }
    }

    #[tokio::test]
    async fn who_waits_is_counted_until_it_has_its_turn_or_waits_no_more() {
        let single_flight = Arc::new(SingleFlight::new(1));
        let call = Asker::Call(Deadline::at(Instant::now()));
        let first = single_flight.turn(call).await.unwrap();
        assert_eq!(single_flight.waiting(), 0, "who has a turn does not wait");
        let waiter = || {
            let single_flight = Arc::clone(&single_flight);
            tokio::spawn(async move { drop(single_flight.turn(call).await) })
        };
        let (second, third) = (waiter(), waiter());
        while single_flight.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        third.abort();
        third.await.unwrap_err();
        assert_eq!(single_flight.waiting(), 1);
        drop(first);
        second.await.unwrap();
        assert_eq!(single_flight.waiting(), 0);
    }

    #[test]
    fn nothing_is_left_of_a_question_when_nobody_asks_it() {
        let single_flight = SingleFlight::new(1);
        let asker = Asker::Watch(Duration::ZERO);
        let (question, other) = (Bytes::from_static(b"q"), Bytes::from_static(b"o"));
        let first = single_flight.join(asker, &question);
        let second = single_flight.join(asker, &question);
        let third = single_flight.join(asker, &other);
        assert!(Arc::ptr_eq(&first.answer, &second.answer));
        assert!(!Arc::ptr_eq(&first.answer, &third.answer));
        drop(first);
        assert_eq!(single_flight.watched.lock().len(), 2);
        drop((second, third));
        assert!(single_flight.watched.lock().is_empty());
    }
}
