//! `equity certs`: certificates for development.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exit::Failure;
use super::show::Out;
use crate::app::authority::{Authority, write};

const EXAMPLES: &str = "\
Examples:
  equity certs dev ./certs --partner alpha=C82001/emis --partner beta=C82002/systmone
      an authority, the certificate of a service on this machine, certificates of two partners, partners.toml and equity.toml
  equity serve --config ./certs/equity.toml
  equity info --ca ./certs/ca.crt --cert ./certs/alpha.crt --key ./certs/alpha.key
  equity certs revoke ./certs beta
      a running service refuses beta within ten seconds

For development and tests: the key of the authority lies next to the certificates.";

/// `equity certs`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CertsArgs {
    /// What is done.
    #[command(subcommand)]
    pub what: CertsAction,
}

/// The subcommands of `equity certs`.
#[derive(Debug, Subcommand)]
pub enum CertsAction {
    /// Make an authority, and certificates of a service and of partners. Files that are there stay.
    #[command(
        after_help = "Examples:\n  equity certs dev ./certs\n  equity certs dev ./certs --partner gamma=C82003/emis --host equity.test"
    )]
    Dev(DevArgs),
    /// Revoke a certificate of such an authority.
    #[command(
        after_help = "Examples:\n  equity certs revoke ./certs alpha\n  equity certs revoke ./certs beta"
    )]
    Revoke {
        /// Folder of the authority.
        folder: PathBuf,
        /// Name of the certificate, without `.crt`.
        name: String,
    },
}

/// `equity certs dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// Folder of the files. It is made if it does not exist.
    pub folder: PathBuf,
    /// A partner: its name, the ODS code of its organisation, and its system. Repeat the option for more.
    #[arg(long = "partner", value_name = "NAME=ODS/SYSTEM", value_parser = partner)]
    pub partners: Vec<(String, String, String)>,
    /// A name or address of the service, beside those of this machine. Repeat the option for more.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// Who names organisations in the certificates.
    #[arg(long, value_name = "DOMAIN", default_value = "equity.example")]
    pub trust_domain: String,
    /// For how many days the certificates are valid.
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub days: u32,
}

fn there(file: &Path) -> Result<bool, Failure> {
    file.try_exists().map_err(|error| {
        Failure::Other(anyhow::anyhow!("{} cannot be looked for: {error}", file.display()))
    })
}

fn partner(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once('=').and_then(|(name, rest)| Some((name, rest.split_once('/')?)));
    match parts {
        Some((name, (organisation, system))) if !name.is_empty() && !organisation.is_empty() => {
            Ok((name.to_owned(), organisation.to_owned(), system.to_owned()))
        }
        _ => Err(format!("expected NAME=ODS/SYSTEM, `alpha=C82001/emis`, not `{text}`")),
    }
}

/// Makes or revokes certificates.
///
/// # Errors
/// A name cannot be in a certificate, or a file cannot be read or written.
pub fn run(args: CertsArgs, out: &mut Out) -> Result<(), Failure> {
    match args.what {
        CertsAction::Dev(args) => dev(&args, out),
        CertsAction::Revoke { folder, name } => {
            let failed = |error| Failure::data(&folder, error);
            let authority = Authority::open(&folder, 90).map_err(failed)?;
            authority.revoke(&name).map_err(failed)?;
            let file = authority.revoked();
            out.answer(&format!("{name} is revoked in {}", file.display()))?;
            Ok(())
        }
    }
}

fn dev(args: &DevArgs, out: &mut Out) -> Result<(), Failure> {
    let folder = &args.folder;
    let failed = |error: anyhow::Error| Failure::data(folder, error);
    let mut partners = args.partners.clone();
    if partners.is_empty() {
        partners = ["alpha=C82001/emis", "beta=C82002/systmone"]
            .map(partner)
            .into_iter()
            .flatten()
            .collect();
    }
    let authority = Authority::open(folder, args.days).map_err(failed)?;
    let hosts = ["localhost", "127.0.0.1", "::1"].into_iter().map(str::to_owned);
    let hosts: Vec<_> = hosts.chain(args.hosts.iter().cloned()).collect();
    authority.server(&hosts).map_err(failed)?;
    for (name, organisation, system) in &partners {
        let uri = format!("spiffe://{}/org/{organisation}/sys/{system}", args.trust_domain);
        authority
            .client(name, &uri)
            .map_err(|error| Failure::Usage(format!("--partner {name}: {error:#}")))?;
    }
    let file = folder.join("partners.toml");
    if there(&file)? {
        out.remark(&format!("{} stays: name new partners in it", file.display()))?;
    } else {
        write(&file, &partners_toml(&args.trust_domain, &partners)).map_err(failed)?;
    }
    let settings = folder.join("equity.toml");
    if !there(&settings)? {
        write(&settings, &settings_toml(folder)).map_err(failed)?;
    }
    let names = partners.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", ");
    let folder = folder.display();
    out.answer(&format!(
        "{folder} has certificates of the service and of {names}\nnext: equity serve --config {folder}/equity.toml"
    ))?;
    Ok(())
}

/// Partners that send data of their own organisation, and read the whole system as partners do.
fn partners_toml(trust_domain: &str, partners: &[(String, String, String)]) -> String {
    let mut text = format!(
        "# Who may send and read what. Whoever is not named may do nothing. deploy/guides/tls.md explains every key.\n\
         trust_domain = \"{trust_domain}\"\n"
    );
    for (name, organisation, system) in partners {
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "\n[partners.{name}]\norganisation = \"{organisation}\"\nsystems = [\"{system}\"]\n\
             submit_for = [\"{organisation}\"]\nread = {{ profile = \"PARTNER\", areas = [\"*\"], datasets = [\"*\"], indicators = [\"*\"] }}\n"
        );
    }
    text
}

fn settings_toml(folder: &Path) -> String {
    let file = |name: &str| {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        folder.join(name).display().to_string()
    };
    let [certificate, key, authority, revoked, partners] =
        ["server.crt", "server.key", "ca.crt", "revoked.pem", "partners.toml"].map(file);
    format!(
        "partners_file = {partners:?}\n\n[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n\
         client_authorities_file = {authority:?}\nrevocations_file = {revoked:?}\n"
    )
}
