//! Bytes that are no message, and messages that are too large: refused with a reason like everything else, on every way in.

use bytes::Bytes;
use equity_indicators::cli::raw::Raw;
use equity_indicators::proto::v1::ConsultationRecord;
use http::uri::PathAndQuery;
use prost::Message as _;
use tonic::{Code, Status};

use super::bad_input::nothing_stored;
use crate::support::{Refusal, TestServer, consultations, header};

const SUBMIT: &str = "/equity.v1.SubmissionService/SubmitConsultations";
const BREAKDOWN: &str = "/equity.v1.ConsultationChannelService/GetChannelBreakdown";
/// Sizes that the usual settings take.
const QUERY_BYTES: usize = 1 << 20;
const SUBMISSION_BYTES: usize = 4 << 20;

fn good() -> ConsultationRecord {
    ConsultationRecord { channel: "TELEPHONE".into(), ..Default::default() }
}

#[tokio::test]
async fn bytes_in_a_stream_that_are_no_message_are_refused() {
    let server = TestServer::start().await;
    let position = server.position().await;
    let about = header("04C", "synthetic-llr", "2020-04", &["sex"]);
    let [first, _] = consultations(about, vec![vec![good()]]).try_into().unwrap();
    let first = first.encode_to_vec();
    let bytes: &[(&str, Vec<u8>, &str)] = &[
        // Field 2 (batch) with one record whose channel (field 3) is no UTF-8.
        ("invalid UTF-8", vec![0x12, 6, 0x0a, 4, 0x1a, 2, 0xff, 0xfe], "batch"),
        ("cut short", vec![0x12, 200, 0x0a], "request"),
        ("no protobuf", b"\x07PK\x03\x04 this is a zip file".to_vec(), "request"),
        ("wrong wire type", vec![0x10, 5], "request"),
        ("no varint", vec![0xff, 0xff, 0xff], "request"),
    ];
    for (case, second, field) in bytes {
        let status = raw(&server, SUBMIT, vec![first.clone(), second.clone()]).await.unwrap_err();
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.code, Code::InvalidArgument, "{case}: {status:?}");
        assert_eq!(refusal.short(), ("FIELD_INVALID", *field), "{case}: {status:?}");
    }
    let status = raw(&server, SUBMIT, vec![vec![0xff, 0xff, 0xff]]).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "request"), "as the first message");
    nothing_stored(&server, position, "bytes").await;
}

#[tokio::test]
async fn a_call_whose_bytes_are_no_request_is_refused() {
    let server = TestServer::start().await;
    for path in [
        BREAKDOWN,
        "/equity.v1.ReferenceService/ListAreas",
        "/equity.v1.SubmissionService/WithdrawSubmission",
        "/equity.v1.DigitalExclusionService/RecordChannelAssessment",
        // Their answers are streams.
        "/equity.v1.BreakdownService/WatchBreakdown",
        "/equity.v1.ExportService/ExportBreakdowns",
    ] {
        let status = raw(&server, path, vec![vec![0xff, 0xff, 0xff]]).await.unwrap_err();
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.code, Code::InvalidArgument, "{path}: {status:?}");
        assert_eq!(refusal.short(), ("FIELD_INVALID", "request"), "{path}: {status:?}");
        assert!(!refusal.message.contains("varint"), "{path} tells of its code: {status:?}");
    }
}

#[tokio::test]
async fn a_message_too_large_says_how_large_it_may_be() {
    let server = TestServer::start().await;
    let position = server.position().await;
    let large = ConsultationRecord { source_record_id: "x".repeat(5 << 20), ..good() };
    let about = header("04C", "synthetic-llr", "2020-04", &["sex"]);
    let submitted = server.submit(about, vec![large]).await.unwrap_err();
    let asked = raw(&server, BREAKDOWN, vec![vec![0; QUERY_BYTES + 1]]).await.unwrap_err();
    for (status, limit) in [(submitted, SUBMISSION_BYTES), (asked, QUERY_BYTES)] {
        let refusal = Refusal::of(&status);
        assert_eq!((refusal.code, &*refusal.reason), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
        assert_eq!(refusal.metadata["limit"], limit.to_string());
    }
    nothing_stored(&server, position, "large").await;
}

#[tokio::test]
async fn a_method_that_does_not_exist_names_the_nearest() {
    let server = TestServer::start().await;
    for (path, nearest) in [
        (
            "/equity.v1.ConsultationChannelService/GetChannelBreakdowns",
            "the nearest is `equity.v1.ConsultationChannelService/GetChannelBreakdown`",
        ),
        (
            "/equity.v1.BreakdownService/GetChannelBreakdown",
            "the nearest is `equity.v1.ConsultationChannelService/GetChannelBreakdown`",
        ),
        (
            "/equity.v1.ReferenceService/Nonsense",
            "no method `equity.v1.ReferenceService/Nonsense`; proto/",
        ),
    ] {
        let status = raw(&server, path, vec![Vec::new()]).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}: {status:?}");
        assert!(status.message().contains(nearest), "{path}: {status:?}");
    }
}

/// Sends these bytes as messages.
async fn raw(
    server: &TestServer,
    path: &'static str,
    messages: Vec<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
    let mut grpc = tonic::client::Grpc::new(server.channel());
    grpc.ready().await.unwrap();
    let request = tonic::Request::new(tokio_stream::iter(messages.into_iter().map(Bytes::from)));
    grpc.client_streaming(request, PathAndQuery::from_static(path), Raw)
        .await
        .map(|answer| answer.into_inner().to_vec())
}
