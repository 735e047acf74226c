//! The demo with a partner whose own OpenTelemetry collector is sent everything: its entry in a file of partners.

use std::path::{Path, PathBuf};

use crate::app::authority::write;
use crate::cli::exit::Failure;

/// The port that OTLP over HTTP usually has.
const HTTP_PORT: &str = ":4318";

/// Writes the file of partners, and returns its path.
pub(super) fn partners(data_folder: &Path, endpoint: &str) -> Result<PathBuf, Failure> {
    let file = data_folder.join("partners.toml");
    let protocol = if endpoint.contains(HTTP_PORT) { "http" } else { "grpc" };
    let text = format!(
        "trust_domain = \"equity.example\"\n\n[partners.demo-partner]\norganisation = \"QK1\"\nsubmit_for = [\"*\"]\n\
         read = {{ profile = \"PARTNER\", areas = [\"*\"], datasets = [\"*\"], indicators = [\"*\"] }}\n\n\
         [partners.demo-partner.telemetry]\nendpoint = \"{endpoint}\"\nprotocol = \"{protocol}\"\n\
         allow_addresses = [\"127.0.0.0/8\", \"::1\"]\nareas = [\"{}\"]\ncharacteristics = [\"sex\", \"age_band\"]\n",
        super::questions::AREA
    );
    let written = std::fs::create_dir_all(data_folder).map_err(anyhow::Error::from);
    let written = written.and_then(|()| write(&file, &text));
    written.map_err(|error| Failure::data(&file, error))?;
    Ok(file)
}
