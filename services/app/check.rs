//! `equity serve --check`: everything that a start would refuse, and nothing is started or written.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context as _, bail};
use rustix::fs::{Access, access};

use super::{cannot_listen, reference_content, secret};
use crate::config::Config;
use crate::store::Store;
use crate::telemetry;

/// Checks the settings, the reference content, the data folder, its secret and the address. Returns what is in the way now and
/// need not be at the start: the address may be that of the service that runs.
///
/// # Errors
/// A service with these settings would not start.
pub fn check(config: &Config) -> anyhow::Result<Option<String>> {
    telemetry::check()?;
    reference_content(config)?;
    let folder = &config.data_folder;
    writable(folder).with_context(|| format!("the data folder {} cannot be used", folder.display()))?;
    if let Some(secret) = secret::read(&config.secret_file(), folder)? {
        Store::check(folder, &secret)?;
    }
    match TcpListener::bind(config.address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(Some(format!(
            "{} is in use now: stop the service that has it before you start this one",
            config.address
        ))),
        bound => bound.map(|_| None).with_context(|| cannot_listen(config.address)),
    }
}

/// Whether a folder can be written, or made where it does not exist yet.
fn writable(folder: &Path) -> anyhow::Result<()> {
    let there = folder.ancestors().find(|path| path.try_exists().unwrap_or(true));
    let there = there.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !there.metadata()?.is_dir() {
        bail!("{} is no folder", there.display());
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK)
        .with_context(|| format!("{} cannot be written by this user", there.display()))
}
