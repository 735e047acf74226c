//! STUB, to be written.
use tonic::{Response, Status};

use crate::proto::v1;
use crate::rpc::Context;
use crate::rpc::answering::Watched;
use crate::rpc::encoded::Encoded;

pub(super) async fn get(
    _: &Context,
    _: &v1::GetChannelImpactRequest,
) -> Result<Response<Encoded>, Status> {
    Err(Status::unimplemented("stub"))
}

pub(super) fn watch(
    _: &Context,
    _: &v1::WatchChannelImpactRequest,
) -> Result<Response<Watched>, Status> {
    Err(Status::unimplemented("stub"))
}
