//! Stand-in.
use std::net::SocketAddr;
use std::path::PathBuf;

/// Stand-in.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address.
    pub address: SocketAddr,
    /// Folder.
    pub data_folder: PathBuf,
}

impl Config {
    /// Stand-in.
    pub fn parse(text: &str, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        anyhow::ensure!(text.trim().is_empty(), "the stand-in knows no keys");
        let address = environment("EQUITY_ADDRESS").unwrap_or("127.0.0.1:7443".into());
        let address = address.parse().map_err(|e| anyhow::anyhow!("EQUITY_ADDRESS: {e}"))?;
        let folder = environment("EQUITY_DATA_FOLDER").unwrap_or("./equity-data".into());
        Ok(Self { address, data_folder: folder.into() })
    }
}
