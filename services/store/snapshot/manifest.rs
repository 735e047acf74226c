//! What a snapshot says of itself: `manifest.json`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{AUDIT, LOG, SAFE, io};
use crate::store::error::StoreError;
use crate::store::log::{EntryKind, Log as _, Place, SegmentLog};

const NAME: &str = "manifest.json";
/// Format of snapshots that this version writes and reads.
const FORMAT: u32 = 1;

/// What is in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format of the snapshot.
    pub format: u32,
    /// Version of the program that took it.
    pub program: String,
    /// When it was taken, by the clock of that machine: RFC 3339, UTC.
    pub taken_time: String,
    /// The log of changes.
    pub log: LogPart,
    /// The audit log. Position 0: there was none.
    pub audit: LogPart,
    /// Files besides those of the logs.
    pub others: Vec<FilePart>,
    /// BLAKE3 of the manifest with nothing here, in hexadecimal digits.
    pub check: String,
}

/// One log of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPart {
    /// Position of the last entry.
    pub position: u64,
    /// Hash of the log up to there, in hexadecimal digits; empty if there is no entry.
    pub chain: String,
    /// What it has.
    pub counts: Counts,
    /// Its segments, in order.
    pub files: Vec<FilePart>,
}

/// How much a log has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Entries.
    pub entries: u64,
    /// Of these, versions of submissions, erased ones included.
    pub submissions: u64,
    /// Releases.
    pub releases: u64,
    /// Erasures.
    pub erasures: u64,
    /// Entries whose payload was erased.
    pub erased_entries: u64,
}

/// One file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePart {
    /// Path in the snapshot, `log/00000000000000000001.seg`.
    pub name: String,
    /// Size, in bytes.
    pub bytes: u64,
    /// BLAKE3 of its content, in hexadecimal digits.
    pub blake3: String,
}

impl Manifest {
    /// Of a snapshot that is being taken now.
    pub(super) fn new(log: LogPart, audit: LogPart, others: Vec<FilePart>) -> Self {
        let mut manifest = Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            taken_time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            log,
            audit,
            others,
            check: String::new(),
        };
        manifest.check = manifest.hash();
        manifest
    }

    /// All its files.
    pub fn files(&self) -> impl Iterator<Item = &FilePart> {
        self.log.files.iter().chain(&self.audit.files).chain(&self.others)
    }

    /// Bytes of all its files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files().map(|file| file.bytes).sum()
    }

    /// Writes it into a snapshot, whose other files are durable.
    pub(super) fn write(&self, snapshot: &Path) -> Result<(), StoreError> {
        let (path, new) = (snapshot.join(NAME), snapshot.join(format!("{NAME}.new")));
        let mut file = File::create(&new).map_err(io("create", &new))?;
        let written = file.write_all(self.text().as_bytes()).and_then(|()| file.sync_all());
        written.map_err(io("write", &new))?;
        std::fs::rename(&new, &path).map_err(io("rename", &new))?;
        File::open(snapshot).and_then(|of| of.sync_all()).map_err(io("make durable", snapshot))
    }

    /// Reads that of a snapshot.
    pub(super) fn read(snapshot: &Path) -> Result<Self, StoreError> {
        let path = snapshot.join(NAME);
        let refused = |why: &str| StoreError::Snapshot(format!("{}: {why}", path.display()));
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(refused(
                    "there is no manifest, so this is no snapshot, or one that was not finished",
                ));
            }
            read => read.map_err(io("read", &path))?,
        };
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| refused(&format!("the manifest is damaged: {error}")))?;
        let format = value["format"].as_u64();
        if format.is_some_and(|format| format > u64::from(FORMAT)) {
            return Err(refused(
                "a later version of the program took the snapshot: restore it with that version",
            ));
        }
        let manifest: Self = serde_json::from_value(value)
            .map_err(|error| refused(&format!("the manifest is damaged: {error}")))?;
        if manifest.check != manifest.hash() {
            return Err(refused("the manifest is damaged: its hash is another"));
        }
        manifest.names_its_own().map_err(|name| {
            refused(&format!("the manifest names `{name}`, which no snapshot has"))
        })?;
        Ok(manifest)
    }

    /// Refuses files that a snapshot does not have, such as those outside of it.
    fn names_its_own(&self) -> Result<(), String> {
        let is_segment = |folder: &str, name: &str| {
            let digits = name.strip_prefix(folder).and_then(|name| name.strip_prefix('/'));
            let digits = digits.and_then(|name| name.strip_suffix(".seg"));
            digits.is_some_and(|of| of.len() == 20 && of.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let mut seen = BTreeSet::new();
        let all = (self.log.files.iter().map(|file| (&file.name, is_segment(LOG, &file.name))))
            .chain(self.audit.files.iter().map(|file| (&file.name, is_segment(AUDIT, &file.name))))
            .chain(self.others.iter().map(|file| (&file.name, file.name == SAFE)));
        for (name, is_known) in all {
            if !is_known || !seen.insert(name) {
                return Err(name.clone());
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        // Strings and numbers: nothing in it can fail.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    fn hash(&self) -> String {
        let unsigned = Self { check: String::new(), ..self.clone() };
        blake3::hash(unsigned.text().as_bytes()).to_hex().to_string()
    }
}

impl LogPart {
    /// What a log has, every entry of it read. Its files are to be added.
    pub(super) fn of(log: &SegmentLog) -> Result<Self, StoreError> {
        let mut counts = Counts::default();
        for entry in log.snapshot().everything() {
            let entry = entry?;
            counts.entries += 1;
            counts.erased_entries += u64::from(entry.erased);
            match entry.kind {
                EntryKind::Commit => counts.submissions += 1,
                EntryKind::Release => counts.releases += 1,
                EntryKind::Erase => counts.erasures += 1,
                EntryKind::Genesis
                | EntryKind::Configuration
                | EntryKind::Chunk
                | EntryKind::Withdraw
                | EntryKind::Assess
                | EntryKind::Audit => {}
            }
        }
        let chain = log.end().map(|end| blake3::Hash::from_bytes(end.chain).to_hex().to_string());
        Ok(Self { position: log.tail(), chain: chain.unwrap_or_default(), counts, files: vec![] })
    }

    /// Where the log ends.
    pub(super) fn end(&self) -> Option<Place> {
        let chain = *blake3::Hash::from_hex(&self.chain).ok()?.as_bytes();
        Some(Place { position: self.position, chain })
    }
}

impl FilePart {
    /// A file of a folder.
    pub(super) fn of(folder: &Path, name: String) -> Result<Self, StoreError> {
        let path = folder.join(&name);
        let mut file = File::open(&path).map_err(io("open", &path))?;
        let mut hash = blake3::Hasher::new();
        hash.update_reader(&mut file).map_err(io("read", &path))?;
        Ok(Self { name, bytes: hash.count(), blake3: hash.finalize().to_hex().to_string() })
    }
}
