//! Makes synthetic records: consultations with every characteristic, their population, snapshots of its digital access,
//! and counts of indicators. No
//! open file has all characteristics. The same settings give the same records.
//!
//! Totals come from published tables (`deploy/demo/`): age, sex, ethnic group, religion, sexual orientation, disability, English,
//! deprivation, homelessness, asylum support, internet use, and the appointments of each month by mode, status, staff and wait.
//! How characteristics go together is assumed (`assumptions`). So the records show how the service works; they say nothing about
//! real people.
//!
//! 1. Each person is drawn from the totals of a small area (`model`, `offline`, `person`) and lives through every month.
//! 2. Each organisation records in its own codes, and leaves out what it does not collect (`recording_habits`).
//! 3. The contacts of each month are drawn so that all people together meet the published totals (`channels`, `consultation`).
//! 4. Snapshots (`access`) give the same people the same characteristics as their consultations.
//! 5. Counts (`indicator_counts`) are drawn from the population of each month.

mod access;
mod assumptions;
mod channels;
mod characteristics;
mod codes;
mod consultation;
mod district;
mod draw;
mod error;
mod fit;
mod generator;
mod indicator_counts;
mod model;
mod offline;
mod person;
mod population;
mod published;
mod recording_habits;
mod settings;
mod tables;

pub use draw::Rng;
pub use error::GeneratorError;
pub use generator::Generator;
pub use settings::{COLLECTION, GeneratorSettings, Organisation, PERSON_KEY_SCHEME};
