//! Turns a panic of a handler, or of the stream that it answers with, into INTERNAL. Without it the client would see a reset.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::Status;
use tower::{Layer, Service};

use super::last_frame;
use crate::rpc::status;
use crate::telemetry::metrics;

/// Adds [`CatchPanic`].
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct PanicLayer;

impl<S> Layer<S> for PanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic { inner }
    }
}

/// What was thrown. Goes to the log, never to the caller.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
struct Panicked(String);

/// Counts a panic and makes its status.
fn caught(payload: &(dyn Any + Send)) -> Status {
    metrics::panic_caught();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    status::internal(&Panicked(text.unwrap_or_else(|| "no text".to_owned())))
}

/// Catches panics.
#[derive(Debug, Clone)]
pub(in crate::server) struct CatchPanic<S> {
    inner: S,
}

impl<S, R, B> Service<Request<R>> for CatchPanic<S>
where
    S: Service<Request<R>, Response = Response<B>>,
{
    type Response = Response<Caught<B>>;
    type Error = S::Error;
    type Future = Catching<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        // The request is gone after a panic and the service keeps no state, so nothing half-done is seen again.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(future) => Catching { inner: Some(future), fault: None },
            Err(payload) => Catching { inner: None, fault: Some(caught(&*payload)) },
        }
    }
}

pin_project! {
    /// A call whose panics are caught.
    pub(in crate::server) struct Catching<F> {
        #[pin]
        inner: Option<F>,
        fault: Option<Status>,
    }
}

impl<F, B, E> Future for Catching<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<Caught<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match this.inner.as_mut().as_pin_mut() {
            Some(inner) => catch_unwind(AssertUnwindSafe(|| inner.poll(cx))),
            None => Ok(Poll::Pending),
        };
        match polled {
            Ok(Poll::Ready(answered)) => Poll::Ready(
                answered.map(|response| response.map(|body| Caught { inner: Some(body) })),
            ),
            Ok(Poll::Pending) => match this.fault.take() {
                Some(fault) => Poll::Ready(Ok(fault.into_http())),
                None => Poll::Pending,
            },
            Err(payload) => {
                this.inner.set(None);
                Poll::Ready(Ok(caught(&*payload).into_http()))
            }
        }
    }
}

pin_project! {
    /// An answer whose panics are caught; empty after one.
    pub(in crate::server) struct Caught<B> {
        #[pin]
        inner: Option<B>,
    }
}

impl<B> Default for Caught<B> {
    fn default() -> Self {
        Self { inner: None }
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for Caught<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        match catch_unwind(AssertUnwindSafe(|| inner.poll_frame(cx))) {
            Ok(frame) => frame,
            Err(payload) => {
                this.inner.set(None);
                Poll::Ready(Some(Ok(last_frame(&caught(&*payload)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.as_ref().map_or_else(http_body::SizeHint::default, http_body::Body::size_hint)
    }
}
