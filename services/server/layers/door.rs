//! Where a call takes its seats: first among the calls whose message is on its way, then among those of its kind.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::rpc::status;
use crate::server::seats::{By, Seat, Seats};
use crate::telemetry::metrics;

/// Where a call takes its seats.
#[derive(Debug)]
pub(super) struct Door {
    /// Seats of calls whose message is not whole, and of the kind of the call.
    pub(super) arriving: Arc<Seats>,
    pub(super) seats: Arc<Seats>,
    /// Whose call it is.
    pub(super) by: By,
    /// Is cancelled when the service stops.
    pub(super) stops: CancellationToken,
    pub(super) seat: Held,
}

/// The seat of a call, which its request takes and its answer gives back.
pub(super) type Held = Arc<Mutex<Option<Seat>>>;

impl Door {
    /// A seat for a call whose message is not whole.
    pub(super) fn wait(&self) -> Result<Seat, Status> {
        self.arriving.take(&self.by).ok_or_else(|| self.refusal())
    }

    /// Takes the seat of the call.
    pub(super) fn enter(&self) -> Result<(), Status> {
        let seat = self.seats.take(&self.by).ok_or_else(|| self.refusal())?;
        *self.seat.lock().unwrap_or_else(PoisonError::into_inner) = Some(seat);
        Ok(())
    }

    /// The refusal of a call for which there is no seat. A caller of a service that stops should go elsewhere, and not wait for a seat.
    pub(super) fn refusal(&self) -> Status {
        metrics::call_refused();
        if self.stops.is_cancelled() {
            return status::stopping();
        }
        status::overloaded(status::RETRY_OVERLOADED)
    }

    /// Does something with the seat of the call, if it has one.
    pub(super) fn with_seat<T>(&self, done: impl FnOnce(&Seat) -> T) -> Option<T> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(done)
    }
}
