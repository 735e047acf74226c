//! Limits the calls that run at once on all connections together, and refuses the next one immediately: a queue without a bound
//! would only make every call late. Watch streams last, submissions are large, and streams of reflection wait for their clients: each have
//! a limit of their own. Health checks are never refused.
//!
//! A call takes its seat when its message is whole ([`super::arriving`]) and gives it back when its answer has been sent.

use std::sync::{Arc, PoisonError};

use http::Request;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, PollSemaphore};
use tonic::Status;
use tonic::body::Body;

use super::arriving::Arriving;
use super::compressed::{self, Encoding};
use super::door::{Door, Held};
use super::middleware::{Call, Middleware};
use crate::rpc::audit::Record;
use crate::rpc::incoming::PassedOn;
use crate::server::client::Client;
use crate::server::methods::{self, Kind};
use crate::server::seats::Seats;
use crate::server::settings::ServerSettings;

/// Streams of reflection may be this part of the calls that run at once. Tools open one at a time.
const REFLECTION_SHARE: usize = 8;
/// Longest question of reflection, a name, in bytes. It is sent back with the answer.
const REFLECTION_BYTES: usize = 4 << 10;

/// The seats that all connections share.
#[derive(Debug, Clone)]
pub(in crate::server) struct Admission {
    /// Of calls whose message is not whole yet.
    arriving: Arc<Seats>,
    calls: Arc<Seats>,
    watches: Arc<Seats>,
    submissions: Arc<Seats>,
    reflection: Arc<Seats>,
    /// Of large messages that are being unpacked: one at a time.
    unpacking: PollSemaphore,
    /// Largest message of a query, and of a submission, in bytes.
    message_bytes: (usize, usize),
    stops: CancellationToken,
}

impl Admission {
    /// Takes the limits from the settings; `stops` is cancelled when the service stops.
    pub(in crate::server) fn new(settings: &ServerSettings, stops: CancellationToken) -> Self {
        let quarter = |most: usize| Seats::new(most, most.div_ceil(4));
        let submissions = settings.max_submissions;
        Self {
            arriving: Seats::yielding(settings.max_in_flight, settings.max_in_flight.div_ceil(4)),
            calls: quarter(settings.max_in_flight),
            watches: quarter(settings.max_watches),
            // One sender sends six at once.
            submissions: Seats::new(submissions, (submissions * 3).div_ceil(4)),
            reflection: quarter(settings.max_in_flight.div_ceil(REFLECTION_SHARE)),
            unpacking: PollSemaphore::new(Arc::new(Semaphore::new(1))),
            message_bytes: (settings.query_message_bytes, settings.submission_message_bytes),
            stops,
        }
    }
}

impl Middleware for Admission {
    type Call = Admitted;

    fn begin(&self, mut request: Request<Body>) -> Result<(Request<Body>, Admitted), Status> {
        let encoding = Encoding::of(request.headers())?;
        let method = methods::of(request.uri().path());
        let client: Option<Arc<Client>> = request.extensions().get().cloned();
        let (seats, most) = match method.kind {
            Kind::Query | Kind::Erasure | Kind::Export => (&self.calls, self.message_bytes.0),
            Kind::Watch => (&self.watches, self.message_bytes.0),
            Kind::Submission => (&self.submissions, self.message_bytes.1),
            Kind::Reflection => (&self.reflection, REFLECTION_BYTES),
            Kind::Health { .. } => {
                client.iter().for_each(|client| client.asks_for_health());
                return Ok((request, Admitted { client: None, seat: Arc::default() }));
            }
        };
        client.iter().for_each(|client| client.call_begins());
        let admitted = Admitted { client: client.clone(), seat: Arc::default() };
        let door = Door {
            arriving: Arc::clone(&self.arriving),
            seats: Arc::clone(seats),
            client,
            stops: self.stops.clone(),
            seat: Arc::clone(&admitted.seat),
        };
        // The handler gets plain messages.
        request.headers_mut().remove(compressed::HEADER);
        let record = request.extensions().get::<Record>().cloned().unwrap_or_default();
        let to = (door, record);
        let is_of_rows = method.streams && matches!(method.kind, Kind::Submission);
        let passed_on = is_of_rows.then(PassedOn::default);
        if let Some(passed_on) = passed_on.clone() {
            request.extensions_mut().insert(passed_on);
        }
        let how = (self.unpacking.clone(), passed_on);
        let request =
            request.map(|body| Body::new(Arriving::new(body, method, to, (encoding, most), how)));
        Ok((request, admitted))
    }
}

/// A call and its seat; a health check has none.
#[derive(Debug)]
pub(in crate::server) struct Admitted {
    client: Option<Arc<Client>>,
    seat: Held,
}

impl Call for Admitted {}

impl Drop for Admitted {
    fn drop(&mut self) {
        drop(self.seat.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(client) = &self.client {
            client.call_ends();
        }
    }
}
