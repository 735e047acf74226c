//! Reports each call as one span and one duration, with the names of OpenTelemetry's RPC conventions.
//!
//! The span is a new root. The caller's `traceparent` becomes a link, and `baggage` is not read: no caller decides what we sample.
//! The span is at DEBUG, so that the exporter gets it and the log on standard error does not.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Frame;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Span;
use tracing::field::Empty;

use super::middleware::{Call, Middleware};
use crate::server::methods::{self, Method};
use crate::telemetry;

/// Makes a span and a duration of each call.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Trace;

impl Middleware for Trace {
    type Call = Record;

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, Record), Status> {
        let method = methods::of(request.uri().path());
        let span = span(method, request.headers());
        Ok((request, Record { method, started: Instant::now(), span, status: None }))
    }
}

/// The span of a call. If no subscriber wants it, it is disabled and nearly free.
fn span(method: &'static Method, headers: &HeaderMap) -> Span {
    let span = tracing::debug_span!(
        parent: None,
        "call",
        otel.name = method.name,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system.name = "grpc",
        rpc.method = method.name,
        rpc.response.status_code = Empty,
    );
    if !span.is_disabled()
        && let Some(traceparent) = headers.get("traceparent").and_then(|value| value.to_str().ok())
    {
        telemetry::link_to_caller(&span, traceparent);
    }
    span
}

/// One call until its report, which dropping it makes: when the answer has been sent, or the caller has gone.
#[derive(Debug)]
pub(in crate::server) struct Record {
    method: &'static Method,
    started: Instant,
    span: Span,
    status: Option<Code>,
}

impl Record {
    /// Reads the status out of headers or trailers, if they have one.
    fn see(&mut self, headers: &HeaderMap) {
        if let Some(status) = headers.get(Status::GRPC_STATUS) {
            self.status = Some(Code::from_bytes(status.as_bytes()));
        }
    }
}

impl Call for Record {
    fn run<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Status> {
        Ok(self.span.in_scope(work))
    }

    fn answered(&mut self, headers: &HeaderMap) -> Result<(), Status> {
        self.see(headers);
        Ok(())
    }

    fn send(&mut self, part: Frame<Bytes>) -> Result<Frame<Bytes>, Status> {
        if let Some(trailers) = part.trailers_ref() {
            self.see(trailers);
        }
        Ok(part)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let code = self.status.unwrap_or(Code::Cancelled);
        let status = status_name(code);
        telemetry::metrics::call(self.method.name, status, self.started.elapsed().as_secs_f64());
        if !self.span.is_disabled() {
            self.span.record("rpc.response.status_code", status);
            if is_our_fault(code) {
                self.span.record("otel.status_code", "ERROR");
            }
        }
    }
}

/// The name of a code as the conventions write it.
pub(super) fn status_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Whether the conventions count a code as an error of the server.
fn is_our_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
