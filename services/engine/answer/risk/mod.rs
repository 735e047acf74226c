//! How a published score of small areas falls on the people who live there: DX-10 and DX-11, always ecological.
//!
//! - `asked` the question, checked against the reference content
//! - `people` who lives where; `scores` the score of each small area; `exposure` the two brought together
//! - `question` the table

mod asked;
mod exposure;
mod people;
mod question;
mod scores;

pub use asked::{HighRisk, RiskQuestion};
