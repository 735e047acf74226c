//! A worker for each stream. Each has its own connection, its own waits and its own faults: one endpoint that takes nothing delays nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::task::{Identity, ScopeOf, Task};
use super::worker;
use crate::domain::delivery::Subscription;
use crate::domain::reference::Reference;
use crate::engine::outbox::{Outbox, StreamId};

/// What a worker serves: another one begins when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Served {
    organisation: String,
    subscription: Arc<Subscription>,
}

impl Served {
    /// Bytes that tell these settings from any others. A fault with other settings is no reason to wait.
    fn key(&self) -> [u8; 16] {
        let mut key = [0; 16];
        let mut hash = blake3::Hasher::new();
        hash.update(format!("{self:?}").as_bytes());
        hash.finalize_xof().fill(&mut key);
        key
    }
}

/// The workers of all streams.
pub struct Workers {
    outbox: Arc<Outbox>,
    identity: Arc<Identity>,
    scope_of: ScopeOf,
    running: BTreeMap<StreamId, (Served, AbortOnDropHandle<()>)>,
}

impl Workers {
    /// Workers over an outbox. None works yet.
    #[must_use]
    pub fn new(outbox: Arc<Outbox>, identity: Identity, scope_of: ScopeOf) -> Self {
        Self { outbox, identity: Arc::new(identity), scope_of, running: BTreeMap::new() }
    }

    /// Makes the workers those of these partners. A worker whose settings have changed begins anew.
    pub fn keep_to(&mut self, reference: &Reference) {
        let mut wanted = BTreeMap::new();
        for partner in reference.partners().iter() {
            let Some(subscription) = &partner.telemetry else { continue };
            let served = Served {
                organisation: partner.organisation.clone(),
                subscription: Arc::clone(subscription),
            };
            for signal in subscription.signals() {
                wanted.insert(StreamId { partner: partner.id.clone(), signal }, served.clone());
            }
        }
        self.running.retain(|id, (had, worker)| {
            wanted.get(id).is_some_and(|now| now == had) && !worker.is_finished()
        });
        for (id, served) in wanted {
            self.running.entry(id.clone()).or_insert_with(|| {
                let settings = served.key();
                let Served { organisation, subscription } = served.clone();
                let task = Task {
                    id,
                    organisation,
                    subscription,
                    outbox: Arc::clone(&self.outbox),
                    identity: Arc::clone(&self.identity),
                    now,
                    settings,
                    scope_of: Arc::clone(&self.scope_of),
                };
                (served, AbortOnDropHandle::new(tokio::spawn(worker::run(task))))
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
