//! The demo with certificates: an authority of its own, and one partner that may do everything.

use std::path::{Path, PathBuf};

use crate::app::authority::{Authority, write};
use crate::cli::exit::Failure;
use crate::cli::trust::Trust;

const PARTNER: &str = "demo";
const PARTNERS: &str = "\
trust_domain = \"equity.example\"

[partners.demo]
organisation = \"QK1\"
systems = [\"demo\"]
submit_for = [\"*\"]
read = { profile = \"INTERNAL\", areas = [\"*\"], datasets = [\"*\"], indicators = [\"*\"] }
roles = [\"admin\"]
";
const DAYS: u32 = 90;

/// The files of the demo's certificates.
pub(super) struct Secured {
    files: [(&'static str, PathBuf); 5],
    /// What the demo shows to its own service.
    pub(super) trust: Trust,
}

impl Secured {
    /// Makes the files that are not there.
    pub(super) fn make(data_folder: &Path) -> Result<Self, Failure> {
        let folder = data_folder.join("certs");
        Self::made(&folder).map_err(|error| Failure::data(&folder, error))
    }

    fn made(folder: &Path) -> anyhow::Result<Self> {
        let authority = Authority::open(folder, DAYS)?;
        let server = authority.server(&["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
        let client = authority.client(PARTNER, "spiffe://equity.example/org/QK1/sys/demo")?;
        let partners = folder.join("partners.toml");
        write(&partners, PARTNERS)?;
        let files = [
            ("EQUITY_TLS_CERTIFICATE_FILE", server.certificate),
            ("EQUITY_TLS_KEY_FILE", server.key),
            ("EQUITY_TLS_CLIENT_AUTHORITIES_FILE", authority.certificate()),
            ("EQUITY_TLS_REVOCATIONS_FILE", authority.revoked()),
            ("EQUITY_PARTNERS_FILE", partners),
        ];
        let trust = Trust {
            ca: Some(authority.certificate()),
            cert: Some(client.certificate),
            key: Some(client.key),
            ..Trust::default()
        };
        Ok(Self { files, trust })
    }

    /// The settings of a service with these files.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let files = self.files.iter().map(|(name, file)| (*name, Some(file.display().to_string())));
        // The one partner fills the service with thousands of submissions, and nobody else waits for it.
        let quotas = ["EQUITY_QUOTAS_REQUESTS_PER_SECOND", "EQUITY_QUOTAS_BURST"];
        files.chain(quotas.map(|name| (name, Some("1000000".to_owned()))))
    }
}

/// How other commands reach the service.
pub(super) fn for_other_commands(address: &str, trust: &Trust) -> String {
    let file = |file: &Option<PathBuf>| {
        file.as_ref().map_or(String::new(), |file| file.display().to_string())
    };
    format!(
        "other commands show the same certificate after: export EQUITY_SERVICE={address} EQUITY_CA={} EQUITY_CERT={} EQUITY_KEY={}",
        file(&trust.ca),
        file(&trust.cert),
        file(&trust.key)
    )
}
