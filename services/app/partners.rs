//! What partners may do: read from their file, without a service and when the file changes while one runs.

use std::path::Path;
use std::sync::{Arc, Weak};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use x509_parser::prelude::parse_x509_pem;

use super::content::{reference_content, with_partners};
use crate::config::Config;
use crate::domain::codes::Content;
use crate::domain::reference::Reference;
use crate::engine::Engine;
use crate::proto::v1::CallerInfo;
use crate::rpc::caller::Caller;
use crate::rpc::service_info::caller_info;
use crate::rpc::status::TokenProblem;
use crate::server::{Certificate, Tokens};
use crate::telemetry::metrics;

/// Puts the file of partners in use whenever it has changed, for as long as the service runs. A file that cannot be used changes nothing and is
/// spoken of once. `content`: what is in use now.
pub(super) async fn look(engine: Weak<Engine>, config: Config, mut content: Content) {
    let Some(file) = config.partners_file.clone() else { return };
    let mut failed = None;
    loop {
        tokio::time::sleep(config.server_settings().renewal).await;
        let (read, settings, base) = (file.clone(), config.clone(), content.clone());
        let looked = tokio::task::spawn_blocking(move || with_partners(&settings, base, &read));
        let Some(engine) = engine.upgrade() else { return };
        // A panic is no reason to keep partners that were taken away.
        let looked = looked.await.unwrap_or_else(|error| Err(error.into()));
        let used = match looked {
            Ok(new) if new == content => Ok(()),
            Ok(new) => put_in_use(&engine, &mut content, new).await,
            Err(error) => Err(error),
        };
        let why = used.err().map(|error| format!("{error:#}"));
        metrics::partners_file_unusable(why.is_some());
        if let Some(why) = why.as_ref().filter(|_| why != failed) {
            tracing::error!(
                why,
                "the file of partners has changed and cannot be used: the service goes on with the partners that it has"
            );
        }
        failed = why;
    }
}

async fn put_in_use(engine: &Engine, content: &mut Content, new: Content) -> anyhow::Result<()> {
    let position = engine.configure(new.clone()).await?;
    *content = new;
    tracing::info!(position, "the partners of the changed file are in use");
    Ok(())
}

/// The partners of a file, checked against reference content. None: the embedded content.
///
/// # Errors
/// A file cannot be read, or names what is not there.
pub fn list(file: &Path, reference_folder: Option<&Path>) -> anyhow::Result<Vec<CallerInfo>> {
    let reference = read(file, reference_folder)?;
    let all = reference.partners().iter();
    Ok(all.map(|partner| caller_info(&Caller::Partner(Arc::clone(partner)))).collect())
}

/// What the holder of a certificate may do, and until when it is valid.
///
/// # Errors
/// A file cannot be read, or a service with these partners would refuse the certificate: says why.
pub fn check(
    file: &Path,
    reference_folder: Option<&Path>,
    certificate: &Path,
) -> anyhow::Result<(CallerInfo, String)> {
    let reference = read(file, reference_folder)?;
    let read = Certificate::from_der(&der(certificate)?).map_err(anyhow::Error::msg)?;
    let identity = read.identity.clone().map_err(anyhow::Error::msg)?;
    let Some(partner) = reference.partners().of(&identity) else {
        let domain = reference.partners().trust_domain();
        bail!("no partner of {} has {identity}; its trust_domain is `{domain}`", file.display());
    };
    if let Some(why) = read.unusable_now() {
        bail!("{identity} is partner {}, and the certificate {why}", partner.id);
    }
    Ok((caller_info(&Caller::Partner(Arc::clone(partner))), read.valid_until()))
}

/// What the holder of a bearer token may do at a service with these settings, and until when it is accepted. `certificate`: what the
/// connection shows.
///
/// # Errors
/// A file cannot be read, or the service would refuse the token: says why, and nothing of the token.
pub fn check_token(
    config: &Config,
    token: &Path,
    certificate: Option<&Path>,
) -> anyhow::Result<(CallerInfo, String)> {
    let reference = Reference::new(&reference_content(config)?)?;
    let tokens =
        Tokens::load(&config.tokens)?.context("the settings have no [[tokens.issuers]]")?;
    let shown = certificate.map(der).transpose()?;
    let text = std::fs::read_to_string(token)?;
    let refused = |problem: TokenProblem| {
        anyhow::anyhow!("the service refuses it ({}): {}", problem.name(), problem.advice())
    };
    let accepted = tokens.check(text.trim(), shown.as_deref()).map_err(refused)?;
    let known = reference.partners().named(&accepted.partner);
    let partner = known.ok_or_else(|| refused(TokenProblem::SubjectUnknown))?;
    if let Some(shown) = shown {
        let of = Certificate::from_der(&shown).map_err(anyhow::Error::msg)?;
        let identity = of.identity.map_err(anyhow::Error::msg)?;
        if reference.partners().of(&identity) != Some(partner) {
            return Err(refused(TokenProblem::PartnerOther));
        }
    }
    let until = Timestamp::try_from(accepted.until)?.to_string();
    Ok((caller_info(&Caller::Partner(Arc::clone(partner))), until))
}

/// The first certificate of a file.
fn der(file: &Path) -> anyhow::Result<Vec<u8>> {
    let pem = std::fs::read(file).with_context(|| file.display().to_string())?;
    let (_, pem) = parse_x509_pem(&pem).context("has no certificate in PEM")?;
    Ok(pem.contents)
}

fn read(file: &Path, reference_folder: Option<&Path>) -> anyhow::Result<Reference> {
    let config = Config {
        partners_file: Some(file.to_owned()),
        reference_folder: reference_folder.map(Path::to_owned),
        ..Config::default()
    };
    Ok(Reference::new(&reference_content(&config)?)?)
}
