//! OTLP over HTTP to the operator's collector: one connection an export, on the runtime of the service. Exporters run on threads of their own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

/// Most bytes of an answer.
const ANSWER_BYTES: usize = 4 << 20;

/// Sends the requests of one exporter.
#[derive(Clone)]
pub(super) struct Client {
    /// None: plain text.
    tls: Option<TlsConnector>,
    timeout: Duration,
    runtime: Handle,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that trusts these authorities; none: it speaks plain text.
    pub(super) fn new(
        roots: Option<RootCertStore>,
        timeout: Duration,
        runtime: Handle,
    ) -> Result<Self, rustls::Error> {
        let tls = roots.map(|roots| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok::<_, rustls::Error>(TlsConnector::from(Arc::new(config)))
        });
        Ok(Self { tls: tls.transpose()?, timeout, runtime })
    }

    async fn exchange(self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri().clone();
        let host = uri.host().ok_or("the endpoint has no host")?;
        let port = uri.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((name, port)).await?;
        match self.tls {
            None => ask(stream, request, &uri).await,
            Some(tls) => {
                let name = ServerName::try_from(name.to_owned())?;
                ask(tls.connect(name, stream).await?, request, &uri).await
            }
        }
    }
}

#[tonic::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.clone();
        // Connection and timer need the runtime, which the exporter's thread is not in.
        let sent = self.runtime.spawn(async move {
            tokio::time::timeout(client.timeout, client.exchange(request)).await
        });
        AbortOnDropHandle::new(sent).await??
    }
}

/// One request over a new connection.
async fn ask<S>(stream: S, request: Request<Bytes>, uri: &Uri) -> Result<Response<Bytes>, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let _ends = AbortOnDropHandle::new(driver);
    let (mut head, body) = request.into_parts();
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    head.headers.insert(HOST, HeaderValue::try_from(authority)?);
    head.uri = uri.path_and_query().map_or("/", PathAndQuery::as_str).parse()?;
    let answer = sender.send_request(Request::from_parts(head, Full::new(body))).await?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await?.to_bytes();
    Ok(Response::from_parts(head, body))
}
