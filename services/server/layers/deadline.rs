//! Ends every answer: at the deadline of its kind or at the caller's earlier one, headers and body alike. When the service stops,
//! watches and exports end at once, and the others in time for the caller to hear why. A client that does not read would keep its answer from ending, so each message counts as unread.
//!
//! tonic's own deadline answers CANCELLED and covers only the time to the first byte. Ours is created inside tonic's and polled
//! first, so that ours answers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;

use super::middleware::{Call, Middleware};
use crate::rpc::deadline::Deadline;
use crate::rpc::status;
use crate::server::client::Client;
use crate::server::methods::{self, Kind};
use crate::server::settings::ServerSettings;
use crate::server::unread_budget::UnreadBudget;
use crate::telemetry::metrics;

/// The deadlines of each kind of call.
#[derive(Debug, Clone)]
pub(in crate::server) struct Deadlines {
    query: Duration,
    submission: Duration,
    grace: Duration,
    idle: Duration,
    stop: Stop,
    unread: Arc<UnreadBudget>,
}

/// How the service stops: each of these ends more calls than the one before.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct Stop {
    /// Ends watches and exports, which are resumed at another replica.
    pub(in crate::server) begins: CancellationToken,
    /// Ends questions whose answers will not be there in time.
    pub(in crate::server) questions: CancellationToken,
    /// Ends all calls, while there is still time to say so.
    pub(in crate::server) calls: CancellationToken,
}

impl Deadlines {
    /// Takes the deadlines from the settings; `stop` ends calls early, `unread` counts what clients have not read.
    pub(in crate::server) fn new(
        settings: &ServerSettings,
        stop: Stop,
        unread: Arc<UnreadBudget>,
    ) -> Self {
        let (query, submission) = (settings.request_deadline, settings.submission_deadline);
        Self { query, submission, grace: settings.grace, idle: settings.stream_idle, stop, unread }
    }
}

impl Middleware for Deadlines {
    type Call = Bounded;

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, Bounded), Status> {
        let now = Instant::now();
        let kind = methods::of(request.uri().path()).kind;
        let own = match kind {
            Kind::Submission | Kind::Erasure | Kind::Export => self.submission,
            Kind::Query | Kind::Watch | Kind::Reflection | Kind::Health { .. } => self.query,
        };
        let callers = grpc_timeout(request.headers());
        let first_byte = now + callers.map_or(own, |callers| callers.min(own));
        let last_byte = if kind.is_endless() {
            callers.and_then(|callers| now.checked_add(callers))
        } else {
            Some(first_byte)
        };
        let stop = match kind {
            Kind::Watch | Kind::Export | Kind::Health { watch: true } => &self.stop.begins,
            Kind::Query | Kind::Reflection => &self.stop.questions,
            Kind::Submission | Kind::Erasure | Kind::Health { watch: false } => &self.stop.calls,
        };
        let stop = stop.clone();
        let read_by = match kind {
            // Not the caller's own deadline: it may be short, and the news that the caller gave up is still on its way.
            Kind::Query | Kind::Erasure | Kind::Reflection | Kind::Health { watch: false } => {
                Due::At(now + own + self.grace)
            }
            Kind::Submission | Kind::Export | Kind::Watch | Kind::Health { watch: true } => {
                Due::Within(self.idle)
            }
        };
        let client = request.extensions().get().cloned();
        let client = client.map(|client| (client, Arc::clone(&self.unread)));
        let phase = Phase::Head(Deadline::at(first_byte));
        let bounded =
            Bounded { phase, last_byte, timer: None, stop, stopped: None, client, read_by };
        Ok((request, bounded))
    }
}

/// The caller's time limit: at most eight digits and a unit. Any other text counts as no limit, as in tonic.
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

/// The part of the answer that the call waits for.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The answer has to begin by this deadline.
    Head(Deadline),
    /// The answer has begun.
    Body,
}

/// When the client must have read a message.
#[derive(Debug, Clone, Copy)]
enum Due {
    At(Instant),
    Within(Duration),
}

/// A call with its deadline.
#[derive(Debug)]
pub(in crate::server) struct Bounded {
    phase: Phase,
    last_byte: Option<Instant>,
    /// Made when it is first needed, since most answers never wait; boxed, since answers are moved about.
    timer: Option<Pin<Box<Sleep>>>,
    /// Ends the call when the service stops; and the wait for that, made when it is first needed.
    stop: CancellationToken,
    stopped: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Who reads the answer, and where it counts as unread.
    client: Option<(Arc<Client>, Arc<UnreadBudget>)>,
    read_by: Due,
}

impl Bounded {
    /// Whether an instant has passed; wakes the call when it does.
    fn has_passed(&mut self, instant: Instant, cx: &mut Context<'_>) -> bool {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(instant)));
        timer.as_mut().poll(cx).is_ready()
    }

    /// The same message, counted as unread. Refused if clients have too many bytes unread.
    fn count(&self, message: Bytes) -> Result<Bytes, Status> {
        let Some((client, unread)) = &self.client else { return Ok(message) };
        let due = match self.read_by {
            Due::At(instant) => instant,
            Due::Within(time) => Instant::now() + time,
        };
        unread.count(client, message, due).ok_or_else(|| {
            metrics::call_refused();
            status::overloaded(status::RETRY_OVERLOADED)
        })
    }
}

impl Call for Bounded {
    fn run<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Status> {
        Ok(match self.phase {
            Phase::Head(deadline) => deadline.within(work),
            Phase::Body => work(),
        })
    }

    fn answered(&mut self, _: &HeaderMap) -> Result<(), Status> {
        // The timer was for the first byte.
        (self.phase, self.timer) = (Phase::Body, None);
        Ok(())
    }

    fn wait(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        let stop = &self.stop;
        let stopped = self.stopped.get_or_insert_with(|| Box::pin(stop.clone().cancelled_owned()));
        if stopped.as_mut().poll(cx).is_ready() {
            return Err(status::stopping());
        }
        let until = match self.phase {
            Phase::Head(deadline) => Some(deadline.instant()),
            Phase::Body => self.last_byte,
        };
        match until {
            Some(until) if self.has_passed(until, cx) => Err(status::deadline_exceeded()),
            _ => Ok(()),
        }
    }

    fn send(&mut self, part: Frame<Bytes>) -> Result<Frame<Bytes>, Status> {
        let message = match part.into_data() {
            Ok(message) => message,
            Err(trailers) => return Ok(trailers),
        };
        // A stream that always has more to say never waits: the clock instead of the timer.
        if self.last_byte.is_some_and(|last_byte| Instant::now() >= last_byte) {
            return Err(status::deadline_exceeded());
        }
        self.count(message).map(Frame::data)
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
