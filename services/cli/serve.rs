//! `equity serve`: runs the service.

use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use super::options::Shape;
use super::running;
use super::show::{Format, Out};
use crate::app::{self, Service};
use crate::config::{Config, ProfileName};

const EXAMPLES: &str = "\
Examples:
  equity serve
      on 127.0.0.1:7443, data in ./equity-data
  equity serve --config /etc/equity/equity.toml
  equity serve --address 127.0.0.1:0 --data-folder /var/lib/equity --format json
      on any free port; the first line of output says which, for a script
  EQUITY_LIMITS_DRAIN=30s equity serve --check
      checks everything that a start would refuse, and starts and writes nothing

Settings come from the options, then from the environment (`limits.drain` is EQUITY_LIMITS_DRAIN), then from the file, then \
from the defaults. deploy/equity.example.toml documents every key. Everything is checked before the port is bound.";

/// `equity serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// File of settings, TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; port 0 takes any free one. `unix:/run/equity.sock` is a Unix socket.
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Folder of the log, the store and the secret. It is made if it does not exist.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: Option<PathBuf>,
    /// Folder of code lists, areas, organisations and collections. Its files replace the built-in ones of the same name, or add to them.
    #[arg(long, value_name = "FOLDER")]
    pub reference_folder: Option<PathBuf>,
    /// Serve an address that other machines can reach without encryption and identity of callers. TLS needs no such permission: see
    /// `equity certs` and deploy/guides/tls.md.
    #[arg(long)]
    pub allow_plaintext: bool,
    /// Go on without entries that the log has lost, for this start: the position of the last entry that is left. Read the runbook first. With --check: only compare it with the loss.
    #[arg(long, value_name = "POSITION")]
    pub accept_loss: Option<u64>,
    /// Only check the settings, the reference content, the data folder, its secret and the address.
    #[arg(long, conflicts_with = "format")]
    pub check: bool,
}

impl ServeArgs {
    /// The settings. Options of the command line override all other sources.
    ///
    /// # Errors
    /// The file cannot be read or the settings are wrong.
    pub fn settings(&self) -> Result<Config, Failure> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let settings = running::settings(
            self.config.as_deref(),
            &[
                ("EQUITY_ADDRESS", self.address.clone()),
                ("EQUITY_DATA_FOLDER", path(&self.data_folder)),
                ("EQUITY_REFERENCE_FOLDER", path(&self.reference_folder)),
                ("EQUITY_ALLOW_PLAINTEXT", self.allow_plaintext.then(|| "true".to_owned())),
            ],
        )?;
        Ok(Config { accept_loss: self.accept_loss, ..settings })
    }
}

/// Serves until Ctrl-C or SIGTERM.
///
/// # Errors
/// The settings are wrong, the service cannot start, or it does not stop.
pub async fn run(args: ServeArgs, out: &mut Out) -> Result<(), Failure> {
    let config = args.settings()?;
    if args.check {
        if let Some(now) = app::check(&config)? {
            out.remark(&now)?;
        }
        out.remark(&held_to(&config))?;
        out.answer("the service can start with these settings")?;
        return Ok(());
    }
    let telemetry = app::observe(&config)?;
    let service = running::start(&config).await?;
    // A full disk behind standard error keeps no service from serving.
    let _unwritten = out.remark(&held_to(&config));
    out.answer(&ready(&service, &config, out.format))?;
    let told = running::until_told_to_stop().await;
    let _unwritten = out.remark("stopping");
    let stopped = running::stop(service, config.limits.drain).await;
    // Last, so that what stopping had to say goes out too.
    telemetry.shutdown().await;
    stopped.and(told)
}

/// The line that announces that the service is ready.
fn ready(service: &Service, config: &Config, format: Format) -> String {
    let scheme = if config.tls_files().is_none() { "http" } else { "https" };
    let address = service.address().url(scheme);
    let folder = config.data_folder.display().to_string();
    let profile =
        if config.lets_anybody_in() { config.profile_without_identity().name() } else { "" };
    match format {
        Format::Table => format!("serving at {address}, data in {folder}; Ctrl-C stops"),
        Format::Json => serde_json::json!({
            "address": address, "data_folder": folder, "profile_without_identity": profile,
        })
        .to_string(),
        Format::Csv => super::show::csv::text(
            &["address", "data_folder", "profile_without_identity"].map(str::to_owned),
            [vec![address, folder, profile.to_owned()]],
        ),
    }
}

/// Who may call, and what callers see of controlled data.
pub(super) fn held_to(config: &Config) -> String {
    if let Some(partners) = config.partners_file.as_deref().filter(|_| !config.lets_anybody_in()) {
        let who = match (config.tls_files(), &config.tokens) {
            (None, _) => "plain text on this machine: callers send a bearer token",
            (_, tokens) if tokens.required && tokens.without_certificate => {
                "TLS is on: callers send a bearer token, with a certificate or without"
            }
            (_, tokens) if tokens.required => {
                "TLS is on: callers show a certificate and send a bearer token"
            }
            (_, tokens) if tokens.without_certificate => {
                "TLS is on: callers show a certificate or send a bearer token"
            }
            _ => "TLS is on: callers show a certificate",
        };
        return format!("{who}, and {} says what each may do", partners.display());
    }
    let profile = config.profile_without_identity();
    let sees = match profile {
        ProfileName::Internal => "everybody who can connect sees controlled data exactly",
        ProfileName::Partner => "controlled data is perturbed, and small counts are withheld",
        ProfileName::Public => "no question about controlled data is answered",
    };
    let from = match config.profile_without_identity {
        Some(_) => "set",
        None => "the default for this address",
    };
    let partners = match config.partners_file.as_deref() {
        Some(file) => format!("; {} is read for telemetry only", file.display()),
        None => String::new(),
    };
    format!(
        "plain text without identity: callers have the disclosure profile {} ({from}): {sees}{partners}",
        profile.name()
    )
}
