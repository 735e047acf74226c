//! The sending half without a service: an outbox, partners, and their workers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use equity_indicators::domain::codes::Content;
use equity_indicators::domain::delivery::{Event, EventKind, Signal, Source, Value};
use equity_indicators::domain::reference::{PARTNERS, Reference};
use equity_indicators::engine::outbox::{NewEvent, Outbox, StreamId, StreamStatus};
use equity_indicators::telemetry::partner::{Identity, Workers, encode};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

pub(crate) struct Plane {
    pub(crate) folder: TempDir,
    pub(crate) outbox: Arc<Outbox>,
    workers: Workers,
    made: u64,
}

/// The entry of a partner in the file of partners.
pub(crate) fn entry(name: &str, endpoint: &str, more: &str) -> String {
    let more = if more.contains("protocol") {
        more.to_owned()
    } else {
        format!("protocol = \"grpc\"\n{more}")
    };
    format!(
        "[partners.{name}]\norganisation = \"QK1\"\nsystems = [\"{name}\"]\n[partners.{name}.telemetry]\nendpoint = \"{endpoint}\"\n{more}\n"
    )
}

/// May call this machine, without metrics.
pub(crate) const LOCAL: &str = "allow_addresses = [\"127.0.0.0/8\"]\nmetrics = false\n";

pub(crate) fn reference(entries: &[String]) -> Reference {
    let text = format!("trust_domain = \"equity.example\"\n{}", entries.concat());
    Reference::new(&Content::embedded().and(PARTNERS, text)).map_err(|error| error.what).unwrap()
}

pub(crate) fn logs(partner: &str) -> StreamId {
    StreamId { partner: partner.to_owned(), signal: Signal::Logs }
}

/// What a partner may read, in the outbox.
pub(crate) const SCOPE: [u8; 16] = [7; 16];

fn event(number: u64) -> Event {
    Event {
        kind: EventKind::SubmissionAccepted,
        source: Source::Entry { position: number, time_millis: number, says: [0; 32] },
        index: 0,
        time_millis: 1_700_000_000_000 + number,
        body: format!("event {number}"),
        attributes: vec![("submission.name", Value::Text(format!("name {number}")))],
        point: None,
    }
}

impl Plane {
    pub(crate) fn new() -> Self {
        Self::on(tempfile::tempdir().unwrap(), 0)
    }

    /// On a folder whose log has so many entries.
    fn on(folder: TempDir, made: u64) -> Self {
        let outbox = Arc::new(Outbox::open(folder.path(), made, 1).unwrap());
        let workers = Workers::new(
            Arc::clone(&outbox),
            Identity { instance: "test".to_owned() },
            Arc::new(|_| Some(SCOPE)),
        );
        Self { folder, outbox, workers, made }
    }

    /// Sends to these partners.
    pub(crate) fn with(entries: &[String]) -> Self {
        let mut plane = Self::new();
        plane.keep_to(entries);
        plane
    }

    /// Sends to these partners from now on.
    pub(crate) fn keep_to(&mut self, entries: &[String]) {
        self.workers.keep_to(&reference(entries));
    }

    /// Stops, and starts again on the same folder.
    pub(crate) async fn reopen(self, entries: &[String]) -> Self {
        let Self { folder, outbox, workers, made } = self;
        workers.stop().await;
        drop(outbox);
        let mut plane = Self::on(folder, made);
        plane.keep_to(entries);
        plane
    }

    /// Adds events for each of these partners, in one commit.
    pub(crate) fn add(&mut self, partners: &[&str], count: u64) {
        let numbers = self.made + 1..=self.made + count;
        let events: Vec<_> = numbers
            .flat_map(|number| partners.iter().map(move |partner| new_event(partner, number)))
            .collect();
        self.made += count;
        self.outbox.commit(Some(self.made), &events).unwrap();
    }

    pub(crate) fn status(&self, partner: &str) -> StreamStatus {
        let all = self.outbox.statuses().unwrap();
        let id = logs(partner);
        all.into_iter().find(|of| of.id == id).unwrap_or_else(|| StreamStatus::of_nothing(id))
    }

    pub(crate) fn is_settled(&self, partner: &str) -> bool {
        let status = self.status(partner);
        status.newest > 0 && status.settled == status.newest
    }

    pub(crate) async fn stop(self) -> TempDir {
        self.workers.stop().await;
        self.folder
    }
}

pub(crate) fn new_event(partner: &str, number: u64) -> NewEvent {
    let event = event(number);
    NewEvent {
        stream: logs(partner),
        id: event.id(partner),
        kind: event.kind,
        position: Some(number),
        time_millis: event.time_millis,
        payload: encode(&event, Signal::Logs).unwrap(),
        scope_key: SCOPE,
    }
}

/// An event with figures.
pub(crate) fn figure(partner: &str, number: u64) -> NewEvent {
    NewEvent { kind: EventKind::IndicatorRevised, ..new_event(partner, number) }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LONGEST, "not within {LONGEST:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
