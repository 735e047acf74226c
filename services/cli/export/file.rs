//! A file that is there whole or not at all: written beside its place, moved there when it is done.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that takes its place when it is [`kept`](Whole::keep), and is gone if it is not.
pub(super) struct Whole {
    file: Option<File>,
    beside: PathBuf,
    place: PathBuf,
}

impl Whole {
    pub(super) fn begin(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or_else(|| io::Error::other("is no name of a file"))?;
        let part = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        let beside = place.with_file_name(part);
        let file = File::options().write(true).create_new(true).open(&beside)?;
        Ok(Self { file: Some(file), beside, place: place.to_owned() })
    }

    /// Puts the file in its place, in place of what may be there.
    pub(super) fn keep(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        std::fs::rename(&self.beside, &self.place)
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::other("was put in its place"))
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

impl Drop for Whole {
    /// What was not kept is taken away; when it was, there is nothing beside.
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.beside));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.csv");
        std::fs::write(&place, "before").unwrap();
        let mut file = Whole::begin(&place).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "before");
        let mut file = Whole::begin(&place).unwrap();
        file.write_all(b"whole").unwrap();
        file.keep().unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(Whole::begin(&folder.path().join("none").join("a.csv")).is_err());
    }
}
