//! Synthetic records, the same for the same settings: consultations with every characteristic, which no open file has, the
//! population they belong to, and snapshots of its digital access.
//!
//! Totals come from published tables (`deploy/demo/`): age, sex, ethnic group, religion, sexual orientation, disability, English,
//! deprivation, homelessness, asylum support, internet use, and the appointments of each month by mode, status, staff and wait.
//! How they go together is assumed (`assumptions`), so the set shows what the service does and says nothing about real people.
//!
//! One person after the other is drawn from a small area's totals (`model`, `offline`, `person`) and lives through every month; each
//! organisation records in its own codes and leaves out what it does not collect (`recording_habits`); each month's contacts are
//! drawn so that everybody together meets the published totals (`channels`, `consultation`). Snapshots (`access`) say of the same
//! people what their consultations say, and more.

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
mod model;
mod offline;
mod person;
mod population;
mod published;
mod recording_habits;
mod settings;
mod tables;

pub use error::GeneratorError;
pub use generator::Generator;
pub use settings::{COLLECTION, GeneratorSettings, Organisation, PERSON_KEY_SCHEME};
