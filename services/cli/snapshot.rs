//! `equity snapshot` and `equity restore`: a copy of a data folder that proves itself, and a data folder out of it.

use std::path::PathBuf;

use clap::Args;

use super::exit::Failure;
use super::options::Shape;
use super::show::sheet::Sheet;
use super::show::{Format, Out};
use crate::app::{self, Manifest};

const TAKE: &str = "\
Examples:
  equity snapshot --data-folder /var/lib/equity --to /mnt/backup/2026-11-30
  equity snapshot --data-folder ./equity-data --to ./snapshot --format json

The service may run meanwhile. The snapshot has every change that was acknowledged before the command began. It has the log, the \
audit log and a manifest with the hash of each file. It does not have the secret: keep that apart. A snapshot is as sensitive as the data. After an \
erasure, take a new one and destroy those from before.";

const RESTORE: &str = "\
Examples:
  equity restore /mnt/backup/2026-11-30 --data-folder /var/lib/equity
  equity restore ./snapshot --data-folder ./restored --format json

The data folder has to be new or empty. Every file, both chains of hashes and the numbers of entries are checked before the folder \
counts as data. If anything is damaged, the command names the file and restores nothing. Put the secret back before you start the service \
(`secret.key` in the data folder, or the file in `secret_file`).";

/// `equity snapshot`.
#[derive(Debug, Args)]
#[command(after_help = TAKE)]
pub struct SnapshotArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// Data folder of a service, which may be running.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: PathBuf,
    /// New or empty folder for the snapshot, on another disk.
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,
}

/// `equity restore`.
#[derive(Debug, Args)]
#[command(after_help = RESTORE)]
pub struct RestoreArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// Folder of a snapshot.
    #[arg(value_name = "SNAPSHOT")]
    pub snapshot: PathBuf,
    /// New or empty folder, the data folder to be.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: PathBuf,
}

/// Takes a snapshot.
///
/// # Errors
/// The data folder cannot be copied, or the other folder is not empty.
pub fn take(args: &SnapshotArgs, out: &mut Out) -> Result<(), Failure> {
    let taken = app::take_snapshot(&args.data_folder, &args.to).map_err(anyhow::Error::from)?;
    show(&taken, out)?;
    out.remark("the snapshot does not have the secret: keep it apart from the snapshot")?;
    Ok(())
}

/// Restores a snapshot.
///
/// # Errors
/// The folder is not empty, or the snapshot is damaged.
pub fn restore(args: &RestoreArgs, out: &mut Out) -> Result<(), Failure> {
    let restored = app::restore_snapshot(&args.snapshot, &args.data_folder);
    let restored = restored.map_err(anyhow::Error::from)?;
    show(&restored, out)?;
    out.remark(&format!(
        "every file and both chains of hashes are right. Put the secret back before you start the service: {} (mode 0600), or the file in \
         `secret_file`",
        args.data_folder.join("secret.key").display()
    ))?;
    Ok(())
}

fn show(manifest: &Manifest, out: &mut Out) -> Result<(), Failure> {
    let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let (log, audit) = (&manifest.log, &manifest.audit);
    let text = match out.format {
        Format::Json => {
            let bytes = manifest.bytes();
            let mut value = serde_json::to_value(manifest).map_err(anyhow::Error::from)?;
            value["bytes"] = bytes.into();
            format!("{value:#}")
        }
        Format::Table | Format::Csv => {
            let mut sheet = Sheet::new([
                "taken",
                "position",
                "submissions",
                "releases",
                "erasures",
                "audit entries",
                "files",
                "bytes",
            ]);
            sheet.push(vec![
                manifest.taken_time.as_str().into(),
                count(log.position).into(),
                count(log.counts.submissions).into(),
                count(log.counts.releases).into(),
                count(log.counts.erasures).into(),
                count(audit.counts.entries).into(),
                count(manifest.files().count() as u64).into(),
                count(manifest.bytes()).into(),
            ]);
            if out.format == Format::Csv { sheet.csv() } else { sheet.table(&out.look) }
        }
    };
    Ok(out.answer(&text)?)
}
