//! How a score of small areas falls on people.

use prost::Message;
use tonic::{Response, Status};

use crate::engine::answer::RiskQuestion;
use crate::engine::query::AsOf;
use crate::engine::{Engine, QueryError};
use crate::proto::v1;
use crate::rpc::cached_answers::{IS_NEWEST, Made, Watched, key};
use crate::rpc::convert::risk;
use crate::rpc::encoded::Encoded;
use crate::rpc::{Service, status};

/// What answers are kept under.
const LETTER: u8 = b'r';

fn make(engine: &Engine, question: &RiskQuestion) -> Result<Made, QueryError> {
    let table = engine.area_risk(question)?;
    let (position, data_position, scope) =
        (table.position, table.context.data_position, table.scope.clone());
    let risk = Some(risk::table(question, table));
    let body = v1::GetAreaRiskResponse { risk, position: 0 }.encode_to_vec().into();
    Ok(Made { body, position, data_position, scope })
}

pub(super) async fn get(
    service: &Service,
    request: &v1::GetAreaRiskRequest,
) -> Result<Response<Encoded>, Status> {
    let reference = service.engine.reference();
    let asked = risk::question(&reference, request)?;
    let as_of = asked.as_of.clone();
    service.answer(key(LETTER, request), asked, &as_of, make).await
}

pub(super) fn watch(
    service: &Service,
    request: &v1::WatchAreaRiskRequest,
) -> Result<Response<Watched>, Status> {
    let missing = || status::field_invalid("request", "is required");
    let wanted = request.request.as_ref().ok_or_else(missing)?;
    let reference = service.engine.reference();
    let asked = risk::question(&reference, wanted);
    let asked = asked.map_err(|refused| status::within("request", refused))?;
    if asked.as_of != AsOf::Head {
        return Err(status::field_invalid("request.as_of", IS_NEWEST));
    }
    service.watch(key(LETTER, wanted), asked, &AsOf::Head, request.after_position, make)
}
