//! Counters for the other rooms. Some are also atomics, which tests and logs can read. OpenTelemetry instruments exist only
//! when metrics are exported. Attributes come from closed sets: never an organisation, an area, an id or a text.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use crate::engine::Outcome;

/// Bounds of the call durations, in seconds. The SDK's own are meant for milliseconds.
const SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

static PANICS: AtomicU64 = AtomicU64::new(0);
static REFUSED_CALLS: AtomicU64 = AtomicU64::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
static CACHE_HITS: AtomicU64 = AtomicU64::new(0);
static CACHE_MISSES: AtomicU64 = AtomicU64::new(0);
static COLUMN_BYTES: AtomicU64 = AtomicU64::new(0);
static QUESTION_BYTES: AtomicU64 = AtomicU64::new(0);
static ANSWER_BYTES: AtomicU64 = AtomicU64::new(0);
static LOG_BYTES: AtomicU64 = AtomicU64::new(0);
static SLED_BYTES: AtomicU64 = AtomicU64::new(0);
static FREE_DISK_BYTES: AtomicU64 = AtomicU64::new(0);

static AUDIT_ENTRIES: AtomicU64 = AtomicU64::new(0);
static AUDIT_WAITING: AtomicU64 = AtomicU64::new(0);
static AUDIT_LOST: AtomicU64 = AtomicU64::new(0);
static AUDIT_BYTES: AtomicU64 = AtomicU64::new(0);
static AUDIT_UNWRITABLE: AtomicU64 = AtomicU64::new(0);

static REFUSED_HANDSHAKES: AtomicU64 = AtomicU64::new(0);
static CERTIFICATE_SECONDS: AtomicU64 = AtomicU64::new(0);
static REVOCATIONS_OVERDUE: AtomicU64 = AtomicU64::new(0);
static TLS_FILES_UNUSABLE: AtomicU64 = AtomicU64::new(0);
static TOKEN_KEYS_UNUSABLE: AtomicU64 = AtomicU64::new(0);
static PARTNERS_UNUSABLE: AtomicU64 = AtomicU64::new(0);
static REFUSED_TOKENS: AtomicU64 = AtomicU64::new(0);

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();

/// Counts a call: its method `equity.v1.X/Y` or `_OTHER`, its status `OK`, `NOT_FOUND` …, its duration in seconds.
pub fn call(method: &'static str, status: &'static str, seconds: f64) {
    let Some(instruments) = INSTRUMENTS.get() else { return };
    let attributes = [
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", method),
        KeyValue::new("rpc.response.status_code", status),
        KeyValue::new("error.type", status),
    ];
    let used = if status == "OK" { &attributes[..3] } else { &attributes[..] };
    instruments.calls.record(seconds, used);
}

/// Counts `more` submissions with this outcome.
pub fn submissions(outcome: Outcome, more: u64) {
    if let Some(instruments) = INSTRUMENTS.get() {
        instruments.submissions.add(more, &[KeyValue::new("nhs.equity.outcome", outcome.name())]);
    }
}

/// Counts a release that the service made by itself, or could not make.
pub fn automatic_release(made: bool) {
    if let Some(instruments) = INSTRUMENTS.get() {
        let outcome = if made { "made" } else { "held_up" };
        instruments.releases.add(1, &[KeyValue::new("nhs.equity.outcome", outcome)]);
    }
}

/// Records the size of log and sled, and the free space of the disk, in bytes.
pub fn store(log_bytes: u64, sled_bytes: u64, free_disk_bytes: u64) {
    LOG_BYTES.store(log_bytes, Relaxed);
    SLED_BYTES.store(sled_bytes, Relaxed);
    FREE_DISK_BYTES.store(free_disk_bytes, Relaxed);
}

/// Records how many answers came from the cache and how many were computed, since the start.
pub fn answers(hits: u64, misses: u64) {
    CACHE_HITS.store(hits, Relaxed);
    CACHE_MISSES.store(misses, Relaxed);
}

/// Records the bytes in memory of what questions read, of encoded answers, and of questions under way.
pub fn memory(columns: u64, answers: u64, questions: u64) {
    COLUMN_BYTES.store(columns, Relaxed);
    ANSWER_BYTES.store(answers, Relaxed);
    QUESTION_BYTES.store(questions, Relaxed);
}

/// Records what the audit log has written, calls that wait to be written, and calls that were lost, since the start; its bytes; and whether it
/// cannot be written.
pub fn audit((written, waiting, lost): (u64, u64, u64), bytes: u64, is_unwritable: bool) {
    AUDIT_ENTRIES.store(written, Relaxed);
    AUDIT_WAITING.store(waiting, Relaxed);
    AUDIT_LOST.store(lost, Relaxed);
    AUDIT_BYTES.store(bytes, Relaxed);
    AUDIT_UNWRITABLE.store(u64::from(is_unwritable), Relaxed);
}

/// Counts a panic that was caught.
pub fn panic_caught() {
    PANICS.fetch_add(1, Relaxed);
}

/// Panics caught since the start.
#[must_use]
pub fn panics() -> u64 {
    PANICS.load(Relaxed)
}

/// Counts a call refused because the service was full.
pub fn call_refused() {
    REFUSED_CALLS.fetch_add(1, Relaxed);
}

/// Calls refused since the start.
#[must_use]
pub fn refused_calls() -> u64 {
    REFUSED_CALLS.load(Relaxed)
}

/// A connection was accepted.
pub fn connection_opened() {
    CONNECTIONS.fetch_add(1, Relaxed);
}

/// A connection was closed.
pub fn connection_closed() {
    CONNECTIONS.fetch_sub(1, Relaxed);
}

/// Counts a client that was refused before its first call.
pub fn handshake_refused() {
    REFUSED_HANDSHAKES.fetch_add(1, Relaxed);
}

/// Records for how many seconds the certificate of the service is still valid.
pub fn certificate_left(seconds: u64) {
    CERTIFICATE_SECONDS.store(seconds, Relaxed);
}

/// Records whether a list of revoked certificates had to be replaced and was not.
pub fn revocations_overdue(are: bool) {
    REVOCATIONS_OVERDUE.store(u64::from(are), Relaxed);
}

/// Whether a list of revoked certificates had to be replaced and was not.
#[must_use]
pub fn has_overdue_revocations() -> bool {
    REVOCATIONS_OVERDUE.load(Relaxed) != 0
}

/// Records whether there are new files of TLS that cannot be used.
pub fn tls_files_unusable(are: bool) {
    TLS_FILES_UNUSABLE.store(u64::from(are), Relaxed);
}

/// Whether there are new files of TLS that cannot be used.
#[must_use]
pub fn has_unusable_tls_files() -> bool {
    TLS_FILES_UNUSABLE.load(Relaxed) != 0
}

/// Counts a call whose bearer token was refused.
pub fn token_refused() {
    REFUSED_TOKENS.fetch_add(1, Relaxed);
}

/// Records whether there are new keys of issuers of tokens that cannot be used.
pub fn token_keys_unusable(are: bool) {
    TOKEN_KEYS_UNUSABLE.store(u64::from(are), Relaxed);
}

/// Records whether there is a new file of partners that cannot be used.
pub fn partners_file_unusable(is: bool) {
    PARTNERS_UNUSABLE.store(u64::from(is), Relaxed);
}

/// The OpenTelemetry instruments of the service.
#[derive(Debug)]
pub(super) struct Instruments {
    calls: Histogram<f64>,
    submissions: Counter<u64>,
    releases: Counter<u64>,
}

impl Instruments {
    /// Makes every instrument of the service.
    pub(super) fn new(meter: &Meter) -> Self {
        gauge(meter, "nhs.equity.store.log.size", "By", &LOG_BYTES);
        gauge(meter, "nhs.equity.store.sled.size", "By", &SLED_BYTES);
        gauge(meter, "nhs.equity.store.disk.free", "By", &FREE_DISK_BYTES);
        gauge(meter, "nhs.equity.audit.size", "By", &AUDIT_BYTES);
        gauge(meter, "nhs.equity.audit.waiting", "{call}", &AUDIT_WAITING);
        gauge(meter, "nhs.equity.audit.unwritable", "1", &AUDIT_UNWRITABLE);
        counter(meter, "nhs.equity.audit.entries", "{entry}", &AUDIT_ENTRIES);
        counter(meter, "nhs.equity.audit.lost", "{call}", &AUDIT_LOST);
        gauge(meter, "nhs.equity.memory.columns", "By", &COLUMN_BYTES);
        gauge(meter, "nhs.equity.memory.answers", "By", &ANSWER_BYTES);
        gauge(meter, "nhs.equity.memory.questions", "By", &QUESTION_BYTES);
        gauge(meter, "nhs.equity.server.connection.count", "{connection}", &CONNECTIONS);
        gauge(meter, "nhs.equity.server.certificate.left", "s", &CERTIFICATE_SECONDS);
        gauge(meter, "nhs.equity.server.revocations.overdue", "1", &REVOCATIONS_OVERDUE);
        gauge(meter, "nhs.equity.server.certificate.unusable", "1", &TLS_FILES_UNUSABLE);
        gauge(meter, "nhs.equity.server.token_keys.unusable", "1", &TOKEN_KEYS_UNUSABLE);
        gauge(meter, "nhs.equity.server.partners.unusable", "1", &PARTNERS_UNUSABLE);
        counter(meter, "nhs.equity.server.refused_tokens", "{call}", &REFUSED_TOKENS);
        counter(meter, "nhs.equity.server.refused_handshakes", "{handshake}", &REFUSED_HANDSHAKES);
        counter(meter, "nhs.equity.cache.hits", "{answer}", &CACHE_HITS);
        counter(meter, "nhs.equity.cache.misses", "{answer}", &CACHE_MISSES);
        counter(meter, "nhs.equity.server.panics", "{panic}", &PANICS);
        counter(meter, "nhs.equity.server.refused_calls", "{call}", &REFUSED_CALLS);
        let calls = meter
            .f64_histogram("rpc.server.call.duration")
            .with_unit("s")
            .with_description("Duration of calls from the first byte to the end of the answer")
            .with_boundaries(SECONDS.to_vec())
            .build();
        let submissions =
            meter.u64_counter("nhs.equity.submissions").with_unit("{submission}").build();
        let releases =
            meter.u64_counter("nhs.equity.releases.automatic").with_unit("{release}").build();
        Self { calls, submissions, releases }
    }

    /// Makes the functions of this file use these instruments.
    pub(super) fn install(self) {
        // Telemetry starts once in a process, so there are none yet.
        let _first = INSTRUMENTS.set(self);
    }
}

fn gauge(meter: &Meter, name: &'static str, unit: &'static str, value: &'static AtomicU64) {
    let read = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
        observer.observe(value.load(Relaxed), &[]);
    };
    meter.u64_observable_gauge(name).with_unit(unit).with_callback(read).build();
}

fn counter(meter: &Meter, name: &'static str, unit: &'static str, value: &'static AtomicU64) {
    let read = move |observer: &dyn opentelemetry::metrics::AsyncInstrument<u64>| {
        observer.observe(value.load(Relaxed), &[]);
    };
    meter.u64_observable_counter(name).with_unit(unit).with_callback(read).build();
}
