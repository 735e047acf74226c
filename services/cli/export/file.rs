//! The target of an export. A file appears as a whole or not at all: it is written next to its place and moved there at the end. A pipe
//! or device is written to directly.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Most links in a chain of links.
const LINKS: usize = 40;

/// A place to write to.
pub(super) struct Target {
    file: File,
    /// Where the file is written, and where it is moved to; none: a pipe or device, whose bytes cannot be taken back.
    places: Option<(PathBuf, PathBuf)>,
}

impl Target {
    pub(super) fn begin(place: &Path) -> io::Result<Self> {
        let place = followed(place)?;
        match std::fs::metadata(&place) {
            Ok(found) if found.is_dir() => Err(io::Error::other("is a folder: name a file in it")),
            Ok(found) if !found.is_file() => {
                Ok(Self { file: File::options().write(true).open(&place)?, places: None })
            }
            Ok(found) => Self::beside(place, Some(&found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::beside(place, None),
            Err(error) => Err(error),
        }
    }

    /// A file next to its place. `before` is the existing file, whose permissions the new one gets.
    fn beside(place: PathBuf, before: Option<&Metadata>) -> io::Result<Self> {
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
        let target = Self { file: options.open(&beside)?, places: Some((beside, place)) };
        if let Some(before) = before {
            target.file.set_permissions(before.permissions())?;
        }
        Ok(target)
    }

    /// Whether bytes go where they stay, to a pipe or device.
    pub(super) fn is_direct(&self) -> bool {
        self.places.is_none()
    }

    /// Moves a file to its place and replaces an earlier one.
    pub(super) fn keep(mut self) -> io::Result<()> {
        let Some((beside, place)) = &self.places else { return self.file.flush() };
        self.file.sync_all()?;
        std::fs::rename(beside, place)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Target {
    /// Deletes a file that was not kept; one that was is no longer there.
    fn drop(&mut self) {
        if let Some((beside, _)) = &self.places {
            drop(std::fs::remove_file(beside));
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
