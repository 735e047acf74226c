//! Refuses a method that this service does not have, and names the nearest one.

use http::Request;
use tonic::Status;
use tonic::body::Body;

use super::super::methods;
use super::middleware::Middleware;
use crate::rpc::status;

/// Lets no method through that is named like one of the contract and is none.
#[derive(Debug, Clone)]
pub(in crate::server) struct Known;

impl Middleware for Known {
    type Call = ();

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, ()), Status> {
        let path = request.uri().path();
        if methods::is_missing(path) {
            return Err(status::no_method(&path[1..], methods::of_the_contract()));
        }
        Ok((request, ()))
    }
}
