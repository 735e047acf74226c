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
}
