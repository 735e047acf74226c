//! Removing the oldest segments, and reading a log while another thread appends to it.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use super::{
    append::{Mode, SegmentLog},
    entry::EntryKind,
    error::LogError,
    frame::Mark,
    open::failed,
    ordered_log::Entries,
    read::{EntryReader, Files},
    segment::Segment,
};

/// The files of a log at a moment. What is appended later is not in it; a segment that is removed later reads as damage.
#[derive(Clone, Debug)]
pub struct Snapshot {
    folder: PathBuf,
    kinds: &'static [EntryKind],
    segments: Vec<Segment>,
    mark: Option<Mark>,
    tail: u64,
}

impl Snapshot {
    /// Position of the first entry of each segment, in order.
    pub fn firsts(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.segments.iter().map(|segment| segment.first)
    }

    /// Position of the last entry; 0: there is none.
    #[must_use]
    pub fn tail(&self) -> u64 {
        self.tail
    }

    /// All entries that are there.
    #[must_use]
    pub fn everything(&self) -> Entries<'_> {
        self.read_from(self.segments.first().map_or(1, |segment| segment.first))
    }

    /// The entries from a position to the tail; see [`Log::read_from`](super::Log::read_from).
    #[must_use]
    pub fn read_from(&self, position: u64) -> Entries<'_> {
        let files = Files {
            folder: &self.folder,
            kinds: self.kinds,
            segments: &self.segments,
            mark: self.mark,
            last_known: self.tail,
            is_damaged: false,
        };
        Box::new(EntryReader::new(files, position))
    }
}

impl SegmentLog {
    /// The files as they are now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let Files { folder, kinds, segments, mark, .. } = self.files();
        let (folder, segments) = (folder.to_owned(), segments.to_vec());
        Snapshot { folder, kinds, segments, mark, tail: self.tail }
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Removes the segments that have no entry after a position, the oldest first: what is left has no gap at any moment. Returns how many
    /// went. The last segment stays.
    ///
    /// # Errors
    /// [`LogError::Damaged`], [`LogError::Io`]: some of them may be there still.
    pub fn forget(&mut self, until: u64) -> Result<usize, LogError> {
        if let Mode::Damaged(damage) = &self.mode {
            return Err(LogError::Damaged(damage.clone()));
        }
        let later = self.segments.iter().skip(1);
        let count = later.take_while(|next| next.first <= until.saturating_add(1)).count();
        for _ in 0..count {
            let oldest = self.segments[0].path.clone();
            fs::remove_file(&oldest).map_err(failed("remove", &oldest))?;
            self.segments.remove(0);
        }
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("make durable", &self.folder))?;
        Ok(count)
    }
}
