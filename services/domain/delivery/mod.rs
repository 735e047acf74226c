//! What partner organisations' own systems are sent, and what their answers mean. Pure: nothing here connects to anything.
//!
//! - [`event`] what happened, for one partner; its name, id and attributes
//! - [`subscription`] where a partner's telemetry goes and what it has: a part of `partners.toml`
//! - [`network`] ranges of addresses, and which addresses nobody is sent anything without being named
//! - [`reply`] what an endpoint's answer means: sent, again, never again, or stop
//! - [`backoff`] how long to wait before the next attempt

pub mod backoff;
pub mod event;
pub mod network;
pub mod reply;
pub mod subscription;

pub use event::{Attribute, Event, EventId, EventKind, Point, Signal, Source, Value};
pub use network::Network;
pub use reply::{Reply, Trouble, Verdict};
pub use subscription::{Endpoint, Protocol, Subscription};
