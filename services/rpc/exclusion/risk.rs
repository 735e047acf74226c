//! STUB, to be written.
use tonic::{Response, Status};

use crate::proto::v1;
use crate::rpc::Context;
use crate::rpc::encoded::Encoded;

pub(super) async fn get(
    _: &Context,
    _: &v1::GetAreaRiskRequest,
) -> Result<Response<Encoded>, Status> {
    Err(Status::unimplemented("stub"))
}
