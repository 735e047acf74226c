//! What surrounds every call, from the outside in: trace, panic, admission, deadline, idle, unread.
//!
//! A layer never fails: it answers with a status. (tonic resets the stream for errors that are no status.) None of them keeps
//! readiness: what is scarce is taken in `call`.

mod admission;
mod deadline;
mod idle;
mod panic;
mod trace;
mod unread;

pub(super) use admission::AdmissionLayer;
pub(super) use deadline::DeadlineLayer;
pub(super) use idle::IdleLayer;
pub(super) use panic::PanicLayer;
pub(super) use trace::TraceLayer;
pub(super) use unread::UnreadLayer;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tonic::Status;

/// The last frame of an answer that has begun and ends with a status.
fn last_frame(status: &Status) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    if let Err(unwritable) = status.add_header(&mut trailers) {
        trailers.clear();
        trailers.insert(Status::GRPC_STATUS, http::HeaderValue::from(i32::from(unwritable.code())));
    }
    Frame::trailers(trailers)
}

#[cfg(test)]
mod tests;
