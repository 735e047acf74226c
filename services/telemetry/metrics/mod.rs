//! What the service measures. The other rooms set and count values here, which are atomics; OpenTelemetry reads them when it collects. Attributes
//! come from closed sets: never an organisation, an area, an id or a text of a caller. Partners are those of the operator's own file.
//!
//! - [`metric`] what a metric is; `values` those without attributes; `process` memory and processor time; `delivery` streams to partners
//! - [`all`] every metric, which the table of the operator's guide is compared with

mod delivery;
pub mod metric;
mod process;
mod values;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use crate::engine::{Load, Outcome};
pub use delivery::{Stream, deliveries};
use metric::{Kind, Metric, Split};
pub use metric::{Kind as MetricKind, SECONDS};
use values::{
    ANSWER_BYTES, AUDIT_BYTES, AUDIT_ENTRIES, AUDIT_LOST, AUDIT_UNWRITABLE, AUDIT_WAITING,
    CACHE_HITS, CACHE_MISSES, CERTIFICATE_SECONDS, COLUMN_BYTES, CONNECTIONS, FREE_DISK_BYTES,
    LOG_BYTES, PANICS, PARTNERS_UNUSABLE, POSITION, QUESTION_BYTES, REFUSED_CALLS,
    REFUSED_HANDSHAKES, REFUSED_TOKENS, REVOCATIONS_OVERDUE, ROWS, SLED_BYTES, TLS_FILES_UNUSABLE,
    TOKEN_KEYS_UNUSABLE, VALUES, WORKING, WRITER_QUEUE, WRITING_STOPPED,
};

static CALLS: Metric = Metric::new(
    ("rpc.server.call.duration", Kind::Histogram),
    "s",
    &["rpc.system.name", "rpc.method", "rpc.response.status_code", "error.type"],
    "Duration of calls from the first byte to the end of the answer",
);
static SUBMISSIONS: Metric = Metric::new(
    ("nhs.equity.submissions", Kind::Counter),
    "{submission}",
    &["nhs.equity.outcome"],
    "Submissions by outcome: stored, repeated, validated, refused because of their content, failed because of the service or the disk",
);
static RELEASES: Metric = Metric::new(
    ("nhs.equity.releases.automatic", Kind::Counter),
    "{release}",
    &["nhs.equity.outcome"],
    "Releases that were due: made, or held_up by the rule",
);
static FSYNC: Metric = Metric::new(
    ("nhs.equity.store.fsync.duration", Kind::Histogram),
    "s",
    &[],
    "Duration of each fsync of the log. A change is acknowledged after it",
);
static AGE: Metric = Metric::new(
    ("nhs.equity.collection.age", Kind::Gauge),
    "s",
    &["nhs.equity.collection"],
    "Time since the newest submission of each collection that has data was stored",
);
static RUNNING: Split<5> = Split::gauge(
    ("nhs.equity.server.calls.active", "{call}"),
    &["nhs.equity.call.kind"],
    ["question", "submission", "erasure", "export", "watch"],
    "Calls that have not ended, by kind: question, submission, erasure, export, watch",
);
static WAITING: Split<3> = Split::gauge(
    ("nhs.equity.questions.waiting", "{question}"),
    &["nhs.equity.waiting.for"],
    ["place", "memory", "turn"],
    "Questions that wait, by what for: a place among the concurrent questions, memory, or the turn of a large work",
);

static INSTRUMENTS: OnceLock<Vec<Instruments>> = OnceLock::new();
static AGES: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

/// Every metric of the service.
#[must_use]
pub fn all() -> Vec<&'static Metric> {
    let named = [&CALLS, &SUBMISSIONS, &RELEASES, &FSYNC, &AGE, &RUNNING.metric, &WAITING.metric];
    let named = named.into_iter().chain([&process::MEMORY, &process::CPU]);
    let named = named.chain(delivery::ALL);
    named.chain(VALUES.iter().map(|value| &value.metric)).collect()
}

/// The kind of a call, of those that are counted while they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// A question, or a list.
    Question,
    /// A submission.
    Submission,
    /// An erasure.
    Erasure,
    /// An export.
    Export,
    /// A watch.
    Watch,
}

/// A call that runs, until it is dropped.
#[derive(Debug)]
pub struct Running(CallKind);

impl Running {
    /// A call of this kind begins.
    #[must_use]
    pub fn begin(kind: CallKind) -> Self {
        RUNNING.of(kind as usize).fetch_add(1, Relaxed);
        Self(kind)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.of(self.0 as usize).fetch_sub(1, Relaxed);
    }
}

/// Calls that run now in this process.
#[must_use]
pub fn running() -> u64 {
    RUNNING.sum()
}

/// Questions that run now in this process.
#[must_use]
pub fn running_questions() -> u64 {
    RUNNING.of(CallKind::Question as usize).load(Relaxed)
}

/// Records into the instruments of every reader of metrics; there are none if nobody reads.
fn each(record: impl Fn(&Instruments)) {
    INSTRUMENTS.get().into_iter().flatten().for_each(record);
}

/// Counts a call: its method `equity.v1.X/Y` or `_OTHER`, its status `OK`, `NOT_FOUND` …, its duration in seconds.
pub fn call(method: &'static str, status: &'static str, seconds: f64) {
    let attributes = [
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", method),
        KeyValue::new("rpc.response.status_code", status),
        KeyValue::new("error.type", status),
    ];
    let used = if status == "OK" { &attributes[..3] } else { &attributes[..] };
    each(|instruments| instruments.calls.record(seconds, used));
}

/// Counts `more` submissions with this outcome.
pub fn submissions(outcome: Outcome, more: u64) {
    let of = [KeyValue::new("nhs.equity.outcome", outcome.name())];
    each(|instruments| instruments.submissions.add(more, &of));
}

/// Counts a release that the service made by itself, or could not make.
pub fn automatic_release(made: bool) {
    let of = [KeyValue::new("nhs.equity.outcome", if made { "made" } else { "held_up" })];
    each(|instruments| instruments.releases.add(1, &of));
}

/// Counts a request to a partner's endpoint: the partner and the signal, what came of it, and how long it took.
pub fn delivery_attempt(of: (&str, &'static str), outcome: &'static str, time: Duration) {
    let [partner, signal] = delivery::attributes(of);
    let attempt = [partner.clone(), signal.clone(), KeyValue::new("nhs.equity.outcome", outcome)];
    each(|instruments| {
        instruments.attempts.add(1, &attempt);
        instruments.deliveries.record(time.as_secs_f64(), &[partner.clone(), signal.clone()]);
    });
}

/// Records how long each fsync of the log took since the last report.
pub fn fsyncs(times: &[Duration]) {
    for time in times {
        each(|instruments| instruments.fsync.record(time.as_secs_f64(), &[]));
    }
}

/// Records the time since the newest submission of each collection was stored.
pub fn ages(ages: Vec<(String, Duration)>) {
    *AGES.lock().unwrap_or_else(PoisonError::into_inner) = ages;
}

/// Records what the engine has to do, and how many questions wait for a place.
pub fn load(load: &Load, waiting_for_a_place: u64) {
    POSITION.set(load.position);
    ROWS.set(load.rows);
    WRITER_QUEUE.set(load.writer_queue);
    WORKING.set(load.questions);
    let waiting = [waiting_for_a_place, load.waiting_for_memory, load.waiting_for_turns];
    for (place, now) in waiting.into_iter().enumerate() {
        WAITING.of(place).store(now, Relaxed);
    }
}

/// Records whether changes are refused because writing has stopped, or the disk does not answer.
pub fn writing_stopped(has: bool) {
    WRITING_STOPPED.set(u64::from(has));
}

/// Records the size of log and sled, and the free space of the disk, in bytes. None: the system does not say it.
pub fn store(log_bytes: u64, sled_bytes: u64, free_disk_bytes: Option<u64>) {
    LOG_BYTES.set(log_bytes);
    SLED_BYTES.set(sled_bytes);
    if let Some(free) = free_disk_bytes {
        FREE_DISK_BYTES.set(free);
    }
}

/// Records how many answers came from the cache and how many were computed, since the start.
pub fn answers(hits: u64, misses: u64) {
    CACHE_HITS.set(hits);
    CACHE_MISSES.set(misses);
}

/// Records the bytes in memory of what questions read, of encoded answers, and of questions under way.
pub fn memory(columns: u64, answers: u64, questions: u64) {
    COLUMN_BYTES.set(columns);
    ANSWER_BYTES.set(answers);
    QUESTION_BYTES.set(questions);
}

/// Records what the audit log has written, calls that wait to be written, and calls that were lost, since the start; its bytes; and whether it
/// cannot be written.
pub fn audit((written, waiting, lost): (u64, u64, u64), bytes: u64, is_unwritable: bool) {
    AUDIT_ENTRIES.set(written);
    AUDIT_WAITING.set(waiting);
    AUDIT_LOST.set(lost);
    AUDIT_BYTES.set(bytes);
    AUDIT_UNWRITABLE.set(u64::from(is_unwritable));
}

/// Counts a panic that was caught.
pub fn panic_caught() {
    PANICS.add(1);
}

/// Panics caught since the start.
#[must_use]
pub fn panics() -> u64 {
    PANICS.get()
}

/// Counts a call refused because the service was full.
pub fn call_refused() {
    REFUSED_CALLS.add(1);
}

/// Calls refused since the start.
#[must_use]
pub fn refused_calls() -> u64 {
    REFUSED_CALLS.get()
}

/// The service serves: from now on, connections are counted. A start that does not end has no such count.
pub fn serves() {
    CONNECTIONS.add(0);
}

/// A connection was accepted.
pub fn connection_opened() {
    CONNECTIONS.add(1);
}

/// A connection was closed.
pub fn connection_closed() {
    CONNECTIONS.subtract(1);
}

/// Counts a client that was refused before its first call.
pub fn handshake_refused() {
    REFUSED_HANDSHAKES.add(1);
}

/// Records for how many seconds the certificate of the service is still valid.
pub fn certificate_left(seconds: u64) {
    CERTIFICATE_SECONDS.set(seconds);
}

/// Records whether a list of revoked certificates had to be replaced and was not.
pub fn revocations_overdue(are: bool) {
    REVOCATIONS_OVERDUE.set(u64::from(are));
}

/// Whether a list of revoked certificates had to be replaced and was not.
#[must_use]
pub fn has_overdue_revocations() -> bool {
    REVOCATIONS_OVERDUE.get() != 0
}

/// Records whether there are new files of TLS that cannot be used.
pub fn tls_files_unusable(are: bool) {
    TLS_FILES_UNUSABLE.set(u64::from(are));
}

/// Whether there are new files of TLS that cannot be used.
#[must_use]
pub fn has_unusable_tls_files() -> bool {
    TLS_FILES_UNUSABLE.get() != 0
}

/// Counts a call whose bearer token was refused.
pub fn token_refused() {
    REFUSED_TOKENS.add(1);
}

/// Records whether there are new keys of issuers of tokens that cannot be used.
pub fn token_keys_unusable(are: bool) {
    TOKEN_KEYS_UNUSABLE.set(u64::from(are));
}

/// Records whether there is a new file of partners that cannot be used.
pub fn partners_file_unusable(is: bool) {
    PARTNERS_UNUSABLE.set(u64::from(is));
}

/// The instruments that are recorded into, and not read when metrics are collected.
#[derive(Debug)]
pub(super) struct Instruments {
    calls: Histogram<f64>,
    fsync: Histogram<f64>,
    submissions: Counter<u64>,
    releases: Counter<u64>,
    attempts: Counter<u64>,
    deliveries: Histogram<f64>,
}

impl Instruments {
    /// Makes every instrument of the service.
    pub(super) fn new(meter: &Meter) -> Self {
        VALUES.iter().for_each(|value| value.observe(meter));
        RUNNING.observe(meter);
        WAITING.observe(meter);
        process::observe(meter);
        delivery::observe(meter);
        AGE.observed_fraction(meter, |observer| {
            for (collection, age) in AGES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                let of = KeyValue::new(AGE.attributes[0], collection.clone());
                observer.observe(age.as_secs_f64(), &[of]);
            }
        });
        let outcome = |name: &'static str| [KeyValue::new("nhs.equity.outcome", name)];
        let (submissions, releases) = (SUBMISSIONS.counter(meter), RELEASES.counter(meter));
        // A counter that has not counted yet is 0, and not missing.
        Outcome::ALL.iter().for_each(|of| submissions.add(0, &outcome(of.name())));
        ["made", "held_up"].iter().for_each(|of| releases.add(0, &outcome(of)));
        let (calls, fsync) = (CALLS.histogram(meter), FSYNC.histogram(meter));
        let attempts = delivery::ATTEMPTS.counter(meter);
        let deliveries = delivery::CALLS.histogram(meter);
        Self { calls, fsync, submissions, releases, attempts, deliveries }
    }
}

/// Makes the functions of this file use these instruments, one for each reader of metrics.
pub(super) fn install(instruments: Vec<Instruments>) {
    // Telemetry starts once in a process, so there are none yet.
    let _first = INSTRUMENTS.set(instruments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_name_of_its_own_a_unit_of_ucum_and_a_description() {
        let mut names: Vec<_> = all().iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for Metric { name, unit, description, .. } in all() {
            let annotation = unit.strip_prefix('{').and_then(|unit| unit.strip_suffix('}'));
            let is_word =
                |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
            assert!(
                ["s", "By", "1"].contains(unit) || annotation.is_some_and(is_word),
                "{name}: {unit}"
            );
            assert!(description.len() > 15 && !description.ends_with('.'), "{name}: {description}");
        }
    }

    #[test]
    fn durations_are_told_apart_from_a_tenth_of_a_millisecond_up() {
        assert!(SECONDS.is_sorted() && SECONDS[0] < 0.0002 && SECONDS[37] > 99.0);
    }
}
