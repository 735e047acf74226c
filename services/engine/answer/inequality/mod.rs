//! Answers that are made of other answers: how unequal the groups of a dimension are, how a gap moves, and which gaps are the largest. All are
//! derived from protected figures, and are answers like others.
//!
//! - `groups` the groups of an answer's column
//! - `summary` every measure of inequality; `trend` a gap over time; `gaps` the largest gaps of an area;
//!   `target` an indicator beside its target; `restoration` activity beside that of an earlier time; `standardised` rates that do not depend on age

mod gaps;
mod groups;
mod restoration;
mod standardised;
mod summary;
mod target;
mod trend;

pub use gaps::{GAP_COUNT, GapsQuestion};
pub use restoration::{RestorationQuestion, usual_baseline};
pub use standardised::{AGES, StandardisedQuestion};
pub use summary::SummaryQuestion;
pub use target::TargetQuestion;
pub use trend::{Between, TrendQuestion};
