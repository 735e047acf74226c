//! Opening the log: reads and checks all of it, cuts off a torn append, and fsyncs the last append again.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    append::{Mode, SegmentLog},
    disk::{Disk, RealDisk},
    erasures::remove_half_written,
    error::{Damage, LogError},
    shape::Shape,
    survey::{Known, Survey, Verdict, survey},
};

/// An opened log and its condition.
pub struct Opened {
    /// The log; it refuses to append if it is damaged.
    pub log: SegmentLog,
    /// The first damage; none if the log is intact.
    pub damage: Option<Damage>,
    /// The bytes cut off; none if the last append was complete.
    pub cut: Option<Cut>,
    /// What was known of another log than this one.
    pub denied: Vec<Known>,
}

/// The end of an unacknowledged append, cut off on opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Path of the segment file.
    pub segment: PathBuf,
    /// Length of the file after the cut, in bytes.
    pub offset: u64,
    /// Position of the first entry that was cut off.
    pub position: u64,
    /// Number of bytes cut off.
    pub bytes: u64,
}

impl SegmentLog {
    /// Opens the log in a folder, reading and checking every entry of it; creates the folder (its parent must exist).
    ///
    /// `segment_bytes`: size at which a new segment begins, for the service [`SEGMENT_BYTES`](super::SEGMENT_BYTES).
    /// `known`: what others know of the log, so that nothing acknowledged is taken for a torn append.
    ///
    /// # Errors
    /// [`LogError::Io`] if the folder cannot be created, listed, or made durable. Damage is no error.
    pub fn open(folder: &Path, segment_bytes: u64, known: &[Known]) -> Result<Opened, LogError> {
        Self::open_as(Shape::CHANGES, folder, segment_bytes, known)
    }

    /// [`SegmentLog::open`] of a log of this shape.
    ///
    /// # Errors
    /// The same.
    pub fn open_as(
        shape: Shape,
        folder: &Path,
        segment_bytes: u64,
        known: &[Known],
    ) -> Result<Opened, LogError> {
        Self::open_on(Box::new(RealDisk), shape, folder, segment_bytes, known)
    }

    /// Opens the log of a folder for reading and changes nothing. A torn append is ignored, not cut off; appending is refused.
    ///
    /// # Errors
    /// [`LogError::Io`] if the folder cannot be listed. Damage is no error.
    pub fn read_only(folder: &Path, known: &[Known]) -> Result<Opened, LogError> {
        Self::read_only_as(Shape::CHANGES, folder, known)
    }

    /// [`SegmentLog::read_only`] of a log of this shape.
    ///
    /// # Errors
    /// The same.
    pub fn read_only_as(shape: Shape, folder: &Path, known: &[Known]) -> Result<Opened, LogError> {
        let mut survey = survey(folder, shape, known)?;
        let (damage, cut) = match survey.verdict.clone() {
            Verdict::Whole => (None, None),
            Verdict::Torn(fault) => (None, Some(shorten(&mut survey, fault))),
            Verdict::Damaged(damage) => (Some(damage), None),
        };
        let mode = Mode::Stopped("it was opened for reading only".to_owned());
        let log = Self {
            disk: Box::new(RealDisk),
            syncs: Arc::default(),
            folder: folder.to_owned(),
            shape,
            segment_bytes: 0,
            segments: survey.segments,
            file: None,
            mark: survey.mark.filter(|_| survey.tail > 0),
            tail: survey.tail,
            chain: survey.chain,
            tail_millis: survey.tail_millis,
            last_known: survey.tail.max(survey.acknowledged),
            mode: damage.clone().map_or(mode, Mode::Damaged),
            erasures: survey.erasures,
        };
        Ok(Opened { log, damage, cut, denied: survey.denied })
    }

    /// [`SegmentLog::open`] with a disk of the caller's choice.
    pub(super) fn open_on(
        disk: Box<dyn Disk>,
        shape: Shape,
        folder: &Path,
        segment_bytes: u64,
        known: &[Known],
    ) -> Result<Opened, LogError> {
        create_folder(folder).map_err(failed("create", folder))?;
        let mut survey = survey(folder, shape, known)?;
        let (damage, cut) = match survey.verdict.clone() {
            Verdict::Whole => (None, None),
            Verdict::Torn(fault) => (None, Some(cut_off(&mut survey, fault)?)),
            Verdict::Damaged(damage) => {
                tracing::error!(%damage, "the log opens for reading only");
                (Some(damage), None)
            }
        };
        let file = match (&damage, survey.segments.last()) {
            (None, Some(last)) => {
                let unproven = survey.tail > survey.acknowledged;
                let from = if unproven { survey.last_append } else { last.bytes };
                harden(&last.path, from).map_err(failed("make durable", &last.path))?;
                Some(
                    OpenOptions::new()
                        .append(true)
                        .open(&last.path)
                        .map_err(failed("open", &last.path))?,
                )
            }
            _ => None,
        };
        if damage.is_none() {
            remove_half_written(folder)?;
            // A segment may have been created just before a crash, its name not yet durable.
            sync_folder(folder).map_err(failed("make durable", folder))?;
        }
        let log = SegmentLog {
            disk,
            syncs: Arc::default(),
            folder: folder.to_owned(),
            shape,
            segment_bytes,
            segments: survey.segments,
            file,
            mark: survey.mark.filter(|_| survey.tail > 0),
            tail: survey.tail,
            chain: survey.chain,
            tail_millis: survey.tail_millis,
            last_known: survey.tail.max(survey.acknowledged),
            mode: damage.clone().map_or(Mode::Writing, Mode::Damaged),
            erasures: survey.erasures,
        };
        Ok(Opened { log, damage, cut, denied: survey.denied })
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => result?,
    }
    // Its own name must be durable too; "" is the parent of a relative name.
    folder.parent().map_or(Ok(()), |parent| {
        sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
    })
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Cuts the torn append off the last segment; [`harden`] makes that durable.
fn cut_off(survey: &mut Survey, fault: Damage) -> Result<Cut, LogError> {
    let Damage { segment, offset, what, .. } = &fault;
    let file = OpenOptions::new().write(true).open(segment).map_err(failed("open", segment))?;
    file.set_len(*offset).map_err(failed("shorten", segment))?;
    let what = what.to_string();
    let cut = shorten(survey, fault);
    tracing::warn!(
        segment = %cut.segment.display(), offset = cut.offset, position = cut.position, bytes = cut.bytes, what,
        "cut off the end of an append that was interrupted before anybody was told about it"
    );
    Ok(cut)
}

/// Removes the torn append from the survey.
fn shorten(survey: &mut Survey, fault: Damage) -> Cut {
    let Damage { segment, offset, position, .. } = fault;
    let last = survey.segments.last_mut();
    let bytes = last.map_or(0, |last| std::mem::replace(&mut last.bytes, offset) - offset);
    Cut { segment, offset, position, bytes }
}

/// Writes the end of a file again, unchanged, and fsyncs it.
fn harden(path: &Path, from: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut end)?;
    file.seek(SeekFrom::Start(from))?;
    file.write_all(&end)?;
    file.sync_all()
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LogError {
    move |source| LogError::Io { doing, path: path.to_owned(), source }
}
