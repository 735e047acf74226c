//! Watches over a running service: its counts and sizes as metrics, and its health.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::audit;
use super::streams::{Waits, measure};
use crate::engine::{Engine, Outcome};
use crate::rpc::audit::Audit;
use crate::rpc::single_flight::SingleFlight;
use crate::server::Health;
use crate::telemetry::metrics;

/// Pause between two looks at whether writing has stopped; sizes are measured at every thirtieth look.
pub(super) const LOOK: Duration = Duration::from_secs(1);
const LOOKS: u32 = 30;
/// Every group of changes is written in less time, however large it is. If one takes longer, the disk hangs.
const HANGS: Duration = Duration::from_secs(30);

/// The counts of submissions that metrics have been told.
#[derive(Debug, Default)]
pub(super) struct Told([u64; Outcome::ALL.len()]);

impl Told {
    /// Reports what the engine has counted, and its memory.
    pub(super) fn report(&mut self, engine: &Engine, waiting_for_a_place: u64) {
        metrics::load(&engine.load(), waiting_for_a_place);
        metrics::ages(engine.ages());
        metrics::fsyncs(&engine.take_sync_times());
        let (hits, misses) = engine.counts().answers();
        metrics::answers(hits, misses);
        let (columns, answers, questions) = engine.memory();
        metrics::memory(columns, answers, questions);
        for (told, outcome) in self.0.iter_mut().zip(Outcome::ALL) {
            let now = engine.counts().submissions(outcome);
            metrics::submissions(outcome, now - *told);
            *told = now;
        }
    }
}

/// Watches over a running service until it stops: reports counts and sizes as metrics, and health when writing stops or hangs. What it has
/// reported.
pub(super) async fn watch_over(
    (engine, audit, single_flight): (Weak<Engine>, Arc<Audit>, Arc<SingleFlight>),
    health: Health,
    shutdown: CancellationToken,
) -> Told {
    let (mut told, mut waits, mut hung) = (Told::default(), Waits::default(), false);
    for look in 0u32.. {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = shutdown.cancelled() => break,
        }
        let Some(engine) = engine.upgrade() else { break };
        let hangs = engine.writing_for().is_some_and(|time| time > HANGS);
        if hangs && !hung {
            tracing::error!(
                "a change has been written for more than {HANGS:?}: the disk does not answer; look at the disk"
            );
        }
        hung = hangs;
        let is_recorded = audit.trouble().is_none();
        let is_stopped = hangs || engine.writing_stopped().is_some();
        metrics::writing_stopped(is_stopped);
        health.takes_changes(is_recorded && !is_stopped);
        health.records(audit.broken().is_none());
        told.report(&engine, single_flight.waiting());
        audit::report(&audit);
        if look % LOOKS == 0 {
            let measured =
                tokio::task::spawn_blocking(move || (engine.sizes(), measure(&engine))).await;
            if let Ok(((log, sled, free), deliveries)) = measured {
                metrics::store(log, sled, free);
                waits.report(deliveries);
            }
        }
    }
    told
}
