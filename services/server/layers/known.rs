//! Names the method that this service does not have, and the nearest one. tonic refuses it without a word.

use std::borrow::Cow;

use http::{HeaderMap, Request};
use tonic::body::Body;
use tonic::{Code, Status};

use super::middleware::{Call, Middleware};
use crate::rpc::status;
use crate::server::methods;

/// Puts tonic's refusals of methods into our words.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Known;

impl Middleware for Known {
    type Call = Asked;

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, Asked), Status> {
        let path = request.uri().path();
        let asked = match methods::known(path) {
            Some(method) => Cow::Borrowed(method.name),
            None => Cow::Owned(path.trim_start_matches('/').to_owned()),
        };
        Ok((request, Asked(asked)))
    }
}

/// The method that is asked for.
#[derive(Debug)]
pub(in crate::server) struct Asked(Cow<'static, str>);

impl Call for Asked {
    fn answered(&mut self, headers: &HeaderMap) -> Result<(), Status> {
        match Status::from_header_map(headers) {
            Some(refusal)
                if refusal.code() == Code::Unimplemented && refusal.message().is_empty() =>
            {
                Err(status::no_method(&self.0, methods::names()))
            }
            _ => Ok(()),
        }
    }
}
