//! `equity demo`: starts a service, fills it with open data, and shows its answers.

mod data;
mod partner;
mod questions;
mod screen;
mod secured;
mod tour;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::client;
use super::exit::Failure;
use super::export::lines;
use super::options::Shape;
use super::running;
use super::serve;
use super::show::{Format, Out, json};
use super::trust::Trust;
use crate::app::Service;
use crate::config::ProfileName;
use questions::Answers;
use screen::Place;
use secured::Secured;

const EXAMPLES: &str = "\
Examples:
  equity demo
      loads the data, shows one screen of it, and goes on serving on 127.0.0.1:7443 until Ctrl-C
  equity demo --tour
      shows every table of the demo
  equity demo --once
      ends after printing; on any free port, so that it never meets another service
  equity demo --once --format json > demo.json
  equity demo --tls
      the same with certificates, which it makes
  equity demo --data-folder /tmp/demo --address 127.0.0.1:7500
  equity demo --partner http://127.0.0.1:4317
      sends every event, figure and alert to an OpenTelemetry collector, as to a partner organisation's own (OTLP over gRPC; port 4318: over HTTP)
  equity demo --profile partner --tour
      shows it as a partner organisation sees it, with a collection that is controlled: `synthetic-feed`

The data is the published number of GP appointments in Leicester, Leicestershire and Rutland, March 2019 to December 2020, \
published figures of digital exclusion (ONS, GP Patient Survey, Digital Exclusion Risk Index, Census 2021), and 200,000 synthetic \
consultations with the digital access of their people, which say nothing about real people. A second run on the same folder submits nothing again.";

/// The setting that `--profile` overrides.
const PROFILE: &str = "EQUITY_PROFILE_WITHOUT_IDENTITY";

/// A disclosure profile, as an option.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ProfileArg {
    /// Exact, and everything may be asked.
    Internal,
    /// Counts of controlled data are perturbed, and few people are withheld.
    Partner,
    /// Of controlled data published tables alone.
    Public,
}

impl From<ProfileArg> for ProfileName {
    fn from(given: ProfileArg) -> Self {
        match given {
            ProfileArg::Internal => Self::Internal,
            ProfileArg::Partner => Self::Partner,
            ProfileArg::Public => Self::Public,
        }
    }
}

/// `equity demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// Stop the service after printing.
    #[arg(long)]
    pub once: bool,
    /// Encrypt, and ask for certificates: a development authority and a partner that may do everything are made in the folder.
    #[arg(long)]
    pub tls: bool,
    /// Print every table of the demo instead of one screen.
    #[arg(long)]
    pub tour: bool,
    /// Folder of the service's data. It is made if it does not exist, and stays.
    #[arg(long, value_name = "FOLDER", default_value = "./equity-demo")]
    pub data_folder: PathBuf,
    /// Address to serve on (default: 127.0.0.1:7443; with --once any free port).
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// Disclosure profile of who asks (default: the setting `profile_without_identity`). With `partner`, the demo also has controlled data.
    #[arg(long, value_enum, value_name = "PROFILE")]
    pub profile: Option<ProfileArg>,
    /// Address of an OpenTelemetry collector on this machine that is sent what a partner's own systems get: `http://127.0.0.1:4317` for gRPC,
    /// `http://127.0.0.1:4318` for HTTP.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "tls")]
    pub partner: Option<String>,
    /// Number of synthetic consultations.
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: u64,
}

/// Starts the service, loads data, shows the answers, and goes on serving.
///
/// # Errors
/// The service cannot start or refuses.
pub async fn run(args: DemoArgs, out: &mut Out) -> Result<(), Failure> {
    let address = args.address.clone().or_else(|| args.once.then(|| "127.0.0.1:0".to_owned()));
    let folder = args.data_folder.display().to_string();
    let secured = args.tls.then(|| Secured::make(&args.data_folder)).transpose()?;
    let profile = args.profile.map(|profile| ProfileName::from(profile).name().to_owned());
    let mut settings =
        vec![("EQUITY_ADDRESS", address), ("EQUITY_DATA_FOLDER", Some(folder)), (PROFILE, profile)];
    settings.extend(secured.iter().flat_map(Secured::settings));
    let partners = args.partner.as_ref().map(|to| partner::partners(&args.data_folder, to));
    let partners = partners.transpose()?.map(|file| file.display().to_string());
    settings.extend(partners.map(|file| ("EQUITY_PARTNERS_FILE", Some(file))));
    let config = running::settings(None, &settings)?;
    let trust = secured.map(|secured| secured.trust).unwrap_or_default();
    let is_partner = config.profile_without_identity() == ProfileName::Partner;
    let service = running::start(&config).await?;
    // As `equity serve` says it. A full disk behind standard error keeps no service from serving.
    let _unwritten = out.remark(&serve::held_to(&config));
    // The service must be stopped even if a step fails.
    let result = tokio::select! {
        result = Box::pin(tell(&args, &trust, (&service, is_partner), out)) => result,
        told = running::until_told_to_stop() => told,
    };
    let stopped = running::stop(service, config.limits.drain).await;
    result.and(stopped)
}

async fn tell(
    args: &DemoArgs,
    trust: &Trust,
    (service, is_partner): (&Service, bool),
    out: &mut Out,
) -> Result<(), Failure> {
    let scheme = if args.tls { "https" } else { "http" };
    let address = service.address().url(scheme);
    out.remark(&format!("serving at {address}, data in {}", args.data_folder.display()))?;
    let client = client::Service::connect(&address, trust).await?;
    data::load(&client, (args.rows, is_partner), out).await?;
    if is_partner || args.partner.is_some() {
        // Partners read releases, and make none. Figures are sent with a release.
        service.release_if_none("demo").await?;
    }
    let answers = Box::pin(Answers::ask(&client, is_partner)).await?;
    let place = Place {
        address: &address,
        serving_on: !args.once,
        folder: &args.data_folder,
        program: &program(),
    };
    match out.format {
        Format::Table if args.tour => out.answer(&tour::tour(&answers, &place, &out.look))?,
        Format::Table => out.answer(&screen::screen(&answers, &place, &out.look))?,
        Format::Json => out.answer(&json::text(&answers.json()?, false))?,
        // The months alone: a file has one header.
        Format::Csv => lines(&client, questions::months(), None, true, out).await?,
    }
    if !args.once {
        if args.tls {
            out.remark(&secured::for_other_commands(&address, trust))?;
        }
        out.remark(&format!("serving at {address}; Ctrl-C stops"))?;
        running::until_told_to_stop().await?;
    }
    Ok(())
}

/// The command that runs this program: `equity` if the shell finds it by this name, otherwise its path.
fn program() -> String {
    const NAME: &str = "equity";
    let Ok(this) = std::env::current_exe() else { return NAME.to_owned() };
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths)
        .map(|folder| folder.join(NAME))
        .find(|file| file.is_file())
        .and_then(|file| file.canonicalize().ok());
    if found.is_some_and(|found| this.canonicalize().is_ok_and(|this| this == found)) {
        return NAME.to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    let near = this.strip_prefix(&here).ok().filter(|near| near.components().count() > 1);
    near.unwrap_or(&this).display().to_string()
}
