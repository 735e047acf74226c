//! Every answer has an end: the deadline of its kind or the caller's shorter one, for headers and body alike; a watch stream
//! ends when the service stops. A client that does not read would not let it end: its messages are lent.
//!
//! tonic's own deadline answers CANCELLED and covers only the time to the first byte. Ours is created inside of it and polled
//! first, so that ours answers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tower::{Layer, Service};

use super::last_frame;
use crate::rpc::deadline::Deadline;
use crate::rpc::status;
use crate::server::lending::Peer;
use crate::server::methods::{self, Kind};
use crate::server::settings::ServerSettings;
use crate::telemetry::metrics;

/// Adds [`Bounded`].
#[derive(Debug, Clone)]
pub(in crate::server) struct DeadlineLayer {
    query: Duration,
    submission: Duration,
    grace: Duration,
    idle: Duration,
    stop: CancellationToken,
}

impl DeadlineLayer {
    /// The deadlines of the settings; `stop` ends watch streams.
    pub(in crate::server) fn new(settings: &ServerSettings, stop: CancellationToken) -> Self {
        let (query, submission) = (settings.request_deadline, settings.submission_deadline);
        Self { query, submission, grace: settings.grace, idle: settings.stream_idle, stop }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded { inner, limits: self.clone() }
    }
}

/// Bounds every call.
#[derive(Debug, Clone)]
pub(in crate::server) struct Bounded<S> {
    inner: S,
    limits: DeadlineLayer,
}

impl<S, R, B> Service<Request<R>> for Bounded<S>
where
    S: Service<Request<R>, Response = Response<B>>,
{
    type Response = Response<Ending<B>>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let now = Instant::now();
        let kind = methods::of(request.uri().path()).kind;
        let own = match kind {
            Kind::Submission | Kind::Export => self.limits.submission,
            Kind::Query | Kind::Watch | Kind::Health { .. } => self.limits.query,
        };
        let callers = grpc_timeout(request.headers());
        let first_byte = now + callers.map_or(own, |callers| callers.min(own));
        let last_byte = if kind.is_endless() {
            callers.and_then(|callers| now.checked_add(callers))
        } else {
            Some(first_byte)
        };
        // A long stream does not hold up a service that stops: the caller goes on with it elsewhere.
        let stops = kind.is_endless() || kind == Kind::Export;
        let stop = stops.then(|| Box::pin(self.limits.stop.clone().cancelled_owned()));
        let loan = request.extensions().get().map(|peer| Loan {
            peer: Arc::clone(peer),
            due: match kind {
                // Not by the caller's own deadline: it may be short, and the news that the caller gave up on its way.
                Kind::Query | Kind::Health { watch: false } => {
                    Due::At(now + own + self.limits.grace)
                }
                Kind::Submission | Kind::Export | Kind::Watch | Kind::Health { watch: true } => {
                    Due::Within(self.limits.idle)
                }
            },
        });
        let inner = Deadline::at(first_byte).within(|| self.inner.call(request));
        Answering { inner: Some(inner), first_byte, timer: None, last_byte, stop, loan }
    }
}

/// The caller's time limit: at most eight digits and a unit. Anything else counts as none, as tonic has it.
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// A timer that is made when it is first needed, since most answers never wait; boxed, since answers are moved about.
type Timer = Option<Pin<Box<Sleep>>>;

/// The end of the service, for answers that only that ends.
type Stop = Option<Pin<Box<WaitForCancellationFutureOwned>>>;

/// When the messages of an answer have to be with their reader.
#[derive(Clone, Copy)]
enum Due {
    At(Instant),
    Within(Duration),
}

/// To whom the messages of an answer are lent, and until when.
struct Loan {
    peer: Arc<Peer>,
    due: Due,
}

impl Loan {
    fn lend(&self, message: Bytes) -> Option<Bytes> {
        let due = match self.due {
            Due::At(instant) => instant,
            Due::Within(time) => Instant::now() + time,
        };
        self.peer.lend(message, due)
    }
}

/// Waits for an instant.
fn wait(timer: &mut Timer, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
    timer.get_or_insert_with(|| Box::pin(sleep_until(until))).as_mut().poll(cx)
}

pin_project! {
    /// A call that has a deadline for its first byte.
    pub(in crate::server) struct Answering<F> {
        #[pin]
        inner: Option<F>,
        first_byte: Instant,
        timer: Timer,
        last_byte: Option<Instant>,
        stop: Stop,
        loan: Option<Loan>,
    }
}

impl<F, B, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<Ending<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let deadline = Deadline::at(*this.first_byte);
        if let Some(inner) = this.inner.as_mut().as_pin_mut()
            && let Poll::Ready(answered) = deadline.within(|| inner.poll(cx))
        {
            let (last_byte, stop, loan) = (*this.last_byte, this.stop.take(), this.loan.take());
            return Poll::Ready(answered.map(|response| {
                response.map(|body| Ending {
                    inner: Some(body),
                    last_byte,
                    timer: None,
                    stop,
                    loan,
                })
            }));
        }
        ready!(wait(this.timer, *this.first_byte, cx));
        // Whatever the handler holds is given back before the caller reads the answer.
        this.inner.set(None);
        Poll::Ready(Ok(status::deadline_exceeded().into_http()))
    }
}

pin_project! {
    /// An answer that ends in time.
    pub(in crate::server) struct Ending<B> {
        #[pin]
        inner: Option<B>,
        last_byte: Option<Instant>,
        timer: Timer,
        stop: Stop,
        loan: Option<Loan>,
    }
}

impl<B> Default for Ending<B> {
    fn default() -> Self {
        Self { inner: None, last_byte: None, timer: None, stop: None, loan: None }
    }
}

impl<B: http_body::Body<Data = Bytes>> Ending<B> {
    /// Why the answer has to end now, if it has to. What is ready is still sent before a stop.
    fn end(self: Pin<&mut Self>, cx: &mut Context<'_>, waiting: bool) -> Option<Status> {
        let this = self.project();
        if !waiting {
            // A stream that always has more to say never waits: the clock instead of the timer.
            let late = this.last_byte.is_some_and(|last_byte| Instant::now() >= last_byte);
            return late.then(status::deadline_exceeded);
        }
        if this.stop.as_mut().is_some_and(|stop| stop.as_mut().poll(cx).is_ready()) {
            return Some(status::stopping());
        }
        let last_byte = (*this.last_byte)?;
        wait(this.timer, last_byte, cx).is_ready().then(status::deadline_exceeded)
    }

    /// The same frame, its message lent; refused where no more is lent.
    fn lend(&self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Status> {
        let Some(loan) = &self.loan else { return Ok(frame) };
        let lend = |message| {
            loan.lend(message).map(Frame::data).ok_or_else(|| {
                metrics::call_refused();
                status::overloaded(status::RETRY_OVERLOADED)
            })
        };
        frame.into_data().map_or_else(Ok, lend)
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for Ending<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(inner) = self.as_mut().project().inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let polled = inner.poll_frame(cx);
        if matches!(&polled, Poll::Ready(None)) {
            return polled;
        }
        if matches!(&polled, Poll::Ready(Some(Ok(frame))) if frame.is_trailers()) {
            return polled;
        }
        let status = match (self.as_mut().end(cx, polled.is_pending()), polled) {
            (None, Poll::Ready(Some(Ok(frame)))) => match self.lend(frame) {
                Ok(lent) => return Poll::Ready(Some(Ok(lent))),
                Err(status) => status,
            },
            (None, polled) => return polled,
            (Some(status), _) => status,
        };
        self.project().inner.set(None);
        Poll::Ready(Some(Ok(last_frame(&status))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.as_ref().map_or_else(http_body::SizeHint::default, http_body::Body::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_callers_time_limit() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", http::HeaderValue::from_static(text));
            grpc_timeout(&headers)
        };
        assert_eq!(read("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("7u"), Some(Duration::from_micros(7)));
        assert_eq!(read("9n"), Some(Duration::from_nanos(9)));
        for nonsense in ["", "S", "5", "-5S", "+5S", "123456789S", "5X", "5.0S", " 5S", "5\u{e9}"] {
            assert_eq!(read_any(nonsense), None, "{nonsense:?}");
        }
    }

    fn read_any(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", http::HeaderValue::from_bytes(text.as_bytes()).unwrap());
        grpc_timeout(&headers)
    }
}
