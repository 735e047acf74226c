//! Reads the frames of one segment, one after another, and finds its way again after bytes that are none.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
};

use super::{
    entry::EntryKind,
    erasures::take_left,
    error::Fault,
    frame::{HEADER_BYTES, Hash, Header, MAGIC, Mark},
    segment::Segment,
};

/// Bytes read from disk at once.
const READ_BYTES: usize = 1024 * 1024;
/// Bytes looked through at once for the next header.
const WINDOW_BYTES: usize = 64 * 1024;

/// The frame at a place, or the reason why there is none.
pub(super) struct Found {
    pub(super) offset: u64,
    /// The header of a frame that is as it was written, payload included.
    pub(super) frame: Result<Header, BadFrame>,
}

/// Bytes that are no intact frame.
pub(super) struct BadFrame {
    /// The header, if that much is readable.
    pub(super) header: Option<Header>,
    pub(super) fault: Fault,
}

/// A segment being read. One payload buffer serves all its frames.
pub(super) struct FrameReader {
    file: BufReader<File>,
    at: u64,
    end: u64,
    mark: Option<Mark>,
    /// Kinds that this log has.
    kinds: &'static [EntryKind],
    /// Payloads of earlier entries are passed over unread and unchecked.
    from: u64,
    payload: Vec<u8>,
}

impl FrameReader {
    /// Begins a segment of a log of these kinds; payloads matter from that position on.
    pub(super) fn open(
        segment: &Segment,
        kinds: &'static [EntryKind],
        mark: Option<Mark>,
        from: u64,
    ) -> io::Result<Self> {
        let file = BufReader::with_capacity(READ_BYTES, File::open(&segment.path)?);
        Ok(Self { file, at: 0, end: segment.bytes, mark, kinds, from, payload: Vec::new() })
    }

    /// Payload of the frame found last.
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The next frame, or the next bytes that should be one; nothing at the end.
    pub(super) fn next(&mut self) -> Option<Found> {
        let offset = self.at;
        if offset >= self.end {
            return None;
        }
        let mut frame = self.frame();
        match &mut frame {
            Ok(header) => self.mark = self.mark.or(Some(header.mark)),
            Err(bad) if self.at == offset => self.find_way(&mut bad.fault),
            Err(_) => {}
        }
        Some(Found { offset, frame })
    }

    /// Reads the frame at the current place, and goes behind it if its length can be trusted.
    fn frame(&mut self) -> Result<Header, BadFrame> {
        let left = self.end - self.at;
        let mut bytes = [0; HEADER_BYTES];
        if left < HEADER_BYTES as u64 {
            return Err(Fault::Incomplete.into());
        }
        self.file.read_exact(&mut bytes).map_err(unreadable)?;
        let header = Header::decode(&bytes, self.mark)?;
        let frame_bytes = HEADER_BYTES as u64 + u64::from(header.stored_bytes());
        if frame_bytes > left {
            return Err(BadFrame { header: Some(header), fault: Fault::Incomplete });
        }
        if header.position < self.from {
            self.file.seek_relative(i64::from(header.stored_bytes())).map_err(unreadable)?;
        } else {
            // No allocation before the length was checked, against the limit and against the file.
            self.payload.resize(header.stored_bytes() as usize, 0);
            self.file.read_exact(&mut self.payload).map_err(unreadable)?;
            let is_as_written = match header.erased {
                Some(_) => take_left(&mut self.payload),
                None => hash(&self.payload) == header.payload_hash,
            };
            if !is_as_written {
                return Err(BadFrame { header: Some(header), fault: Fault::Payload });
            }
        }
        self.at += frame_bytes;
        if self.kinds.iter().any(|kind| *kind as u8 == header.kind) {
            Ok(header)
        } else {
            let fault = Fault::Kind(header.kind);
            Err(BadFrame { header: Some(header), fault })
        }
    }

    /// Goes from a bad frame to the next header.
    fn find_way(&mut self, fault: &mut Fault) {
        let next = if matches!(fault, Fault::Unreadable(_)) {
            Ok(self.end)
        } else {
            self.next_header(self.at + 1)
        };
        self.at =
            next.and_then(|next| self.file.seek(SeekFrom::Start(next))).unwrap_or_else(|error| {
                *fault = unreadable(error);
                self.end
            });
    }

    /// Offset of the next readable header of this log, or the end.
    ///
    /// Looks inside the payload of the bad frame too: bytes may have been lost, so that the next frame came nearer.
    fn next_header(&self, from: u64) -> io::Result<u64> {
        let mut window = vec![0; WINDOW_BYTES];
        let mut start = from;
        while start + HEADER_BYTES as u64 <= self.end {
            let bytes = usize::try_from(self.end - start)
                .map_or(WINDOW_BYTES, |left| left.min(WINDOW_BYTES));
            self.file.get_ref().read_exact_at(&mut window[..bytes], start)?;
            for (at, candidate) in window[..bytes].windows(HEADER_BYTES).enumerate() {
                if candidate.starts_with(&MAGIC)
                    && candidate
                        .first_chunk()
                        .is_some_and(|bytes| Header::decode(bytes, self.mark).is_ok())
                {
                    return Ok(start + at as u64);
                }
            }
            start += (bytes - HEADER_BYTES + 1) as u64;
        }
        Ok(self.end)
    }
}

impl From<Fault> for BadFrame {
    fn from(fault: Fault) -> Self {
        Self { header: None, fault }
    }
}

/// The mark of a log, from the first readable header at the beginning of a segment. No caller's bytes can be there.
pub(super) fn mark_of_log(segments: &[Segment]) -> Option<Mark> {
    segments.iter().find_map(|segment| {
        let mut bytes = [0; HEADER_BYTES];
        File::open(&segment.path).ok()?.read_exact(&mut bytes).ok()?;
        Header::decode(&bytes, None).ok().map(|header| header.mark)
    })
}

/// Hash of a payload.
pub(super) fn hash(payload: &[u8]) -> Hash {
    *blake3::hash(payload).as_bytes()
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn unreadable(error: io::Error) -> Fault {
    Fault::Unreadable(error.to_string())
}
