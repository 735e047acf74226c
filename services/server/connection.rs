//! One accepted connection: it holds its permit, has to open TLS and HTTP/2 in time, may send no flood, is read no faster than others can bear,
//! and can be cut.
//!
//! hyper has no time limit for TLS and the HTTP/2 preface, and none for a client that takes no bytes. A client that connects and says
//! nothing would stay for ever, and so would one that asks and reads nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::transport::server::Connected;

use super::client::{Client, Unread};
use super::frames::Frames;
use super::heads::{DATA, Heads, RESET};
use super::opening::{Opening, PREFACE};
use super::pace::Pace;
use super::settings::ServerSettings;
use super::socket::Socket;
use crate::telemetry::metrics;

/// Bytes of messages that count as progress of a client that reads them.
const STEP: usize = 4 << 10;
/// Bytes that are read at once: after a pause so few, and then more.
const FIRST_READ: usize = 1 << 10;
const LARGEST_READ: usize = 16 << 10;
/// After so many bytes or calls without a pause other connections go first.
const BYTES_AT_ONCE: usize = 64 << 10;
const CALLS_AT_ONCE: usize = 4;

pub(super) struct Connection {
    stream: Socket,
    /// None: HTTP/2 is open.
    opening: Option<Opening>,
    /// Bytes of the preface that hyper has not been given yet.
    preface: &'static [u8],
    client: Arc<Client>,
    frames: Frames,
    /// When handshakes of its address begin; and whether this one was noted there.
    pace: Arc<Pace>,
    has_begun: bool,
    /// The wait until it opens, or until more is read.
    rest: Option<Pin<Box<Sleep>>>,
    reads: Reads,
    /// The frames that are sent, and bytes of messages in them since the client's last progress. Answers to its pings are none.
    sent: Heads,
    taken: usize,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// HTTP/2 itself has ended the connection because of what the client did.
    is_sent_away: bool,
    /// Longest time for which the client may take no byte; and the wait for a byte, if it takes none now.
    idle: Duration,
    stuck: Option<Unread>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// Takes over a socket, which `client` can cut.
    pub(super) fn new(
        stream: Socket,
        permit: OwnedSemaphorePermit,
        settings: &ServerSettings,
        client: Arc<Client>,
        pace: Arc<Pace>,
    ) -> Self {
        metrics::connection_opened();
        let opening = Some(Opening::within(settings.preface));
        let (cut, idle) = (Box::pin(client.cut()), settings.stream_idle);
        let frames = Frames::new(settings.max_concurrent_streams);
        let (sent, taken, stuck) = (Heads::after(0), 0, None);
        let rest = None;
        Self {
            stream,
            opening,
            preface: PREFACE,
            client,
            frames,
            pace,
            has_begun: false,
            rest,
            reads: Reads::default(),
            sent,
            taken,
            cut,
            is_sent_away: false,
            idle,
            stuck,
            _permit: permit,
        }
    }

    /// Passes on the result of writing parts of a stream, and notes whether the client takes bytes. While hyper waits here it does not
    /// read, so a connection that was cut has to fail here too.
    fn written<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a [u8]>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = &written {
            self.stuck = None;
            let bytes = *result.as_ref().unwrap_or(&0);
            self.frames.sent(bytes);
            self.note(parts, bytes);
        } else {
            ready!(self.takes_nothing())?;
        }
        written
    }

    /// Notes that the client takes nothing now; an error if the connection was cut.
    fn takes_nothing(&mut self) -> Poll<io::Result<()>> {
        if self.client.is_cut_off() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if self.stuck.is_none() {
            self.stuck = Some(self.client.expect_by(Instant::now() + self.idle));
        }
        Poll::Pending
    }

    /// Opens TLS, if there is any, and HTTP/2. They share one deadline.
    fn open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(opening) = &mut self.opening else { return Poll::Ready(Ok(())) };
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if !self.stream.is_open() {
            if !self.has_begun {
                if self.stream.poll_came(cx).is_pending() {
                    return opening.too_late(cx);
                }
                self.has_begun = true;
                let until = self.pace.begins(self.client.address(), Instant::now());
                self.rest = until.map(|until| Box::pin(sleep_until(until)));
            }
            if let Some(rest) = &mut self.rest {
                if rest.as_mut().poll(cx).is_pending() {
                    return opening.too_late(cx);
                }
                self.rest = None;
            }
            let Poll::Ready(shaken) = self.stream.poll_handshake(cx) else {
                return opening.too_late(cx);
            };
            match shaken {
                Ok(peer) => peer.into_iter().for_each(|peer| self.client.is(peer)),
                Err(error) => {
                    self.client.not_let_in(&error);
                    return Poll::Ready(Err(error));
                }
            }
        }
        ready!(opening.poll(&mut self.stream, cx))?;
        self.opening = None;
        Poll::Ready(Ok(()))
    }

    /// Lets no more be read before that is due.
    fn rest(&mut self) {
        let until = self.frames.rests_until(Instant::now());
        self.rest = until.map(|until| Box::pin(sleep_until(until)));
    }

    /// Notes the client's progress: HTTP/2 lets no more be sent than the client has room for.
    fn note<'a>(&mut self, parts: impl Iterator<Item = &'a [u8]>, mut bytes: usize) {
        for part in parts {
            let mut part = &part[..part.len().min(bytes)];
            bytes -= part.len();
            while let Some(head) = self.sent.next(&mut part) {
                self.taken += if head.kind == DATA { head.length } else { 0 };
                if head.kind == RESET {
                    self.frames.reset(head.ends_an_answered_call(part));
                }
                self.is_sent_away |= head.sends_away(part);
            }
        }
        if self.taken >= STEP {
            self.taken = 0;
            self.client.took();
        }
    }
}

/// How much is read at once. A connection may bring as many calls as it may have, and megabytes, in one go; others would wait for all of it.
struct Reads {
    next: usize,
    bytes: usize,
    calls: usize,
}

impl Default for Reads {
    fn default() -> Self {
        Self { next: FIRST_READ, bytes: 0, calls: 0 }
    }
}

impl Reads {
    /// Notes what a read has brought.
    fn brought(&mut self, bytes: usize, calls: usize) {
        (self.bytes, self.calls) = (self.bytes + bytes, self.calls + calls);
        self.next = if calls == 0 { (4 * self.next).min(LARGEST_READ) } else { FIRST_READ };
    }

    /// Whether others go first now.
    fn lets_others_go(&mut self) -> bool {
        let lets = self.bytes >= BYTES_AT_ONCE || self.calls >= CALLS_AT_ONCE;
        if lets {
            (self.bytes, self.calls) = (0, 0);
        }
        lets
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_sent_away || self.client.is_cut_off() {
            self.pace.was_cut(self.client.address(), Instant::now());
        }
        metrics::connection_closed();
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        ready!(self.open(cx))?;
        let refused = self.client.take_refused();
        if refused > 0 {
            self.frames.refused(refused, Instant::now());
            self.rest();
        }
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(cx));
            self.rest = None;
        }
        if self.reads.lets_others_go() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        if self.preface.is_empty() {
            let most = self.reads.next.min(buffer.remaining());
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
            let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, &mut part) else {
                self.reads = Reads::default();
                return Poll::Pending;
            };
            let bytes = part.filled().len();
            read?;
            buffer.advance(bytes);
        } else {
            let (part, rest) = self.preface.split_at(self.preface.len().min(buffer.remaining()));
            buffer.put_slice(part);
            self.preface = rest;
        }
        let now = Instant::now();
        if !self.frames.came(&buffer.filled()[before..], now) {
            self.client.cut_off("it sent a flood of frames that ask for nothing");
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let calls = self.frames.take_begun();
        self.reads.brought(buffer.filled().len() - before, calls);
        self.rest();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.open(cx))?;
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(std::iter::once(bytes), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.open(cx))?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(slices.iter().map(|slice| &**slice), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.open(cx))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        // TLS keeps bytes that it has taken; a plain socket keeps none, so it says nothing about the client.
        if self.stream.is_tls() {
            if flushed.is_pending() {
                return self.takes_nothing();
            }
            self.stuck = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.stream.is_open() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connected for Connection {
    type ConnectInfo = Arc<Client>;

    /// Every request of the connection carries this with it.
    fn connect_info(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_grow_and_others_go_first_after_many_bytes_or_calls() {
        let mut reads = Reads::default();
        let sizes: Vec<_> = std::iter::repeat_with(|| {
            reads.brought(reads.next, 0);
            reads.next
        })
        .take(3)
        .collect();
        assert_eq!(sizes, [4 << 10, LARGEST_READ, LARGEST_READ]);
        assert!(!reads.lets_others_go());
        reads.brought(BYTES_AT_ONCE, 0);
        assert!(reads.lets_others_go() && !reads.lets_others_go(), "once");
        reads.brought(100, CALLS_AT_ONCE - 1);
        assert!(!reads.lets_others_go());
        assert_eq!(reads.next, FIRST_READ, "calls come in small reads");
        reads.brought(100, 1);
        assert!(reads.lets_others_go());
    }
}
