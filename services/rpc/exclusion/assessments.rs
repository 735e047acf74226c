//! STUB, to be written.
use tonic::Status;

use crate::proto::v1;
use crate::rpc::Context;

pub(super) async fn record(
    _: &Context,
    _: v1::RecordChannelAssessmentRequest,
) -> Result<v1::RecordChannelAssessmentResponse, Status> {
    Err(Status::unimplemented("stub"))
}

pub(super) fn list(
    _: &Context,
    _: &v1::ListChannelAssessmentsRequest,
) -> Result<v1::ListChannelAssessmentsResponse, Status> {
    Err(Status::unimplemented("stub"))
}
