//! The gRPC server: everything between a socket and a handler. Nothing here waits without a bound.
//!
//! - `settings` the limits of time, number and bytes
//! - `address`, `listener` a port or a Unix socket
//! - `listen`, `connection`, `opening` which connections are accepted, and how long a silent one may stay; `descriptors` how many there may be
//! - `pace` how fast handshakes of one address may begin
//! - `tls`, `socket`, `certificate` who may connect, and who a client is; `renewal` new certificates, and revoked ones
//! - `tokens` bearer tokens, and the keys of their issuers
//! - `frames`, `heads` how many frames a client may send that ask for nothing; where frames begin
//! - `client`, `room`, `unread_budget` how much clients may leave unread, for how long, and who makes room for others
//! - `seats` how many calls there may be at once, and who makes room for others
//! - `methods` the name and the kind of each method of the contract
//! - `layers` what surrounds every call, one idea per file
//! - `standard` the services that every server has: `health`, `reflection`
//! - `run` serves until told to stop, and stops within a bound; `error` why the server fails

mod address;
mod certificate;
mod client;
mod connection;
mod descriptors;
mod error;
mod frames;
mod heads;
mod health;
mod layers;
mod listen;
mod listener;
mod methods;
mod opening;
mod pace;
mod reflection;
mod renewal;
mod room;
mod run;
mod seats;
mod settings;
mod socket;
mod standard;
mod tls;
mod tokens;
mod unread_budget;

pub use address::{Address, NoAddress};
pub use certificate::Certificate;
pub use descriptors::enough_descriptors;
pub use error::ServerError;
pub use health::Health;
pub use listener::Listener;
pub use run::{Callers, run};
pub use settings::ServerSettings;
pub use standard::standard_services;
pub use tls::{Tls, TlsError, TlsFiles};
pub use tokens::{PartnerClaim, TokenAlgorithm, TokenError, TokenIssuer, TokenSettings, Tokens};
