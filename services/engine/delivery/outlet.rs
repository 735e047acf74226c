//! What a running service delivers with.

use std::sync::Arc;

use crate::domain::delivery::{Event, Signal};
use crate::store::outbox::Outbox;

/// An event as a record of a signal; none: the event has none there.
pub type Encode = fn(&Event, Signal) -> Option<Vec<u8>>;

/// What a running service delivers with.
#[derive(Clone)]
pub struct Delivery {
    /// What is still to be sent, and what was sent lately.
    pub outbox: Arc<Outbox>,
    /// Encodes events.
    pub encode: Encode,
}
