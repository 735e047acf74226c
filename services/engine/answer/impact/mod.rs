//! What a channel does to access, within each group of people: indicators CH-09 to CH-12, remote against in person.
//!
//! - `question` the table; `only_followed` one of its figures alone
//! - `modes` in person and remote, and median days from booking
//! - `follow_ups` what followed, and `followed` how that is worked out record by record

mod follow_ups;
mod followed;
mod modes;
mod only_followed;
mod question;

pub use only_followed::FollowedQuestion;
pub use question::ImpactQuestion;
