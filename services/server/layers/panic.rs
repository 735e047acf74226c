//! Turns a panic of a handler, or of the stream that it answers with, into INTERNAL. Otherwise the client would see a reset.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use http::Request;
use tonic::Status;
use tonic::body::Body;

use super::middleware::{Call, Middleware};
use crate::rpc::status;
use crate::telemetry::metrics;

/// Catches the panics of one call. It keeps nothing: the value for all calls is the same.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct CatchPanic;

impl Middleware for CatchPanic {
    type Call = Self;

    fn begin(&self, request: Request<Body>) -> Result<(Request<Body>, Self), Status> {
        Ok((request, *self))
    }
}

impl Call for CatchPanic {
    fn run<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Status> {
        // Handler and answer are dropped after a panic and the service keeps no state, so nothing half-done is seen again.
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| caught(&*payload))
    }
}

/// The text of a panic. It goes to the log, never to the caller.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
struct Panicked(String);

/// Counts a panic and makes its status.
fn caught(payload: &(dyn Any + Send)) -> Status {
    metrics::panic_caught();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    status::internal(&Panicked(text.unwrap_or_else(|| "no text".to_owned())))
}
