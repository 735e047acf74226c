//! Disclosure control: how a true count becomes a number that may leave the service, and what a reader can work out from many such numbers.
//!
//! - [`ptable`] the cell-key method's table of small changes
//! - [`protect`] one cell of a question by a partner: changed counts, and the threshold
//! - [`public`] one number of a published table: small counts withheld, the rest rounded
//! - [`number`] the result of both
//! - [`attack`] the attacker's arithmetic, and certificates that an attack fails

pub mod attack;
pub mod number;
pub mod protect;
pub mod ptable;
pub mod public;
