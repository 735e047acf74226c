//! The bytes of a connection: as they come, or through TLS, whose handshake comes first.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;

use super::certificate::Certificate;
use crate::rpc::caller::Identity;

/// The bytes of a connection.
pub(super) enum Socket {
    Plain(TcpStream),
    Unix(UnixStream),
    Handshake(Box<Accept<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Who is at the other end of TLS.
#[derive(Debug)]
pub(super) struct Peer {
    /// Who the certificate names; or why it names nobody.
    pub(super) identity: Result<Arc<Identity>, String>,
    /// Its certificate, then those between it and its authority.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// SHA-256 of its certificate, in hexadecimal digits; empty: it showed none.
    pub(super) fingerprint: String,
}

impl Socket {
    pub(super) fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain(_) | Self::Unix(_))
    }

    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Handshake(_))
    }

    /// Waits for the first bytes of a handshake, or for its end.
    pub(super) fn poll_came(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Handshake(accept) => match accept.get_ref() {
                Some(stream) => stream.poll_read_ready(cx).map(drop),
                None => Poll::Ready(()),
            },
            Self::Plain(_) | Self::Unix(_) | Self::Tls(_) => Poll::Ready(()),
        }
    }

    /// Goes on with the handshake. None: there is none to be done.
    pub(super) fn poll_handshake(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Peer>>> {
        let Self::Handshake(accept) = self else { return Poll::Ready(Ok(None)) };
        let stream = ready!(Pin::new(&mut **accept).poll(cx))?;
        let shown = stream.get_ref().1.peer_certificates();
        let chain: Vec<_> =
            shown.into_iter().flatten().map(|one| one.clone().into_owned()).collect();
        let read = chain.first().ok_or_else(|| "it showed no certificate".to_owned());
        let read = read.and_then(|first| Certificate::from_der(first));
        let identity = read.and_then(|read| read.identity).map(Arc::new);
        let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash = chain.first().map(|first| digest(&SHA256, first));
        let fingerprint = hash.map_or_else(String::new, |hash| hex(hash.as_ref()));
        *self = Self::Tls(Box::new(stream));
        Poll::Ready(Ok(Some(Peer { identity, chain, fingerprint })))
    }
}

/// Does the same to either stream. Before the end of the handshake nothing is read or written.
macro_rules! either {
    ($socket:expr, $stream:ident => $done:expr) => {
        match $socket.get_mut() {
            Socket::Plain($stream) => {
                let $stream = Pin::new($stream);
                $done
            }
            Socket::Unix($stream) => {
                let $stream = Pin::new($stream);
                $done
            }
            Socket::Tls($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $done
            }
            Socket::Handshake(_) => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }
}
