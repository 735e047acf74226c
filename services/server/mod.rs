//! The door: everything between a socket and a handler. Nothing here waits without a bound.
//!
//! - `settings` the bounds
//! - `listen`, `connection` who is let in, and for how long a silent one may stay
//! - `lending` what clients have not read yet, and for how long they may leave it
//! - `methods` what the door knows of each method
//! - [`layers`] what surrounds every call, one idea per file
//! - `standard` health and reflection
//! - `run` serves until told to stop, and stops within a bound

mod connection;
pub mod layers;
mod lending;
mod listen;
mod methods;
mod run;
mod settings;
mod standard;

pub use run::{ServerError, run};
pub use settings::ServerSettings;
pub use standard::{Health, standard_services};
