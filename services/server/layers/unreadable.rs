//! Gives our reason to the refusal of a message that tonic could not read. tonic answers with a status without details and without
//! a body, before any handler is asked; every refusal of ours has details.
//!
//! The stream of a submission reads its messages itself, and refuses them there.

use http::{HeaderMap, Request};
use tonic::Status;
use tonic::body::Body;

use super::middleware::{Call, Middleware};
use crate::rpc::status;

/// Puts tonic's refusals of unreadable messages into our words.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Unreadable;

impl Middleware for Unreadable {
    type Call = Self;

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, Self), Status> {
        Ok((request, *self))
    }
}

impl Call for Unreadable {
    fn answered(&mut self, headers: &HeaderMap) -> Result<(), Status> {
        // An answer with messages has its status behind them, not here.
        match Status::from_header_map(headers) {
            Some(refusal) if refusal.details().is_empty() => Err(status::unreadable(refusal)),
            _ => Ok(()),
        }
    }
}
