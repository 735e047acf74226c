//! Servers of a bench's own: the limits.

use std::convert::Infallible;

use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::Server;

use super::{Outcome, tls};

/// Serves one service on a free port until the bench ends, perhaps with TLS for clients of the bench's authority; its address.
pub async fn serve<S>(service: S, is_secured: bool) -> Outcome<String>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let mut server = Server::builder();
    let mut scheme = "http";
    if is_secured {
        (server, scheme) = (server.tls_config(tls::server()?)?, "https");
    }
    let uri = format!("{scheme}://{}", listener.local_addr()?);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(server.add_service(service).serve_with_incoming(incoming));
    Ok(uri)
}
