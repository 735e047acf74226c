//! Destroying payloads. A segment is written again without them and takes the place of the old file in one step, so that a kill leaves
//! the one or the other. Which payloads have to be gone is said by an entry that was durable before: a start can finish the work.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::{
    append::{Mode, SegmentLog},
    entry::EntryKind,
    erasures::{Erasures, half_written, with_hash},
    error::{Damage, LogError},
    open::failed,
    scan::FrameReader,
    segment::Segment,
};

impl SegmentLog {
    /// Erasures, and entries without their payloads, as they were when the log was opened.
    #[must_use]
    pub fn erasures(&self) -> &Erasures {
        &self.erasures
    }

    pub(super) fn destroy(&mut self, left: &BTreeMap<u64, Vec<u8>>) -> Result<(), LogError> {
        if let Mode::Damaged(damage) = &self.mode {
            return Err(LogError::Damaged(damage.clone()));
        }
        let count = self.segments.len();
        let ends: Vec<u64> = self.segments.iter().skip(1).map(|next| next.first).collect();
        for place in 0..count {
            let segment = &self.segments[place];
            let end = ends.get(place).copied().unwrap_or(u64::MAX);
            if left.range(segment.first..end).next().is_none() {
                continue;
            }
            let Some(bytes) = self.written_again(segment, left)? else { continue };
            let path = segment.path.clone();
            if place + 1 == count && self.file.is_some() {
                // What is appended from now on has to be appended to the new file.
                let file = OpenOptions::new().append(true).open(&path);
                self.file = Some(file.map_err(failed("open", &path))?);
            }
            self.segments[place].bytes = bytes;
        }
        Ok(())
    }

    /// Writes a segment again and returns its length; none: it has none of these payloads any more.
    fn written_again(
        &self,
        segment: &Segment,
        left: &BTreeMap<u64, Vec<u8>>,
    ) -> Result<Option<u64>, LogError> {
        let new = half_written(&segment.path);
        let read = |error| failed("read", &segment.path)(error);
        let mut frames =
            FrameReader::open(segment, self.shape.kinds, self.mark, 0).map_err(read)?;
        let create =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new);
        let mut file = BufWriter::new(create.map_err(failed("create", &new))?);
        let (mut bytes, mut is_other) = (0, false);
        while let Some(found) = frames.next() {
            let mut header = found.frame.map_err(|bad| {
                let position = bad.header.map_or(segment.first, |header| header.position);
                let (segment, offset, what) = (segment.path.clone(), found.offset, bad.fault);
                LogError::Damaged(Damage { segment, offset, position, what })
            })?;
            let was_erased = header.erased.is_some();
            let mut payload =
                if was_erased { with_hash(frames.payload()) } else { frames.payload().to_vec() };
            if !was_erased && let Some(left) = left.get(&header.position) {
                payload = with_hash(left);
                let length = u16::try_from(payload.len()).map_err(|_| LogError::TooLarge {
                    kind: EntryKind::Erase,
                    bytes: payload.len(),
                    limit: u16::MAX.into(),
                })?;
                (header.erased, is_other) = (Some(length), true);
            }
            let written = file.write_all(&header.encode()).and_then(|()| file.write_all(&payload));
            written.map_err(|error| refused(&new, error))?;
            bytes += header.encode().len() as u64 + payload.len() as u64;
        }
        let durable = file.into_inner().map_err(io::IntoInnerError::into_error);
        durable.and_then(|file| file.sync_all()).map_err(|error| refused(&new, error))?;
        if !is_other {
            fs::remove_file(&new).map_err(failed("remove", &new))?;
            return Ok(None);
        }
        fs::rename(&new, &segment.path).map_err(failed("replace", &segment.path))?;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("make durable", &self.folder))?;
        Ok(Some(bytes))
    }
}

fn refused(path: &Path, source: io::Error) -> LogError {
    if super::is_full(&source) { LogError::Full(source) } else { failed("write", path)(source) }
}
