//! The data folder: creating it durably, and how much space the disk has.

use std::path::Path;

use super::error::{StoreError, io};

/// Creates a folder and its parents, and fsyncs their names. A file in a folder whose name is lost would be lost too.
///
/// # Errors
/// A folder cannot be created or fsynced.
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

/// Free bytes of the disk, for a process without special rights.
pub(super) fn free_bytes(folder: &Path) -> Result<u64, StoreError> {
    let stat = rustix::fs::statvfs(folder)
        .map_err(|error| io("ask for the free space of", folder)(error.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Sum of the file sizes in a folder; folders within it do not count.
pub(super) fn folder_bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
}
