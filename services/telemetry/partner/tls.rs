//! TLS to an endpoint. The files are read for each new connection, so that renewed certificates need no restart.

use std::io::{Error, ErrorKind, Result as IoResult};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::super::roots;
use crate::domain::delivery::{Protocol, Subscription, Trouble};

/// The settings of TLS for a subscription.
pub(super) fn config(of: &Subscription) -> Result<Arc<ClientConfig>, (Trouble, String)> {
    let wrong = |file: &str, what: String| settings(format!("{file}: {what}"));
    let authorities = of.authorities_file.as_deref().unwrap_or_default();
    let roots = roots::of_file(authorities).map_err(settings)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(authorities, error.to_string()))?
        .with_root_certificates(roots);
    let mut config = match &of.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let read = PrivateKeyDer::from_pem_file(key);
            let read = read.map_err(|error| wrong(key, error.to_string()))?;
            let shown = builder.with_client_auth_cert(
                roots::certificates(certificate.as_ref()).map_err(settings)?,
                read,
            );
            shown.map_err(|error| wrong(certificate, error.to_string()))?
        }
    };
    config.alpn_protocols = vec![match of.protocol {
        Protocol::Grpc => b"h2".to_vec(),
        Protocol::Http => b"http/1.1".to_vec(),
    }];
    Ok(Arc::new(config))
}

fn settings(why: String) -> (Trouble, String) {
    (Trouble::Settings, why)
}

/// An error, and what caused it.
pub(super) fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Whether TLS is what failed, in an error or in what caused it.
pub(super) fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // HTTP/2 keeps the kind alone: nothing but TLS reads data that is invalid for it.
        if error.downcast_ref::<Error>().is_some_and(|io| io.kind() == ErrorKind::InvalidData) {
            return true;
        }
        next = error.source();
    }
    false
}

/// A connection with TLS that says why it failed. TLS 1.3 lets an endpoint refuse the service's certificate after the handshake: it sends an alert and
/// ends the connection, and a write then fails before anything has read the alert.
pub(super) struct Secured(pub(super) TlsStream<TcpStream>);

impl Secured {
    /// The alert that came, if a write failed because of one.
    fn why(&mut self, context: &mut Context<'_>, error: Error) -> Error {
        let mut scratch = [0; 1 << 10];
        match Pin::new(&mut self.0).poll_read(context, &mut ReadBuf::new(&mut scratch)) {
            Poll::Ready(Err(alert)) if is_of_tls(&alert) => alert,
            Poll::Ready(_) | Poll::Pending => error,
        }
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<IoResult<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<IoResult<usize>> {
        let written = Pin::new(&mut self.0).poll_write(context, bytes);
        written.map_err(|error| self.why(context, error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<IoResult<()>> {
        let flushed = Pin::new(&mut self.0).poll_flush(context);
        flushed.map_err(|error| self.why(context, error))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<IoResult<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
