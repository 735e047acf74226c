//! Reflection: everything that a tool needs to decode answers and errors, and a stream that goes on after a name that is not known.

use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Waker};
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
use super::support::{ECHO, Log, TestServer, soon};

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

/// Most streams of reflection at once: an eighth of the calls that run at once, and of these a quarter for each connection.
const MOST: usize = 32;
const SHARE: usize = 8;
const FILE: &str = "equity/v1/limits.proto";

/// A stream that asks once and stays open, if the service begins it, and what it was answered. The sender keeps it open.
type Open = (Info, mpsc::Sender<ServerReflectionRequest>, Option<Answer>);

async fn open(client: &mut ServerReflectionClient<Channel>, name: String) -> Result<Open, Status> {
    let (asking, asked) = mpsc::channel(1);
    let message_request = Some(Asked::FileByFilename(name));
    asking.send(ServerReflectionRequest { host: String::new(), message_request }).await.unwrap();
    let answers = client.server_reflection_info(ReceiverStream::new(asked)).await?;
    let mut answers = answers.into_inner();
    let answer = answers.message().await?.and_then(|answer| answer.message_response);
    Ok((answers, asking, answer))
}

/// Opens as many streams as a connection may have calls, and keeps them.
async fn open_many(server: &TestServer) -> Vec<Result<Open, Status>> {
    let mut client = ServerReflectionClient::new(server.client().await.channel);
    let mut opened = Vec::new();
    for _ in 0..63 {
        opened.push(soon(open(&mut client, FILE.into())).await);
    }
    opened
}

/// Whether it was refused as a service at its limit refuses: with the reason, and when to come again.
fn is_refused(status: &Status) -> bool {
    status.code() == Code::Unavailable
        && status.get_details_error_info().is_some_and(|info| info.reason == "OVERLOADED")
        && status.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some())
}

/// How many of these streams are open: the others have ended.
fn still_open(streams: &mut [Open]) -> usize {
    let mut now = Context::from_waker(Waker::noop());
    let mut is_open = |open: &mut Open| pin!(open.0.message()).poll(&mut now).is_pending();
    streams.iter_mut().filter_map(|open| is_open(open).then_some(())).count()
}

/// Each stream is answered, or refused with what to do, or its connection was cut for a reason that the service logs. No more are open at
/// once than may be. None of this depends on how fast the machine is.
#[tokio::test]
async fn open_streams_are_bounded_and_each_is_answered_or_refused() {
    let (log, _logged_here) = Log::here();
    let server = TestServer::start(ServerSettings::default()).await;
    let (mut streams, mut refused) = (Vec::new(), 0);
    for _ in 0..6 {
        let cuts = log.said().matches("cut a connection").count();
        let mut own = Vec::new();
        for opened in open_many(&server).await {
            match opened {
                Ok(stream) => own.push(stream),
                Err(status) if is_refused(&status) => refused += 1,
                Err(status) => {
                    let said = log.said();
                    let cut = said.matches("cut a connection").count() - cuts;
                    assert!(cut > 0, "{status:?}, and no connection was cut: {said}");
                }
            }
        }
        for (.., answer) in &own {
            let file = file(answer.as_ref().expect("an answer"));
            assert_eq!(file.name.as_deref(), Some(FILE));
        }
        // Who had to end has been told so by then.
        let bounded = async |streams: &mut Vec<Open>, most| {
            while still_open(streams) > most {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon(bounded(&mut own, SHARE)).await;
        streams.extend(own);
        soon(bounded(&mut streams, MOST)).await;
    }
    assert!(streams.len() >= SHARE && refused > 0, "{} opened, {refused} refused", streams.len());
    // A client that is refused often is not flooding.
    assert!(!log.said().contains("a flood"), "{}", log.said());
}

/// Streams of reflection that stay open take no place that a question needs, and make room for a tool that comes later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_streams_keep_nobody_out() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    let ask = move || {
        let client = client.clone();
        async move { client.unary(ECHO).await.map(drop) }
    };
    let many = async || {
        let mut opened = Vec::new();
        for _ in 0..4 {
            opened.extend(open_many(&server).await);
        }
        assert!(opened.iter().any(Result::is_ok) && opened.iter().any(Result::is_err));
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        // A tool that comes now waits for a place no longer than for one of a call.
        let mut late = ServerReflectionClient::new(server.client().await.channel);
        let again = async {
            while open(&mut late, FILE.into()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        soon(again).await;
    };
    goes_on_beside("open streams of reflection", ask, many).await;
}

/// Streams that ask no more have their answers, and end at the deadline of a question.
#[tokio::test]
async fn streams_that_ask_no_more_end() {
    let request_deadline = Duration::from_secs(2);
    let settings = ServerSettings { request_deadline, ..ServerSettings::default() };
    let server = TestServer::start(settings).await;
    let mut client = ServerReflectionClient::new(server.client().await.channel);
    // One after the other on a slow machine: each has its own deadline.
    let mut ended = Vec::new();
    for _ in 0..SHARE {
        let (mut answers, open, answer) = soon(open(&mut client, FILE.into())).await.unwrap();
        assert_eq!(file(&answer.unwrap()).name.as_deref(), Some(FILE));
        ended.push(tokio::spawn(async move { (answers.message().await, open) }));
    }
    for ended in ended {
        let (ended, _open) = soon(ended).await.unwrap();
        let status = ended.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_EXCEEDED");
    }
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
