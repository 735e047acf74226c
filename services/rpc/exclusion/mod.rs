//! `DigitalExclusionService`.

mod assessments;
mod estimates;
mod service;

pub use service::Exclusion;
