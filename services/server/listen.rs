//! Accepts connections: a permit first, then the connection. When no permit is left, the next connection waits in the kernel's
//! queue and costs us nothing.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_stream::Stream;
use tokio_util::sync::{CancellationToken, PollSemaphore};

use super::connection::Connection;
use super::settings::ServerSettings;
use super::unread_budget::UnreadBudget;

/// Pause after the system has refused to accept, because no file descriptor is left for example.
const REST: Duration = Duration::from_millis(100);

/// Connections in the order in which they come. The stream never ends and never fails.
#[derive(Debug)]
pub(super) struct Incoming {
    listener: TcpListener,
    permits: PollSemaphore,
    permit: Option<OwnedSemaphorePermit>,
    rest: Option<Pin<Box<Sleep>>>,
    keepalive: TcpKeepalive,
    settings: ServerSettings,
    unread: Arc<UnreadBudget>,
    cut: CancellationToken,
}

impl Incoming {
    /// Accepts from a listener; `cut` ends every connection at once.
    pub(super) fn new(
        listener: TcpListener,
        settings: &ServerSettings,
        cut: CancellationToken,
    ) -> Self {
        // The system counts in whole seconds and refuses none.
        let whole = |time: Duration| time.max(Duration::from_secs(1));
        let keepalive = TcpKeepalive::new()
            .with_time(whole(settings.keepalive_interval))
            .with_interval(whole(settings.keepalive_timeout));
        Self {
            listener,
            permits: PollSemaphore::new(Arc::new(Semaphore::new(settings.max_connections))),
            permit: None,
            rest: None,
            keepalive,
            settings: settings.clone(),
            unread: UnreadBudget::new(settings),
            cut,
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
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(cx));
                self.rest = None;
            }
            if self.permit.is_none() {
                self.permit = ready!(self.permits.poll_acquire(cx));
            }
            let accepted = ready!(self.listener.poll_accept(cx));
            match (accepted, self.permit.take()) {
                (Ok((stream, _)), Some(permit)) => {
                    self.prepare(&stream);
                    let client = self.unread.client(&self.cut);
                    let connection = Connection::new(stream, permit, &self.settings, client);
                    return Poll::Ready(Some(Ok(connection)));
                }
                // Without a permit the semaphore was closed, and no code closes it.
                (Ok(_), None) => return Poll::Ready(None),
                (Err(error), permit) => {
                    self.permit = permit;
                    if !is_the_clients(&error) {
                        tracing::warn!(%error, "cannot accept connections, trying again in 100 ms");
                        self.rest = Some(Box::pin(tokio::time::sleep(REST)));
                    }
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
