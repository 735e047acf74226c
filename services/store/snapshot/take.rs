//! Taking a snapshot of a data folder, also while a service works on it.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::manifest::{FilePart, LogPart, Manifest};
use super::{AUDIT, LOG, SAFE, io, is_empty};
use crate::store::error::StoreError;
use crate::store::folder::make_folder;
use crate::store::log::{LogError, Opened, SEGMENT_BYTES, SegmentLog, Shape, copy};
use crate::store::unfinished::Unfinished;

/// How often a log is copied again that was changed meanwhile, and the pause before.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// Copies what cannot be made anew from a data folder into a new or empty folder, and checks the copy. A service may work on the data folder: the
/// snapshot ends with some entry, and has every change that was acknowledged before this was called. It has no secret.
///
/// # Errors
/// There is no log; the folder is not empty; the log is damaged; an erasure was not finished for a minute; or files cannot be read or written. What was
/// copied is left, without a manifest.
pub fn take(folder: &Path, to: &Path) -> Result<Manifest, StoreError> {
    let nothing = || {
        let folder = folder.display();
        StoreError::Snapshot(format!(
            "{folder} has no log with entries: name the `data_folder` of a service"
        ))
    };
    if !folder.join(LOG).try_exists().map_err(io("read", folder))? {
        return Err(nothing());
    }
    is_empty(to, "the snapshot")?;
    make_folder(to).map_err(io("create", to))?;
    fs::set_permissions(to, Permissions::from_mode(0o700)).map_err(io("protect", to))?;
    // Before the log, so that it says nothing of entries that the snapshot does not have.
    let others = safe(folder, to)?;
    let log = part((LOG, Shape::CHANGES), folder, to)?;
    if log.position == 0 {
        return Err(nothing());
    }
    let has_audit = folder.join(AUDIT).try_exists().map_err(io("read", folder))?;
    let audit = match has_audit {
        true => part((AUDIT, Shape::audit_that_is_there()), folder, to)?,
        false => LogPart::default(),
    };
    let manifest = Manifest::new(log, audit, others);
    manifest.write(to)?;
    Ok(manifest)
}

fn safe(folder: &Path, to: &Path) -> Result<Vec<FilePart>, StoreError> {
    let (from, target) = (folder.join(SAFE), to.join(SAFE));
    match fs::copy(&from, &target) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        copied => copied.map_err(io("copy", &from))?,
    };
    let durable = fs::File::open(&target).and_then(|file| file.sync_all());
    durable.map_err(io("make durable", &target))?;
    Ok(vec![FilePart::of(to, SAFE.to_owned())?])
}

/// Copies a log, until the copy is one that a service could go on with.
fn part((name, shape): (&str, Shape), folder: &Path, to: &Path) -> Result<LogPart, StoreError> {
    let (from, target) = (folder.join(name), to.join(name));
    let mut tries = 0;
    let log = loop {
        let changed = match copied(shape, &from, &target) {
            Ok(log) => match Unfinished::of(&log)?.why() {
                None => break log,
                Some(why) => StoreError::Erasure(why),
            },
            // A segment of the audit log that was kept for long enough.
            Err(StoreError::Log(LogError::Io { source, doing, path }))
                if source.kind() == ErrorKind::NotFound && path.starts_with(&from) =>
            {
                StoreError::Io { doing, path, source }
            }
            Err(error) => return Err(error),
        };
        tries += 1;
        if tries == TRIES {
            return Err(changed);
        }
        fs::remove_dir_all(&target).map_err(io("remove", &target))?;
        std::thread::sleep(PAUSE);
    };
    let segments = log.snapshot();
    let names = segments.firsts().map(|first| format!("{name}/{first:020}.seg"));
    let files = names.map(|name| FilePart::of(to, name)).collect::<Result<_, _>>()?;
    Ok(LogPart { files, ..LogPart::of(&log)? })
}

/// A log copied once, with the end of an append cut off that had not come to its end.
fn copied(shape: Shape, from: &Path, to: &Path) -> Result<SegmentLog, StoreError> {
    copy(from, to)?;
    let Opened { log, damage, .. } = SegmentLog::open_as(shape, to, SEGMENT_BYTES, &[])?;
    match damage {
        None => Ok(log),
        Some(damage) => Err(StoreError::Snapshot(format!(
            "the log is damaged, so no snapshot of it can be restored: {damage}. The copy is as {}: see the runbook",
            from.display()
        ))),
    }
}
