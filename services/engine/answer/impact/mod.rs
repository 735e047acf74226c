//! What a channel does to access, within each group of people: indicators CH-09 to CH-12, remote against in person.
//!
//! - `question` the table
//! - `modes` in person and remote, and median days from booking
//! - `follow_ups` what followed, and `followed` how that is worked out record by record

mod follow_ups;
mod followed;
mod modes;
mod question;

pub use question::ImpactQuestion;
