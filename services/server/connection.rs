//! One accepted connection: it holds its permit, has to open HTTP/2 in time, and can be cut.
//!
//! hyper has no time limit for the HTTP/2 preface; a client that connects and says nothing would stay for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::telemetry::metrics;

/// Length of the text that opens HTTP/2: `PRI * HTTP/2.0` and so on.
const PREFACE_BYTES: usize = 24;

/// One accepted connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    preface: Option<Preface>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    _permit: OwnedSemaphorePermit,
}

/// The wait for the preface.
#[derive(Debug)]
struct Preface {
    missing: usize,
    until: Pin<Box<Sleep>>,
}

impl Connection {
    /// Takes over a stream: `preface` is its time to open HTTP/2, `cut` ends it at once.
    pub(super) fn new(
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
        preface: Duration,
        cut: &CancellationToken,
    ) -> Self {
        metrics::connection_opened();
        let until = Box::pin(tokio::time::sleep(preface));
        // A child token: connections do not contend for one lock at every read.
        let cut = Box::pin(cut.child_token().cancelled_owned());
        let preface = Some(Preface { missing: PREFACE_BYTES, until });
        Self { stream, preface, cut, _permit: permit }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
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
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                let read = buffer.filled().len() - before;
                self.preface.take_if(|preface| {
                    preface.missing = preface.missing.saturating_sub(read);
                    preface.missing == 0
                });
                Poll::Ready(result)
            }
            Poll::Pending => {
                let Some(preface) = &mut self.preface else { return Poll::Pending };
                ready!(preface.until.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}
