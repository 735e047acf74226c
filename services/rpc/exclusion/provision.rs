//! Whether face to face is there for those who need it.

use prost::Message;
use tonic::{Response, Status};

use crate::engine::answer::ProvisionQuestion;
use crate::engine::{Engine, QueryError};
use crate::proto::v1;
use crate::rpc::cached_answers::{Made, Watched, key};
use crate::rpc::convert::provision;
use crate::rpc::encoded::Encoded;
use crate::rpc::{Service, status};

/// What answers are kept under.
const LETTER: u8 = b'p';

fn make(engine: &Engine, question: &ProvisionQuestion) -> Result<Made, QueryError> {
    let table = engine.provision(question)?;
    let (position, data_position, scope) =
        (table.position, table.context.data_position, table.scope.clone());
    let provision = Some(provision::provision_table(question, table));
    let response = v1::GetFaceToFaceProvisionResponse { provision, position: 0 };
    Ok(Made { body: response.encode_to_vec().into(), position, data_position, scope })
}

pub(super) async fn get(
    service: &Service,
    request: &v1::GetFaceToFaceProvisionRequest,
) -> Result<Response<Encoded>, Status> {
    let reference = service.engine.reference();
    let asked = provision::provision(&reference, request)?;
    let as_of = asked.query.as_of.clone();
    service.answer(key(LETTER, request), asked, &as_of, make).await
}

pub(super) fn watch(
    service: &Service,
    request: &v1::WatchFaceToFaceProvisionRequest,
) -> Result<Response<Watched>, Status> {
    let missing = || status::field_invalid("request", "is required");
    let wanted = request.request.as_ref().ok_or_else(missing)?;
    let reference = service.engine.reference();
    let asked = provision::provision(&reference, wanted);
    let asked = asked.map_err(|refused| status::within("request", refused))?;
    let as_of = asked.query.as_of.clone();
    service.watch(key(LETTER, wanted), asked, &as_of, request.after_position, make)
}
