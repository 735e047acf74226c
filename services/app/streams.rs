//! How far telemetry to partners' own systems has come, as metrics.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::engine::outbox::{State, StreamId, StreamStatus};
use crate::telemetry::metrics;

/// How far the log has come, and the events that were made of it.
pub(super) struct Measured {
    streams: Vec<metrics::Stream>,
    log: u64,
    made: u64,
}

/// Reads how far the streams of today's subscriptions have come; none: there are no subscriptions. An outbox that could not be opened or read has
/// made nothing. Call it on a thread that may block.
pub(super) fn measure(engine: &Engine) -> Option<Measured> {
    let reference = engine.reference();
    let wanted = reference.partners().iter().flat_map(|partner| {
        let signals = partner.telemetry.iter().flat_map(|of| of.signals());
        signals.map(move |signal| StreamId { partner: partner.id.clone(), signal })
    });
    let wanted: Vec<StreamId> = wanted.collect();
    if wanted.is_empty() {
        return None;
    }
    let (log, now) = (engine.told(), engine.store().now());
    // What cannot be read, its own work says in the log.
    let outbox = engine.delivery().map(|delivery| &delivery.outbox);
    let Some((outbox, statuses)) = outbox.and_then(|of| Some((of, of.statuses().ok()?))) else {
        return Some(Measured { streams: Vec::new(), log, made: 0 });
    };
    let mut known: BTreeMap<_, _> =
        statuses.into_iter().map(|status| (status.id.clone(), status)).collect();
    let of = |id: StreamId| known.remove(&id).unwrap_or_else(|| StreamStatus::of_nothing(id));
    let streams = wanted.into_iter().map(of).map(|status| stream(status, now)).collect();
    Some(Measured { streams, log, made: outbox.position() })
}

fn stream(status: StreamStatus, now: u64) -> metrics::Stream {
    metrics::Stream {
        of: [status.id.partner, status.id.signal.name().to_owned()],
        lag: Duration::from_millis(match status.oldest_millis {
            0 => 0,
            oldest => now.saturating_sub(oldest),
        }),
        waiting: status.newest - status.settled,
        state: status.state as u64,
        is_stopped: matches!(status.state, State::Paused | State::Held),
        failures: status.failures.into(),
        dead_letters: status.dead_letter_count,
        rejected: status.rejected_count,
        bytes: status.bytes,
    }
}

/// Since when an entry of the log waits to be made into events.
#[derive(Debug, Default)]
pub(super) struct Waits(Option<(u64, Instant)>);

impl Waits {
    /// Reports what was measured.
    pub(super) fn report(&mut self, measured: Option<Measured>) {
        let Some(Measured { streams, log, made }) = measured else {
            *self = Self::default();
            metrics::deliveries(Vec::new(), None);
            return;
        };
        let age = self.age((log, made), Instant::now());
        metrics::deliveries(streams, Some((log.saturating_sub(made), age)));
    }

    /// For how long the oldest entry has waited. An entry that was newest once is made sooner or later, however fast the log grows.
    fn age(&mut self, (log, made): (u64, u64), now: Instant) -> Duration {
        if made >= log {
            self.0 = None;
        } else if self.0.is_none_or(|(entry, _)| made >= entry) {
            self.0 = Some((log, now));
        }
        self.0.map_or(Duration::ZERO, |(_, since)| now.duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_on_is_not_late_and_what_is_stuck_is() {
        let (mut waits, begin) = (Waits::default(), Instant::now());
        let mut age = |log, made, second| {
            waits.age((log, made), begin + Duration::from_secs(second)).as_secs()
        };
        assert_eq!(age(5, 5, 0), 0);
        // A log that grows all the time, and events a little behind.
        assert_eq!((age(9, 7, 30), age(12, 10, 60), age(15, 13, 90)), (0, 0, 0));
        // It gets on, though slowly, and then no more.
        assert_eq!((age(20, 14, 120), age(20, 16, 150), age(25, 16, 180)), (30, 0, 30));
        assert_eq!(age(25, 16, 4_150), 4_000);
        assert_eq!((age(25, 25, 4_200), age(26, 25, 4_230)), (0, 0));
    }
}
