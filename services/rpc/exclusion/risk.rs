//! `GetAreaRisk`.

use std::sync::Arc;

use prost::Message;
use tonic::{Response, Status};

use crate::engine::answer::RiskQuestion;
use crate::engine::{Engine, QueryError};
use crate::proto::v1;
use crate::rpc::Context;
use crate::rpc::answering::{Made, key};
use crate::rpc::convert::risk;
use crate::rpc::encoded::Encoded;

fn make(engine: &Engine, question: &RiskQuestion) -> Result<Made, QueryError> {
    let table = engine.area_risk(question)?;
    let (position, data_position, scope) =
        (table.position, table.context.data_position, table.scope.clone());
    let risk = Some(risk::table(question, table));
    let body = v1::GetAreaRiskResponse { risk, position: 0 }.encode_to_vec().into();
    Ok(Made { body, position, data_position, scope })
}

/// How a score of small areas falls on people.
pub(super) async fn get(
    context: &Context,
    request: &v1::GetAreaRiskRequest,
) -> Result<Response<Encoded>, Status> {
    let reference = Arc::clone(&context.engine.store().catalog().reference);
    let asked = risk::question(&reference, request)?;
    let as_of = asked.as_of.clone();
    context.answer(key(b'r', request), asked, &as_of, make).await
}
