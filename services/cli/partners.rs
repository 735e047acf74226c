//! `equity partners`: what partners may do, read from the file of partners before a service is.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::delivery::{self, DeliveryArgs};
use super::exit::Failure;
use super::info::caller_lines;
use super::options::Shape;
use super::reference::show;
use super::show::sheet::Sheet;
use super::show::{Format, Out, json};
use crate::app::partners::{check, check_token, list};
use crate::proto::v1::CallerInfo;

const EXAMPLES: &str = "\
Examples:
  equity partners list --partners ./certs/partners.toml
  equity partners show alpha --partners ./certs/partners.toml
  equity partners check ./certs/alpha.crt --partners ./certs/partners.toml
      what the holder of this certificate may do, or why nothing

`equity info` asks a running service the same about the certificate that you show.";

/// `equity partners`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct PartnersArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// File of the partners.
    #[arg(
        long,
        global = true,
        env = "EQUITY_PARTNERS_FILE",
        value_name = "FILE",
        default_value = "partners.toml"
    )]
    pub partners: PathBuf,
    /// Folder of reference content, as for `equity serve`.
    #[arg(long, global = true, env = "EQUITY_REFERENCE_FOLDER", value_name = "FOLDER")]
    pub reference_folder: Option<PathBuf>,
    /// What is shown.
    #[command(subcommand)]
    pub what: PartnersAction,
}

/// The subcommands of `equity partners`.
#[derive(Debug, Subcommand)]
pub enum PartnersAction {
    /// List the partners.
    #[command(
        after_help = "Examples:\n  equity partners list --partners ./certs/partners.toml\n  equity partners list --format json"
    )]
    List,
    /// Show what a partner may do.
    #[command(
        after_help = "Examples:\n  equity partners show alpha --partners ./certs/partners.toml\n  equity partners show alpha --format json"
    )]
    Show {
        /// Name of the partner.
        name: String,
    },
    /// Show how far telemetry to partners' own systems has come, send it again, or stop it.
    Delivery(Box<DeliveryArgs>),
    /// Say what the holder of a certificate, or of a bearer token, may do, or why nothing.
    #[command(
        after_help = "Examples:\n  equity partners check ./certs/alpha.crt --partners ./certs/partners.toml\n  equity partners check /etc/equity/emis.crt\n  equity partners check --token-file token.txt --config /etc/equity/equity.toml\n  equity partners check /etc/equity/emis.crt --token-file token.txt --config /etc/equity/equity.toml\n      a token that is bound to this certificate"
    )]
    Check {
        /// File of the certificate (PEM).
        #[arg(required_unless_present = "token_file")]
        certificate: Option<PathBuf>,
        /// File of the bearer token. It is checked as the service of --config would do.
        #[arg(long, value_name = "FILE", requires = "config")]
        token_file: Option<PathBuf>,
        /// Settings of the service, which have the issuers of tokens and the file of partners.
        #[arg(long, value_name = "FILE", requires = "token_file")]
        config: Option<PathBuf>,
    },
}

/// Reads the partners, and shows what they may do.
///
/// # Errors
/// A file cannot be used, there is no such partner, the certificate would be refused, or the service refuses.
pub async fn run(args: &PartnersArgs, out: &mut Out) -> Result<(), Failure> {
    let (file, folder) = (&args.partners, args.reference_folder.as_deref());
    let all = || list(file, folder).map_err(|error| Failure::data(file, error));
    match &args.what {
        PartnersAction::Delivery(args) => Box::pin(delivery::run(args, out)).await,
        PartnersAction::List => {
            let all = all()?;
            if out.format == Format::Json {
                let each = all.iter().map(|one| json::of("equity.v1.CallerInfo", one));
                let each = serde_json::Value::Array(each.collect::<Result<_, _>>()?);
                return Ok(out.answer(&json::text(&each, false))?);
            }
            show(&sheet(&all), "equity.v1.CallerInfo", &CallerInfo::default(), out)
        }
        PartnersAction::Show { name } => {
            let all = all()?;
            let names = all.iter().map(|one| one.partner.as_str()).collect::<Vec<_>>().join(", ");
            let found = all.iter().find(|one| one.partner == *name).ok_or_else(|| {
                Failure::Usage(format!("{} has no partner {name}; it has {names}", file.display()))
            })?;
            show(&caller_lines(found.clone()), "equity.v1.CallerInfo", found, out)
        }
        PartnersAction::Check { certificate, token_file: Some(token), config } => {
            let settings = super::running::settings(config.as_deref(), &[])?;
            let (found, until) = check_token(&settings, token, certificate.as_deref())
                .map_err(|error| Failure::data(token, error))?;
            out.remark(&format!("the token is accepted until {until}"))?;
            show(&caller_lines(found.clone()), "equity.v1.CallerInfo", &found, out)
        }
        PartnersAction::Check { certificate, token_file: None, .. } => {
            let certificate = certificate.as_deref().unwrap_or(Path::new(""));
            let (found, until) = check(file, folder, certificate)
                .map_err(|error| Failure::data(certificate, error))?;
            out.remark(&format!("the certificate is valid until {until}"))?;
            show(&caller_lines(found.clone()), "equity.v1.CallerInfo", &found, out)
        }
    }
}

fn sheet(all: &[CallerInfo]) -> Sheet {
    let mut sheet =
        Sheet::new(["partner", "organisation", "profile", "submits_for", "reads_areas", "roles"]);
    for one in all {
        let submits = [&one.submit_organisations[..], &one.submit_areas[..]].concat().join(", ");
        let reads = [&one.read_areas[..], &one.read_organisations[..]].concat().join(", ");
        sheet.push(vec![
            one.partner.as_str().into(),
            one.organisation.as_str().into(),
            one.profile.as_str().into(),
            submits.into(),
            reads.into(),
            one.roles.join(", ").into(),
        ]);
    }
    sheet
}
