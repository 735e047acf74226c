//! The log in segment files: appending, and how a failed append ends.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, ErrorKind, IoSlice},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use super::{
    disk::{Disk, is_full, write_all},
    entry::{NewEntry, Place},
    erasures::Erasures,
    error::{Damage, LogError},
    frame::{Hash, Header, Mark, mark_of},
    ordered_log::{Entries, Log, payload_bytes},
    read::{EntryReader, Files},
    scan::hash,
    segment::Segment,
    shape::Shape,
    syncs::SyncTimes,
};

/// Size at which the service begins a new segment, in bytes.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// The log in segment files of a folder, for one writer.
pub struct SegmentLog {
    pub(super) disk: Box<dyn Disk>,
    pub(super) syncs: Arc<SyncTimes>,
    pub(super) folder: PathBuf,
    pub(super) shape: Shape,
    /// Size at which a new segment begins, in bytes.
    pub(super) segment_bytes: u64,
    pub(super) segments: Vec<Segment>,
    /// The last segment, open for appending; none if the log is damaged or read only.
    pub(super) file: Option<File>,
    pub(super) mark: Option<Mark>,
    pub(super) tail: u64,
    /// Chain of the last entry.
    pub(super) chain: Hash,
    /// Time of the last entry, milliseconds since 1970.
    pub(super) tail_millis: u64,
    /// Position of the last entry known to have existed; greater than the tail if entries are missing.
    pub(super) last_known: u64,
    pub(super) mode: Mode,
    /// Erasures, and entries without their payloads, as they were when the log was opened.
    pub(super) erasures: Erasures,
}

/// Whether the log may be appended to.
pub(super) enum Mode {
    Writing,
    Stopped(String),
    Damaged(Damage),
}

impl Log for SegmentLog {
    fn append(&mut self, entries: &[NewEntry<'_>]) -> Result<Vec<Place>, LogError> {
        match &self.mode {
            Mode::Writing => {}
            Mode::Stopped(why) => return Err(LogError::Stopped { why: why.clone() }),
            Mode::Damaged(damage) => return Err(LogError::Damaged(damage.clone())),
        }
        let headers = self.headers(entries)?;
        let Some(last) = headers.last() else { return Ok(Vec::new()) };

        let encoded: Vec<_> = headers.iter().map(Header::encode).collect();
        let mut parts: Vec<_> = encoded
            .iter()
            .zip(entries)
            .flat_map(|(header, entry)| [IoSlice::new(header), IoSlice::new(entry.payload)])
            .collect();
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        self.write(&mut parts, bytes)?;

        self.tail = last.position;
        self.last_known = self.last_known.max(self.tail);
        self.chain = last.chain;
        self.mark = Some(last.mark);
        self.tail_millis = last.time_millis;
        Ok(headers.iter().map(Header::place).collect())
    }

    fn read_from(&self, position: u64) -> Result<Entries<'_>, LogError> {
        Ok(Box::new(EntryReader::new(self.files(), position)))
    }

    fn tail(&self) -> u64 {
        self.tail
    }

    fn segments(&self) -> usize {
        self.segments.len()
    }

    fn erase(&mut self, left: &BTreeMap<u64, Vec<u8>>) -> Result<(), LogError> {
        self.destroy(left)
    }
}

impl SegmentLog {
    pub(super) fn files(&self) -> Files<'_> {
        Files {
            folder: &self.folder,
            kinds: self.shape.kinds,
            segments: &self.segments,
            mark: self.mark,
            last_known: self.last_known,
            is_damaged: matches!(self.mode, Mode::Damaged(_)),
        }
    }

    /// How long its fsyncs take.
    #[must_use]
    pub fn syncs(&self) -> Arc<SyncTimes> {
        Arc::clone(&self.syncs)
    }

    /// The place of the last entry; of a damaged log, of the last entry before the damage. None: the log is empty.
    #[must_use]
    pub fn end(&self) -> Option<Place> {
        let position = match &self.mode {
            Mode::Damaged(damage) => damage.position.saturating_sub(1),
            Mode::Writing | Mode::Stopped(_) => self.tail,
        };
        (position > 0).then_some(Place { position, chain: self.chain })
    }

    /// Time of the last entry, milliseconds since 1970; 0 if the log is empty.
    #[must_use]
    pub fn time_millis(&self) -> u64 {
        self.tail_millis
    }

    /// Position of the last entry that is known to have been there; greater than the tail if entries are missing.
    #[must_use]
    pub fn last_known(&self) -> u64 {
        self.last_known
    }

    /// Headers for entries that follow the tail.
    fn headers(&self, entries: &[NewEntry<'_>]) -> Result<Vec<Header>, LogError> {
        let mut mark = self.mark;
        let mut chain = self.chain;
        let mut headers = Vec::with_capacity(entries.len());
        for (entry, position) in entries.iter().zip(self.tail + 1..) {
            let payload_hash = hash(entry.payload);
            let header = Header {
                kind: entry.kind as u8,
                mark: *mark.get_or_insert_with(|| mark_of(&payload_hash)),
                position,
                acknowledged_before: self.tail,
                time_millis: entry.time_millis,
                payload_bytes: payload_bytes(entry)?,
                payload_hash,
                chain: Hash::default(),
                erased: None,
            }
            .linked(&chain);
            chain = header.chain;
            headers.push(header);
        }
        Ok(headers)
    }

    /// Writes all the parts and makes them durable, or undoes the attempt, or stops.
    fn write(&mut self, parts: &mut [IoSlice<'_>], bytes: u64) -> Result<(), LogError> {
        self.make_room(bytes)?;
        let (Some(file), Some(segment)) = (&self.file, self.segments.last_mut()) else {
            return Err(stop(&mut self.mode, "no segment is open", None));
        };
        match is_as_left(file, segment) {
            Ok(true) => {}
            Ok(false) => {
                let what = format!(
                    "another program has removed, replaced or changed {}",
                    segment.path.display()
                );
                return Err(stop(&mut self.mode, &what, None));
            }
            Err(error) => return Err(refused("look at", segment.path.clone(), error)),
        }
        if let Err(error) = write_all(self.disk.as_mut(), file, parts) {
            // Durably undone, or a power cut could bring back what was refused.
            let undone =
                self.disk.truncate(file, segment.bytes).and_then(|()| self.disk.sync(file));
            return Err(match undone {
                Ok(()) => refused("append to", segment.path.clone(), error),
                Err(undo) => stop(
                    &mut self.mode,
                    &format!("an append failed ({error}) and cannot be undone"),
                    Some(&undo),
                ),
            });
        }
        let begun = Instant::now();
        if let Err(error) = self.disk.sync(file) {
            return Err(stop(&mut self.mode, "fsync of the log failed", Some(&error)));
        }
        self.syncs.add(begun.elapsed());
        segment.bytes += bytes;
        Ok(())
    }

    /// Begins a new segment if there is none or the last one would grow beyond its size.
    fn make_room(&mut self, bytes: u64) -> Result<(), LogError> {
        if self
            .segments
            .last()
            .is_some_and(|last| last.bytes == 0 || last.bytes + bytes <= self.segment_bytes)
        {
            return Ok(());
        }
        let path = Segment::path_of(&self.folder, self.tail + 1);
        let file = match self.disk.create(&path) {
            Ok(file) => file,
            Err(error) => return Err(refused("create", path, error)),
        };
        let durable = self.disk.sync(&file).and_then(|()| self.disk.sync_folder(&self.folder));
        if let Err(error) = durable {
            return Err(stop(&mut self.mode, "fsync of a new segment failed", Some(&error)));
        }
        self.segments.push(Segment { first: self.tail + 1, path, bytes: 0 });
        self.file = Some(file);
        Ok(())
    }
}

/// Whether a segment is under its name still the file that is open, and as long as the last append left it. What is appended to a
/// file that was removed is gone when the service ends, and nothing would say so until then.
fn is_as_left(file: &File, segment: &Segment) -> io::Result<bool> {
    let named = match fs::metadata(&segment.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        named => named?,
    };
    let open = file.metadata()?;
    let is_the_same = (named.dev(), named.ino()) == (open.dev(), open.ino());
    Ok(is_the_same && open.len() == segment.bytes)
}

/// Ends writing until the log is opened again, and returns the error that says so.
fn stop(mode: &mut Mode, what: &str, error: Option<&io::Error>) -> LogError {
    let why = error.map_or_else(|| what.to_owned(), |error| format!("{what}: {error}"));
    tracing::error!(why, "writing to the log has stopped");
    *mode = Mode::Stopped(why.clone());
    LogError::Stopped { why }
}

/// The error of an append that changed nothing.
fn refused(doing: &'static str, path: PathBuf, source: io::Error) -> LogError {
    if is_full(&source) { LogError::Full(source) } else { LogError::Io { doing, path, source } }
}
