//! Finds out who calls, and refuses who may not.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, SystemTime};

use http::Request;
use http::header::AUTHORIZATION;
use tokio::time::{Interval, Sleep};
use tonic::body::Body;
use tonic::{Code, Status};

use super::middleware::{Call, Middleware};
use super::trace::CalledBy;
use crate::rpc::access::Access;
use crate::rpc::audit::Record;
use crate::rpc::caller::Caller;
use crate::rpc::status::{self, TokenProblem};
use crate::server::client::Client;
use crate::server::methods::{self, Kind};
use crate::server::tokens::Tokens;
use crate::telemetry::metrics;

/// Pause between two looks at whether the partner of a watch may still do what it might.
const LOOK: Duration = Duration::from_secs(1);

/// Lets nobody through to the contract's methods who is no partner. Without access rules everybody is let through; where callers have no
/// identity, everybody who says what the call is made for, if that is required.
#[derive(Clone)]
pub(in crate::server) struct Identified {
    pub(in crate::server) access: Option<Access>,
    /// None: no bearer token is looked at.
    pub(in crate::server) tokens: Option<Arc<Tokens>>,
}

/// What ends a watch, which would last for ever otherwise: the end of its token, and a change of what its partner may do. Other calls have
/// deadlines.
#[derive(Default)]
pub(in crate::server) struct Ends {
    token: Option<Pin<Box<Sleep>>>,
    caller: Option<Box<(Access, Caller, Interval)>>,
}

impl Call for Ends {
    fn wait(&mut self, cx: &mut Context<'_>) -> Result<(), Status> {
        if self.token.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready()) {
            return Err(status::token_refused(TokenProblem::Expired));
        }
        if let Some(look) = &mut self.caller {
            let (access, caller, looks) = look.as_mut();
            while looks.poll_tick(cx).is_ready() {
                if !access.is_current(caller) {
                    return Err(status::partner_changed());
                }
            }
        }
        Ok(())
    }
}

impl Middleware for Identified {
    type Call = Ends;

    fn begin(&self, mut request: Request<Body>) -> Result<(Request<Body>, Ends), Status> {
        let called = methods::of(request.uri().path());
        let method = called.name;
        // Health and reflection are no data: a certificate of a known authority is enough.
        let Some(access) = self.access.as_ref().filter(|_| method.starts_with("equity.v1.")) else {
            return Ok((request, Ends::default()));
        };
        let record = request.extensions().get::<Record>().cloned().unwrap_or_default();
        if !access.asks_who_calls() {
            record.is_for(access.purpose(request.headers())?);
            return Ok((request, Ends::default()));
        }
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
        let token_id = token.as_ref().map_or("", |token| &*token.id);
        let partner = token.as_ref().map(|token| &*token.partner);
        // A certificate that names nobody is refused, whatever the token says.
        let partner = partner.filter(|_| shown.is_none() || identity.is_ok());
        let found = |(partner, organisation): (&str, &str), profile, purpose: &str| {
            let who = (partner, organisation, token_id);
            let who = client.as_ref().map(|client| client.audited(who)).unwrap_or_default();
            record.is_of(who, profile, purpose);
        };
        let admitted = access.admit(method, (identity, partner), request.headers(), found);
        if let (Err(refusal), Some(client)) = (&admitted, &client)
            && refusal.code() == Code::ResourceExhausted
        {
            client.is_refused();
        }
        let caller = admitted?;
        if let Some(client) = &client {
            client.is_of(caller.name());
        }
        CalledBy::note(&request, &caller);
        let mut ends = Ends::default();
        if matches!(called.kind, Kind::Watch) {
            let left =
                |until: SystemTime| until.duration_since(SystemTime::now()).unwrap_or_default();
            ends.token = token.map(|token| Box::pin(tokio::time::sleep(left(token.until))));
            ends.caller =
                Some(Box::new((access.clone(), caller.clone(), tokio::time::interval(LOOK))));
        }
        request.extensions_mut().insert(caller);
        Ok((request, ends))
    }
}

/// Counts a refused token. Neither the count nor the refusal has anything of it.
fn token_refused(problem: TokenProblem) -> Status {
    metrics::token_refused();
    status::token_refused(problem)
}
