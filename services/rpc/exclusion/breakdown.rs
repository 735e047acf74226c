//! Who is digitally excluded.

use prost::Message;
use tonic::{Response, Status};

use crate::engine::answer::ExclusionQuestion;
use crate::engine::{Engine, QueryError};
use crate::proto::v1;
use crate::rpc::cached_answers::{Made, Watched, key};
use crate::rpc::convert::exclusion;
use crate::rpc::encoded::Encoded;
use crate::rpc::{Service, status};

/// What answers are kept under.
const LETTER: u8 = b'x';

fn make(engine: &Engine, question: &ExclusionQuestion) -> Result<Made, QueryError> {
    let table = engine.exclusion(question)?;
    let (position, data_position, scope) =
        (table.position, table.context.data_position, table.scope.clone());
    let breakdown = Some(exclusion::table(question, table));
    let response = v1::GetDigitalExclusionBreakdownResponse { breakdown, position: 0 };
    Ok(Made { body: response.encode_to_vec().into(), position, data_position, scope })
}

pub(super) async fn get(
    service: &Service,
    request: &v1::GetDigitalExclusionBreakdownRequest,
) -> Result<Response<Encoded>, Status> {
    let reference = service.engine.reference();
    let asked = exclusion::question(&reference, request)?;
    let as_of = asked.query.as_of.clone();
    service.answer(key(LETTER, request), asked, &as_of, make).await
}

pub(super) fn watch(
    service: &Service,
    request: &v1::WatchDigitalExclusionBreakdownRequest,
) -> Result<Response<Watched>, Status> {
    let missing = || status::field_invalid("request", "is required");
    let wanted = request.request.as_ref().ok_or_else(missing)?;
    let reference = service.engine.reference();
    let asked = exclusion::question(&reference, wanted);
    let asked = asked.map_err(|refused| status::within("request", refused))?;
    let as_of = asked.query.as_of.clone();
    service.watch(key(LETTER, wanted), asked, &as_of, request.after_position, make)
}
