//! Finds out who calls, and refuses who may not.

use std::sync::Arc;

use http::Request;
use tonic::Status;
use tonic::body::Body;

use super::middleware::Middleware;
use crate::rpc::access::Access;
use crate::server::client::Client;
use crate::server::methods;

/// Lets nobody through to the contract's methods who is no partner. Without access rules everybody is let through.
#[derive(Clone)]
pub(in crate::server) struct Identified(pub(in crate::server) Option<Access>);

impl Middleware for Identified {
    type Call = ();

    fn begin(&self, mut request: Request<Body>) -> Result<(Request<Body>, ()), Status> {
        let method = methods::of(request.uri().path()).name;
        // Health and reflection are no data: a certificate of a known authority is enough.
        let Some(access) = self.0.as_ref().filter(|_| method.starts_with("equity.v1.")) else {
            return Ok((request, ()));
        };
        let client: Option<Arc<Client>> = request.extensions().get().cloned();
        let peer = client.as_ref().and_then(|client| client.peer());
        let identity = peer.map_or(Err("the connection has none"), |peer| match &peer.identity {
            Ok(identity) => Ok(&**identity),
            Err(why) => Err(why.as_str()),
        });
        let caller = access.admit(method, identity, request.headers())?;
        if let Some(client) = &client {
            client.is_of(caller.name());
        }
        request.extensions_mut().insert(caller);
        Ok((request, ()))
    }
}
