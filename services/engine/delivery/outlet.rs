//! What a running service delivers with.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::delivery::{Event, Signal};
use crate::store::outbox::Outbox;

/// An event as a record of a signal; none: the event has none there.
pub type Encode = fn(&Event, Signal) -> Option<Vec<u8>>;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its text; of a metric its name, its value and its unit.
    pub body: String,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
}

/// What a record of a signal says; none: it cannot be read.
pub type Show = fn(&[u8], Signal) -> Option<Shown>;

/// What a running service delivers with.
#[derive(Clone)]
pub struct Delivery {
    /// What is still to be sent, and what was sent lately.
    pub outbox: Arc<Outbox>,
    /// Encodes events.
    pub encode: Encode,
    /// Shows what was encoded.
    pub show: Show,
}
