//! A worker for each stream. Each has its own connection, its own waits and its own faults: one endpoint that takes nothing delays nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::task::{Identity, Task};
use super::worker;
use crate::domain::delivery::{Signal, Subscription};
use crate::domain::reference::Reference;
use crate::engine::outbox::{Outbox, StreamId};

/// The workers of all streams.
pub struct Workers {
    outbox: Arc<Outbox>,
    identity: Arc<Identity>,
    running: BTreeMap<StreamId, (Arc<Subscription>, AbortOnDropHandle<()>)>,
}

impl Workers {
    /// Workers over an outbox. None works yet.
    #[must_use]
    pub fn new(outbox: Arc<Outbox>, identity: Identity) -> Self {
        Self { outbox, identity: Arc::new(identity), running: BTreeMap::new() }
    }

    /// Makes the workers those of these partners. A worker whose settings have changed begins anew.
    pub fn keep_to(&mut self, reference: &Reference) {
        let mut wanted = BTreeMap::new();
        for partner in reference.partners().iter() {
            let Some(subscription) = &partner.telemetry else { continue };
            for signal in Signal::ALL {
                if signal == Signal::Metrics && !subscription.metrics {
                    continue;
                }
                let id = StreamId { partner: partner.id.clone(), signal };
                wanted.insert(id, (partner.organisation.clone(), Arc::clone(subscription)));
            }
        }
        let is_same = |id: &StreamId, had: &Arc<Subscription>| {
            wanted.get(id).is_some_and(|(_, now)| now == had)
        };
        self.running.retain(|id, (had, worker)| is_same(id, had) && !worker.is_finished());
        for (id, (organisation, subscription)) in wanted {
            self.running.entry(id.clone()).or_insert_with(|| {
                let task = Task {
                    id,
                    organisation,
                    subscription: Arc::clone(&subscription),
                    outbox: Arc::clone(&self.outbox),
                    identity: Arc::clone(&self.identity),
                    now,
                };
                let worker = AbortOnDropHandle::new(tokio::spawn(worker::run(task)));
                (subscription, worker)
            });
        }
    }

    /// Ends every worker, and waits for what it does with the outbox.
    pub async fn stop(self) {
        for (_, (_, worker)) in self.running {
            worker.abort();
            // It was told to end, so that it ended says nothing.
            let _ended = worker.await;
        }
    }
}

/// The clock of waits, which are kept across restarts.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
