//! Reflection: everything that a tool needs to decode answers and errors, and a stream that goes on after a name that is not known.

use std::collections::BTreeSet;
use std::time::Duration;

use equity_indicators::server::ServerSettings;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest as Asked;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse as Answer;
use tonic_reflection::pb::v1::{
    ExtensionRequest, ServerReflectionRequest, ServerReflectionResponse,
};
use tonic_types::StatusExt as _;

use super::good::goes_on_beside;
use super::support::{ECHO, TestServer, soon};

/// The answers to these questions, in one stream.
async fn ask(server: &TestServer, questions: Vec<Asked>) -> Vec<Answer> {
    let mut client = ServerReflectionClient::new(server.client().await.channel);
    let (many, host) = (questions.len(), "equity".to_owned());
    let request =
        move |asked| ServerReflectionRequest { host: host.clone(), message_request: Some(asked) };
    let asked: Vec<_> = questions.into_iter().map(request).collect();
    let stream = soon(client.server_reflection_info(tokio_stream::iter(asked.clone()))).await;
    let (mut stream, mut answers) = (stream.unwrap().into_inner(), Vec::new());
    for asked in asked {
        let answer = soon(stream.message()).await.unwrap().expect("the stream ended early");
        assert_eq!(
            (answer.valid_host, answer.original_request),
            ("equity".to_owned(), Some(asked))
        );
        answers.extend(answer.message_response);
    }
    assert_eq!(soon(stream.message()).await.unwrap(), None);
    assert_eq!(answers.len(), many);
    answers
}

fn file(answer: &Answer) -> FileDescriptorProto {
    let Answer::FileDescriptorResponse(files) = answer else { panic!("no file: {answer:?}") };
    FileDescriptorProto::decode(&*files.file_descriptor_proto[0]).unwrap()
}

#[tokio::test]
async fn an_unknown_name_is_an_answer_and_the_stream_goes_on() {
    let server = TestServer::start(ServerSettings::default()).await;
    let extension = |of: &str, number| {
        Asked::FileContainingExtension(ExtensionRequest {
            containing_type: of.into(),
            extension_number: number,
        })
    };
    let unknown = [
        Asked::FileContainingSymbol("equity.v1.Nonsense".into()),
        Asked::FileByFilename("nonsense.proto".into()),
        extension("google.protobuf.FieldOptions", 7),
        extension("no.Message", -1),
        Asked::AllExtensionNumbersOfType("no.Message".into()),
    ];
    let known = [
        Asked::FileContainingSymbol("equity.v1.SubmissionService".into()),
        Asked::FileContainingSymbol("equity.v1.SubmissionService.WithdrawSubmission".into()),
        Asked::FileContainingSymbol("google.api.field_behavior".into()),
        Asked::FileContainingSymbol("google.rpc.BadRequest.FieldViolation.description".into()),
        Asked::FileByFilename("google/rpc/error_details.proto".into()),
        extension("google.protobuf.FieldOptions", 1_052),
    ];
    let answers = ask(&server, unknown.iter().chain(&known).cloned().collect()).await;
    for (asked, answer) in unknown.iter().zip(&answers) {
        let Answer::ErrorResponse(error) = answer else { panic!("{asked:?}: {answer:?}") };
        assert_eq!(error.error_code, 5, "{asked:?}");
        assert!(error.error_message.contains("list_services names what is served"), "{error:?}");
    }
    let files: Vec<_> =
        answers[unknown.len()..].iter().map(|answer| file(answer).name.unwrap()).collect();
    let (submission, details) =
        ("equity/v1/submission_service.proto", "google/rpc/error_details.proto");
    let behaviour = "google/api/field_behavior.proto";
    assert_eq!(files, [submission, submission, behaviour, details, details, behaviour]);

    let numbers =
        ask(&server, vec![Asked::AllExtensionNumbersOfType("google.protobuf.FieldOptions".into())])
            .await;
    let [Answer::AllExtensionNumbersResponse(numbers)] = &numbers[..] else {
        panic!("{numbers:?}")
    };
    assert!(numbers.extension_number.contains(&1_052), "{numbers:?}");
}

/// A tool that fetches the file of every service, and what each file imports, gets all of them.
#[tokio::test]
async fn every_imported_file_is_served() {
    let server = TestServer::start(ServerSettings::default()).await;
    let listed = ask(&server, vec![Asked::ListServices(String::new())]).await;
    let [Answer::ListServicesResponse(listed)] = &listed[..] else { panic!("{listed:?}") };
    let services: Vec<_> = listed.service.iter().map(|service| service.name.clone()).collect();
    for name in [
        "equity.v1.SubmissionService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ] {
        assert!(services.iter().any(|service| service == name), "{name}: {services:?}");
    }
    let asked = services.into_iter().map(Asked::FileContainingSymbol).collect();
    let mut wanted: Vec<_> =
        ask(&server, asked).await.iter().map(|answer| file(answer).name.unwrap()).collect();
    wanted.push("google/rpc/error_details.proto".into());
    let mut seen = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if seen.insert(name.clone()) {
            let answers = ask(&server, vec![Asked::FileByFilename(name)]).await;
            wanted.extend(file(&answers[0]).dependency);
        }
    }
    assert!(seen.contains("google/protobuf/duration.proto") && seen.len() > 20, "{seen:?}");
}

type Info = tonic::Streaming<ServerReflectionResponse>;

/// A stream that asks once and stays open, if the service begins it. The second keeps it open.
async fn open(
    client: &mut ServerReflectionClient<Channel>,
    name: String,
) -> Result<(Info, mpsc::Sender<ServerReflectionRequest>), Status> {
    let (asking, asked) = mpsc::channel(1);
    let message_request = Some(Asked::FileByFilename(name));
    asking.send(ServerReflectionRequest { host: String::new(), message_request }).await.unwrap();
    let answers = client.server_reflection_info(ReceiverStream::new(asked)).await?;
    let mut answers = answers.into_inner();
    answers.message().await?;
    Ok((answers, asking))
}

/// Streams of reflection that stay open are bounded as all calls are, and take no place that a question needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_streams_keep_nobody_out() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    let ask = move || {
        let client = client.clone();
        async move { client.unary(ECHO).await.map(drop) }
    };
    let many = async || {
        let (mut streams, mut refused) = (Vec::new(), 0);
        for _ in 0..4 {
            let mut client = ServerReflectionClient::new(server.client().await.channel);
            for _ in 0..63 {
                match soon(open(&mut client, "equity/v1/limits.proto".into())).await {
                    Ok(stream) => streams.push(stream),
                    Err(status) => {
                        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                        let reason = status.get_details_error_info().unwrap().reason;
                        assert_eq!(reason, "OVERLOADED");
                        refused += 1;
                    }
                }
            }
        }
        assert!(!streams.is_empty() && refused > 0, "{} open, {refused} refused", streams.len());
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        // A tool that comes now waits for a place no longer than for one of a call.
        let mut late = ServerReflectionClient::new(server.client().await.channel);
        let again = async {
            while open(&mut late, "equity/v1/limits.proto".into()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        soon(again).await;
    };
    goes_on_beside("open streams of reflection", ask, many).await;
}

/// A stream that asks no more ends at the deadline of a question.
#[tokio::test]
async fn a_stream_that_asks_no_more_ends() {
    let request_deadline = Duration::from_millis(500);
    let settings = ServerSettings { request_deadline, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let mut client = ServerReflectionClient::new(server.client().await.channel);
    let (mut answers, _open) =
        soon(open(&mut client, "equity/v1/limits.proto".into())).await.unwrap();
    let ended = soon(answers.message()).await.unwrap_err();
    assert_eq!(ended.code(), Code::DeadlineExceeded, "{ended:?}");
}

/// A name is short. What is asked is sent back with each answer, so a long one would cost twice.
#[tokio::test]
async fn a_long_name_is_refused() {
    let server = TestServer::start(ServerSettings::default()).await;
    let mut client = ServerReflectionClient::new(server.client().await.channel);
    for (bytes, code) in [(3_000, Code::Ok), (5_000, Code::OutOfRange), (900_000, Code::OutOfRange)]
    {
        let asked = soon(open(&mut client, "x".repeat(bytes))).await;
        let heard = asked.map_or_else(|status| status.code(), |_| Code::Ok);
        assert_eq!(heard, code, "{bytes} bytes");
    }
}
