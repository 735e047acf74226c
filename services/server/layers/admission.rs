//! Limits the calls that run at once on all connections together, and refuses the next one immediately: a queue without a bound
//! would only make every call late. Watch streams last, and have a limit of their own; health checks are never refused.
//!
//! A call gets its permit when it begins and gives it back when its answer has been sent, so streams count until they end.

use std::sync::Arc;

use http::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;
use tonic::body::Body;

use super::middleware::{Call, Middleware};
use crate::rpc::status;
use crate::server::methods::{self, Kind};
use crate::telemetry::metrics;

/// The permits that all connections share.
#[derive(Debug, Clone)]
pub(in crate::server) struct Admission {
    calls: Arc<Semaphore>,
    watches: Arc<Semaphore>,
}

impl Admission {
    /// At most `calls` calls and `watches` watch streams at once.
    pub(in crate::server) fn new(calls: usize, watches: usize) -> Self {
        Self { calls: Arc::new(Semaphore::new(calls)), watches: Arc::new(Semaphore::new(watches)) }
    }
}

impl Middleware for Admission {
    type Call = Admitted;

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, Admitted), Status> {
        let permits = match methods::of(request.uri().path()).kind {
            Kind::Query | Kind::Submission | Kind::Export => &self.calls,
            Kind::Watch => &self.watches,
            Kind::Health { .. } => return Ok((request, Admitted { _permit: None })),
        };
        let permit = Arc::clone(permits).try_acquire_owned().map_err(|_| {
            metrics::call_refused();
            status::overloaded(status::RETRY_OVERLOADED)
        })?;
        Ok((request, Admitted { _permit: Some(permit) }))
    }
}

/// A call and its permit; a health check has none.
#[derive(Debug)]
pub(in crate::server) struct Admitted {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Call for Admitted {}
