//! Records every call of the contract in the audit log, refused calls included. An answer goes out when its entry is taken; the answer to a
//! change, when its entry is on disk.
//!
//! The answer to a question is whole before it goes out, so its outcome is known then. A watch and an export have an entry when they begin, and one
//! when they end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::{Layer, Service};

use super::middleware::last_frame;
use super::trace::status_name;
use crate::rpc::audit::{Audit, Call, NotAudited, Outcome, Record, Trace};
use crate::rpc::status::{self, Fate};
use crate::server::client::Client;
use crate::server::methods::{self, Kind};

/// The layer. Without an audit log, nothing is recorded.
#[derive(Clone)]
pub(in crate::server) struct Audited {
    audit: Option<Arc<Audit>>,
    /// Disclosure profile of callers without an identity; empty: there are none.
    profile: &'static str,
    /// Longest time that an answer waits for room in the audit log.
    longest: Duration,
}

impl Audited {
    pub(in crate::server) fn new(
        audit: Option<Arc<Audit>>,
        profile: &'static str,
        longest: Duration,
    ) -> Self {
        Self { audit, profile, longest }
    }

    /// The record of a call; none: it is not recorded.
    fn begin(&self, audit: &Arc<Audit>, request: &Request<Body>) -> Option<Record> {
        let method = methods::of(request.uri().path()).name;
        if !method.starts_with("equity.v1.") {
            return None;
        }
        let client = request.extensions().get::<Arc<Client>>();
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        // The purpose is looked up later. A text that a refused caller chooses would make an entry of each of its calls.
        let call = Call {
            who: client.map(|client| client.audited(("", "", ""))).unwrap_or_default(),
            method,
            profile: self.profile,
            ..Call::default()
        };
        let trace = text("traceparent").and_then(trace).unwrap_or_default();
        Some(Record::new(Arc::clone(audit), call, trace))
    }
}

/// The trace id in a W3C `traceparent`: the second of its parts.
fn trace(traceparent: &str) -> Option<Trace> {
    let hex = traceparent.split('-').nth(1).filter(|hex| hex.len() == 32 && hex.is_ascii())?;
    u128::from_str_radix(hex, 16).ok().map(u128::to_be_bytes)
}

/// How a call has ended: a status in headers or trailers.
fn outcome(headers: &HeaderMap) -> Outcome {
    let Some(status) = Status::from_header_map(headers) else {
        return Outcome { status: status_name(Code::Unknown), reason: String::new() };
    };
    let mut outcome = Outcome { status: status_name(status.code()), reason: String::new() };
    if status.code() != Code::Ok
        && let Some(info) = status.get_details_error_info()
    {
        outcome.reason = info.reason;
    }
    outcome
}

impl<S> Layer<S> for Audited {
    type Service = Recording<S>;

    fn layer(&self, inner: S) -> Recording<S> {
        Recording { audited: self.clone(), inner }
    }
}

/// A service whose calls are recorded.
#[derive(Clone)]
pub(in crate::server) struct Recording<S> {
    audited: Audited,
    inner: S,
}

impl<S, B> Service<Request<Body>> for Recording<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<Recorded<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let audit = self.audited.audit.as_ref();
        let begun =
            audit.and_then(|audit| Some((audit.broken(), self.audited.begin(audit, &request)?)));
        match begun {
            None => {
                let answer = self.inner.call(request);
                Box::pin(async { Ok(answer.await?.map(|body| Recorded::Passing(Box::pin(body)))) })
            }
            // Nothing of it can be recorded, so nothing of it is done.
            Some((Some(_), _)) => Box::pin(async { Ok(status::audit_stopped().into_http()) }),
            Some((None, record)) => {
                request.extensions_mut().insert(record.clone());
                let ending = Ending { record, longest: self.audited.longest };
                let kind = methods::of(request.uri().path()).kind;
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let answer = answer.await?;
                    let recorded = match kind {
                        Kind::Watch | Kind::Export => streamed(answer, ending).await,
                        Kind::Query
                        | Kind::Submission
                        | Kind::Erasure
                        | Kind::Reflection
                        | Kind::Health { .. } => whole(answer, ending).await,
                    };
                    Ok(recorded.unwrap_or_else(Status::into_http))
                })
            }
        }
    }
}

/// An answer of one message, when it is whole and its end is recorded.
async fn whole<B: HttpBody<Data = Bytes>>(
    answer: Response<B>,
    ending: Ending,
) -> Result<Response<Recorded<B>>, Status> {
    let (head, body) = answer.into_parts();
    let (mut body, mut frames) = (std::pin::pin!(body), VecDeque::new());
    let mut end = ends(&head.headers);
    while end.is_none() {
        match std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            None => end = Some(outcome(&head.headers)),
            Some(frame) => {
                end = frame.as_ref().ok().and_then(|frame| frame.trailers_ref().map(outcome));
                let has_failed = frame.is_err();
                frames.push_back(frame);
                if has_failed {
                    break;
                }
            }
        }
    }
    // Without an outcome the ending says that the call was broken off.
    if let Some(wait) = end.and_then(|end| ending.ends(end)) {
        wait.await?;
    }
    Ok(Response::from_parts(head, Recorded::Whole(frames)))
}

/// The answers of a stream, when its beginning is recorded.
async fn streamed<B: HttpBody<Data = Bytes>>(
    answer: Response<B>,
    ending: Ending,
) -> Result<Response<Recorded<B>>, Status> {
    if ends(answer.headers()).is_some() {
        return whole(answer, ending).await;
    }
    if let Some(wait) = ending.begins() {
        wait.await?;
    }
    Ok(answer.map(|body| Recorded::Streaming { body: Box::pin(body), ending, last: None }))
}

/// How a call has ended, if headers say it.
fn ends(headers: &HeaderMap) -> Option<Outcome> {
    headers.contains_key(Status::GRPC_STATUS).then(|| outcome(headers))
}

/// What waits for the audit log.
pub(in crate::server) type Wait = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// The end of a call, which has to be recorded. Dropping it records that the caller has gone.
pub(in crate::server) struct Ending {
    record: Record,
    longest: Duration,
}

impl Ending {
    /// Records the end. What is returned has to be waited for; none: it is recorded.
    fn ends(&self, outcome: Outcome) -> Option<Wait> {
        let (audit, call, trace, changes) = self.record.ended(outcome)?;
        if changes {
            let longest = self.longest;
            return Some(Box::pin(async move {
                let written = tokio::time::timeout(longest, audit.durable(call, trace)).await;
                let written = written.unwrap_or_else(|_| Err(slow()));
                written.map_err(|why| status::change_not_audited(&why, Fate::NotKnown))
            }));
        }
        self.taken(audit, call, trace)
    }

    /// Records that a stream begins.
    fn begins(&self) -> Option<Wait> {
        let (audit, call, trace) = self.record.begun()?;
        self.taken(audit, call, trace)
    }

    fn taken(&self, audit: Arc<Audit>, call: Call, trace: Trace) -> Option<Wait> {
        let call = audit.note(call, trace).err()?;
        let longest = self.longest;
        Some(Box::pin(async move {
            let taking = taken_later(&audit, call, trace);
            match tokio::time::timeout(longest, taking).await {
                Ok(()) => Ok(()),
                Err(_) => Err(status::answer_not_audited(&audit.trouble().unwrap_or_else(slow))),
            }
        }))
    }
}

/// Why an entry was not written in time.
fn slow() -> NotAudited {
    NotAudited::Failed("the disk is too slow".to_owned())
}

/// Waits until the audit log has room.
async fn taken_later(audit: &Audit, mut call: Call, trace: Trace) {
    loop {
        let mut room = std::pin::pin!(audit.room());
        // From now on no room is missed.
        room.as_mut().enable();
        match audit.note(call, trace) {
            Ok(()) => return,
            Err(again) => call = again,
        }
        room.await;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let outcome = Outcome { status: status_name(Code::Cancelled), reason: String::new() };
        if let Some((audit, call, trace, _)) = self.record.ended(outcome) {
            audit.force(call, trace);
        }
    }
}

/// An answer that is recorded.
pub(in crate::server) enum Recorded<B: HttpBody> {
    /// Not at all.
    Passing(Pin<Box<B>>),
    /// It is whole, and so is its record.
    Whole(VecDeque<Result<Frame<Bytes>, B::Error>>),
    /// A stream, whose end is not recorded yet.
    Streaming {
        /// The answers.
        body: Pin<Box<B>>,
        /// Records the end.
        ending: Ending,
        /// The last part, which waits for its entry.
        last: Option<(Frame<Bytes>, Wait)>,
    },
}

impl<B: HttpBody> Default for Recorded<B> {
    fn default() -> Self {
        Self::Whole(VecDeque::new())
    }
}

impl<B: HttpBody<Data = Bytes>> HttpBody for Recorded<B>
where
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let (body, ending, last) = match &mut *self {
            Self::Passing(body) => return body.as_mut().poll_frame(cx),
            Self::Whole(frames) => return Poll::Ready(frames.pop_front()),
            Self::Streaming { body, ending, last } => (body, ending, last),
        };
        if last.is_none() {
            let frame = match ready!(body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                ended => return Poll::Ready(ended),
            };
            let Some(end) = frame.trailers_ref().map(outcome) else {
                return Poll::Ready(Some(Ok(frame)));
            };
            match ending.ends(end) {
                None => return Poll::Ready(Some(Ok(frame))),
                Some(wait) => *last = Some((frame, wait)),
            }
        }
        let Some((frame, mut wait)) = last.take() else { return Poll::Ready(None) };
        match wait.as_mut().poll(cx) {
            Poll::Pending => {
                *last = Some((frame, wait));
                Poll::Pending
            }
            Poll::Ready(Ok(())) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Err(status)) => Poll::Ready(Some(Ok(last_frame(&status)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Passing(body) => body.is_end_stream(),
            Self::Whole(frames) => frames.is_empty(),
            Self::Streaming { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_read_and_nothing_else_is_taken_for_one() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let read = trace(&format!("00-{id}-00f067aa0ba902b7-01")).unwrap();
        assert_eq!(u128::from_be_bytes(read), u128::from_str_radix(id, 16).unwrap());
        for other in
            ["", "00", "00-xyz-1-1", "00-4bf92f3577b34da6a3ce929d0e0e473-1-01", &"é-".repeat(20)]
        {
            assert_eq!(trace(other), None, "{other}");
        }
    }
}
