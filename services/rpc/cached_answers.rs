//! The way of every question: an answer from the cache, or computed on a thread that may block; once, or again after every change.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tokio::sync::watch;
use tokio_stream::Stream;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Response, Status};
use tracing::{Instrument as _, Span};

use super::audit::Record;
use super::caller::Caller;
use super::convert::int;
use super::deadline::Deadline;
use super::encoded::Encoded;
use super::single_flight::{Asker, Turn};
use super::{SENT_BYTES, Service, status};
use crate::engine::Engine;
use crate::engine::cache::{EncodedAnswer, Shown};
use crate::engine::scope::Scope;

/// The answers of a watch.
pub(super) type Watched = Pin<Box<dyn Stream<Item = Result<Encoded, Status>> + Send>>;

/// A computed answer: its encoded table, its positions, and the slots that it read.
pub(super) struct Made {
    /// The encoded response without its position.
    pub(super) body: Bytes,
    /// Position at which it was read.
    pub(super) position: u64,
    /// Position of the last change that affects it.
    pub(super) data_position: u64,
    /// The slots that it read; none: it is not kept.
    pub(super) scope: Option<Scope>,
    /// Whether it shows a release.
    pub(super) released: bool,
    /// What the audit log has of it.
    pub(super) shown: Shown,
}

/// What a watch follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// Every change.
    Changes,
    /// Releases: nothing is told of what lies between two of them.
    Releases,
}

/// Computes an answer.
pub(super) type Make<Q> = fn(&Engine, &Q) -> Result<Made, Status>;

impl Service {
    /// The kept answer to a question, with the position to send. Its question was checked when it was computed. Changes drop answers
    /// before they are announced, so a kept answer about the newest data is valid at the announced position. It may also have been
    /// read at a later position that is not announced yet.
    fn kept(&self, key: &Bytes) -> Option<EncodedAnswer> {
        let told = self.engine.told();
        let kept = self.engine.answers().get(key)?;
        let position = if kept.released { kept.position } else { kept.position.max(told) };
        Some(EncodedAnswer { position, ..kept })
    }

    /// The answer from the cache, or computed. `keeps`: it is about the newest data or a release, and is kept.
    pub(super) async fn answer<Q: Send + 'static>(
        &self,
        caller: &Caller,
        (key, asked): (Bytes, Q),
        keeps: bool,
        make: Make<Q>,
    ) -> Result<EncodedAnswer, Status> {
        let asker = Asker::Call(Deadline::current());
        let answer = if keeps {
            if let Some(kept) = self.kept(&key) {
                self.engine.counts().hit();
                return Ok(kept);
            }
            self.together((caller, asker), &key, asked, make).await?
        } else {
            let turn = self.single_flight.turn(caller.partner(), asker).await?;
            self.count(turn, asked, make).await?.0
        };
        self.engine.counts().miss();
        Ok(answer)
    }

    /// The answer about the newest data or a release. Concurrent identical questions share one computation.
    async fn together<Q: Send + 'static>(
        &self,
        (caller, asker): (&Caller, Asker),
        key: &Bytes,
        asked: Q,
        make: Make<Q>,
    ) -> Result<EncodedAnswer, Status> {
        if let Some(kept) = self.kept(key) {
            return Ok(kept);
        }
        // The answer must include every change announced until now.
        let told = self.engine.told();
        let joined = self.single_flight.join(asker, key);
        let mut shared = joined.answer.lock().await;
        if let Some(made) = shared.as_ref().filter(|made| made.released || made.position >= told) {
            return Ok(made.clone());
        }
        if let Some(kept) = self.kept(key) {
            return Ok(kept);
        }
        let turn = self.single_flight.turn(caller.partner(), asker).await?;
        // The wait may have been long enough.
        if let Some(kept) = self.kept(key) {
            return Ok(kept);
        }
        let cleared = self.engine.answers().cleared();
        let (answer, scope) = self.count(turn, asked, make).await?;
        if let Some(scope) = scope {
            self.engine.answers().keep_since(cleared, key.clone(), answer.clone(), scope);
        }
        *shared = Some(answer.clone());
        Ok(answer)
    }

    /// Does short work on a thread that may block: checks a request, or makes a list from memory. It takes no turn.
    pub(super) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Status> {
        let engine = Arc::clone(&self.engine);
        let worked = tokio::task::spawn_blocking(move || {
            let _still = engine.store().hold();
            work(&engine)
        });
        worked.await.map_err(|error| status::internal(&error))
    }

    /// Does long work on a thread that may block, when it is its turn.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Status> {
        let turn =
            self.single_flight.turn(caller.partner(), Asker::Call(Deadline::current())).await?;
        self.work_in(turn, work).await
    }

    /// The same in its turn.
    async fn work_in<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Status> {
        if turn.deadline.has_passed() {
            return Err(status::deadline_exceeded());
        }
        let engine = self.engine.until(turn.deadline.instant().into_std());
        // A call that is cancelled drops this, and the work ends.
        let _waiting = engine.waiting();
        let call = Span::current();
        let worked = tokio::task::spawn_blocking(move || {
            let still = engine.store().hold();
            let done = call.in_scope(|| work(&engine));
            drop(still);
            drop(turn);
            done
        });
        worked.await.map_err(|error| status::internal(&error))
    }

    /// Computes an answer. An answer that is too large for a message is refused here, with advice, and is never kept.
    async fn count<Q: Send + 'static>(
        &self,
        turn: Turn,
        asked: Q,
        make: Make<Q>,
    ) -> Result<(EncodedAnswer, Option<Scope>), Status> {
        let made = self.work_in(turn, move |engine| make(engine, &asked)).await?;
        let Made { body, position, data_position, scope, released, shown } = made?;
        // It may be sent again later, with a position that takes more bytes.
        let longest = Encoded { body: body.clone(), position: i64::MAX }.encoded_len();
        if longest > SENT_BYTES {
            return Err(status::answer_too_large(longest, SENT_BYTES));
        }
        Ok((EncodedAnswer { body, position, data_position, released, shown }, scope))
    }

    /// Sends the answer, and sends it again whenever a change affects it; about releases, whenever a release has a change.
    pub(super) fn watch<Q: Clone + Send + Sync + 'static>(
        &self,
        caller: Caller,
        (key, follows): (Bytes, Follows),
        (asked, record): (Q, Record),
        after_position: i64,
        make: Make<Q>,
    ) -> Result<Response<Watched>, Status> {
        let after = u64::try_from(after_position)
            .map_err(|_| status::field_invalid("after_position", "must be 0 or more"))?;
        // An answer can have been read at a position that is not announced yet.
        let reached = self.engine.position();
        if after > reached {
            return Err(status::position_not_reached(after_position, int(reached)));
        }
        let watch = Watch {
            service: self.clone(),
            caller,
            key,
            asked,
            record,
            make,
            head: match follows {
                Follows::Releases => self.engine.released(),
                Follows::Changes => self.engine.head(),
            },
            patience: Deadline::current().remaining(),
            seen: (after > 0).then_some(after),
        };
        Ok(Response::new(Box::pin(Tables(Some(Box::pin(watch.next(false)))))))
    }
}

/// The key of a question while the release at a position is the newest: readers of releases get another answer after the next one.
pub(super) fn key_at(key: &Bytes, release: u64) -> Bytes {
    [key.as_ref(), &release.to_be_bytes()].concat().into()
}

impl EncodedAnswer {
    /// Records that it was given.
    pub(super) fn is_shown(&self, record: &Record) {
        record.shows(self.shown.cells, self.shown.release.as_ref(), self.position);
    }
}

impl From<EncodedAnswer> for Encoded {
    fn from(answer: EncodedAnswer) -> Self {
        Self { body: answer.body, position: int(answer.position) }
    }
}

/// A watch: a question, and the changes that the caller has seen.
struct Watch<Q> {
    service: Service,
    caller: Caller,
    /// Of the question, whichever release answers it.
    key: Bytes,
    asked: Q,
    /// Where the answers are recorded.
    record: Record,
    make: Make<Q>,
    /// The newest announced change, or release.
    head: watch::Receiver<u64>,
    /// Longest time for one answer.
    patience: Duration,
    /// The position up to which the caller has seen every change of the table; none: nothing yet.
    seen: Option<u64>,
}

/// The next answer, and the watch that continues after it; none: the end.
type Next<Q> = Option<(Result<Encoded, Status>, Option<Watch<Q>>)>;

impl<Q: Clone + Send + Sync + 'static> Watch<Q> {
    /// The present answer, computed in a task of its own. If the client's connection accepts nothing, polling stops here; the task
    /// still ends, so that the turn and others with the same question do not wait for this client.
    async fn table(&self) -> Result<EncodedAnswer, Status> {
        let (service, caller) = (self.service.clone(), self.caller.clone());
        let asked = self.asked.clone();
        let key = key_at(&self.key, service.engine.newest_released());
        let (make, asker) = (self.make, Asker::Watch(self.patience));
        let making = async move { service.together((&caller, asker), &key, asked, make).await };
        let made = tokio::spawn(making.in_current_span());
        AbortOnDropHandle::new(made).await.map_err(|error| status::internal(&error))?
    }

    /// The next answer with a change that the caller has not seen. `waits`: wait for a change first.
    async fn next(mut self, mut waits: bool) -> Next<Q> {
        loop {
            if waits && self.head.changed().await.is_err() {
                return None;
            }
            waits = true;
            self.head.borrow_and_update();
            match self.table().await {
                Err(status) => return Some((Err(status), None)),
                Ok(answer) if self.seen.is_none_or(|seen| answer.data_position > seen) => {
                    self.seen = Some(answer.position);
                    answer.is_shown(&self.record);
                    return Some((Ok(answer.into()), Some(self)));
                }
                Ok(_) => {}
            }
        }
    }
}

/// The answers of a watch. Each is computed when the client reads: a client that does not read costs the work of one answer.
struct Tables<Q>(Option<Pin<Box<dyn Future<Output = Next<Q>> + Send>>>);

impl<Q: Clone + Send + Sync + 'static> Stream for Tables<Q> {
    type Item = Result<Encoded, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = &mut self.0 else { return Poll::Ready(None) };
        let (message, watch) = ready!(next.as_mut().poll(cx)).unzip();
        self.0 = watch.flatten().map(|watch| Box::pin(watch.next(true)) as _);
        Poll::Ready(message)
    }
}

#[cfg(test)]
#[path = "cached_answers_tests.rs"]
mod tests;
