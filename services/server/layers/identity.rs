//! Finds out who calls, and refuses who may not.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::SystemTime;

use http::Request;
use http::header::AUTHORIZATION;
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

use super::middleware::{Call, Middleware};
use crate::rpc::access::Access;
use crate::rpc::status::{self, TokenProblem};
use crate::server::client::Client;
use crate::server::methods::{self, Kind};
use crate::server::tokens::Tokens;
use crate::telemetry::metrics;

/// Lets nobody through to the contract's methods who is no partner. Without access rules everybody is let through.
#[derive(Clone)]
pub(in crate::server) struct Identified {
    pub(in crate::server) access: Option<Access>,
    /// None: no bearer token is looked at.
    pub(in crate::server) tokens: Option<Arc<Tokens>>,
}

/// The end of the token of a watch, which would last for ever otherwise. Other calls have deadlines.
pub(in crate::server) struct Ends(Option<Pin<Box<Sleep>>>);

impl Call for Ends {
    fn wait(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        let has_ended = self.0.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready());
        if has_ended { Err(status::token_refused(TokenProblem::Expired)) } else { Ok(()) }
    }
}

impl Middleware for Identified {
    type Call = Ends;

    fn begin(&self, mut request: Request<Body>) -> Result<(Request<Body>, Ends), Status> {
        let called = methods::of(request.uri().path());
        let method = called.name;
        // Health and reflection are no data: a certificate of a known authority is enough.
        let Some(access) = self.access.as_ref().filter(|_| method.starts_with("equity.v1.")) else {
            return Ok((request, Ends(None)));
        };
        let client: Option<Arc<Client>> = request.extensions().get().cloned();
        let peer = client.as_ref().and_then(|client| client.peer());
        let identity = peer.map_or(Err("the connection has none"), |peer| match &peer.identity {
            Ok(identity) => Ok(&**identity),
            Err(why) => Err(why.as_str()),
        });
        let shown = peer.and_then(|peer| peer.chain.first());
        let token = match &self.tokens {
            None => None,
            Some(tokens) => tokens
                .of(request.headers(), shown.map(|certificate| &**certificate))
                .map_err(token_refused)?,
        };
        // Nothing behind this layer can write it into a log.
        request.headers_mut().remove(AUTHORIZATION);
        let partner = token.as_ref().map(|token| &*token.partner);
        // A certificate that names nobody is refused, whatever the token says.
        let partner = partner.filter(|_| shown.is_none() || identity.is_ok());
        let caller = access.admit(method, identity, partner, request.headers())?;
        if let Some(client) = &client {
            client.is_of(caller.name());
        }
        request.extensions_mut().insert(caller);
        let until = token.map(|token| token.until).filter(|_| matches!(called.kind, Kind::Watch));
        let left = until.map(|until| until.duration_since(SystemTime::now()).unwrap_or_default());
        Ok((request, Ends(left.map(|left| Box::pin(tokio::time::sleep(left))))))
    }
}

/// Counts a refused token. Neither the count nor the refusal has anything of it.
fn token_refused(problem: TokenProblem) -> Status {
    metrics::token_refused();
    status::token_refused(problem)
}
