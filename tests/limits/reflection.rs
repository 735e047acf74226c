//! Reflection: everything that a tool needs to decode answers and errors, and a stream that goes on after a name that is not known.

use std::collections::BTreeSet;

use equity_indicators::server::ServerSettings;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest as Asked;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse as Answer;
use tonic_reflection::pb::v1::{ExtensionRequest, ServerReflectionRequest};

use super::support::{TestServer, soon};

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
