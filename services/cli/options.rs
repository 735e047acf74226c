//! Options that several commands have. A command has only those that it obeys.

use std::time::Duration;

use clap::Args;

use super::client::{DEFAULT_SERVICE, Service};
use super::exit::Failure;
use super::show::{Format, Out};
use super::trust::Trust;
use super::whom;

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
    /// Certificates, and the instance that is expected.
    #[command(flatten)]
    pub trust: Trust,
}

impl Reach {
    /// Connects to the service.
    ///
    /// # Errors
    /// The address is malformed, or no service answers there.
    pub async fn connect(&self) -> Result<Service, Failure> {
        let service = Service::connect(&self.service, &self.trust).await?;
        let service = service.waiting(Duration::from_secs(self.wait));
        whom::is_expected(&self.trust, &service).await?;
        Ok(service)
    }

    /// Connects to the service to change something there, and says which it is.
    ///
    /// # Errors
    /// The same, or the service does not know who calls.
    pub async fn connect_to_write(&self, out: &mut Out) -> Result<Service, Failure> {
        let service = self.connect().await?;
        whom::tell(&service, out).await?;
        Ok(service)
    }
}
