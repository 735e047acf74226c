//! Gives its reason to the refusal of a message that tonic could not read before any of us was asked. Such an answer is a status
//! without details and without a body; whatever one of us refuses has details.
//!
//! The messages of a submission are read where they are taken, and refused there.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::Status;
use tower::{Layer, Service};

use crate::rpc::status;

/// Adds [`Unread`].
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct UnreadLayer;

impl<S> Layer<S> for UnreadLayer {
    type Service = Unread<S>;

    fn layer(&self, inner: S) -> Unread<S> {
        Unread { inner }
    }
}

/// Puts refusals of unreadable messages into our words.
#[derive(Debug, Clone)]
pub(in crate::server) struct Unread<S> {
    inner: S,
}

impl<S, R, B> Service<Request<R>> for Unread<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    B: Default,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Reading<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        Reading { inner: self.inner.call(request) }
    }
}

pin_project! {
    /// A call whose message is being read.
    pub(in crate::server) struct Reading<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B, E> Future for Reading<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().inner.poll(cx))?;
        // An answer that has begun has its status behind its messages: then there is none here.
        Poll::Ready(Ok(match Status::from_header_map(response.headers()) {
            Some(refusal) if refusal.details().is_empty() => status::unread(refusal).into_http(),
            _ => response,
        }))
    }
}
