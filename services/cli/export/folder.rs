//! A folder with a file for each part of an export, named as data platforms read it: `area=QK1/first_month=2020-04/data.parquet`. It
//! appears as a whole or not at all.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::columns::FileColumn;
use crate::app::folder::{followed, is_free};

/// Most files of a folder.
const MOST: usize = 10_000;
/// The value of a row that has none, as data platforms name it.
const NONE: &str = "__HIVE_DEFAULT_PARTITION__";

/// A folder that is being written.
pub(super) struct Folder {
    /// Where it is written, and where it is moved to.
    beside: PathBuf,
    place: PathBuf,
    /// The columns in the names of its folders.
    pub(super) by: Vec<FileColumn>,
    file: String,
}

impl Folder {
    /// A new folder, or an empty one. `file` is the name of each file.
    pub(super) fn begin(place: &Path, by: Vec<FileColumn>, file: &str) -> io::Result<Self> {
        if !is_free(place)? {
            return Err(io::Error::other("is there already: name a new folder, or an empty one"));
        }
        // A link to an empty folder stays one.
        let place = followed(place);
        let name =
            place.file_name().ok_or_else(|| io::Error::other("is not the name of a folder"))?;
        let part = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        let beside = place.with_file_name(part);
        std::fs::create_dir(&beside)?;
        Ok(Self { beside, place, by, file: file.to_owned() })
    }

    /// The file of the part with these values.
    pub(super) fn file(&self, values: &[String]) -> io::Result<File> {
        let names = self.by.iter().zip(values);
        let folders = names.map(|(column, value)| format!("{}={}", column.name, shown(value)));
        let folder = folders.fold(self.beside.clone(), |folder, name| folder.join(name));
        std::fs::create_dir_all(&folder)?;
        File::create_new(folder.join(&self.file))
    }

    /// A file in the folder itself, which data platforms pass over.
    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        std::fs::write(self.beside.join(name), bytes)
    }

    /// Whether so many parts are too many.
    pub(super) fn check(parts: usize) -> io::Result<()> {
        let why = format!(
            "{parts} files, and at most {MOST} are written: divide by columns with fewer values"
        );
        if parts > MOST { Err(io::Error::other(why)) } else { Ok(()) }
    }

    /// Moves the folder to its place.
    pub(super) fn keep(self) -> io::Result<()> {
        match std::fs::remove_dir(&self.place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        std::fs::rename(&self.beside, &self.place)
    }
}

impl Drop for Folder {
    /// Deletes a folder that was not kept; one that was is no longer there.
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.beside));
    }
}

/// A value in the name of a folder: what a file system or a reader could take for something else is written as `%2F`.
fn shown(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    let letter = |byte: u8| {
        if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    if value.is_empty() { NONE.to_owned() } else { value.bytes().map(letter).collect() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::columns::named;
    use super::*;

    #[test]
    fn a_folder_is_there_whole_or_not_at_all_and_replaces_nothing() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("out");
        let begin = || {
            let by = named(&["area", "column"].map(str::to_owned));
            Folder::begin(&place, by, "data.csv")
        };
        let written = |folder: &Folder, values: [&str; 2]| {
            let values = values.map(str::to_owned);
            folder.file(&values).unwrap().write_all(b"x").unwrap();
        };
        written(&begin().unwrap(), ["QK1", ""]);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
        std::fs::create_dir(&place).unwrap();
        let folder = begin().unwrap();
        written(&folder, ["QK1", "CH-01/VIDEO"]);
        written(&folder, ["04C", ""]);
        folder.keep().unwrap();
        for file in [
            "area=QK1/column=CH-01%2FVIDEO/data.csv",
            "area=04C/column=__HIVE_DEFAULT_PARTITION__/data.csv",
        ] {
            assert!(place.join(file).is_file(), "{file}");
        }
        assert!(begin().err().unwrap().to_string().contains("name a new folder"));
        let link = |to: &str, name: &str| {
            let link = home.path().join(name);
            std::os::unix::fs::symlink(to, &link).unwrap();
            Folder::begin(&link, named(&[]), "data.csv")
        };
        let nowhere = link("nowhere", "dangling").err().unwrap().to_string();
        assert!(nowhere.contains("make that folder, remove the link"), "{nowhere}");
        std::fs::create_dir(home.path().join("empty")).unwrap();
        let folder = link("empty", "linked").unwrap();
        written(&folder, ["04C", ""]);
        folder.keep().unwrap();
        assert!(std::fs::symlink_metadata(home.path().join("linked")).unwrap().is_symlink());
        assert!(home.path().join("empty/data.csv").is_file());
        assert!(Folder::check(MOST).is_ok() && Folder::check(MOST + 1).is_err());
    }
}
