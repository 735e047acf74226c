//! Bounds how many questions are computed at once, of all callers and of one partner, and computes identical concurrent questions once.

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
    permits: Permits,
    /// Most permits of one partner: its large questions wait for one another, and leave the others to small ones of other partners.
    share: usize,
    /// The permits of each partner that has asked, by its name. There are no more than the configuration has named.
    shares: Mutex<FxHashMap<String, Permits>>,
    /// Who waits for a permit.
    waiting: Arc<()>,
    asked: Questions,
    /// Questions of watches, kept apart: a call does not wait for a watch that waits for its turn.
    watched: Questions,
}

/// Permission to compute, and the deadline.
pub(super) struct Turn {
    pub(super) deadline: Deadline,
    _permits: (Option<Permit>, Permit),
}

/// Permits, of which watches may have half, so that calls are answered however many clients watch.
#[derive(Clone)]
struct Permits {
    all: Arc<Semaphore>,
    of_watches: Arc<Semaphore>,
}

/// A permit; and of a watch, one of those that watches may have.
type Permit = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl Permits {
    fn new(most: usize) -> Self {
        let of_watches = Arc::new(Semaphore::new((most / 2).max(1)));
        Self { all: Arc::new(Semaphore::new(most)), of_watches }
    }

    async fn take(&self, asker: Asker) -> Result<Permit, Status> {
        let one = async |of: &Arc<Semaphore>| {
            Arc::clone(of).acquire_owned().await.map_err(|_| status::stopping())
        };
        let watching = match asker {
            Asker::Call(_) => None,
            Asker::Watch(_) => Some(one(&self.of_watches).await?),
        };
        Ok((one(&self.all).await?, watching))
    }
}

impl SingleFlight {
    /// At most `most` computations at once, and at most a quarter of them for one partner. Others wait until their deadline.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            permits: Permits::new(most),
            share: most.div_ceil(4),
            shares: Mutex::default(),
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

    /// Waits for a turn for a question of a partner; none: of somebody without an identity.
    pub(super) async fn turn(&self, partner: Option<&str>, asker: Asker) -> Result<Turn, Status> {
        self.permitted(partner, asker).instrument(tracing::debug_span!("wait for a place")).await
    }

    async fn permitted(&self, partner: Option<&str>, asker: Asker) -> Result<Turn, Status> {
        // Counted by its copies, which go with whoever waits no more.
        let _waits = Arc::clone(&self.waiting);
        // First of its own: what waits for these takes nothing from others.
        let own = match partner {
            Some(partner) => Some(self.share_of(partner).take(asker).await?),
            // Callers without an identity are not told apart.
            None => None,
        };
        let permits = (own, self.permits.take(asker).await?);
        let deadline = match asker {
            Asker::Call(deadline) => deadline,
            Asker::Watch(time) => Deadline::at(Instant::now() + time),
        };
        Ok(Turn { deadline, _permits: permits })
    }

    /// The permits of a partner.
    fn share_of(&self, partner: &str) -> Permits {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares.entry(partner.to_owned());
        share.or_insert_with(|| Permits::new(self.share)).clone()
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

    /// A partner's large questions keep no small one of another partner waiting.
    #[tokio::test]
    async fn a_partner_has_its_share_of_the_turns_and_no_more() {
        let (one, other) = (Some("one"), Some("other"));
        let single_flight = SingleFlight::new(64);
        let call = Asker::Call(Deadline::at(Instant::now()));
        let soon = async |partner: Option<&str>, asker| {
            let turn = single_flight.turn(partner, asker);
            tokio::time::timeout(Duration::from_millis(20), turn).await.ok().map(Result::unwrap)
        };
        let mut turns = Vec::new();
        for _ in 0..8 {
            turns.push(soon(one, Asker::Watch(Duration::from_secs(1))).await.unwrap());
        }
        assert!(soon(one, Asker::Watch(Duration::ZERO)).await.is_none(), "half for its watches");
        for _ in 8..16 {
            turns.push(soon(one, call).await.unwrap());
        }
        assert!(soon(one, call).await.is_none(), "a seventeenth");
        for _ in 0..16 {
            turns.push(soon(other, call).await.expect("another partner has its own"));
        }
        for _ in 32..64 {
            turns.push(soon(None, call).await.expect("who has no identity has no share"));
        }
        assert!(soon(Some("third"), call).await.is_none(), "all are taken");
        drop(turns.remove(20));
        turns.push(soon(Some("third"), call).await.expect("one came back"));
        turns.clear();
        assert!(soon(one, call).await.is_some());
    }

    #[tokio::test]
    async fn watches_leave_half_of_the_turns_to_calls() {
        for (most, watches) in [(1, 1), (2, 1), (4, 2), (5, 2)] {
            let single_flight = SingleFlight::new(most);
            let watch = Asker::Watch(Duration::from_secs(1));
            let mut turns = Vec::new();
            for _ in 0..watches {
                turns.push(single_flight.turn(None, watch).await.unwrap());
            }
            let soon = Duration::from_millis(20);
            let next = tokio::time::timeout(soon, single_flight.turn(None, watch)).await;
            assert!(next.is_err(), "{most} turns, {watches} of them for watches");
            let call = Asker::Call(Deadline::at(Instant::now()));
            for _ in watches..most {
                turns.push(single_flight.turn(None, call).await.unwrap());
            }
        }
    }

    #[tokio::test]
    async fn who_waits_is_counted_until_it_has_its_turn_or_waits_no_more() {
        let single_flight = Arc::new(SingleFlight::new(1));
        let call = Asker::Call(Deadline::at(Instant::now()));
        let first = single_flight.turn(None, call).await.unwrap();
        assert_eq!(single_flight.waiting(), 0, "who has a turn does not wait");
        let waiter = || {
            let single_flight = Arc::clone(&single_flight);
            tokio::spawn(async move { drop(single_flight.turn(None, call).await) })
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
