//! Accepts connections, up to a limit. When there is no place left, the next connection is accepted and waits for one, and the one
//! that does nothing makes room for it. All others wait in the kernel's queue and cost us nothing.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tokio_stream::Stream;
use tokio_util::sync::{CancellationToken, PollSemaphore};

use super::connection::Connection;
use super::descriptors;
use super::listener::{Accepted, Listener};
use super::pace::Pace;
use super::settings::ServerSettings;
use super::socket::Socket;
use super::tls::Tls;
use super::unread_budget::UnreadBudget;

/// Pause after the system has refused to accept, because no file descriptor is left for example; and before another look at who does
/// nothing.
const REST: Duration = Duration::from_millis(100);

/// Connections in the order in which they come. The stream never ends and never fails.
pub(super) struct Incoming {
    listener: Listener,
    permits: PollSemaphore,
    /// A connection that waits for its place.
    next: Option<Accepted>,
    rest: Option<Pin<Box<Sleep>>>,
    keepalive: TcpKeepalive,
    settings: ServerSettings,
    unread: Arc<UnreadBudget>,
    pace: Arc<Pace>,
    cut: CancellationToken,
    /// None: plain text.
    tls: Option<Arc<Tls>>,
}

impl Incoming {
    /// Accepts from a listener; `cut` ends every connection at once.
    pub(super) fn new(
        listener: Listener,
        settings: &ServerSettings,
        unread: Arc<UnreadBudget>,
        cut: CancellationToken,
        tls: Option<Arc<Tls>>,
    ) -> Self {
        let places = descriptors::connections(settings.max_connections);
        // The system counts in whole seconds and refuses none.
        let whole = |time: Duration| time.max(Duration::from_secs(1));
        let keepalive = TcpKeepalive::new()
            .with_time(whole(settings.keepalive_interval))
            .with_interval(whole(settings.keepalive_timeout));
        Self {
            listener,
            permits: PollSemaphore::new(Arc::new(Semaphore::new(places))),
            next: None,
            rest: None,
            keepalive,
            settings: settings.clone(),
            unread,
            pace: Arc::default(),
            cut,
            tls,
        }
    }

    /// Waits for the end of a pause, which begins now unless one is under way.
    fn rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let rest = self.rest.get_or_insert_with(|| Box::pin(tokio::time::sleep(REST)));
        ready!(rest.as_mut().poll(cx));
        self.rest = None;
        Poll::Ready(())
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Accepted> {
        loop {
            if self.rest.is_some() {
                ready!(self.rest(cx));
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok(accepted) => return Poll::Ready(accepted),
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections, trying again in 100 ms");
                    self.unread.cut_the_quietest();
                    ready!(self.rest(cx));
                }
            }
        }
    }

    /// Sets the options of a socket. A connection whose options cannot be set is served all the same.
    fn prepare(&self, stream: &TcpStream) {
        let prepared = stream
            .set_nodelay(true)
            .and_then(|()| SockRef::from(stream).set_tcp_keepalive(&self.keepalive));
        if let Err(error) = prepared {
            tracing::debug!(%error, "cannot set the options of a connection");
        }
    }
}

impl Stream for Incoming {
    type Item = Result<Connection, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.next.is_none() {
                self.next = Some(ready!(self.poll_accept(cx)));
            }
            match self.permits.poll_acquire(cx) {
                Poll::Ready(Some(permit)) => {
                    self.rest = None;
                    let (stream, peer) = match (self.next.take(), &self.tls) {
                        (None, _) => continue,
                        // Who may connect there is a matter of its file.
                        (Some(Accepted::Socket(stream, peer)), _) => (Socket::Unix(stream), peer),
                        (Some(Accepted::Port(stream, peer)), tls) => {
                            self.prepare(&stream);
                            let stream = match tls {
                                None => Socket::Plain(stream),
                                Some(tls) => Socket::Handshake(Box::new(tls.now().accept(stream))),
                            };
                            (stream, peer.ip().to_string())
                        }
                    };
                    let client = self.unread.client(peer, &self.cut);
                    let pace = Arc::clone(&self.pace);
                    let connection = Connection::new(stream, permit, &self.settings, client, pace);
                    return Poll::Ready(Some(Ok(connection)));
                }
                // The semaphore was closed, and no code closes it.
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    if self.rest.is_none() {
                        self.unread.cut_the_quietest();
                    }
                    ready!(self.rest(cx));
                }
            }
        }
    }
}

/// Whether only this client failed, before it was accepted: the next one may succeed.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
