//! Going on without entries that are lost, after an operator has decided. What is left of them is moved out of the log, not deleted.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::error::{Damage, Fault, LogError};
use super::segment::Segment;

impl Damage {
    /// Position of the last entry before it: up to there the log is whole.
    #[must_use]
    pub fn whole_until(&self) -> u64 {
        self.position.saturating_sub(1)
    }

    /// Whether the log can go on without what is lost. It cannot where nothing is lost: entries of another version of the service, and
    /// a file that the system does not read.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        !matches!(self.what, Fault::Version(_) | Fault::Kind(_)) && !self.is_unreadable()
    }

    /// Whether the system did not read the file: the entries may all be there.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self.what, Fault::Unreadable(_))
    }
}

/// Moves everything from a damage on into the folder `aside`, which is made if there is anything to move. A log that was left in
/// the middle of this is as damaged as before.
///
/// # Errors
/// [`LogError::Io`]: a file cannot be copied, moved or made durable.
pub fn lose(folder: &Path, damage: &Damage, aside: &Path) -> Result<(), LogError> {
    let segments = Segment::list(folder)?;
    let from = segments.iter().position(|segment| segment.path == damage.segment);
    let lost = segments.split_at(from.unwrap_or(segments.len())).1;
    let Some((first, later)) = lost.split_first() else { return Ok(()) };
    // A segment of which nothing stays goes as a whole: an empty one would be as damaged under its name.
    let gone = if damage.offset == 0 { lost } else { later };
    let is_moved = first.bytes > damage.offset || !gone.is_empty();
    if is_moved {
        let made = fs::create_dir(aside).and_then(|()| aside.parent().map_or(Ok(()), sync));
        made.map_err(failed("create", aside))?;
    }
    // The last first: the log never has a gap that it did not have before.
    for segment in gone.iter().rev() {
        let target = aside.join(segment.path.file_name().unwrap_or_default());
        fs::rename(&segment.path, target).map_err(failed("move", &segment.path))?;
    }
    if damage.offset > 0 && first.bytes > damage.offset {
        let target = aside.join(first.path.file_name().unwrap_or_default());
        let kept = fs::copy(&first.path, &target).and_then(|_| File::open(&target)?.sync_all());
        kept.map_err(failed("copy", &first.path))?;
        sync(aside).map_err(failed("make durable", aside))?;
        let shortened = OpenOptions::new().write(true).open(&first.path).and_then(|file| {
            file.set_len(damage.offset)?;
            file.sync_all()
        });
        shortened.map_err(failed("shorten", &first.path))?;
    }
    if is_moved {
        // Before the log's own: what was moved is never in neither of them.
        sync(aside).map_err(failed("make durable", aside))?;
    }
    sync(folder).map_err(failed("make durable", folder))
}

fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LogError {
    move |source| LogError::Io { doing, path: path.to_owned(), source }
}
