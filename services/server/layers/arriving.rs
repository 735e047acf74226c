//! A request body that comes in whole messages. Each message is checked before the handler sees it. The call takes its seat when its
//! message is whole, or the first of a stream: a client cannot hold seats with messages that never come.
//!
//! While a message is on its way, the call has a seat among those that wait. Whoever makes no progress there gives the seat up to
//! others. Progress is the first message, or [`STEP`] bytes. A later message makes good for [`A_MESSAGE`] of waiting: rows that drip in
//! keep no seat for as long as a submission may take.
//!
//! The bytes of a long message are copied here, once. Other calls have their turns after each [`STEP`] of them: they would wait for
//! a millisecond for each batch of a submission. tonic would copy a message again, several times while it grows; so messages of submissions go past
//! it, see [`PassedOn`].

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use tokio::time::Instant;
use tokio_util::sync::{PollSemaphore, WaitForCancellationFutureOwned};
use tonic::body::Body;
use tonic::{Code, Status};

use super::compressed::{Encoding, PREFIX, Packed, Unpacking};
use super::door::Door;
use crate::rpc::audit::Record;
use crate::rpc::incoming::PassedOn;
use crate::rpc::{fields, status};
use crate::server::methods::Method;
use crate::server::seats::Seat;

/// Longest first message of a stream: the header of a submission is far shorter, and the stream has no seat before it.
const FIRST: usize = 1 << 20;
/// Bytes that count as progress, and those that are copied before other calls have a turn.
const STEP: usize = 64 << 10;
/// How much waiting a message makes good for.
const A_MESSAGE: Duration = Duration::from_millis(20);

/// The body.
pub(super) struct Arriving {
    inner: Body,
    method: &'static Method,
    door: Door,
    /// Where the audit log learns what is asked.
    record: Record,
    encoding: Encoding,
    /// Longest message, packed and unpacked.
    most: usize,
    came: BytesMut,
    whole: VecDeque<Bytes>,
    /// Where the messages of a submission go; tonic gets an empty message for each.
    passed_on: Option<PassedOn>,
    /// Bytes that were copied since others had a turn.
    copied: usize,
    /// The message that is being unpacked, and the turns of all that are.
    unpacking: Option<Box<Unpacking>>,
    turns: PollSemaphore,
    has_entered: bool,
    has_ended: bool,
    waits: Waits,
}

/// How long the call has waited for its client since the last progress.
#[derive(Default)]
struct Waits {
    began: Option<Instant>,
    before: Duration,
    /// Bytes since the last progress.
    bytes: usize,
    /// The seat of a call whose message is not whole.
    seat: Option<Seat>,
    given_up: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Arriving {
    pub(super) fn new(
        inner: Body,
        method: &'static Method,
        (door, record): (Door, Record),
        (encoding, most): (Encoding, usize),
        (turns, passed_on): (PollSemaphore, Option<PassedOn>),
    ) -> Self {
        Self {
            inner,
            method,
            door,
            record,
            encoding,
            most,
            came: BytesMut::new(),
            whole: VecDeque::new(),
            passed_on,
            copied: 0,
            unpacking: None,
            turns,
            has_entered: false,
            has_ended: false,
            waits: Waits::default(),
        }
    }

    /// Takes what has come.
    fn take(&mut self, data: &[u8]) -> Result<(), Status> {
        self.came.extend_from_slice(data);
        self.waits.bytes += data.len();
        self.copied += data.len();
        while let Some(length) = self.length() {
            let most = self.most(self.whole.is_empty());
            if length > most {
                return Err(status::message_too_large(most as u64));
            }
            let missing = (PREFIX + length).saturating_sub(self.came.len());
            if missing > 0 {
                // Once, and nothing that came is copied again. Memory that nothing comes to is not used.
                self.came.reserve(missing);
                break;
            }
            self.whole.push_back(self.came.split_to(PREFIX + length).freeze());
            if self.whole.len() > 1 && !self.method.streams {
                return Err(status::malformed());
            }
            self.waits.before = self.waits.before.saturating_sub(A_MESSAGE);
        }
        if self.waits.bytes >= STEP {
            (self.waits.bytes, self.waits.before) = (0, Duration::ZERO);
        }
        Ok(())
    }

    /// The length of the message that is coming, if its prefix is there.
    fn length(&self) -> Option<usize> {
        let length = self.came.get(1..PREFIX)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(length)).ok()
    }

    /// Longest message; of a stream that has no seat yet, longest first message.
    fn most(&self, is_next: bool) -> usize {
        let is_first = is_next && self.method.streams && !self.has_entered;
        if is_first { self.most.min(FIRST) } else { self.most }
    }

    /// Takes the seat of the call, once.
    fn enter(&mut self) -> Result<(), Status> {
        if !std::mem::replace(&mut self.has_entered, true) {
            self.waits = Waits::default();
            self.door.enter()?;
        }
        Ok(())
    }

    /// Notes that the call waits for its client, and whether it still may.
    fn wait(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        if !self.has_entered && self.waits.seat.is_none() {
            self.waits.seat = Some(self.door.wait()?);
        }
        let now = Instant::now();
        self.waits.began = Some(now);
        let since = now.checked_sub(self.waits.before).or(Some(now));
        let noted = |seat: &Seat| {
            seat.waits(since);
            Box::pin(seat.given_up())
        };
        let given_up = match &self.waits.seat {
            Some(seat) => Some(noted(seat)),
            None => self.door.with_seat(noted),
        };
        let Some(given_up) = given_up else { return Ok(()) };
        // The same seat as before is still asked by the same future.
        let given_up = self.waits.given_up.get_or_insert(given_up);
        if given_up.as_mut().poll(cx).is_ready() { Err(self.door.refusal()) } else { Ok(()) }
    }

    /// Notes that the call does not wait.
    fn goes_on(&mut self) {
        if let Some(began) = self.waits.began.take() {
            self.waits.before += began.elapsed();
            self.door.with_seat(|seat| seat.waits(None));
        }
    }

    /// The next message, unpacked and checked. One at a time is unpacked: many small ones may be very large.
    fn next(&mut self, cx: &mut Context<'_>) -> Result<Poll<Option<Bytes>>, Status> {
        if !self.method.streams && !self.has_ended {
            return Ok(Poll::Ready(None));
        }
        if self.unpacking.is_none() {
            let Some(message) = self.whole.pop_front() else { return Ok(Poll::Ready(None)) };
            match self.encoding.of_message(message, self.most(true))? {
                Packed::Plain(message) => return self.checked(message),
                Packed::Gzip(unpacking) => self.unpacking = Some(unpacking),
            }
        }
        let Some(unpacking) = &mut self.unpacking else { return Ok(Poll::Ready(None)) };
        let Poll::Ready(message) = unpacking.poll(cx, &mut self.turns) else {
            return Ok(Poll::Pending);
        };
        self.unpacking = None;
        if let (Err(refusal), Some(client)) = (&message, &self.door.client)
            && refusal.code() == Code::OutOfRange
        {
            client.overfills();
        }
        self.checked(message?)
    }

    /// The message, checked, if the call gets its seat.
    fn checked(&mut self, message: Bytes) -> Result<Poll<Option<Bytes>>, Status> {
        if !self.method.streams {
            // Of a stream the handler knows which message has no rows.
            self.record.asks(&message.slice(PREFIX..));
        }
        fields::check(self.method.name, &message[PREFIX..])?;
        self.enter()?;
        Ok(Poll::Ready(Some(match &self.passed_on {
            Some(passed_on) => {
                passed_on.put(message.slice(PREFIX..));
                Bytes::from_static(&[0; PREFIX])
            }
            None => message,
        })))
    }

    /// Whether others have a turn now; this call has one again behind them.
    fn gives_way(&mut self, cx: &Context<'_>) -> bool {
        let gives = self.copied >= STEP;
        if gives {
            self.copied = 0;
            cx.waker().wake_by_ref();
        }
        gives
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Result<Poll<Option<Frame<Bytes>>>, Status> {
        self.goes_on();
        loop {
            if self.gives_way(cx) {
                return Ok(Poll::Pending);
            }
            match self.next(cx)? {
                Poll::Ready(None) => {}
                next @ (Poll::Pending | Poll::Ready(Some(_))) => {
                    return Ok(next.map(|message| message.map(Frame::data)));
                }
            }
            if self.has_ended {
                return Ok(Poll::Ready(None));
            }
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Pending => {
                    self.wait(cx)?;
                    return Ok(Poll::Pending);
                }
                Poll::Ready(Some(frame)) => {
                    // No handler reads trailers of a request.
                    if let Ok(data) = frame?.into_data() {
                        self.take(&data)?;
                    }
                }
                Poll::Ready(None) => {
                    self.has_ended = true;
                    if !self.came.is_empty() {
                        // The message is cut short.
                        return Err(status::malformed());
                    }
                }
            }
        }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.poll(cx) {
            Ok(polled) => polled.map(|frame| frame.map(Ok)),
            Err(refused) => Poll::Ready(Some(Err(refused))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.whole.is_empty()
            && self.unpacking.is_none()
            && self.came.is_empty()
            && self.inner.is_end_stream()
    }
}
