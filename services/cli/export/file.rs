//! The target of an export. A file appears as a whole or not at all: it is written next to its place and moved there at the end. A pipe
//! or device is written to directly.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Most links in a chain of links.
const LINKS: usize = 40;

/// A place to write to.
pub(super) enum Target {
    /// A file, existing or new.
    Whole(Whole),
    /// A pipe or device. Written bytes cannot be taken back.
    Direct(File),
}

impl Target {
    pub(super) fn begin(place: &Path) -> io::Result<Self> {
        let place = followed(place)?;
        match std::fs::metadata(&place) {
            Ok(found) if found.is_dir() => Err(io::Error::other("is a folder: name a file in it")),
            Ok(found) if !found.is_file() => {
                Ok(Self::Direct(File::options().write(true).open(&place)?))
            }
            Ok(found) => Ok(Self::Whole(Whole::begin(place, Some(&found))?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::Whole(Whole::begin(place, None)?))
            }
            Err(error) => Err(error),
        }
    }

    /// Moves a file to its place and replaces an earlier one.
    pub(super) fn keep(self) -> io::Result<()> {
        match self {
            Self::Whole(whole) => whole.keep(),
            Self::Direct(mut file) => file.flush(),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Whole(whole) => whole.file()?.write(bytes),
            Self::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Whole(whole) => whole.file()?.flush(),
            Self::Direct(file) => file.flush(),
        }
    }
}

/// The target of a link, existing or not. A place that is not a link is its own target.
fn followed(place: &Path) -> io::Result<PathBuf> {
    let mut place = place.to_owned();
    for _ in 0..LINKS {
        if !std::fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink()) {
            return Ok(place);
        }
        let leads_to = std::fs::read_link(&place)?;
        place = place.parent().map_or_else(|| leads_to.clone(), |folder| folder.join(&leads_to));
    }
    Err(io::Error::other("is a link in a chain of too many links"))
}

/// A file that is moved to its place when it is [`kept`](Whole::keep), and deleted otherwise.
pub(super) struct Whole {
    file: Option<File>,
    beside: PathBuf,
    place: PathBuf,
}

impl Whole {
    /// `before` is the existing file, whose permissions the new one gets.
    fn begin(place: PathBuf, before: Option<&Metadata>) -> io::Result<Self> {
        let name =
            place.file_name().ok_or_else(|| io::Error::other("is not the name of a file"))?;
        let part = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        let beside = place.with_file_name(part);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if before.is_some() {
            // Nobody reads it before it has the permissions of the other.
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let file = options.open(&beside)?;
        let whole = Self { file: Some(file), beside, place };
        if let (Some(before), Some(file)) = (before, &whole.file) {
            file.set_permissions(before.permissions())?;
        }
        Ok(whole)
    }

    fn keep(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        std::fs::rename(&self.beside, &self.place)
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::other("was put in its place"))
    }
}

impl Drop for Whole {
    /// Deletes a file that was not kept.
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.beside));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn written(place: &Path, text: &str) -> io::Result<()> {
        let mut target = Target::begin(place)?;
        target.write_all(text.as_bytes())?;
        target.keep()
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.csv");
        std::fs::write(&place, "before").unwrap();
        let mut file = Target::begin(&place).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "before");
        written(&place, "whole").unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "whole");
        assert_eq!(names(folder.path()), ["a.csv"]);
        assert!(Target::begin(&folder.path().join("none").join("a.csv")).is_err());
        assert!(Target::begin(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_links_are_followed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("far")).unwrap();
        std::fs::write(at("far/a.csv"), "before").unwrap();
        std::fs::set_permissions(at("far/a.csv"), std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink("far/a.csv", at("near.csv")).unwrap();
        symlink("near.csv", at("nearer.csv")).unwrap();
        symlink("far/new.csv", at("to_nothing.csv")).unwrap();
        symlink("round.csv", at("round.csv")).unwrap();
        written(&at("nearer.csv"), "whole").unwrap();
        written(&at("to_nothing.csv"), "new").unwrap();
        assert!(written(&at("round.csv"), "").is_err());
        assert_eq!(std::fs::read_to_string(at("far/a.csv")).unwrap(), "whole");
        assert_eq!(std::fs::read_to_string(at("far/new.csv")).unwrap(), "new");
        let mode = std::fs::metadata(at("far/a.csv")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for link in ["near.csv", "nearer.csv", "to_nothing.csv"] {
            assert!(std::fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        }
        assert_eq!(names(&at("far")), ["a.csv", "new.csv"]);
    }
}
