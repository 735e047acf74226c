//! What partners' own systems learn of a change: the log entry by entry, in order, into events of the outbox.
//!
//! Figures come out of `Protected` answers alone, asked for as the partner itself would ask: its profile, its scope, its releases.
//!
//! - `happened` what the log entries after a position were
//! - `projector` entries to events, and the events with the position into the outbox, in one commit
//! - `submitted` a stored submission, and findings about it; `refused` one that was refused
//! - `released` a release: `revised` its figures, `alerts` gaps and targets; `cells` a cell as attributes: the only place that does it
//! - [`Delivery`] what a running service delivers with
//! - `removed` events that a partner may not have, or that are kept no longer

mod alerts;
mod cells;
mod happened;
mod outlet;
mod projector;
mod refused;
mod released;
mod removed;
mod revised;
mod submitted;

pub use outlet::{Delivery, Encode, Show, Shown};
pub use projector::{Ask, NotAnswered, NotProjected, Projector};
pub use refused::RefusedSubmission;

use std::sync::Arc;

use crate::domain::delivery::{Event, EventKind, Subscription};
use crate::domain::disclosure::ProfileName;
use crate::domain::partner::Partner;
use crate::domain::reference::Reference;
use crate::engine::Engine;
use crate::engine::query::Reader;

impl Engine {
    /// Delivers with this from now on. The first call counts.
    pub fn deliver_with(&self, delivery: Delivery) {
        // A service opens one outbox.
        let _second = self.delivery.set(delivery);
    }

    /// What the service delivers with; none: it has no partner to send to.
    #[must_use]
    pub fn delivery(&self) -> Option<&Delivery> {
        self.delivery.get()
    }
}

/// Why something is not told: data of the service cannot be read, now or later.
const DAMAGED: &str = "DATA_DAMAGED";

/// A partner that is sent something.
#[derive(Clone)]
struct Recipient {
    partner: Arc<Partner>,
    subscription: Arc<Subscription>,
    reader: Reader,
}

impl Recipient {
    /// Everybody who is sent something.
    fn all(reference: &Reference) -> Vec<Self> {
        let with = |partner: &Arc<Partner>| {
            let subscription = Arc::clone(partner.telemetry.as_ref()?);
            Some(Self { partner: Arc::clone(partner), subscription, reader: reader(partner) })
        };
        reference.partners().iter().filter_map(with).collect()
    }

    /// Whether it wants events of a kind.
    fn wants(&self, kind: EventKind) -> bool {
        self.subscription.events.contains(&kind)
    }
}

/// A partner asks as itself: its profile, its organisation, its scope.
fn reader(partner: &Partner) -> Reader {
    Reader {
        profile: partner.profile.unwrap_or(ProfileName::Public),
        organisation: Some(partner.organisation.clone()),
        scope: Arc::clone(&partner.scope),
    }
}

/// Bytes that tell what a partner may read from anything else.
#[must_use]
pub fn scope_key(partner: &Partner) -> [u8; 16] {
    let mut key = [0; 16];
    let mut hash = blake3::Hasher::new();
    hash.update(&reader(partner).key());
    hash.finalize_xof().fill(&mut key);
    key
}

/// Numbers the events of one partner and one source, each kind for itself: the ids depend on it.
fn numbered(mut events: Vec<Event>) -> Vec<Event> {
    let mut next = std::collections::BTreeMap::new();
    for event in &mut events {
        let number = next.entry(event.kind).or_insert(0);
        event.index = *number;
        *number += 1;
    }
    events
}
