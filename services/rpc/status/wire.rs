//! Refusals of what is no call of this service: by its path, its headers or its packing. The specification of gRPC says with which
//! code; those that it has no reason for have none of ours either.

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tonic_types::ErrorDetails;

use super::details::{TEXT_BYTES, cut};
use super::{field_invalid, of_specification};
use crate::domain::codes::{nearest, nearest_code};

/// The request is no call of gRPC: `content` is its content type.
#[must_use]
pub fn not_grpc(method: &str, content: &str) -> Status {
    let content = if content.is_empty() { "none" } else { content };
    let (method, content) = (cut(method, 20), cut(content, TEXT_BYTES));
    let what = format!(
        "is `{content}` of a {method} request, and this service takes POST with `application/grpc` alone; call it with a client of gRPC, \
         or with `equity`"
    );
    field_invalid("content-type", what)
}

/// No service has this method, `package.Service/Method`; `known` are those that there are. The names of methods are compared: the
/// service may be the wrong one.
#[must_use]
pub fn no_method(name: &str, known: impl Iterator<Item = &'static str>) -> Status {
    if name.starts_with("grpc.reflection.") {
        let message = "reflection is off; proto/README.md lists the methods, and the operator can set `reflection = true`";
        return of_specification(Code::Unimplemented, message, ErrorDetails::new());
    }
    let method = |name: &'static str| name.rsplit('/').next().map(|method| (name, method));
    let near = nearest(name.rsplit('/').next().unwrap_or_default(), known.filter_map(method));
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!(
        "no method `{}`{hint}; proto/README.md lists the methods, and reflection where it is on",
        cut(name, TEXT_BYTES)
    );
    of_specification(Code::Unimplemented, &message, ErrorDetails::new())
}

/// Health is asked of a service that is not here.
#[must_use]
pub fn no_service<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Status {
    let near = nearest_code(name, known.filter(|known| !known.is_empty()));
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let name = cut(name, TEXT_BYTES);
    let message =
        format!("no service `{name}`{hint}; the empty name asks for all services together");
    of_specification(Code::NotFound, &message, ErrorDetails::new())
}

/// The messages are compressed in a way that is not known here.
#[must_use]
pub fn encoding_unknown(encoding: &str) -> Status {
    let encoding = cut(encoding, TEXT_BYTES);
    let message = format!(
        "grpc-encoding `{encoding}` is not supported; compress messages with gzip, or not at all"
    );
    let mut status = of_specification(Code::Unimplemented, &message, ErrorDetails::new());
    let known = MetadataValue::from_static("identity,gzip");
    status.metadata_mut().insert("grpc-accept-encoding", known);
    status
}

/// A message says that it is compressed, and the call does not say how.
#[must_use]
pub fn compression_not_named() -> Status {
    let what = "is marked as compressed, and the header grpc-encoding names no compression; send `grpc-encoding: gzip`, or send the \
                message uncompressed";
    let details = ErrorDetails::with_bad_request_violation("request", what);
    of_specification(Code::Internal, &format!("request: {what}"), details)
}

/// A message says that it is compressed with gzip, and is not.
#[must_use]
pub fn not_gzip() -> Status {
    field_invalid(
        "request",
        "is marked as compressed with gzip and cannot be unpacked; send it again, or send it uncompressed",
    )
}
