//! Reports each call as one span and one duration, with the names of OpenTelemetry's RPC conventions.
//!
//! The span is a new root. The caller's `traceparent` becomes a link, and `baggage` is not read: no caller decides what we sample.
//! The span is at DEBUG, so that the exporter gets it and the log on standard error does not. A call that takes longer than `slow` is a
//! line of the log.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};
use http_body::Frame;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Span;
use tracing::field::Empty;

use super::middleware::{Call, Middleware};
use crate::rpc::caller::Caller;
use crate::server::methods::{self, Kind, Method};
use crate::telemetry;
use crate::telemetry::metrics::{CallKind, Running};

const TRACEPARENT: &str = "traceparent";

/// Makes a span and a duration of each call.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Trace {
    /// Calls that take longer are logged.
    pub(in crate::server) slow: Duration,
}

/// Who makes a call; nothing until that is known.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct CalledBy(Arc<OnceLock<Caller>>);

impl CalledBy {
    /// Notes who makes the call of a request.
    pub(super) fn note(request: &Request<Body>, caller: &Caller) {
        if let Some(Self(by)) = request.extensions().get() {
            // It is found out once.
            let _second = by.set(caller.clone());
        }
    }
}

impl Middleware for Trace {
    type Call = Record;

    fn begin(&self, mut request: Request<Body>) -> Result<(Request<Body>, Record), Status> {
        let method = methods::of(request.uri().path());
        let record = Record {
            method,
            started: Instant::now(),
            span: span(method, request.headers()),
            status: None,
            _running: running(method.kind),
            slow: self.slow,
            by: CalledBy::default(),
            traceparent: request.headers().get(TRACEPARENT).cloned(),
        };
        request.extensions_mut().insert(record.by.clone());
        Ok((request, record))
    }
}

/// Counts a call while it runs. Health checks are not counted.
fn running(kind: Kind) -> Option<Running> {
    Some(Running::begin(match kind {
        Kind::Query | Kind::Reflection => CallKind::Question,
        Kind::Submission => CallKind::Submission,
        Kind::Erasure => CallKind::Erasure,
        Kind::Export => CallKind::Export,
        Kind::Watch => CallKind::Watch,
        Kind::Health { .. } => return None,
    }))
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
        && let Some(traceparent) = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok())
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
    _running: Option<Running>,
    slow: Duration,
    by: CalledBy,
    traceparent: Option<HeaderValue>,
}

impl Record {
    /// Reads the status out of headers or trailers, if they have one.
    fn see(&mut self, headers: &HeaderMap) {
        if let Some(status) = headers.get(Status::GRPC_STATUS) {
            self.status = Some(Code::from_bytes(status.as_bytes()));
        }
    }

    /// Logs a call that took long. The trace is ours; if nothing is exported, the caller's. The log has one such line a second, and then how many were
    /// left out.
    fn was_slow(&self, status: &'static str, took: Duration) {
        let callers = self.traceparent.as_ref().and_then(|header| header.to_str().ok());
        let is_id = |id: &&str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let callers = callers.and_then(|text| text.split('-').nth(1).filter(is_id));
        let trace_id = telemetry::trace_id(&self.span)
            .unwrap_or_else(|| callers.unwrap_or_default().to_owned());
        let partner = self.by.0.get().map_or("", Caller::name);
        let (rpc, seconds) = (self.method.name, took.as_secs_f64());
        tracing::warn!(rpc, partner, seconds, status, trace_id, "a call was slow");
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
        let took = self.started.elapsed();
        telemetry::metrics::call(self.method.name, status, took.as_secs_f64());
        if took > self.slow && !self.method.kind.is_endless() {
            self.was_slow(status, took);
        }
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
