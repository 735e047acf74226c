//! What leaves the service about few people: keys of records.

mod record_keys;

pub use record_keys::{RecordKeys, key_of_person};
