//! How a connection opens: the 24 bytes of HTTP/2 have to come in time. They are read here, and nothing is sent before: hyper sends
//! frames at once, and a client of HTTP/1.1 would take them for an answer of HTTP/0.9. It gets a sentence instead.

use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// The bytes that open HTTP/2.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a request of HTTP/1.1 that are read after the answer. If some were left, the system would reset the connection, and the
/// client might never see the answer.
const UNREAD: usize = 64 << 10;

static ANSWER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = "This is a gRPC service, which speaks HTTP/2 alone. Call it with a client of gRPC, or with the program `equity`.\n";
    format!(
        "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
});

/// The wait for the opening.
#[derive(Debug)]
pub(super) struct Opening {
    /// How many bytes of the preface have come.
    came: usize,
    /// The client speaks HTTP/1.1: how many bytes of the answer are sent, and how many of the request may still be read.
    other: Option<(usize, usize)>,
    until: Pin<Box<Sleep>>,
}

impl Opening {
    /// The preface has so long to come.
    pub(super) fn within(time: Duration) -> Self {
        Self { came: 0, other: None, until: Box::pin(tokio::time::sleep(time)) }
    }

    /// Whether the time is over: then it fails.
    pub(super) fn too_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Goes on until the preface is whole. Fails if something else comes, or nothing in time.
    pub(super) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match self.poll_stream(Pin::new(stream), cx) {
            Poll::Pending => self.too_late(cx),
            opened @ Poll::Ready(_) => opened,
        }
    }

    fn poll_stream<S: AsyncRead + AsyncWrite>(
        &mut self,
        mut stream: Pin<&mut S>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.other.is_none() && self.came < PREFACE.len() {
            let mut bytes = [0; PREFACE.len()];
            let wanted = &PREFACE[self.came..];
            let came = ready!(read(stream.as_mut(), cx, &mut bytes[..wanted.len()]))?;
            if came != &wanted[..came.len()] {
                // Methods of HTTP/1.1 are in capitals.
                let is_http = self.came > 0 || came[0].is_ascii_uppercase();
                self.other = is_http.then_some((0, UNREAD));
                if !is_http {
                    return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
                }
            }
            self.came += came.len();
        }
        match &mut self.other {
            None => Poll::Ready(Ok(())),
            Some((sent, unread)) => {
                while *sent < ANSWER.len() {
                    *sent += ready!(stream.as_mut().poll_write(cx, &ANSWER[*sent..]))?;
                }
                ready!(stream.as_mut().poll_shutdown(cx))?;
                loop {
                    let came = ready!(read(stream.as_mut(), cx, &mut [0; 4 << 10]))?.len();
                    *unread = unread.checked_sub(came).ok_or(io::ErrorKind::InvalidData)?;
                }
            }
        }
    }
}

/// Reads some bytes; fails at the end of the stream.
fn read<'a, S: AsyncRead>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    bytes: &'a mut [u8],
) -> Poll<io::Result<&'a [u8]>> {
    let mut buffer = ReadBuf::new(bytes);
    ready!(stream.poll_read(cx, &mut buffer))?;
    let read = buffer.filled().len();
    if read == 0 {
        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
    }
    Poll::Ready(Ok(&bytes[..read]))
}
