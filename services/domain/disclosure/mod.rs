//! Disclosure control: how a true count becomes a number that may leave the service, and what a reader can work out from many such numbers.
//!
//! - `record_keys` keys of records, `true_count` a count that cannot be printed or sent
//! - `protection` the one place that makes a number of it; [`ptable`] by how much; `reveals` what the number tells
//! - `profile` the rules that a reader is held to: what may be seen, and what may be asked
//! - [`public`] the numbers of tables that everybody may read; [`publication`] all numbers that are published together
//! - [`release_rule`] what has to hold before a state of the data is released
//! - [`attack`] the attacker's arithmetic, and certificates that an attack fails

pub mod attack;
mod profile;
mod protection;
pub mod ptable;
pub mod public;
pub mod publication;
mod record_keys;
pub mod release_rule;
mod reveals;
mod true_count;

pub use profile::{Asks, Lattice, Level, Profile, ProfileName, Sensitive};
pub use protection::{LEAST_VALUES, Protection, Rules, key_as_person};
pub use record_keys::{RecordKeys, key_of_person};
pub use true_count::TrueCount;
