//! A connection to an endpoint. The name is resolved, every address checked, and the connection made to a checked address: a name that is answered
//! otherwise the second time leads nowhere else.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::tls;
use crate::domain::delivery::network::may_call;
use crate::domain::delivery::{Network, Protocol, Subscription, Trouble};

/// For the name, the connection, TLS and the handshake of the protocol together.
const CONNECT: Duration = Duration::from_secs(5);
/// Pings on a connection without traffic, and the longest wait for the answer to one.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(10);
/// Most bytes of the head of an answer.
const HEAD_BYTES: u32 = 16 << 10;

/// The sending end of a connection.
pub(super) enum Sender {
    Http(http1::SendRequest<Full<Bytes>>),
    Grpc(http2::SendRequest<Full<Bytes>>),
}

/// A connection, which ends when it is dropped.
pub(super) struct Connection {
    pub(super) sender: Sender,
    _driver: AbortOnDropHandle<()>,
}

type Failed = (Trouble, String);

/// Connects, in five seconds at most.
pub(super) async fn connect(of: &Subscription) -> Result<Connection, Failed> {
    let late = |_| (Trouble::TimedOut, format!("no connection within {CONNECT:?}"));
    tokio::time::timeout(CONNECT, connected(of)).await.map_err(late)?
}

async fn connected(of: &Subscription) -> Result<Connection, Failed> {
    let endpoint = &of.endpoint;
    let addresses = allowed(&endpoint.host, endpoint.port, &of.allow_addresses).await?;
    let stream = TcpStream::connect(&*addresses).await;
    let stream = stream.map_err(|error| (Trouble::NotConnected, error.to_string()))?;
    // Small requests are sent at once; where that cannot be set, they are sent a little later.
    let _later = stream.set_nodelay(true);
    if !endpoint.secure {
        return handshake(of.protocol, stream).await;
    }
    let name = ServerName::try_from(endpoint.host.clone());
    let name = name.map_err(|error| (Trouble::Settings, error.to_string()))?;
    let stream = TlsConnector::from(tls::config(of)?).connect(name, stream).await;
    let stream = stream.map_err(|error| {
        let trouble = if tls::is_of_tls(&error) { Trouble::Tls } else { Trouble::Disconnected };
        (trouble, error.to_string())
    })?;
    handshake(of.protocol, tls::Secured(stream)).await
}

/// The addresses of a name that may be called.
async fn allowed(host: &str, port: u16, named: &[Network]) -> Result<Vec<SocketAddr>, Failed> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<_> =
        found.map_err(|error| (Trouble::NotConnected, error.to_string()))?.collect();
    let allowed: Vec<_> =
        found.iter().copied().filter(|address| may_call(address.ip(), named)).collect();
    if allowed.is_empty() {
        let what = "its addresses are not public and in no range of allow_addresses";
        return Err((Trouble::AddressRefused, format!("{host}: {what}")));
    }
    Ok(allowed)
}

async fn handshake<S>(protocol: Protocol, stream: S) -> Result<Connection, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| {
        let trouble = if tls::is_of_tls(&error) { Trouble::Tls } else { Trouble::Disconnected };
        (trouble, tls::in_full(&error))
    };
    let (sender, driver) = match protocol {
        Protocol::Http => {
            let made =
                http1::Builder::new().max_buf_size(64 << 10).handshake(TokioIo::new(stream)).await;
            let (sender, connection) = made.map_err(failed)?;
            (Sender::Http(sender), driven(connection))
        }
        Protocol::Grpc => {
            let made = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(KEEP_ALIVE)
                .keep_alive_timeout(KEEP_ALIVE_ANSWER)
                .max_header_list_size(HEAD_BYTES)
                .handshake(TokioIo::new(stream))
                .await;
            let (sender, connection) = made.map_err(failed)?;
            (Sender::Grpc(sender), driven(connection))
        }
    };
    Ok(Connection { sender, _driver: AbortOnDropHandle::new(driver) })
}

/// Reads and writes for a connection. How it ends, the request says.
fn driven<F>(connection: F) -> JoinHandle<()>
where
    F: Future<Output = hyper::Result<()>> + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a partner's endpoint has ended");
        }
    })
}
