//! How far telemetry to partners' own systems has come, for each stream. Their names are those of the operator's own file of partners.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::metric::{Kind, Metric};

const OF: &[&str] = &["nhs.equity.partner", "nhs.equity.signal"];

pub(super) static LAG: Metric = Metric::new(
    ("nhs.equity.delivery.lag", Kind::Gauge),
    "s",
    OF,
    "Time since the oldest event that waits to be sent to a partner happened; 0: none waits. Measured every 30 s",
);
pub(super) static EVENTS: Metric = Metric::new(
    ("nhs.equity.delivery.waiting", Kind::Gauge),
    "{event}",
    OF,
    "Events that wait to be sent to a partner",
);
pub(super) static STOPPED: Metric = Metric::new(
    ("nhs.equity.delivery.stopped", Kind::Gauge),
    "1",
    OF,
    "1 if a stream is paused, because its endpoint refuses the service or somebody asked for it; otherwise 0",
);
pub(super) static DEAD_LETTERS: Metric = Metric::new(
    ("nhs.equity.delivery.dead_letters", Kind::Gauge),
    "{event}",
    OF,
    "Events that are not sent to a partner any more",
);

static STREAMS: Mutex<Vec<Stream>> = Mutex::new(Vec::new());

/// What is measured of a stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Name of the partner, and of the signal.
    pub of: [String; 2],
    /// Age of the oldest event that waits.
    pub lag: Duration,
    /// Events that wait.
    pub waiting: u64,
    /// Whether nothing is sent for now.
    pub is_stopped: bool,
    /// Events that are not sent any more.
    pub dead_letters: u64,
}

/// Records how far every stream has come.
pub fn deliveries(streams: Vec<Stream>) {
    *STREAMS.lock().unwrap_or_else(PoisonError::into_inner) = streams;
}

/// Makes the instruments.
pub(super) fn observe(meter: &Meter) {
    LAG.observed_fraction(meter, |observer| {
        each(|stream, of| observer.observe(stream.lag.as_secs_f64(), of));
    });
    EVENTS.observed(meter, |observer| each(|stream, of| observer.observe(stream.waiting, of)));
    STOPPED.observed(meter, |observer| {
        each(|stream, of| observer.observe(u64::from(stream.is_stopped), of));
    });
    DEAD_LETTERS
        .observed(meter, |observer| each(|stream, of| observer.observe(stream.dead_letters, of)));
}

fn each(observe: impl Fn(&Stream, &[KeyValue])) {
    for stream in STREAMS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let [partner, signal] = stream.of.clone();
        observe(stream, &[KeyValue::new(OF[0], partner), KeyValue::new(OF[1], signal)]);
    }
}
