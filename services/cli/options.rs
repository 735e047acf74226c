//! Options that several commands have. A command has only those that it obeys.

use std::time::Duration;

use clap::Args;

use super::client::{DEFAULT_SERVICE, Service};
use super::exit::Failure;
use super::show::Format;

/// How an answer is written.
#[derive(Debug, Clone, Copy, Args)]
pub struct Shape {
    /// Output format.
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// The service that a command asks.
#[derive(Debug, Clone, Args)]
pub struct Reach {
    /// Address of the service.
    #[arg(long, global = true, env = "EQUITY_SERVICE", default_value = DEFAULT_SERVICE, value_name = "ADDRESS")]
    pub service: String,
    /// Seconds to wait for a service that stops, is at its limit, or breaks the connection. 0: do not wait.
    #[arg(long, global = true, env = "EQUITY_WAIT", default_value_t = 60, value_name = "SECONDS")]
    pub wait: u64,
}

impl Reach {
    /// Connects to the service.
    ///
    /// # Errors
    /// The address is malformed, or no service answers there.
    pub async fn connect(&self) -> Result<Service, Failure> {
        let service = Service::connect(&self.service).await?;
        Ok(service.waiting(Duration::from_secs(self.wait)))
    }
}
