//! How far telemetry to partners' own systems has come, for each stream. Their names are those of the operator's own file of partners.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::metric::{Kind, Metric};

const OF: &[&str] = &["nhs.equity.partner", "nhs.equity.signal"];

static LAG: Metric = Metric::new(
    ("nhs.equity.delivery.lag", Kind::Gauge),
    "s",
    OF,
    "Time since the oldest event that waits to be sent to a partner happened; 0: none waits. Measured every 30 s",
);
static EVENTS: Metric = Metric::new(
    ("nhs.equity.delivery.waiting", Kind::Gauge),
    "{event}",
    OF,
    "Events that wait to be sent to a partner",
);
static STOPPED: Metric = Metric::new(
    ("nhs.equity.delivery.stopped", Kind::Gauge),
    "1",
    OF,
    "1 if a stream is paused, because its endpoint refuses the service or somebody asked for it; otherwise 0",
);
static DEAD_LETTERS: Metric = Metric::new(
    ("nhs.equity.delivery.dead_letters", Kind::Gauge),
    "{event}",
    OF,
    "Events that are not sent to a partner any more",
);

static STATE: Metric = Metric::new(
    ("nhs.equity.delivery.state", Kind::Gauge),
    "1",
    OF,
    "What a stream does: 0 sends, 1 waits after a failure, 2 is paused because of the connection, 3 was stopped by somebody",
);
static FAILURES: Metric = Metric::new(
    ("nhs.equity.delivery.failures", Kind::Gauge),
    "{attempt}",
    OF,
    "Attempts to send to a partner that failed in a row; 0: the last was taken",
);
static REJECTED: Metric = Metric::new(
    ("nhs.equity.delivery.rejected", Kind::Counter),
    "{record}",
    OF,
    "Records that a partner's endpoint rejected out of requests that it took. They are not sent again",
);
static SIZE: Metric = Metric::new(
    ("nhs.equity.delivery.size", Kind::Gauge),
    "By",
    OF,
    "Content of the events and dead letters that are kept for a partner",
);
static UNREAD: Metric = Metric::new(
    ("nhs.equity.delivery.unread", Kind::Gauge),
    "{entry}",
    &[],
    "Entries of the log that were not made into events for partners yet. All, if the outbox cannot be used",
);
static UNREAD_AGE: Metric = Metric::new(
    ("nhs.equity.delivery.unread.age", Kind::Gauge),
    "s",
    &[],
    "Time for which the oldest of them has waited; 0: none waits. Measured every 30 s",
);
pub(super) static ATTEMPTS: Metric = Metric::new(
    ("nhs.equity.delivery.attempts", Kind::Counter),
    "{attempt}",
    &["nhs.equity.partner", "nhs.equity.signal", "nhs.equity.outcome"],
    "Requests to a partner's endpoint by outcome: sent, again (the same later), too_large, never (dead letters), paused",
);
pub(super) static CALLS: Metric = Metric::new(
    ("nhs.equity.delivery.call.duration", Kind::Histogram),
    "s",
    OF,
    "Duration of requests to a partner's endpoint, with the connection if there was none",
);

/// Every metric of deliveries.
pub(super) static ALL: [&Metric; 12] = [
    &LAG,
    &EVENTS,
    &STOPPED,
    &DEAD_LETTERS,
    &STATE,
    &FAILURES,
    &REJECTED,
    &SIZE,
    &UNREAD,
    &UNREAD_AGE,
    &ATTEMPTS,
    &CALLS,
];

/// Log entries that wait to be made into events, and for how long the oldest of them has.
static WAITS: Mutex<Option<(u64, Duration)>> = Mutex::new(None);
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
    /// The number of what it does.
    pub state: u64,
    /// Whether nothing is sent for now.
    pub is_stopped: bool,
    /// Events that are not sent any more.
    pub dead_letters: u64,
    /// Attempts that failed in a row.
    pub failures: u64,
    /// Records that were rejected out of requests that were taken.
    pub rejected: u64,
    /// Bytes that are kept.
    pub bytes: u64,
}

/// Records how far every stream has come; and how many log entries wait to be made into events, with the time for which the oldest has, if there is a
/// partner to send to.
pub fn deliveries(streams: Vec<Stream>, waits: Option<(u64, Duration)>) {
    *STREAMS.lock().unwrap_or_else(PoisonError::into_inner) = streams;
    *WAITS.lock().unwrap_or_else(PoisonError::into_inner) = waits;
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
    STATE.observed(meter, |observer| each(|stream, of| observer.observe(stream.state, of)));
    FAILURES.observed(meter, |observer| each(|stream, of| observer.observe(stream.failures, of)));
    REJECTED.observed(meter, |observer| each(|stream, of| observer.observe(stream.rejected, of)));
    SIZE.observed(meter, |observer| each(|stream, of| observer.observe(stream.bytes, of)));
    UNREAD
        .observed(meter, |observer| waits().into_iter().for_each(|of| observer.observe(of.0, &[])));
    UNREAD_AGE.observed_fraction(meter, |observer| {
        waits().into_iter().for_each(|of| observer.observe(of.1.as_secs_f64(), &[]));
    });
}

fn waits() -> Option<(u64, Duration)> {
    *WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The attributes of a stream.
pub(super) fn attributes((partner, signal): (&str, &'static str)) -> [KeyValue; 2] {
    [KeyValue::new(OF[0], partner.to_owned()), KeyValue::new(OF[1], signal)]
}

fn each(observe: impl Fn(&Stream, &[KeyValue])) {
    for stream in STREAMS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let [partner, signal] = stream.of.clone();
        observe(stream, &[KeyValue::new(OF[0], partner), KeyValue::new(OF[1], signal)]);
    }
}
