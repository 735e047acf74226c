//! Segment files: their names and their order.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::error::LogError;

/// One file of the log.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Position of its first entry, as its name says.
    pub(super) first: u64,
    pub(super) path: PathBuf,
    /// Length, in bytes.
    pub(super) bytes: u64,
}

impl Segment {
    /// The file that begins with that entry.
    pub(super) fn path_of(folder: &Path, first: u64) -> PathBuf {
        folder.join(format!("{first:020}.seg"))
    }

    /// The segments of a folder, in order. Files with other names are none of ours.
    pub(super) fn list(folder: &Path) -> Result<Vec<Self>, LogError> {
        let read = |path: &Path, source: io::Error| LogError::Io {
            doing: "read",
            path: path.to_owned(),
            source,
        };
        let mut segments = Vec::new();
        for item in fs::read_dir(folder).map_err(|error| read(folder, error))? {
            let path = item.map_err(|error| read(folder, error))?.path();
            if let Some(first) = path.file_name().and_then(|name| first_of(name.to_str()?)) {
                let bytes = fs::metadata(&path).map_err(|error| read(&path, error))?.len();
                segments.push(Self { first, path, bytes });
            }
        }
        segments.sort_by_key(|segment| segment.first);
        Ok(segments)
    }
}

/// The position that a file name says, if it is the name of a segment.
fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}
