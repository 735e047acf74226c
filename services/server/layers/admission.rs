//! Takes at most so many calls at once on all connections together, and refuses the next one at once: a queue without a bound
//! would only make everybody late. Watch streams, which last, are counted apart from calls; health checks are never refused.
//!
//! The permit is taken when a call comes and given back when its answer has been sent, so streams count until they end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service};

use crate::rpc::status;
use crate::server::methods::{self, Kind};
use crate::telemetry::metrics;

/// Adds [`Admission`]. One layer, hence one count, for all connections.
#[derive(Debug, Clone)]
pub(in crate::server) struct AdmissionLayer {
    calls: Arc<Semaphore>,
    watches: Arc<Semaphore>,
}

impl AdmissionLayer {
    /// At most `calls` calls and `watches` watch streams at once.
    pub(in crate::server) fn new(calls: usize, watches: usize) -> Self {
        Self { calls: Arc::new(Semaphore::new(calls)), watches: Arc::new(Semaphore::new(watches)) }
    }

    /// A permit; none needed; or full.
    fn admit(&self, kind: Kind) -> Result<Option<OwnedSemaphorePermit>, Full> {
        let seats = match kind {
            Kind::Query | Kind::Submission | Kind::Export => &self.calls,
            Kind::Watch => &self.watches,
            Kind::Health { .. } => return Ok(None),
        };
        Arc::clone(seats).try_acquire_owned().map(Some).map_err(|_| Full)
    }
}

/// Every seat is taken.
struct Full;

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Admission<S> {
        Admission { inner, admission: self.clone() }
    }
}

/// Refuses calls above the limit.
#[derive(Debug, Clone)]
pub(in crate::server) struct Admission<S> {
    inner: S,
    admission: AdmissionLayer,
}

impl<S, R, B> Service<Request<R>> for Admission<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    B: Default,
{
    type Response = Response<Admitted<B>>;
    type Error = S::Error;
    type Future = Admitting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        match self.admission.admit(methods::of(request.uri().path()).kind) {
            Ok(permit) => Admitting { inner: Some(self.inner.call(request)), permit },
            Err(Full) => {
                metrics::call_refused();
                Admitting { inner: None, permit: None }
            }
        }
    }
}

pin_project! {
    /// An admitted call, or a refused one.
    pub(in crate::server) struct Admitting<F> {
        #[pin]
        inner: Option<F>,
        permit: Option<OwnedSemaphorePermit>,
    }
}

impl<F, B, E> Future for Admitting<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = Result<Response<Admitted<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            let refusal = status::overloaded(status::RETRY_OVERLOADED);
            return Poll::Ready(Ok(refusal.into_http()));
        };
        let response = ready!(inner.poll(cx))?;
        let permit = this.permit.take();
        Poll::Ready(Ok(response.map(|inner| Admitted { inner, permit })))
    }
}

pin_project! {
    /// An answer that holds its permit until it has been sent.
    #[derive(Default)]
    pub(in crate::server) struct Admitted<B> {
        #[pin]
        inner: B,
        permit: Option<OwnedSemaphorePermit>,
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for Admitted<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if frame.as_ref().is_none_or(|frame| frame.as_ref().is_ok_and(Frame::is_trailers)) {
            *this.permit = None;
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
