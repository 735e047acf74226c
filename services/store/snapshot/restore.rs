//! A data folder out of a snapshot.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::manifest::{FilePart, LogPart, Manifest};
use super::{AUDIT, LOG, io, is_empty};
use crate::store::error::StoreError;
use crate::store::folder::make_folder;
use crate::store::lock::Lock;
use crate::store::log::{Opened, SegmentLog, Shape};
use crate::store::unfinished::Unfinished;

/// Where files are until all of them are checked. A service that finds only some of them would take them for the whole log.
const UNCHECKED: &str = "restore.new";

/// Copies a snapshot into a new or empty folder, and checks every file, the chains of both logs, and what they have, before the logs get
/// their names there. The secret has to be put beside them before a service starts.
///
/// # Errors
/// The folder is not empty, or in use; the snapshot is damaged, and the text names the file; or files cannot be read or written. Then the folder
/// is as it was.
pub fn restore(snapshot: &Path, folder: &Path) -> Result<Manifest, StoreError> {
    let manifest = Manifest::read(snapshot)?;
    is_empty(folder, "the data")?;
    make_folder(folder).map_err(io("create", folder))?;
    let _lock = Lock::take(folder)?;
    // Somebody may have put something there in between.
    is_empty(folder, "the data")?;
    let unchecked = folder.join(UNCHECKED);
    let filled = fill(&manifest, snapshot, &unchecked).and_then(|()| {
        // The log last: without it, nothing takes the folder for the data of a service.
        let others = manifest.others.iter().map(|file| file.name.as_str());
        for name in others.chain([AUDIT, LOG]) {
            let from = unchecked.join(name);
            fs::rename(&from, folder.join(name)).map_err(io("rename", &from))?;
        }
        Ok(())
    });
    let removed = fs::remove_dir_all(&unchecked).map_err(io("remove", &unchecked));
    filled.and(removed)?;
    File::open(folder).and_then(|of| of.sync_all()).map_err(io("make durable", folder))?;
    Ok(manifest)
}

/// Why a folder is no data folder: a restore into it was killed. None: it is one. The log gets its name last, so that a folder with
/// a log has everything.
pub(in crate::store) fn unfinished(folder: &Path) -> Option<StoreError> {
    let is_there = |name: &str| folder.join(name).try_exists().unwrap_or(true);
    (is_there(UNCHECKED) && !is_there(LOG)).then(|| {
        StoreError::Snapshot(format!(
            "a restore into {} was not finished, so it has only a part of the data: run `equity restore` again into a new folder, and start the service on that one",
            folder.display()
        ))
    })
}

/// Refuses a data folder into which a restore was not finished, and removes what one leaves that was killed at its very end.
///
/// # Errors
/// The restore was not finished, or what it left cannot be removed.
pub(in crate::store) fn remove_left(folder: &Path) -> Result<(), StoreError> {
    if let Some(refusal) = unfinished(folder) {
        return Err(refusal);
    }
    let left = folder.join(UNCHECKED);
    match fs::remove_dir_all(&left) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(io("remove", &left)),
    }
}

fn fill(manifest: &Manifest, snapshot: &Path, to: &Path) -> Result<(), StoreError> {
    for folder in [to, &to.join(LOG), &to.join(AUDIT)] {
        DirBuilder::new().mode(0o700).create(folder).map_err(io("create", folder))?;
    }
    manifest.files().try_for_each(|file| copied(file, snapshot, to))?;
    for (name, shape, part) in [
        (LOG, Shape::CHANGES, &manifest.log),
        (AUDIT, Shape::audit_that_is_there(), &manifest.audit),
    ] {
        let folder = to.join(name);
        is_whole(part, shape, &folder).map_err(|why| {
            StoreError::Snapshot(format!("the {name} of {} is damaged: {why}", snapshot.display()))
        })?;
        File::open(&folder).and_then(|of| of.sync_all()).map_err(io("make durable", &folder))?;
    }
    Ok(())
}

/// Copies a file, and refuses one that is not as it was taken.
fn copied(file: &FilePart, snapshot: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, target) = (snapshot.join(&file.name), to.join(&file.name));
    let damaged = |what: &str| {
        StoreError::Snapshot(format!(
            "{} {what}. The snapshot is damaged, and nothing was restored: copy it again from where else it is kept, or use another",
            from.display()
        ))
    };
    let mut source = match File::open(&from) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(damaged("is missing"));
        }
        opened => opened.map_err(io("open", &from))?,
    };
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&target)
        .map_err(io("create", &target))?;
    std::io::copy(&mut source, &mut new).map_err(io("copy", &from))?;
    new.sync_all().map_err(io("make durable", &target))?;
    // What is compared is what was written.
    match FilePart::of(to, file.name.clone())? == *file {
        true => Ok(()),
        false => Err(damaged("is not the file that was taken: its size or its hash is another")),
    }
}

/// Compares a log with what was noted of it.
fn is_whole(part: &LogPart, shape: Shape, folder: &Path) -> Result<(), StoreError> {
    let known: Vec<_> = part.end().map(Into::into).into_iter().collect();
    let Opened { log, damage, cut, .. } = SegmentLog::read_only_as(shape, folder, &known)?;
    if let Some(damage) = damage {
        return Err(StoreError::Snapshot(damage.to_string()));
    }
    let found = LogPart { files: part.files.clone(), ..LogPart::of(&log)? };
    if cut.is_some() || found != *part {
        return Err(StoreError::Snapshot(format!(
            "it ends with entry {} and has {} entries; the manifest says {} and {}, or another hash",
            found.position, found.counts.entries, part.position, part.counts.entries
        )));
    }
    match Unfinished::of(&log)?.why() {
        Some(why) => Err(StoreError::Erasure(why)),
        None => Ok(()),
    }
}
