//! What a killed process leaves half-made in sled's folder.

use std::io::ErrorKind;
use std::path::Path;

use super::error::{StoreError, io};

/// Removes the snapshots that sled had begun to write when its process was killed. sled takes the last of its snapshots by name,
/// and the half-made one comes last.
///
/// # Errors
/// The folder cannot be read, or the file cannot be removed.
pub(super) fn remove_half_made(sled: &Path) -> Result<(), StoreError> {
    let files = match std::fs::read_dir(sled) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        files => files.map_err(io("list", sled))?,
    };
    for file in files {
        let path = file.map_err(io("list", sled))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(&path).map_err(io("remove", &path))?;
            tracing::info!(file = %path.display(), "removed what a killed process had left half-made");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{read, write};

    use crate::store::state::State;

    #[test]
    fn a_snapshot_that_was_not_finished_condemns_nothing() {
        let place = tempfile::tempdir().unwrap();
        let sled = place.path().join("sled");
        let state = State::open(&sled, 8 << 20).unwrap();
        state.tree.flush().unwrap();
        drop(state);
        let half = |name: &str| sled.join(format!("snap.{name}.generating"));
        for name in ["0000000000000000", "FFFFFFFFFFFFFFFF"] {
            write(half(name), b"half").unwrap();
        }
        drop(State::open(&sled, 8 << 20).unwrap());
        assert!(read(half("FFFFFFFFFFFFFFFF")).is_err(), "it is removed");
        assert!(read(sled.join("conf")).is_ok(), "other files stay");
    }
}
