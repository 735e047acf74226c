//! The data folder and its disk: making folders durable, and how much room there is.

use std::path::Path;

use super::error::StoreError;

/// Makes a folder and what leads to it, and makes their names durable: what is fsynced in a folder without a name is lost.
///
/// # Errors
/// A folder cannot be made, or not be handed to the disk.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    let missing: Vec<_> = folder
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.try_exists().unwrap_or(true))
        .collect();
    std::fs::create_dir_all(folder)?;
    // An earlier process may have died between making the folder and making its name durable.
    for made in missing.into_iter().chain([folder]) {
        if let Some(parent) = made.parent() {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            std::fs::File::open(parent)?.sync_all()?;
        }
    }
    Ok(())
}

/// Bytes of the disk that this process may still use.
pub(super) fn free_bytes(folder: &Path) -> Result<u64, StoreError> {
    let stat = rustix::fs::statvfs(folder).map_err(|error| StoreError::Io {
        doing: "ask for the free space of",
        path: folder.to_owned(),
        source: error.into(),
    })?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Bytes of the files of a folder.
pub(super) fn folder_bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
}
