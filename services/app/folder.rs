//! A folder that goes away with its value.

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
