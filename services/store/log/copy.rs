//! Copying the segments of a log that a service may be writing.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::{error::LogError, open::failed, segment::Segment};

/// Copies every segment into a new folder and fsyncs the copies. Only the last segment grows, and segments are copied in their order, so
/// that the copy is the log up to some entry. The last append may be cut short in it: opening the copy cuts that off.
///
/// An erasure replaces segments. Whether one was going on has to be looked for in the copy.
///
/// # Errors
/// A segment was removed meanwhile, or cannot be read; or the copy cannot be written.
pub fn copy(from: &Path, to: &Path) -> Result<(), LogError> {
    DirBuilder::new().mode(0o700).create(to).map_err(failed("create", to))?;
    for segment in Segment::list(from)? {
        let target = Segment::path_of(to, segment.first);
        let mut file = File::open(&segment.path).map_err(failed("open", &segment.path))?;
        let bytes = file.metadata().map_err(failed("read", &segment.path))?.len();
        let mut options = OpenOptions::new();
        let new = options.write(true).create_new(true).mode(0o600).open(&target);
        let mut new = new.map_err(failed("create", &target))?;
        io::copy(&mut (&mut file).take(bytes), &mut new).map_err(failed("copy", &segment.path))?;
        new.sync_all().map_err(failed("make durable", &target))?;
    }
    File::open(to).and_then(|folder| folder.sync_all()).map_err(failed("make durable", to))
}
