//! A folder that goes away with its value, and whether a folder may be made at a place.

use std::io;
use std::path::{Path, PathBuf};

/// A folder of its own among the temporary files.
#[derive(Debug)]
pub struct TempFolder(PathBuf);

impl TempFolder {
    /// Makes one, whose name begins with `equity-` and this.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(name: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("equity-{name}-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // What cannot be removed stays in the folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether a folder may be made here without replacing anything: there is nothing, or an empty folder.
///
/// # Errors
/// A link is here, and what it names does not exist.
pub fn is_free(place: &Path) -> io::Result<bool> {
    // A `/` at the end would look through a link.
    let place = place.components().as_path();
    match std::fs::read_dir(place) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_link = std::fs::symlink_metadata(place).is_ok_and(|found| found.is_symlink());
            let what = "is a link to a folder that does not exist: make that folder, remove the link, or name another place";
            if is_link { Err(io::Error::other(what)) } else { Ok(true) }
        }
        Err(_) => Ok(false),
    }
}

/// The place itself, or the folder that it names as a link.
#[must_use]
pub fn followed(place: &Path) -> PathBuf {
    let place = place.components().as_path();
    let is_link = std::fs::symlink_metadata(place).is_ok_and(|found| found.is_symlink());
    let found = is_link.then(|| std::fs::canonicalize(place).ok()).flatten();
    found.unwrap_or_else(|| place.to_owned())
}
