//! What every layer needs, once: a [`Middleware`] says what it does when a call begins, and its [`Call`] what it does until the
//! answer has been sent. [`Around`] makes a tower layer of it.
//!
//! A layer never fails: it ends a call with a status. (tonic resets the stream for errors that are no status.) None of them
//! keeps readiness: a layer takes what is scarce in [`Middleware::begin`].

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

/// How long a caller who has used up its quota waits for the refusal: calls without a pause between them would take the processors from
/// others, refused or not.
const PAUSE: Duration = Duration::from_millis(200);

/// What one layer does. There is one value for all connections.
pub(in crate::server) trait Middleware: Clone {
    /// What the layer keeps for one call.
    type Call: Call;

    /// A call begins. A status refuses it.
    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, Self::Call), Status>;
}

/// What a layer does during one call. A status ends the call: the handler and what it holds are dropped before the caller reads
/// the status. The value itself is dropped with the last part of the answer, or when the caller has gone.
pub(in crate::server) trait Call {
    /// Runs a piece of the handler's work. All of it comes through here.
    fn run<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Status> {
        Ok(work())
    }

    /// The answer begins with these headers.
    fn answered(&mut self, _headers: &HeaderMap) -> Result<(), Status> {
        Ok(())
    }

    /// A part of the answer is about to be sent: a message, or the trailers.
    fn send(&mut self, part: Frame<Bytes>) -> Result<Frame<Bytes>, Status> {
        Ok(part)
    }

    /// The handler is waiting. A layer that waits for something of its own polls that here.
    fn wait(&mut self, _cx: &mut Context<'_>) -> Result<(), Status> {
        Ok(())
    }
}

/// For a layer that has nothing more to do when a call has begun.
impl Call for () {}

/// The tower layer of a [`Middleware`].
#[derive(Debug, Clone)]
pub(in crate::server) struct Around<M>(pub(in crate::server) M);

impl<M: Clone, S> Layer<S> for Around<M> {
    type Service = Surrounded<M, S>;

    fn layer(&self, inner: S) -> Surrounded<M, S> {
        Surrounded { middleware: self.0.clone(), inner }
    }
}

/// A service with a [`Middleware`] around it.
#[derive(Debug, Clone)]
pub(in crate::server) struct Surrounded<M, S> {
    middleware: M,
    inner: S,
}

impl<M, S, B> Service<Request<Body>> for Surrounded<M, S>
where
    M: Middleware,
    S: Service<Request<Body>, Response = Response<B>>,
{
    type Response = Response<Answer<B, M::Call>>;
    type Error = S::Error;
    type Future = Answering<S::Future, M::Call>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let begun = self.middleware.begin(request).and_then(|(request, mut call)| {
            let handler = call.run(|| self.inner.call(request))?;
            Ok((handler, call))
        });
        match begun {
            Ok((handler, call)) => {
                Answering { handler: Some(handler), call: Some(call), refusal: None, pause: None }
            }
            Err(refusal) => {
                let pause =
                    (refusal.code() == Code::ResourceExhausted).then(|| Box::pin(sleep(PAUSE)));
                Answering { handler: None, call: None, refusal: Some(refusal), pause }
            }
        }
    }
}

pin_project! {
    /// A call whose answer has not begun.
    pub(in crate::server) struct Answering<F, C> {
        #[pin]
        handler: Option<F>,
        call: Option<C>,
        refusal: Option<Status>,
        pause: Option<Pin<Box<Sleep>>>,
    }
}

impl<F, C, B, E> Future for Answering<F, C>
where
    F: Future<Output = Result<Response<B>, E>>,
    C: Call,
{
    type Output = Result<Response<Answer<B, C>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = match (this.handler.as_mut().as_pin_mut(), this.call.as_mut()) {
            (Some(handler), Some(call)) => head(handler, call, cx),
            _ => {
                if let Some(pause) = this.pause.as_mut() {
                    ready!(pause.as_mut().poll(cx));
                }
                this.refusal.take().map_or(Ok(Poll::Pending), Err)
            }
        };
        match polled {
            Ok(polled) => {
                let response = ready!(polled)?;
                let call = this.call.take();
                Poll::Ready(Ok(response.map(|body| Answer { body: Some(body), call })))
            }
            Err(status) => {
                this.handler.set(None);
                *this.call = None;
                Poll::Ready(Ok(status.into_http()))
            }
        }
    }
}

/// Polls for the head of the answer.
fn head<F, C, B, E>(
    handler: Pin<&mut F>,
    call: &mut C,
    cx: &mut Context<'_>,
) -> Result<Poll<F::Output>, Status>
where
    F: Future<Output = Result<Response<B>, E>>,
    C: Call,
{
    let polled = call.run(|| handler.poll(cx))?;
    match &polled {
        Poll::Pending => call.wait(cx)?,
        Poll::Ready(Ok(response)) => call.answered(response.headers())?,
        Poll::Ready(Err(_)) => {}
    }
    Ok(polled)
}

pin_project! {
    /// An answer that has begun.
    pub(in crate::server) struct Answer<B, C> {
        #[pin]
        body: Option<B>,
        call: Option<C>,
    }
}

impl<B, C> Default for Answer<B, C> {
    fn default() -> Self {
        Self { body: None, call: None }
    }
}

impl<B: http_body::Body<Data = Bytes>, C: Call> http_body::Body for Answer<B, C> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        // Without a call the last part has been sent.
        let Some(call) = this.call.as_mut() else { return body.poll_frame(cx) };
        let polled = part(body, call, cx).unwrap_or_else(|status| {
            this.body.set(None);
            Poll::Ready(Some(Ok(last_frame(&status))))
        });
        let goes_on =
            |frame: &Result<Frame<Bytes>, _>| !frame.as_ref().is_ok_and(Frame::is_trailers);
        if matches!(&polled, Poll::Ready(part) if !part.as_ref().is_some_and(goes_on)) {
            *this.call = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, http_body::Body::size_hint)
    }
}

/// What polling for a part of the answer gives.
type Part<E> = Poll<Option<Result<Frame<Bytes>, E>>>;

/// Polls for the next part of the answer.
fn part<B: http_body::Body<Data = Bytes>, C: Call>(
    body: Pin<&mut B>,
    call: &mut C,
    cx: &mut Context<'_>,
) -> Result<Part<B::Error>, Status> {
    let polled = call.run(|| body.poll_frame(cx))?;
    Ok(match polled {
        Poll::Ready(Some(Ok(part))) => Poll::Ready(Some(Ok(call.send(part)?))),
        Poll::Pending => {
            call.wait(cx)?;
            Poll::Pending
        }
        ended @ Poll::Ready(_) => ended,
    })
}

/// The last frame of an answer that has begun and ends with a status.
pub(super) fn last_frame(status: &Status) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    if let Err(unwritable) = status.add_header(&mut trailers) {
        trailers.clear();
        trailers.insert(Status::GRPC_STATUS, http::HeaderValue::from(i32::from(unwritable.code())));
    }
    Frame::trailers(trailers)
}
