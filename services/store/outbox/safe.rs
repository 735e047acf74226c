//! What the outbox says of itself outside: the file `outbox.safe`. It shows whether the outbox was lost or damaged, and where a new one begins.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::stream::{StreamId, empty};
use super::{Now, Outbox};
use crate::domain::delivery::Signal;
use crate::proto::store::{OutboxHead, OutboxStream};
use crate::store::error::StoreError;

const NAME: &str = "outbox.safe";
const HEAD: &str = "# How far the telemetry of each partner had come: see the guide for partners.";

impl Outbox {
    /// Writes the file again if it would say something else. Call it often.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep_safe(&self) -> Result<(), StoreError> {
        let text = text(&self.now());
        if text == self.now().safe {
            return Ok(());
        }
        let path = self.folder.with_file_name(NAME);
        replace(&path, &text).map_err(|source| StoreError::Io { doing: "write", path, source })?;
        self.now().safe = text;
        Ok(())
    }
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("safe.new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn text(now: &Now) -> String {
    let OutboxHead { position, since_millis } = now.head;
    let mut text = format!("{HEAD}\nposition {position}\nsince_millis {since_millis}\n");
    for (StreamId { partner, signal }, of) in &now.streams {
        let (settled, at) = (of.settled, of.settled_position);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "stream {partner} {} {settled} {at}", signal.name());
    }
    let check = blake3::hash(text.as_bytes()).to_hex();
    format!("{text}check {check}\n")
}

/// What the file says.
pub(super) struct Safe {
    /// The log was read up to here.
    pub(super) position: u64,
    since_millis: u64,
    /// How far each stream was settled.
    streams: BTreeMap<StreamId, OutboxStream>,
}

impl Safe {
    /// Whether the outbox had come further than it has now. The file is written after the outbox, so it never is of a whole outbox.
    pub(super) fn is_further(&self, now: &Now) -> bool {
        let is_behind = |(id, safe): (&StreamId, &OutboxStream)| {
            now.streams.get(id).is_none_or(|of| of.settled < safe.settled)
        };
        now.head.since_millis == 0
            || now.head.position < self.position
            || self.streams.iter().any(is_behind)
    }

    /// Where a new outbox begins. Everything after the first event that some stream lacks is made again. Streams that are further skip theirs.
    pub(super) fn begin(self) -> (OutboxHead, BTreeMap<StreamId, OutboxStream>) {
        let Self { position, since_millis, streams } = self;
        let begin = streams.values().map(|of| of.settled_position).min().unwrap_or(position);
        (OutboxHead { position: begin.min(position), since_millis }, streams)
    }
}

/// What the file says; none: it is not there, or somebody has changed it.
pub(super) fn read(folder: &Path) -> Option<Safe> {
    let text = std::fs::read_to_string(folder.with_file_name(NAME)).ok()?;
    let (said, check) = text.trim_end().rsplit_once("\ncheck ")?;
    if blake3::hash(format!("{said}\n").as_bytes()).to_hex().as_str() != check {
        return None;
    }
    let value =
        |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let (position, since_millis) =
        (value("position")?.parse().ok()?, value("since_millis")?.parse().ok()?);
    let mut streams = BTreeMap::new();
    for line in said.lines().filter_map(|line| line.strip_prefix("stream ")) {
        let [partner, signal, settled, at] = *line.split(' ').collect::<Vec<_>>() else {
            return None;
        };
        let signal = Signal::ALL.into_iter().find(|of| of.name() == signal)?;
        let (settled, settled_position) = (settled.parse::<u64>().ok()?, at.parse().ok()?);
        let id = StreamId { partner: partner.to_owned(), signal };
        let stream = OutboxStream { next: settled + 1, settled, settled_position, ..empty() };
        streams.insert(id, stream);
    }
    Some(Safe { position, since_millis, streams })
}
