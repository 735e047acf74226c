//! Takes the whole answer to a question as soon as the handler has it. The call is then over: it gives its seat back, however long its
//! client takes to read. What is not read counts as unread.
//!
//! hyper would ask for an answer only when the client has room for it, and the call would last until then.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::server::methods::{self, Kind};

/// An answer of one message has two frames: the message and the trailers.
const FRAMES: usize = 2;

/// The layer.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct AtOnce;

impl<S> Layer<S> for AtOnce {
    type Service = Taking<S>;

    fn layer(&self, inner: S) -> Taking<S> {
        Taking { inner }
    }
}

/// A service whose answers are taken at once.
#[derive(Debug, Clone)]
pub(in crate::server) struct Taking<S> {
    inner: S,
}

impl<S, B> Service<Request<Body>> for Taking<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: HttpBody<Data = Bytes>,
{
    type Response = Response<Taken<B>>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let at_once = methods::of(request.uri().path()).kind == Kind::Query;
        Answering { inner: self.inner.call(request), at_once }
    }
}

pin_project! {
    /// A call whose answer has not begun.
    pub(in crate::server) struct Answering<F> {
        #[pin]
        inner: F,
        at_once: bool,
    }
}

impl<F, B, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes>,
{
    type Output = Result<Response<Taken<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(response.map(|body| {
            let mut taken = Taken { frames: VecDeque::new(), rest: Some(Box::pin(body)) };
            if *this.at_once {
                taken.take(cx);
            }
            taken
        })))
    }
}

/// An answer: frames that were taken, and the rest.
pub(in crate::server) struct Taken<B: HttpBody> {
    frames: VecDeque<Result<Frame<Bytes>, B::Error>>,
    rest: Option<Pin<Box<B>>>,
}

impl<B: HttpBody> Default for Taken<B> {
    fn default() -> Self {
        Self { frames: VecDeque::new(), rest: None }
    }
}

impl<B: HttpBody<Data = Bytes>> Taken<B> {
    fn take(&mut self, cx: &mut Context<'_>) {
        while self.frames.len() < FRAMES
            && let Some(rest) = &mut self.rest
            && let Poll::Ready(frame) = rest.as_mut().poll_frame(cx)
        {
            let is_last =
                frame.as_ref().is_none_or(|frame| frame.as_ref().map_or(true, Frame::is_trailers));
            self.frames.extend(frame);
            if is_last {
                // What the call held is given back now.
                self.rest = None;
            }
        }
    }
}

impl<B: HttpBody<Data = Bytes>> HttpBody for Taken<B>
where
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(frame));
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        rest.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.as_ref().is_none_or(HttpBody::is_end_stream)
    }
}
