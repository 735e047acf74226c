//! The layers around every call, from the outside in: [`at_once`], then trace, panic, known, identity, idle, admission, deadline, unreadable.
//! Each of these is a [`middleware`]. [`arriving`] is the request that admission lets in
//! through the [`door`].

mod admission;
mod arriving;
mod at_once;
mod deadline;
mod door;
mod identity;
mod idle;
mod known;
mod middleware;
mod panic;
mod trace;
mod unreadable;

pub(super) use admission::Admission;
pub(super) use at_once::AtOnce;
pub(super) use deadline::{Deadlines, Stop};
pub(super) use identity::Identified;
pub(super) use idle::Idle;
pub(super) use known::Known;
pub(super) use middleware::Around;
pub(super) use panic::CatchPanic;
pub(super) use trace::Trace;
pub(super) use unreadable::Unreadable;

#[cfg(test)]
mod tests;
