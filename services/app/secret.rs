//! The deployment's secret: 32 bytes, in hexadecimal, in a file that only the service reads.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::store::make_folder;

/// Reads the secret. If there is neither a secret nor data, makes one. Without its secret the data is unusable: back it up.
pub(super) fn load(file: &Path, data_folder: &Path) -> anyhow::Result<[u8; 32]> {
    match read(file, data_folder)? {
        Some(secret) => Ok(secret),
        None => make(file).with_context(|| format!("cannot write the secret {}", file.display())),
    }
}

/// Reads the secret; none if there is neither a secret nor data.
pub(super) fn read(file: &Path, data_folder: &Path) -> anyhow::Result<Option<[u8; 32]>> {
    match fs::read_to_string(file) {
        Ok(text) => parse(text.trim())
            .map(Some)
            .with_context(|| format!("{} holds no secret: 64 hexadecimal digits", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Either may have been lost; the secret made anew would fit neither.
            if data_folder.join("log").try_exists()? || data_folder.join("sled").try_exists()? {
                bail!(
                    "{} is missing, and {} has data that was written with it: put it back from the backup",
                    file.display(),
                    data_folder.display()
                );
            }
            Ok(None)
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot read the secret {}", file.display()))
        }
    }
}

fn make(file: &Path) -> anyhow::Result<[u8; 32]> {
    let mut secret = [0u8; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut secret)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    // Under its name it is whole or not there: a start that is cut off, or meets a full disk, does not spoil the next.
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = folder.join(name);
    let made = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut written = options.open(&beside)?;
        writeln!(written, "{hex}")?;
        // The data is worth nothing without it: on the disk before the first byte of data is.
        written.sync_all()?;
        fs::rename(&beside, file)?;
        fs::File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?
            .sync_all()
    })();
    if let Err(error) = made {
        // It may not be there, and is of no use to anybody.
        let _ = fs::remove_file(&beside);
        return Err(error.into());
    }
    tracing::warn!(file = %file.display(), "made a new secret: back it up, the data cannot be used without it");
    Ok(secret)
}

fn parse(text: &str) -> anyhow::Result<[u8; 32]> {
    anyhow::ensure!(text.len() == 64 && text.is_ascii(), "{} characters", text.len());
    let mut secret = [0; 32];
    for (place, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16)?;
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_start_that_was_cut_off_left_behind_does_not_stop_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.key");
        fs::write(folder.path().join("secret.key.new"), "01").unwrap();
        let made = load(&file, folder.path()).unwrap();
        assert_eq!(load(&file, folder.path()).unwrap(), made);
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["secret.key"]);
    }

    #[test]
    fn a_secret_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // A folder of that name: the last step fails.
        let file = folder.path().join("secret.key");
        fs::create_dir_all(file.join("in the way")).unwrap();
        assert!(make(&file).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
