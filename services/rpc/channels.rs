//! `ConsultationChannelService`: questions in, encoded answers out.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::convert::{answer, int, query, query_error};
use super::encoded::Encoded;
use super::{Context, status};
use crate::engine::answer::ChannelQuestion;
use crate::engine::cache::Scope;
use crate::engine::query::{AsOf, Query};
use crate::engine::{Engine, QueryError};
use crate::proto::server::consultation_channel_service_server::ConsultationChannelService;
use crate::proto::v1;

/// The service.
pub struct Channels(pub Context);

/// An answer before it is kept: its encoded table, where it was read, what it was made of.
struct Made {
    body: Bytes,
    position: u64,
    data_position: u64,
    scope: Option<Scope>,
}

impl Channels {
    /// The answer from the cache, or worked out on a thread that nobody waits for.
    async fn answer<Q: Send + 'static>(
        &self,
        question: Bytes,
        asked: Q,
        query: fn(&Q) -> &Query,
        make: fn(&Engine, &Q) -> Result<Made, QueryError>,
    ) -> Result<Response<Encoded>, Status> {
        let engine = &self.0.engine;
        let is_head = query(&asked).as_of == AsOf::Head;
        // The position first: the answer that is found then is at least as new.
        let head = *engine.head().borrow();
        if is_head && let Some(body) = engine.answers().get(&question) {
            self.0.engine.counts().hit();
            return Ok(Response::new(Encoded { body, position: int(head) }));
        }
        engine.counts().miss();
        let made = self.count(asked, make).await?;
        if is_head && let Some(scope) = made.scope {
            engine.answers().keep(question, made.body.clone(), scope, made.position);
        }
        Ok(Response::new(Encoded { body: made.body, position: int(made.position) }))
    }

    async fn count<Q: Send + 'static>(
        &self,
        asked: Q,
        make: fn(&Engine, &Q) -> Result<Made, QueryError>,
    ) -> Result<Made, Status> {
        let counting = Arc::clone(&self.0.counting);
        let permit = counting.acquire_owned().await.map_err(|_| status::stopping())?;
        let engine = Arc::clone(&self.0.engine);
        let counted = tokio::task::spawn_blocking(move || {
            let made = make(&engine, &asked);
            drop(permit);
            made
        });
        counted.await.map_err(|error| status::internal(&error))?.map_err(query_error)
    }
}

fn make_channels(engine: &Engine, question: &ChannelQuestion) -> Result<Made, QueryError> {
    let table = engine.channels(question)?;
    let (position, data_position, scope) =
        (table.position, table.context.data_position, table.scope.clone());
    let breakdown = Some(answer::channels(question, table));
    let body = v1::GetChannelBreakdownResponse { breakdown, position: 0 }.encode_to_vec().into();
    Ok(Made { body, position, data_position, scope })
}

/// What an answer is kept under: the method and the request as it is encoded.
fn question(method: u8, request: &impl Message) -> Bytes {
    let mut bytes = Vec::with_capacity(request.encoded_len() + 1);
    bytes.push(method);
    // Writing to a vector cannot run out of room.
    let _ = request.encode(&mut bytes);
    bytes.into()
}

#[tonic::async_trait]
impl ConsultationChannelService for Channels {
    async fn get_channel_breakdown(
        &self,
        request: Request<v1::GetChannelBreakdownRequest>,
    ) -> Result<Response<Encoded>, Status> {
        let request = request.into_inner();
        let head = *self.0.engine.head().borrow();
        let key = question(b'c', &request);
        // Asked before: it was checked then.
        if request.query.as_ref().is_some_and(|query| query.as_of.is_none())
            && let Some(body) = self.0.engine.answers().get(&key)
        {
            self.0.engine.counts().hit();
            return Ok(Response::new(Encoded { body, position: int(head) }));
        }
        let reference = Arc::clone(&self.0.engine.store().catalog().reference);
        let asked = query::channels(&reference, &request)?;
        self.answer(key, asked, |asked| &asked.query, make_channels).await
    }

    async fn get_access_outcomes(
        &self,
        request: Request<v1::GetAccessOutcomesRequest>,
    ) -> Result<Response<Encoded>, Status> {
        let request = request.into_inner();
        let reference = Arc::clone(&self.0.engine.store().catalog().reference);
        let asked = query::outcomes(&reference, &request)?;
        let make = |engine: &Engine, question: &_| {
            let table = engine.outcomes(question)?;
            let (position, scope) = (table.position, table.scope.clone());
            let data_position = table.context.data_position;
            let outcomes = Some(answer::outcomes(question, table));
            let body =
                v1::GetAccessOutcomesResponse { outcomes, position: 0 }.encode_to_vec().into();
            Ok(Made { body, position, data_position, scope })
        };
        self.answer(question(b'o', &request), asked, |asked| &asked.query, make).await
    }

    type WatchChannelBreakdownStream = Pin<Box<dyn Stream<Item = Result<Encoded, Status>> + Send>>;

    async fn watch_channel_breakdown(
        &self,
        request: Request<v1::WatchChannelBreakdownRequest>,
    ) -> Result<Response<Self::WatchChannelBreakdownStream>, Status> {
        let request = request.into_inner();
        let missing = || status::field_invalid("request", "is required");
        let wanted = request.request.ok_or_else(missing)?;
        let reference = Arc::clone(&self.0.engine.store().catalog().reference);
        let asked = query::channels(&reference, &wanted)?;
        if asked.query.as_of != AsOf::Head {
            let why = "a table that is followed is the newest: leave it empty";
            return Err(status::field_invalid("request.query.as_of", why));
        }
        let after = u64::try_from(request.after_position)
            .map_err(|_| status::field_invalid("after_position", "0 or more"))?;
        let mut head = self.0.engine.head();
        let reached = *head.borrow();
        if after > reached {
            return Err(status::position_not_reached(request.after_position, int(reached)));
        }
        let service = Self(self.0.clone());
        let (send, receive) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            // The position up to which the caller has seen every change of the table; none: nothing yet.
            let mut seen = (after > 0).then_some(after);
            loop {
                head.borrow_and_update();
                let made = service.count(asked.clone(), make_channels).await;
                let message = match made {
                    Ok(made) if seen.is_none_or(|seen| made.data_position > seen) => {
                        seen = Some(made.position);
                        Some(Ok(Encoded { body: made.body, position: int(made.position) }))
                    }
                    Ok(_) => None,
                    Err(status) => Some(Err(status)),
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
