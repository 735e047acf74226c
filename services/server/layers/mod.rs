//! The layers around every call, from the outside in: [`at_once`], then trace, [`audited`], panic, [`only_grpc`], known, identity, idle, admission,
//! deadline, unreadable. Most of these are a [`middleware`]. [`arriving`] is the request that admission lets in through the
//! [`door`], unpacked if it was [`compressed`].

mod admission;
mod arriving;
mod at_once;
mod audited;
mod compressed;
mod deadline;
mod door;
mod identity;
mod idle;
mod known;
mod middleware;
mod only_grpc;
mod panic;
mod trace;
mod unreadable;

pub(super) use admission::Admission;
pub(super) use at_once::AtOnce;
pub(super) use audited::Audited;
pub(super) use deadline::{Deadlines, Stop};
pub(super) use identity::Identified;
pub(super) use idle::Idle;
pub(super) use known::Known;
pub(super) use middleware::Around;
pub(super) use only_grpc::OnlyGrpc;
pub(super) use panic::CatchPanic;
pub(super) use trace::Trace;
pub(super) use unreadable::Unreadable;

#[cfg(test)]
mod tests;
