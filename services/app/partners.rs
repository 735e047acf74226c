//! What partners may do, read from their file without a service.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use x509_parser::prelude::parse_x509_pem;

use super::reference_content;
use crate::config::Config;
use crate::domain::reference::Reference;
use crate::proto::v1::CallerInfo;
use crate::rpc::caller::Caller;
use crate::rpc::service_info::caller_info;
use crate::rpc::status::TokenProblem;
use crate::server::{Certificate, Tokens};

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
