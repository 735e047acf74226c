//! Starting: sled is opened without trust, the log with care, and what sled does not have is applied from the log.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};

use prost::Message;

use super::lock::Lock;
use super::log::{Damage, EntryKind, Log, LogError, NewEntry, Opened, SEGMENT_BYTES, SegmentLog};
use super::recover::AHEAD_BYTES;
use super::reserve::{RESERVE_BYTES, Reserve};
use super::state::State;
use super::tree::{DATA_FILE, is_of_the_disk};
use super::writer::{Busy, Writer};
use super::{Observer, Reader, Store, StoreError};
use crate::domain::codes::Content;
use crate::proto::store::{Configuration, ConfigurationFile, Genesis};

/// Format of the log's payloads and of the rows.
const FORMAT: u32 = 1;
/// Changes that may wait for the writer.
const WAITING: usize = 256;

/// How to open a store.
pub struct Settings<'a> {
    /// Data folder.
    pub folder: &'a Path,
    /// The deployment's secret.
    pub secret: &'a [u8; 32],
    /// Reference content to put in force; none leaves what is in force.
    pub content: Option<Content>,
    /// Bytes of sled's cache.
    pub sled_bytes: u64,
    /// Bytes of the column cache.
    pub column_bytes: u64,
    /// Free disk space below which nothing is accepted.
    pub min_free_bytes: u64,
    /// Told of every change.
    pub observer: Observer,
}

/// Room without which sled is not made anew: it could not be, and what is there would be set aside for nothing.
const MAKE_ANEW_BYTES: u64 = 1 << 20;

/// The log and the state, caught up with it.
struct Caught {
    lock: Lock,
    log: SegmentLog,
    state: State,
    reserve: Reserve,
    damage: Option<Damage>,
}

impl Store {
    /// Opens the store in a folder, making what is missing.
    ///
    /// # Errors
    /// The folder is in use or cannot be written, or the secret is another. Damage to sled is repaired from the log; damage to
    /// the log is no error here: the store opens for reading.
    pub fn open(settings: Settings<'_>) -> Result<Self, StoreError> {
        let fingerprint = fingerprint(settings.secret);
        let mut caught = catch_up(settings.folder, settings.sled_bytes)?;
        let stopped = OnceLock::new();
        let refuse = |why: String| {
            tracing::error!(why, "opened for reading only");
            // Set once, here, before anybody else can.
            let _ = stopped.set(why);
        };
        if let Some(damage) = caught.damage.take() {
            refuse(LogError::Damaged(damage).to_string());
        } else if caught.log.tail() < caught.state.tree.position() {
            refuse(format!(
                "the log ends at {} but the store has seen {}: put the log's missing segments back from the backup",
                caught.log.tail(),
                caught.state.tree.position()
            ));
        }
        match &caught.state.genesis {
            Some(genesis) if genesis.secret_fingerprint != fingerprint[..] => {
                return Err(StoreError::WrongSecret);
            }
            Some(_) => {}
            None if stopped.get().is_none() => {
                let genesis = Genesis {
                    format_version: FORMAT,
                    secret_fingerprint: fingerprint.to_vec().into(),
                };
                add(&mut caught, EntryKind::Genesis, &genesis.encode_to_vec())?;
            }
            None => {}
        }
        if let Some(content) = settings
            .content
            .filter(|content| *content != caught.state.content || caught.state.tree.position() < 2)
            && stopped.get().is_none()
        {
            crate::domain::reference::Reference::new(&content)?;
            let files = content.files().map(|(name, content)| ConfigurationFile {
                name: name.to_owned(),
                content: content.to_owned(),
            });
            let payload = Configuration { files: files.collect() }.encode_to_vec();
            add(&mut caught, EntryKind::Configuration, &payload)?;
        }
        if let Some(error) = caught.state.unusable.take() {
            return Err(StoreError::OldContent(error));
        }
        let stopped = Arc::new(stopped);
        let Caught { lock, log, state, reserve, .. } = caught;
        let catalog = Arc::clone(&state.catalog);
        let reader = Reader::new(state.tree.rows(), settings.column_bytes);
        let (jobs, waiting) = sync_channel(WAITING);
        let busy = Arc::new(Busy::default());
        let writer = Writer {
            last_millis: catalog_time(&state),
            log,
            state,
            folder: settings.folder.to_owned(),
            sled_bytes: settings.sled_bytes,
            behind: None,
            _lock: lock,
            min_free_bytes: settings.min_free_bytes,
            observer: settings.observer,
            stopped: Arc::clone(&stopped),
            busy: Arc::clone(&busy),
            unflushed: 1,
            reserve,
        };
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer.run(&waiting))
            .map_err(|source| StoreError::Io {
                doing: "start the writer of",
                path: settings.folder.to_owned(),
                source,
            })?;
        let folder = settings.folder.to_owned();
        let (jobs, writer) = (Some(jobs), Some(writer));
        Ok(Self { catalog, reader, jobs, writer, stopped, busy, folder })
    }
}

/// Opens sled and the log in a folder and applies what sled has not seen.
fn catch_up(folder: &Path, sled_bytes: u64) -> Result<Caught, StoreError> {
    make_folder(folder).map_err(|source| StoreError::Io {
        doing: "create",
        path: folder.to_owned(),
        source,
    })?;
    let lock = Lock::take(folder)?;
    let mut reserve = Reserve::new(folder, folder.join("sled").join(DATA_FILE));
    if super::free_bytes(folder)? < RESERVE_BYTES {
        reserve.release();
    }
    let mut state = open_first(folder, sled_bytes)?;
    let took = reserve.ahead(AHEAD_BYTES).and_then(|()| reserve.hold());
    if let Err(error) = took {
        tracing::warn!(%error, "no room to set aside for sled: nothing is accepted until there is");
    }
    let Opened { log, damage, .. } =
        SegmentLog::open(&folder.join("log"), SEGMENT_BYTES, state.tree.position())?;
    let (entries, found) = replay(&log, &mut state, &mut |_, _| {})?;
    if entries > 0 {
        state.tree.flush()?;
    }
    Ok(Caught { lock, log, state, reserve, damage: damage.or(found) })
}

/// Makes a folder and what leads to it, and makes their names durable: what is fsynced in a folder without a name is lost.
///
/// # Errors
/// A folder cannot be made, or not be handed to the disk.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    let missing: Vec<_> = folder
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.try_exists().unwrap_or(true))
        .collect();
    std::fs::create_dir_all(folder)?;
    // An earlier process may have died between making the folder and making its name durable.
    for made in missing.into_iter().chain([folder]) {
        if let Some(parent) = made.parent() {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            std::fs::File::open(parent)?.sync_all()?;
        }
    }
    Ok(())
}

/// Opens sled in a data folder at the start. A damaged one, or one that the disk does not give back, is set aside and begun anew.
fn open_first(folder: &Path, sled_bytes: u64) -> Result<State, StoreError> {
    match open_state(folder, sled_bytes) {
        Err(StoreError::Io { source, .. }) if is_of_the_disk(&source) => {
            let aside = set_aside(&folder.join("sled"))?;
            tracing::warn!(%source, aside = %aside.display(), "the store cannot be read: made anew from the log");
            open_state(folder, sled_bytes)
        }
        opened => opened,
    }
}

/// Opens sled in a data folder. A damaged one is set aside and begun anew; one that the disk does not give back may be whole.
pub(super) fn open_state(folder: &Path, sled_bytes: u64) -> Result<State, StoreError> {
    let sled = folder.join("sled");
    match State::open(&sled, sled_bytes) {
        Err(StoreError::Damaged(why)) => {
            let free = super::free_bytes(folder)?;
            if free < MAKE_ANEW_BYTES {
                // Not a sound verdict either: a full disk makes sled stumble too.
                return Err(StoreError::Apply(format!(
                    "{why}; No space left to make it anew from the log: {free} bytes are free"
                )));
            }
            let aside = set_aside(&sled)?;
            tracing::warn!(why, aside = %aside.display(), "the store is damaged: made anew from the log");
            State::open(&sled, sled_bytes)
        }
        opened => opened,
    }
}

/// Applies what a state has not seen of a log, up to its end or its first damage. How many entries, and which damage.
pub(super) fn replay(
    log: &dyn Log,
    state: &mut State,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(u64, Option<Damage>), StoreError> {
    let (mut entries, tail) = (0, log.tail());
    for entry in log.read_from(state.tree.position() + 1)? {
        let entry = match entry {
            Ok(entry) => entry,
            // What comes after a damaged entry must not be applied: the state would not be the one it was made for.
            Err(LogError::Damaged(found)) => return Ok((entries, Some(found))),
            Err(error) => return Err(error.into()),
        };
        state.apply(&entry, None)?;
        entries += 1;
        progress(entry.position, tail);
    }
    Ok((entries, None))
}

fn add(caught: &mut Caught, kind: EntryKind, payload: &[u8]) -> Result<(), StoreError> {
    let time_millis = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
        .max(catalog_time(&caught.state));
    let positions = caught.log.append(&[NewEntry { kind, time_millis, payload }])?;
    let entry = super::log::Entry {
        position: *positions.start(),
        kind,
        time_millis,
        payload_hash: *blake3::hash(payload).as_bytes(),
        payload: payload.to_vec(),
    };
    caught.state.apply(&entry, None).map(drop)
}

/// Time of the newest change.
fn catalog_time(state: &State) -> u64 {
    let catalog = state.catalog.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let versions = catalog.slots().flat_map(|(_, versions)| versions);
    versions
        .map(|v| v.withdrawn.map_or(v.submission.time_millis, |(_, time)| time))
        .chain(catalog.assessments().last().map(|about| about.time_millis))
        .max()
        .unwrap_or(0)
}

fn set_aside(sled: &Path) -> Result<std::path::PathBuf, StoreError> {
    let mut number = 1;
    let aside = loop {
        let aside = sled.with_file_name(format!("sled-damaged-{number}"));
        if !aside.try_exists().unwrap_or(true) {
            break aside;
        }
        number += 1;
    };
    match std::fs::rename(sled, &aside) {
        Ok(()) => Ok(aside),
        Err(source) => Err(StoreError::Io { doing: "set aside", path: sled.to_owned(), source }),
    }
}

/// What the first entry tells of the secret: enough to know it again, not enough to find it.
fn fingerprint(secret: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("equity-indicators 2026-11 fingerprint of the secret", secret)
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
