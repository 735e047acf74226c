//! The audit log, as calls see it.
//!
//! - `record` what is noted of a call while it runs: the server's layer begins and ends it, handlers say what they know
//! - `question` requests as JSON, without what may not be kept
//! - `service` `AuditService`, which lists entries

mod question;
mod record;
mod service;

pub use crate::engine::audit::{Asked, Audit, Call, Cells, Event, NotAudited, Outcome, Trace, Who};
pub use question::render;
pub(super) use record::cells_of;
pub use record::{Record, cut_off};
pub use service::Audits;
