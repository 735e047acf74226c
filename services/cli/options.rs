//! Options that several commands have. A command has only those that it obeys.

use clap::Args;

use super::client::DEFAULT_SERVICE;
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
}
