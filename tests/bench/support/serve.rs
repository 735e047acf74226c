//! Servers of a bench's own: the limits.

use std::convert::Infallible;

use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::Server;

use super::Outcome;

/// Serves one service on a free port until the bench ends; its address.
pub async fn serve<S>(service: S) -> Outcome<String>
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
    let uri = format!("http://{}", listener.local_addr()?);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    Ok(uri)
}
