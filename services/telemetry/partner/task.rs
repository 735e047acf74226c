//! What a worker works on.

use std::sync::Arc;

use crate::domain::delivery::Subscription;
use crate::engine::outbox::{Outbox, StreamId};

/// Who sends.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Id of this deployment, the same after a restart.
    pub instance: String,
}

/// What a partner may read at this moment, by its name; none: there is no such partner. It is asked before each request, so that a narrower scope
/// holds at once.
pub type ScopeOf = Arc<dyn Fn(&str) -> Option<[u8; 16]> + Send + Sync>;

/// Milliseconds since 1970.
pub(super) type Now = fn() -> u64;

/// What a worker works on.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) id: StreamId,
    pub(super) organisation: String,
    pub(super) subscription: Arc<Subscription>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) identity: Arc<Identity>,
    pub(super) now: Now,
    /// What tells these settings from others.
    pub(super) settings: [u8; 16],
    pub(super) scope_of: ScopeOf,
}
