//! Tells what became of each call: one span and one duration, with the names of OpenTelemetry's RPC conventions.
//!
//! The span is a new root. What the caller sends as `traceparent` becomes a link, `baggage` is not read: no caller decides what
//! we sample. The span is at DEBUG, so that it exists for the exporter and does not burden the log on standard error.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::Span;
use tracing::field::Empty;

use crate::server::methods::{self, Method};
use crate::telemetry;

/// Adds [`Trace`].
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct TraceLayer;

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner }
    }
}

/// Follows calls.
#[derive(Debug, Clone)]
pub(in crate::server) struct Trace<S> {
    inner: S,
}

impl<S, R, B> Service<Request<R>> for Trace<S>
where
    S: Service<Request<R>, Response = Response<B>>,
{
    type Response = Response<Traced<B>>;
    type Error = S::Error;
    type Future = Tracing<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let method = methods::of(request.uri().path());
        let span = span(method, request.headers());
        let record = Record { method, started: Instant::now(), span, status: None };
        let inner = record.span.in_scope(|| self.inner.call(request));
        Tracing { inner, record: Some(record) }
    }
}

/// The span of a call; disabled, and then nearly free, if nobody wants it.
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

/// What is known of a call; told when it is dropped, which is when the answer has been sent or nobody wants it any more.
struct Record {
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

pin_project! {
    /// A call that is followed.
    pub(in crate::server) struct Tracing<F> {
        #[pin]
        inner: F,
        record: Option<Record>,
    }
}

impl<F, B, E> Future for Tracing<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<Traced<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = this.record.as_ref().map(|record| record.span.enter());
        let response = ready!(this.inner.poll(cx))?;
        drop(entered);
        let mut record = this.record.take();
        if let Some(record) = &mut record {
            record.see(response.headers());
        }
        Poll::Ready(Ok(response.map(|inner| Traced { inner, record })))
    }
}

pin_project! {
    /// An answer that is followed to its end.
    pub(in crate::server) struct Traced<B> {
        #[pin]
        inner: B,
        record: Option<Record>,
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for Traced<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let entered = this.record.as_ref().map(|record| record.span.enter());
        let frame = ready!(this.inner.poll_frame(cx));
        drop(entered);
        let trailers = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.trailers_ref());
        if let Some(trailers) = trailers
            && let Some(mut record) = this.record.take()
        {
            record.see(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

/// The name of a code as the conventions write it.
fn status_name(code: Code) -> &'static str {
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
