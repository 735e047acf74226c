//! `ConsultationChannelService`: questions in, encoded answers out.

use prost::Message;
use tonic::{Request, Response, Status};

use super::cached_answers::{Made, Watched, key};
use super::convert::{answer, query};
use super::encoded::Encoded;
use super::{Service, status};
use crate::engine::answer::{ChannelQuestion, OutcomeQuestion};
use crate::engine::{Engine, QueryError};
use crate::proto::server::consultation_channel_service_server::ConsultationChannelService;
use crate::proto::v1;

/// The service.
pub struct Channels(pub Service);

fn make_channels(engine: &Engine, question: &ChannelQuestion) -> Result<Made, QueryError> {
    let table = engine.channels(question)?;
    let (position, data_position, scope) =
        (table.position, table.context.data_position, table.scope.clone());
    let breakdown = Some(answer::channels(question, table));
    let body = v1::GetChannelBreakdownResponse { breakdown, position: 0 }.encode_to_vec().into();
    Ok(Made { body, position, data_position, scope })
}

fn make_outcomes(engine: &Engine, question: &OutcomeQuestion) -> Result<Made, QueryError> {
    let table = engine.outcomes(question)?;
    let (position, data_position, scope) =
        (table.position, table.context.data_position, table.scope.clone());
    let outcomes = Some(answer::outcomes(question, table));
    let body = v1::GetAccessOutcomesResponse { outcomes, position: 0 }.encode_to_vec().into();
    Ok(Made { body, position, data_position, scope })
}

#[tonic::async_trait]
impl ConsultationChannelService for Channels {
    async fn get_channel_breakdown(
        &self,
        request: Request<v1::GetChannelBreakdownRequest>,
    ) -> Result<Response<Encoded>, Status> {
        let request = request.into_inner();
        let key = key(b'c', &request);
        // Asked before: it was checked then.
        if request.query.as_ref().is_some_and(|query| query.as_of.is_none())
            && let Some(kept) = self.0.kept(&key)
        {
            return Ok(kept);
        }
        let reference = self.0.engine.reference();
        let asked = query::channels(&reference, &request)?;
        let as_of = asked.query.as_of.clone();
        self.0.answer(key, asked, &as_of, make_channels).await
    }

    async fn get_access_outcomes(
        &self,
        request: Request<v1::GetAccessOutcomesRequest>,
    ) -> Result<Response<Encoded>, Status> {
        let request = request.into_inner();
        let reference = self.0.engine.reference();
        let asked = query::outcomes(&reference, &request)?;
        let as_of = asked.query.as_of.clone();
        self.0.answer(key(b'o', &request), asked, &as_of, make_outcomes).await
    }

    type WatchChannelBreakdownStream = Watched;

    async fn watch_channel_breakdown(
        &self,
        request: Request<v1::WatchChannelBreakdownRequest>,
    ) -> Result<Response<Self::WatchChannelBreakdownStream>, Status> {
        let request = request.into_inner();
        let missing = || status::field_invalid("request", "is required");
        let wanted = request.request.ok_or_else(missing)?;
        let reference = self.0.engine.reference();
        let asked = query::channels(&reference, &wanted);
        let asked = asked.map_err(|refused| status::within("request", refused))?;
        let as_of = asked.query.as_of.clone();
        self.0.watch(key(b'c', &wanted), asked, &as_of, request.after_position, make_channels)
    }
}
