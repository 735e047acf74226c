//! What every question goes through: out of the cache, or worked out on a thread that nobody waits for; once, or again with every
//! change.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tokio_stream::Stream;
use tonic::{Response, Status};

use super::convert::{int, query_error};
use super::encoded::Encoded;
use super::{Context, status};
use crate::engine::cache::Scope;
use crate::engine::query::AsOf;
use crate::engine::{Engine, QueryError};

/// What is said of a state of the data beside a table that is followed.
pub(super) const IS_NEWEST: &str = "a table that is followed is the newest: leave it empty";

/// A table that is followed.
pub(super) type Watched = Pin<Box<dyn Stream<Item = Result<Encoded, Status>> + Send>>;

/// An answer before it is kept: its encoded table, where it was read, what it was made of.
pub(super) struct Made {
    /// The encoded response without its position.
    pub(super) body: Bytes,
    /// Position that was read at.
    pub(super) position: u64,
    /// Position of the last change that bears on it.
    pub(super) data_position: u64,
    /// The data that it was made of; none: it is not kept.
    pub(super) scope: Option<Scope>,
}

/// Works an answer out.
pub(super) type Make<Q> = fn(&Engine, &Q) -> Result<Made, QueryError>;

/// What an answer is kept under: a letter of its own for each method, and the request as it is encoded.
pub(super) fn key(method: u8, request: &impl Message) -> Bytes {
    let mut bytes = Vec::with_capacity(request.encoded_len() + 1);
    bytes.push(method);
    // Writing to a vector cannot run out of room.
    let _ = request.encode(&mut bytes);
    bytes.into()
}

impl Context {
    /// The answer to a question of the newest data that was asked before, and so was checked then.
    pub(super) fn kept(&self, key: &Bytes) -> Option<Response<Encoded>> {
        // The position first: the answer that is found then is at least as new.
        let head = *self.engine.head().borrow();
        let body = self.engine.answers().get(key)?;
        self.engine.counts().hit();
        Some(Response::new(Encoded { body, position: int(head) }))
    }

    /// The answer from the cache, or worked out.
    pub(super) async fn answer<Q: Send + 'static>(
        &self,
        key: Bytes,
        asked: Q,
        as_of: &AsOf,
        make: Make<Q>,
    ) -> Result<Response<Encoded>, Status> {
        let is_head = *as_of == AsOf::Head;
        if is_head && let Some(kept) = self.kept(&key) {
            return Ok(kept);
        }
        self.engine.counts().miss();
        let made = self.count(asked, make).await?;
        if is_head && let Some(scope) = made.scope {
            self.engine.answers().keep(key, made.body.clone(), scope, made.position);
        }
        Ok(Response::new(Encoded { body: made.body, position: int(made.position) }))
    }

    /// Does something that takes a while, on a thread that nobody waits for, within the bound of such work.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Status> {
        let counting = Arc::clone(&self.counting);
        let permit = counting.acquire_owned().await.map_err(|_| status::stopping())?;
        let engine = Arc::clone(&self.engine);
        let worked = tokio::task::spawn_blocking(move || {
            let done = work(&engine);
            drop(permit);
            done
        });
        worked.await.map_err(|error| status::internal(&error))
    }

    async fn count<Q: Send + 'static>(&self, asked: Q, make: Make<Q>) -> Result<Made, Status> {
        self.work(move |engine| make(engine, &asked)).await?.map_err(query_error)
    }

    /// Sends the table, and again whenever a change touches it. As long as the cache has it as it was made last, no change has.
    pub(super) fn watch<Q: Clone + Send + Sync + 'static>(
        &self,
        key: Bytes,
        asked: Q,
        as_of: &AsOf,
        after_position: i64,
        make: Make<Q>,
    ) -> Result<Response<Watched>, Status> {
        if *as_of != AsOf::Head {
            return Err(status::field_invalid("request.query.as_of", IS_NEWEST));
        }
        let after = u64::try_from(after_position)
            .map_err(|_| status::field_invalid("after_position", "0 or more"))?;
        let mut head = self.engine.head();
        let reached = *head.borrow();
        if after > reached {
            return Err(status::position_not_reached(after_position, int(reached)));
        }
        let context = self.clone();
        let (send, receive) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            // The position up to which the caller has seen every change of the table; none: nothing yet.
            let mut seen = (after > 0).then_some(after);
            // The table as it was made last.
            let mut last = None;
            loop {
                head.borrow_and_update();
                let is_same = last.is_some() && context.engine.answers().get(&key) == last;
                let made =
                    if is_same { None } else { Some(context.count(asked.clone(), make).await) };
                if let Some(Ok(made)) = &made {
                    last = made.scope.is_some().then(|| made.body.clone());
                    if let Some(scope) = made.scope.clone() {
                        let (key, body) = (key.clone(), made.body.clone());
                        context.engine.answers().keep(key, body, scope, made.position);
                    }
                }
                let message = match made {
                    None => None,
                    Some(Ok(made)) if seen.is_none_or(|seen| made.data_position > seen) => {
                        seen = Some(made.position);
                        Some(Ok(Encoded { body: made.body, position: int(made.position) }))
                    }
                    Some(Ok(_)) => None,
                    Some(Err(status)) => Some(Err(status)),
                };
                let failed = message.as_ref().is_some_and(Result::is_err);
                if let Some(message) = message
                    && (send.send(message).await.is_err() || failed)
                {
                    return;
                }
                tokio::select! {
                    changed = head.changed() => if changed.is_err() { return },
                    () = send.closed() => return,
                }
            }
        });
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(receive))))
    }
}
