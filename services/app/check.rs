//! `equity serve --check`: everything that a start would refuse, and nothing is started or written.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, bail};
use rustix::fs::{Access, access};

use super::{cannot_listen, home_area, reference_content, secret};
use crate::config::Config;
use crate::server::{Listener, Tls, Tokens, enough_descriptors};
use crate::store::Store;
use crate::telemetry;

/// Checks the settings, the reference content, the data folder, its secret, its log and the address. Returns what an operator should
/// know and no start refuses: what is lost, and that the address is in use now, maybe by the service that runs.
///
/// # Errors
/// A service with these settings would not start.
pub fn check(config: &Config) -> anyhow::Result<Option<String>> {
    enough_descriptors()?;
    let mut told = Vec::from_iter(telemetry::check(&config.telemetry)?);
    home_area(config, &reference_content(config)?)?;
    config.tls_files().as_ref().map(Tls::load).transpose()?;
    Tokens::load(&config.tokens)?;
    let folder = &config.data_folder;
    writable(folder)
        .with_context(|| format!("the data folder {} cannot be used", folder.display()))?;
    Store::is_restored(folder)?;
    if let Some(secret) = secret::read(&config.secret_file(), folder)? {
        let reads = Store::check(folder, &secret, &config.witness_file(), config.accept_loss)?;
        told.extend(
            reads.map(|why| format!("the service would only read, and take nothing: {why}")),
        );
    }
    match Listener::check(&config.address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => told.push(format!(
            "{} is in use now: stop the service that has it before you start this one",
            config.address
        )),
        bound => bound.with_context(|| cannot_listen(&config.address))?,
    }
    Ok((!told.is_empty()).then(|| told.join("\n")))
}

/// Whether a folder can be written, or made where it does not exist yet.
fn writable(folder: &Path) -> anyhow::Result<()> {
    let there = folder.ancestors().find(|path| path.try_exists().is_ok_and(|is| is));
    let there = there.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !there.metadata()?.is_dir() {
        bail!("{} is no folder", there.display());
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK)
        .with_context(|| format!("{} cannot be written by this user", there.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Service;

    fn config(folder: &Path, address: &str) -> Config {
        let folder = folder.display();
        let text =
            format!("data_folder = \"{folder}\"\naddress = \"{address}\"\nallow_plaintext = true");
        Config::parse(&text, |_| None).unwrap()
    }

    fn refusal(config: &Config) -> String {
        format!("{:#}", check(config).unwrap_err())
    }

    #[tokio::test]
    async fn what_a_start_refuses_is_refused_and_nothing_is_written() {
        let place = tempfile::tempdir().unwrap();
        let new = config(&place.path().join("a/b"), "127.0.0.1:0");
        assert_eq!(check(&new).unwrap(), None);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);

        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(refusal(&config(&file.join("data"), "127.0.0.1:0")).contains("is no folder"));
        // An address for documentation: no machine has it.
        assert!(
            refusal(&config(place.path(), "192.0.2.1:0")).contains("cannot listen on 192.0.2.1")
        );

        let folder = place.path().join("data");
        let service = Service::start(&config(&folder, "127.0.0.1:0")).await.unwrap();
        let running = config(&folder, &service.address().to_string());
        let told = check(&running).unwrap().unwrap();
        assert!(told.contains("is in use now"), "{told}");
        service.stop().await.unwrap();
        assert_eq!(check(&running).unwrap(), None);

        // A loss is told, and an accepted one is compared with what is lost.
        let log = folder.join("log");
        std::fs::rename(&log, place.path().join("kept")).unwrap();
        let with = |accept_loss| Config { accept_loss, ..running.clone() };
        for made in [false, true] {
            let told = check(&running).unwrap().unwrap();
            assert!(told.contains("would only read") && told.contains("--accept-loss 0"), "{told}");
            assert!(refusal(&with(Some(7))).contains("is not the loss that there is"), "{made}");
            assert_eq!(check(&with(Some(0))).unwrap(), None);
            std::fs::create_dir(&log).unwrap_or_default();
        }
        assert_eq!(std::fs::read_dir(&log).unwrap().count(), 0, "nothing is written");
        std::fs::remove_dir(&log).unwrap();
        std::fs::rename(place.path().join("kept"), &log).unwrap();
        assert_eq!(check(&with(Some(7))).unwrap(), None, "an option that was left in place");

        let secret = running.secret_file();
        std::fs::write(&secret, "00".repeat(32)).unwrap();
        assert!(refusal(&running).contains("not the one that this data was written with"));
        std::fs::write(&secret, "0").unwrap();
        assert!(refusal(&running).contains("64 hexadecimal digits"));
        std::fs::remove_file(&secret).unwrap();
        assert!(refusal(&running).contains("is missing"));
    }

    /// A secret that is made for it would be another one than that of the data.
    #[tokio::test]
    async fn a_folder_with_half_a_restore_is_refused_before_a_secret_is_made() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("data");
        std::fs::create_dir_all(folder.join("restore.new/log")).unwrap();
        let config = config(&folder, "127.0.0.1:0");
        let refused = refusal(&config);
        assert!(refused.contains("was not finished"), "{refused}");
        let refused = Service::start(&config).await.err().map(|why| format!("{why:#}")).unwrap();
        assert!(refused.contains("was not finished"), "{refused}");
        let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["restore.new"], "nothing is written");
    }
}
