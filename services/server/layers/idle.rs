//! Ends a submission whose sender pauses for longer than `stream_idle` between two messages. Only the time for which we wait for
//! the sender counts, not the time for which the sender waits for us.
//!
//! Also tells a sender that broke off from one that finished. tonic takes a cancelled call (`RST_STREAM` with CANCEL) for the end
//! of the stream, and hyper one with `NO_ERROR`: half a submission would be taken for a whole one.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use tokio::time::{Instant, Sleep};
use tonic::body::Body;
use tonic::{Code, Status};

use super::middleware::Middleware;
use crate::rpc::status;
use crate::server::methods::{self, Kind};

/// Watches the request bodies of submissions.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Idle {
    /// Longest pause between two messages.
    pub(in crate::server) longest: Duration,
}

impl Middleware for Idle {
    type Call = ();

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, ()), Status> {
        if methods::of(request.uri().path()).kind != Kind::Submission {
            return Ok((request, ()));
        }
        let longest = self.longest;
        Ok((request.map(|inner| Body::new(Impatient { inner, longest, pause: None })), ()))
    }
}

/// A body that fails if its next frame takes too long, or if the sender breaks off before the end.
struct Impatient {
    inner: Body,
    longest: Duration,
    pause: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Impatient {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.pause = None;
            let whole = match &frame {
                Some(Ok(_)) => true,
                Some(Err(status)) => status.code() != Code::Cancelled,
                None => this.inner.is_end_stream(),
            };
            return Poll::Ready(if whole { frame } else { Some(Err(status::stream_broken())) });
        }
        let until = Instant::now() + this.longest;
        let pause = this.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        pause.as_mut().poll(cx).map(|()| Some(Err(status::stream_idle(this.longest))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
