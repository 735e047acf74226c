//! Disclosure control: how a true count becomes a number that may leave the service.

mod protection;
pub mod ptable;
mod record_keys;
mod true_count;

pub use protection::{Protection, Rules, key_as_person};
pub use record_keys::{RecordKeys, key_of_person};
pub use true_count::{TrueCount, sum_of};
