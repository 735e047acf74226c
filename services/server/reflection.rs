//! Reflection, in both versions: older tools speak only v1alpha.
//!
//! tonic's own ends the stream at the first name that it does not know, so a tool that asks for several learns nothing of the others.
//! The specification wants an `error_response`, and the stream goes on. It also knows no extensions, and the contract has some.

use std::pin::Pin;
use std::sync::Arc;

use prost::Message as _;
use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor};
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use rustc_hash::FxHashMap;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_reflection::pb::{v1, v1alpha};

/// Every file that is served, and what each of them declares.
#[derive(Debug)]
struct Files {
    pool: DescriptorPool,
    symbols: FxHashMap<String, FileDescriptor>,
}

/// Answers in both versions.
#[derive(Debug, Clone)]
pub(super) struct Reflection(Arc<Files>);

impl Reflection {
    /// Reads the descriptors of the contract, of the standard services and of the details of errors.
    pub(super) fn new() -> Result<Self, DescriptorError> {
        let mut pool = DescriptorPool::decode(crate::proto::FILE_DESCRIPTOR_SET)?;
        for set in [
            tonic_types::pb::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            v1::FILE_DESCRIPTOR_SET,
            v1alpha::FILE_DESCRIPTOR_SET,
        ] {
            let set =
                FileDescriptorSet::decode(set).expect("descriptor sets are made by the build");
            let is_new = |file: &FileDescriptorProto| pool.get_file_by_name(file.name()).is_none();
            let files: Vec<_> = set.file.into_iter().map(placed).filter(is_new).collect();
            pool.add_file_descriptor_protos(files)?;
        }
        Ok(Self(Arc::new(Files { symbols: symbols(&pool), pool })))
    }
}

/// A file under the name by which others import it. The crates of tonic leave its folder out.
fn placed(mut file: FileDescriptorProto) -> FileDescriptorProto {
    if !file.name().contains('/') {
        file.name = Some(format!("{}/{}", file.package().replace('.', "/"), file.name()));
    }
    file
}

/// Everything that has a name, and its file.
fn symbols(pool: &DescriptorPool) -> FxHashMap<String, FileDescriptor> {
    let mut symbols = FxHashMap::default();
    let mut add = |name: &str, file: &FileDescriptor| symbols.insert(name.to_owned(), file.clone());
    for message in pool.all_messages() {
        let file = message.parent_file();
        add(message.full_name(), &file);
        message.fields().for_each(|field| drop(add(field.full_name(), &file)));
        message.oneofs().for_each(|oneof| drop(add(oneof.full_name(), &file)));
    }
    for list in pool.all_enums() {
        let file = list.parent_file();
        add(list.full_name(), &file);
        list.values().for_each(|value| drop(add(value.full_name(), &file)));
    }
    for service in pool.services() {
        let file = service.parent_file();
        add(service.full_name(), &file);
        service.methods().for_each(|method| drop(add(method.full_name(), &file)));
    }
    pool.all_extensions().for_each(|own| drop(add(own.full_name(), &own.parent_file())));
    symbols
}

/// What is answered to a question that names nothing here.
fn nothing(what: &str, name: &str) -> (Code, String) {
    let name = name.chars().take(100).collect::<String>();
    (Code::NotFound, format!("no {what} `{name}`; list_services names what is served"))
}

/// One version: its messages are those of the other.
macro_rules! version {
    ($version:ident) => {
        const _: () = {
            use $version::server_reflection_request::MessageRequest as Asked;
            use $version::server_reflection_response::MessageResponse as Answer;

            fn answer(files: &Files, asked: Option<&Asked>) -> Result<Answer, (Code, String)> {
                let file = match asked {
                    Some(Asked::FileByFilename(name)) => {
                        files.pool.get_file_by_name(name).ok_or_else(|| nothing("file", name))?
                    }
                    Some(Asked::FileContainingSymbol(name)) => {
                        let symbol = files.symbols.get(name).cloned();
                        symbol.ok_or_else(|| nothing("symbol", name))?
                    }
                    Some(Asked::FileContainingExtension(extension)) => {
                        let (of, number) = (&extension.containing_type, extension.extension_number);
                        let number = u32::try_from(number).unwrap_or_default();
                        let of_message = files.pool.get_message_by_name(of);
                        let found = of_message.and_then(|message| message.get_extension(number));
                        let name = || format!("{of} {}", extension.extension_number);
                        found.ok_or_else(|| nothing("extension", &name()))?.parent_file()
                    }
                    Some(Asked::AllExtensionNumbersOfType(name)) => {
                        let of = files.pool.get_message_by_name(name);
                        let of = of.ok_or_else(|| nothing("message", name))?;
                        let numbers = of.extensions().map(|extension| extension.number());
                        return Ok(Answer::AllExtensionNumbersResponse(
                            $version::ExtensionNumberResponse {
                                base_type_name: name.clone(),
                                extension_number: numbers
                                    .filter_map(|n| n.try_into().ok())
                                    .collect(),
                            },
                        ));
                    }
                    Some(Asked::ListServices(_)) => {
                        let names =
                            files.pool.services().map(|service| service.full_name().to_owned());
                        return Ok(Answer::ListServicesResponse($version::ListServiceResponse {
                            service: names.map(|name| $version::ServiceResponse { name }).collect(),
                        }));
                    }
                    None => {
                        let what =
                            "message_request is empty: ask for list_services, a symbol or a file";
                        return Err((Code::InvalidArgument, what.to_owned()));
                    }
                };
                let file_descriptor_proto = vec![file.encode_to_vec()];
                Ok(Answer::FileDescriptorResponse($version::FileDescriptorResponse {
                    file_descriptor_proto,
                }))
            }

            #[tonic::async_trait]
            impl $version::server_reflection_server::ServerReflection for Reflection {
                type ServerReflectionInfoStream = Pin<
                    Box<
                        dyn Stream<Item = Result<$version::ServerReflectionResponse, Status>>
                            + Send,
                    >,
                >;

                async fn server_reflection_info(
                    &self,
                    request: Request<Streaming<$version::ServerReflectionRequest>>,
                ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                    let files = Arc::clone(&self.0);
                    let answers = request.into_inner().map(move |asked| {
                        let asked = asked?;
                        let answer = answer(&files, asked.message_request.as_ref());
                        let answer = answer.unwrap_or_else(|(code, error_message)| {
                            let error_code = code.into();
                            Answer::ErrorResponse($version::ErrorResponse {
                                error_code,
                                error_message,
                            })
                        });
                        Ok($version::ServerReflectionResponse {
                            valid_host: asked.host.clone(),
                            original_request: Some(asked),
                            message_response: Some(answer),
                        })
                    });
                    Ok(Response::new(Box::pin(answers)))
                }
            }
        };
    };
}

version!(v1);
version!(v1alpha);
