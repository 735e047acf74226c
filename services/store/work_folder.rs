//! Where `equity verify` works: a folder for copies of rows, which goes away with the work, and which the next start removes if the work
//! was killed.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FlockOperation, access, flock};

use super::error::{StoreError, io};
use super::folder::{folder_bytes, free_bytes};

/// What two stores may need besides their rows.
const AROUND_BYTES: u64 = 64 << 20;
/// Name of the folder for the work within another, and how the names of those among temporary files begin.
const WORK: &str = "verify";
const TEMPORARY: &str = "equity-verify-";

/// Folder for the copy of sled and the rebuilt one; locked while it is used, and deleted when dropped.
pub(super) struct WorkFolder {
    path: PathBuf,
    _lock: Option<File>,
}

impl WorkFolder {
    /// Makes one: within this folder; or in the data folder, if that has room; or where the system keeps temporary files.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn new(folder: &Path, within: Option<&Path>) -> Result<Self, StoreError> {
        let places = [std::env::temp_dir()];
        places.iter().map(PathBuf::as_path).chain(within).for_each(remove_left_among);
        let [temporary] = places;
        let own = |folder: &Path| folder.join(format!("{TEMPORARY}{}", std::process::id()));
        let path = match within {
            Some(within) => own(within),
            None if has_room(folder) => folder.join(WORK),
            None => own(&temporary),
        };
        if path.try_exists().unwrap_or(false) {
            std::fs::remove_dir_all(&path).map_err(io("remove", &path))?;
        }
        // It has copies of rows about people: for this user alone, wherever it is.
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(io("create", &path))?;
        let lock = locked(&path);
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// A lock on a folder; none: another process has it, or the folder cannot be opened.
fn locked(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok().map(|()| file)
}

/// Removes the copies of rows that a killed `verify` has left: in the data folder, which has to be locked, and among temporary files.
/// What cannot be removed is told, and changes nothing.
pub(super) fn remove_left(folder: &Path) {
    remove(&folder.join(WORK));
    remove_left_among(&std::env::temp_dir());
}

/// Removes work folders whose process is gone. The number may be that of a process of another container; that one has locked its folder.
fn remove_left_among(temporary: &Path) {
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let process = name.strip_prefix(TEMPORARY).and_then(|id| id.parse::<u32>().ok());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if process.filter(|_| is_folder).is_some_and(is_gone)
            && let Some(_lock) = locked(&entry.path())
        {
            remove(&entry.path());
        }
    }
}

/// Whether no process has this number. A system that lists no processes cannot be asked.
fn is_gone(process: u32) -> bool {
    let is_there = |name: &str| Path::new("/proc").join(name).try_exists();
    matches!((is_there("self"), is_there(&process.to_string())), (Ok(true), Ok(false)))
}

fn remove(left: &Path) {
    match std::fs::remove_dir_all(left) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(%error, folder = %left.display(), "copies of rows that a killed equity verify has left cannot be removed: remove this folder");
        }
        Ok(()) => {
            tracing::info!(folder = %left.display(), "removed what a killed `equity verify` had left");
        }
    }
}

/// Whether a folder can be written, and has room for two more stores.
fn has_room(folder: &Path) -> bool {
    let needed = folder_bytes(&folder.join("sled")).saturating_mul(3).saturating_add(AROUND_BYTES);
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
        && free_bytes(folder).is_ok_and(|free| free >= needed)
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, folder = %self.path.display(), "could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_copies_are_for_this_user_alone_and_go_away() {
        let place = tempfile::tempdir().unwrap();
        let work = WorkFolder::new(place.path(), Some(place.path())).unwrap();
        let mode = std::fs::metadata(work.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{mode:o}");
        drop(work);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn in_a_named_folder_only_what_was_left_of_an_earlier_work_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let left = place.path().join(format!("{TEMPORARY}4294967295"));
        // The name of the folder within a data folder, names that are like ours, and a file: all are the operator's own.
        let others = [WORK, "verify-1", "equity-verify", "equity-verify-x", "data"];
        let others = others.map(|name| place.path().join(name));
        others.iter().chain([&left]).for_each(|of| std::fs::create_dir_all(of.join("x")).unwrap());
        let file = place.path().join(format!("{TEMPORARY}4294967294"));
        std::fs::write(&file, "").unwrap();
        let work = WorkFolder::new(place.path(), Some(place.path())).unwrap();
        assert_eq!(work.path().parent(), Some(place.path()));
        assert!(!left.is_dir(), "of a process that is gone");
        drop(work);
        assert!(others.iter().all(|of| of.join("x").is_dir()) && file.is_file());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), others.len() + 1);
    }

    #[test]
    fn only_folders_of_processes_that_are_gone_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let own = std::process::id();
        // No process has a number this large.
        let names = [format!("{own}"), "4294967295".into(), "4294967294".into(), "x".into()];
        let folders = names.map(|name| place.path().join(format!("{TEMPORARY}{name}")));
        folders.iter().for_each(|folder| std::fs::create_dir_all(folder.join("sled")).unwrap());
        let held = locked(&folders[2]).unwrap();
        remove_left_among(place.path());
        let left = folders.each_ref().map(|folder| folder.is_dir());
        assert_eq!(left, [true, false, true, true]);
        drop(held);
        remove_left_among(place.path());
        assert!(!folders[2].is_dir());
    }
}
