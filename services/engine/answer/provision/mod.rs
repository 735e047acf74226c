//! Whether people who need face to face get it: indicators CH-05 to CH-08, CH-13 and CH-14.
//!
//! - `question` the table; `counts` what each group of people got
//! - `scan` one pass over the consultations

mod counts;
mod question;
mod scan;

pub use question::ProvisionQuestion;
