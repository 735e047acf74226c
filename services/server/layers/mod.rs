//! The layers around every call, from the outside in: trace, panic, known, admission, deadline, idle,
//! unreadable. Each is a
//! [`middleware`].

mod admission;
mod deadline;
mod idle;
mod known;
mod middleware;
mod panic;
mod trace;
mod unreadable;

pub(super) use admission::Admission;
pub(super) use deadline::Deadlines;
pub(super) use idle::Idle;
pub(super) use known::Known;
pub(super) use middleware::Around;
pub(super) use panic::CatchPanic;
pub(super) use trace::Trace;
pub(super) use unreadable::Unreadable;

#[cfg(test)]
mod tests;
