//! A client that sends and receives bytes: what it costs is the transport, not the codec.

use bytes::Bytes;
use equity_indicators::cli::raw::Raw;
use equity_indicators::proto::v1::{Receipt, SubmitConsultationsResponse};
use http::uri::PathAndQuery;
use prost::Message as _;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::Outcome;

/// Asks `GetChannelBreakdown` with an encoded request.
pub async fn ask(channel: Channel, request: Bytes) -> Result<Bytes, Status> {
    call(channel, "/equity.v1.ConsultationChannelService/GetChannelBreakdown", request).await
}

/// Calls a path with an encoded request.
pub async fn call(channel: Channel, path: &str, request: Bytes) -> Result<Bytes, Status> {
    let path = path.parse().map_err(|_| Status::unknown(format!("no path: {path}")))?;
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    Ok(client.unary(Request::new(request), path, Raw).await?.into_inner())
}

/// Sends one submission of encoded messages.
pub async fn submit(channel: Channel, messages: Vec<Bytes>) -> Outcome<Receipt> {
    let path = PathAndQuery::from_static("/equity.v1.SubmissionService/SubmitConsultations");
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await?;
    let stream = Request::new(tokio_stream::iter(messages));
    let answer = client.client_streaming(stream, path, Raw).await?.into_inner();
    let receipt = SubmitConsultationsResponse::decode(answer)?.receipt;
    receipt.ok_or_else(|| "an answer without a receipt".into())
}
